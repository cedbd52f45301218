/// Tells how a request is sent again. Closures over `&Request` that give `Option<Request>` do.
pub trait Replay<Request> {
    /// Another one like it, if there can be one. One that cannot be copied is sent once.
    fn copy(&self, request: &Request) -> Option<Request>;

    /// Whether serving it twice does no more than serving it once. If not, it is sent again only where
    /// the backend says that it was not served.
    fn is_safe(&self, request: &Request) -> bool {
        let _ = request;
        true
    }
}

/// Clones the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ByClone;

impl<Request: Clone> Replay<Request> for ByClone {
    #[inline]
    fn copy(&self, request: &Request) -> Option<Request> {
        Some(request.clone())
    }
}

impl<Request, F> Replay<Request> for F
where
    F: Fn(&Request) -> Option<Request>,
{
    fn copy(&self, request: &Request) -> Option<Request> {
        self(request)
    }
}
