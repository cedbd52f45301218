//! What the contracts are written in: an error, a request, an inner service, a poll.

use std::{
    fmt,
    task::{Context, Poll, Waker},
};

use buttress::{
    Error, Fault, Refusal,
    testing::{Played, Probe, Script, Step},
};
use tower::{Service, ServiceExt};

/// The error of the inner service, which has room for a refusal. So one inner service does for
/// every layer, and nothing is lifted but by `Lift`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Down {
    Refused(Refusal),
    Broken(&'static str),
}

impl From<Refusal> for Down {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault for Down {
    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Broken(_) => None,
        }
    }
}

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Down {}

/// An error in which the inner service's own can be found again, lifted or not.
pub(crate) trait Shows: Fault + fmt::Debug + Send + Sync + 'static {
    fn broken(&self) -> Option<&'static str>;
}

impl Shows for Down {
    fn broken(&self) -> Option<&'static str> {
        match self {
            Self::Broken(what) => Some(what),
            Self::Refused(_) => None,
        }
    }
}

impl Shows for Error<Down> {
    fn broken(&self) -> Option<&'static str> {
        self.inner().and_then(Shows::broken)
    }
}

pub(crate) type Request = http::Request<()>;
pub(crate) type Inner = Probe<Played<&'static str, Down>>;

/// What every layer must make of a service that is all of this.
pub(crate) trait Wrapped:
    Service<Request, Response = &'static str, Error: Shows, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Wrapped for S
where
    S: Service<Request, Response = &'static str> + Clone + Send + Sync + 'static,
    S::Error: Shows,
    S::Future: Send,
{
}

pub(crate) fn request() -> Request {
    http::Request::new(())
}

/// A backend that is always up.
pub(crate) fn up() -> Script<&'static str, Down> {
    Script::new([Step::ok("up")])
}

/// The service, made ready.
pub(crate) async fn ready<S: Service<Request, Error: fmt::Debug>>(service: &mut S) -> &mut S {
    service.ready().await.unwrap()
}

/// Makes a service ready and calls it.
pub(crate) async fn ask<S: Service<Request>>(service: &mut S) -> Result<S::Response, S::Error> {
    service.ready().await?.call(request()).await
}

/// `poll_ready`, once, by nobody in particular.
pub(crate) fn poll_ready<S: Service<Request>>(service: &mut S) -> Poll<Result<(), S::Error>> {
    service.poll_ready(&mut Context::from_waker(Waker::noop()))
}
