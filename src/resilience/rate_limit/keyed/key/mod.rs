//! Where a request's key comes from.

#[cfg(feature = "http")]
mod of_http;

#[cfg(feature = "http")]
pub use self::of_http::{ForwardedFor, Header, PeerAddress};

/// Finds the key of a request: any closure from `&Request` to `Option<Key>`, whose argument must be
/// spelled out. A request without a key is not limited.
pub trait KeyOf<Request> {
    /// What it finds.
    type Key;

    /// The key of this request.
    fn key_of(&self, request: &Request) -> Option<Self::Key>;
}

impl<F, Request, Key> KeyOf<Request> for F
where
    F: Fn(&Request) -> Option<Key>,
{
    type Key = Key;

    fn key_of(&self, request: &Request) -> Option<Key> {
        self(request)
    }
}
