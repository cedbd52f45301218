use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    answer::Answer,
    backup::{Backup, Keeps, OwnError},
    future::Backed,
    handle::Fallback,
    hold::{Mark, Owned},
};
use crate::ground::{mode::Mode, outcome::Classify, refusal::Fault, source::ByClone};

impl<A, C: Clone, M: Clone> Fallback<A, C, M> {
    /// Falls back to another service, which takes a copy of the same request. For layers.
    ///
    /// It is cloned when it is needed and readied then. So it must be `Sync` for the calls to be `Send`:
    /// use `BoxCloneSyncService`, not `BoxCloneService`.
    #[must_use]
    pub fn to_service<S>(&self, service: S) -> Fallback<Backup<S>, C, M> {
        self.to(Backup { service, copy: ByClone, join: OwnError })
    }
}

impl<S: Clone, P: Clone, J: Clone, C: Clone, M: Clone> Fallback<Backup<S, P, J>, C, M> {
    /// Copies requests like this, where they are not `Clone` or not worth copying: a
    /// [`Replay`](crate::source::Replay), such as a closure from `&Request` to `Option<Request>`, whose
    /// argument must be spelled out. A call whose request is not copied has no fallback.
    #[must_use]
    pub fn replay<Q>(&self, copy: Q) -> Fallback<Backup<S, Q, J>, C, M> {
        let Backup { service, join, .. } = self.view.answer.clone();
        self.to(Backup { service, copy, join })
    }

    /// Makes one error of two where the backup failed as well: of what came back from the service, and
    /// the backup's own error. Without this the backup's own is the error of the call.
    #[must_use]
    pub fn on_both_failed<T, E, K>(&self, join: K) -> Fallback<Backup<S, P, K>, C, M>
    where
        K: Fn(Result<T, E>, E) -> E,
    {
        let Backup { service, copy, .. } = self.view.answer.clone();
        self.to(Backup { service, copy, join })
    }
}

impl<A, C, M> Fallback<A, C, M> {
    /// A layer around services. Every service it makes shares this fallback.
    #[must_use]
    pub fn layer(&self) -> FallbackLayer<A, C, M> {
        FallbackLayer { fallback: self.clone() }
    }
}

/// Puts a fallback around services; made by [`Fallback::layer`].
pub struct FallbackLayer<A, C, M> {
    fallback: Fallback<A, C, M>,
}

impl<S, A, C, M> Layer<S> for FallbackLayer<A, C, M> {
    type Service = FallbackService<S, A, C, M>;

    fn layer(&self, inner: S) -> Self::Service {
        FallbackService { inner, fallback: self.fallback.clone() }
    }
}

/// A service with a fallback.
///
/// Readiness: *through* for the service itself; if it cannot become ready, that is passed on, and is
/// not fallen back from, for there is no call yet. *Deferred* for a backup service: a clone of it is
/// readied inside the call that needs it.
pub struct FallbackService<S, A, C, M> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    fallback: Fallback<A, C, M>,
}

impl<S, A, C, M, Request> Service<Request> for FallbackService<S, A, C, M>
where
    S: Service<Request>,
    S::Error: Fault,
    A: Keeps<Request, S::Response, S::Error> + Answer<S::Response, S::Error, A::Kept>,
    C: Classify<S::Response, S::Error>,
    M: Mark<S::Response>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Backed<S::Future, Owned<A, C, M>, A::Kept, A::Attempt>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let view = self.fallback.view.hold();
        let kept = view.answer.keep(&request, || view.shared.settings().mode == Mode::Enforce);
        Backed::start(Owned(view), kept, || self.inner.call(request))
    }
}

impl<A, C, M> Clone for FallbackLayer<A, C, M> {
    fn clone(&self) -> Self {
        Self { fallback: self.fallback.clone() }
    }
}

impl<S: Clone, A, C, M> Clone for FallbackService<S, A, C, M> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), fallback: self.fallback.clone() }
    }
}

impl<A, C, M> fmt::Debug for FallbackLayer<A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer").field("fallback", &self.fallback).finish()
    }
}

impl<S: fmt::Debug, A, C, M> fmt::Debug for FallbackService<S, A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackService")
            .field("fallback", &self.fallback)
            .field("inner", &self.inner)
            .finish()
    }
}
