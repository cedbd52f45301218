use std::{
    fmt,
    task::{Context, Poll, ready},
};

use tower::Service;

use super::answer::{Answer, Begun, Function, Operation, Recalled, Value, sealed};
use crate::ground::source::{ByClone, Replay, Resend, Source};

/// Falls back to another service, with a copy of the request.
#[derive(Clone, Copy, Debug)]
pub struct Backup<S, P = ByClone, J = OwnError> {
    pub(super) service: S,
    pub(super) copy: P,
    pub(super) join: J,
}

/// Makes one error of two. Closures of what failed first and the backup's own error do.
pub trait JoinErrors<T, E> {
    /// The error of the call.
    fn join(&self, original: Result<T, E>, own: E) -> E;
}

/// The backup's own error, and that of the service before it is dropped.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct OwnError;

impl<T, E> JoinErrors<T, E> for OwnError {
    fn join(&self, _: Result<T, E>, own: E) -> E {
        own
    }
}

impl<T, E, F> JoinErrors<T, E> for F
where
    F: Fn(Result<T, E>, E) -> E,
{
    fn join(&self, original: Result<T, E>, own: E) -> E {
        self(original, own)
    }
}

/// What a call keeps for its backup: a copy of the request.
pub struct Kept<S, Request, T, E> {
    request: Option<Request>,
    source: Option<Resend<S, Request, Once<Request>>>,
    original: Option<Result<T, E>>,
}

/// The backup is called once, and its request copied no further.
type Once<Request> = fn(&Request) -> Option<Request>;

/// What a call keeps of its request for its fallback. Sealed.
pub trait Keeps<Request, T, E>: keeps::Keeps<Request, T, E> {}

pub(super) mod keeps {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Keeps<Request, T, E> {
        type Kept;

        /// Called before the request is sent. Not `needed` where there will be no fallback.
        fn keep(&self, request: &Request, needed: impl FnOnce() -> bool) -> Self::Kept;
    }
}

/// An answer that needs nothing of the request.
macro_rules! keeps_nothing {
    ($($answer:ident)*) => { $(
        impl<A, Request, T, E> Keeps<Request, T, E> for $answer<A> {}

        impl<A, Request, T, E> keeps::Keeps<Request, T, E> for $answer<A> {
            type Kept = ();

            #[inline]
            fn keep(&self, _: &Request, _: impl FnOnce() -> bool) {}
        }
    )* };
}

keeps_nothing! { Value Function Operation Recalled }

impl<S, P, J, Request, T, E> Keeps<Request, T, E> for Backup<S, P, J> where P: Replay<Request> {}

impl<S, P, J, Request, T, E> keeps::Keeps<Request, T, E> for Backup<S, P, J>
where
    P: Replay<Request>,
{
    type Kept = Kept<S, Request, T, E>;

    fn keep(&self, request: &Request, needed: impl FnOnce() -> bool) -> Self::Kept {
        let request = if needed() { self.copy.copy(request) } else { None };
        Kept { request, source: None, original: None }
    }
}

impl<S, P, J, Request, T, E> Answer<T, E, Kept<S, Request, T, E>> for Backup<S, P, J>
where
    S: Service<Request, Response = T, Error = E> + Clone,
    J: JoinErrors<T, E>,
{
}

impl<S, P, J, Request, T, E> sealed::Answer<T, E, Kept<S, Request, T, E>> for Backup<S, P, J>
where
    S: Service<Request, Response = T, Error = E> + Clone,
    J: JoinErrors<T, E>,
{
    type Attempt = S::Future;

    const TAKES_TIME: bool = true;

    fn begin(
        &self,
        kept: &mut Kept<S, Request, T, E>,
        failed: Result<T, E>,
    ) -> Begun<T, E, S::Future> {
        let Some(request) = kept.request.take() else {
            return Begun::Declined(failed);
        };
        // A clone of its own for each call that needs one: nobody waits behind another's readiness.
        kept.source = Some(Resend::kept(self.service.clone(), request, |_| None));
        kept.original = Some(failed);
        Begun::NotReady
    }

    fn poll_begin(
        &self,
        kept: &mut Kept<S, Request, T, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Begun<T, E, S::Future>> {
        let Some(source) = &mut kept.source else { return Poll::Pending };
        let started = ready!(source.poll_ready(cx)).map(|()| source.start(true));
        // Whatever it held to be ready is given back with it.
        match started {
            Ok(Some(attempt)) => {
                kept.source = None;
                Poll::Ready(Begun::Started(attempt))
            }
            Ok(None) => Poll::Pending,
            Err(own) => {
                kept.source = None;
                Poll::Ready(Begun::Answered(Err(own), None))
            }
        }
    }

    fn give_up(&self, kept: &mut Kept<S, Request, T, E>) -> Option<Result<T, E>> {
        kept.source = None;
        kept.original.take()
    }

    fn end(&self, kept: &mut Kept<S, Request, T, E>, own: Result<T, E>) -> Result<T, E> {
        match (kept.original.take(), own) {
            (Some(original), Err(own)) => Err(self.join.join(original, own)),
            (_, own) => own,
        }
    }
}

impl<S, Request, T, E> fmt::Debug for Kept<S, Request, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("request", &self.request.is_some()).finish_non_exhaustive()
    }
}
