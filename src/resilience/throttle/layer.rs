use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{future::Throttling, handle::Throttle, shared::Owned};
use crate::ground::{
    mode::Mode,
    outcome::{Classify, Standard},
    refusal::Fault,
};

impl<C: Clone> Throttle<C> {
    /// A layer around services. Every service it makes shares this throttle.
    #[must_use]
    pub fn layer(&self) -> ThrottleLayer<C> {
        ThrottleLayer { throttle: self.clone() }
    }
}

/// Puts a throttle around services; made by [`Throttle::layer`].
#[derive(Clone)]
pub struct ThrottleLayer<C = Standard> {
    throttle: Throttle<C>,
}

impl<S, C: Clone> Layer<S> for ThrottleLayer<C> {
    type Service = ThrottleService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        let throttle = self.throttle.clone();
        ThrottleService { inner, throttle, readiness: Readiness::Unready }
    }
}

/// A service behind a throttle.
///
/// Readiness: *gate first*. Whether the next call is refused is decided once, when readiness is first
/// asked for. If it is, the service is ready at once without asking the inner one, and the refusal is the
/// answer of the call. A service that is dropped before its call has counted nothing.
pub struct ThrottleService<S, C> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    throttle: Throttle<C>,
    readiness: Readiness,
}

/// What has been decided about the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    /// Nothing.
    Unready,
    /// It passes; the inner service may still have to become ready.
    Passing,
    /// It is refused, and the inner service was not asked.
    Refusing,
}

impl<S, C, Request> Service<Request> for ThrottleService<S, C>
where
    S: Service<Request>,
    S::Error: Fault,
    C: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Throttling<S::Future, Owned<C>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let shared = &self.throttle.view.core;
        // Decided once: who is polled often while the inner service is not ready would else be
        // refused more often than others. But not for longer than there is a reason.
        self.readiness = match self.readiness {
            Readiness::Refusing if shared.is_throttling() => Readiness::Refusing,
            Readiness::Unready if shared.bars() => Readiness::Refusing,
            Readiness::Unready | Readiness::Passing | Readiness::Refusing => Readiness::Passing,
        };
        match self.readiness {
            Readiness::Refusing => Poll::Ready(Ok(())),
            Readiness::Unready | Readiness::Passing => self.inner.poll_ready(cx),
        }
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let readiness = std::mem::replace(&mut self.readiness, Readiness::Unready);
        let (view, inner) = (&self.throttle.view, &mut self.inner);
        let (shared, hold) = (&*view.core, view.own());
        match readiness {
            // One that only watches draws here: it never refuses, and one that is ready and
            // then dropped would have been counted.
            Readiness::Passing if shared.mode() == Mode::Enforce => {
                let began = shared.admit_decided();
                Throttling::admitted(shared, hold, began, || inner.call(request))
            }
            Readiness::Passing | Readiness::Unready => {
                Throttling::start(shared, hold, || inner.call(request))
            }
            Readiness::Refusing => {
                shared.refuse();
                Throttling::refused(hold)
            }
        }
    }
}

// A clone has no readiness: it was not the one that was polled.
impl<S: Clone, C: Clone> Clone for ThrottleService<S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            throttle: self.throttle.clone(),
            readiness: Readiness::Unready,
        }
    }
}

impl<C> fmt::Debug for ThrottleLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer").field("throttle", &self.throttle).finish()
    }
}

impl<S: fmt::Debug, C> fmt::Debug for ThrottleService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleService")
            .field("throttle", &self.throttle)
            .field("readiness", &self.readiness)
            .field("inner", &self.inner)
            .finish()
    }
}
