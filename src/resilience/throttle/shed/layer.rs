use std::{
    fmt,
    task::{Context, Poll},
    time::Duration,
};

use tower::{Layer, Service};

use super::{future::Shedding, handle::Shed, shared::Owned};
use crate::ground::{
    refusal::Fault,
    time::{self, Instant},
};

impl Shed {
    /// A layer around services. Every service it makes shares this shed.
    #[must_use]
    pub fn layer(&self) -> ShedLayer {
        ShedLayer { shed: self.clone() }
    }
}

/// Puts a shed around services; made by [`Shed::layer`].
#[derive(Clone, Debug)]
pub struct ShedLayer {
    shed: Shed,
}

impl<S> Layer<S> for ShedLayer {
    type Service = ShedService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ShedService { inner, shed: self.shed.clone(), readiness: Readiness::Unready }
    }
}

/// A service that sheds load.
///
/// Readiness: *gate first*. Whether there is room is decided once, when readiness is first asked for; a call
/// for which there is none is refused without asking the inner service. How long the inner service then
/// takes to become ready is the queue delay, by which a call may be refused as well; what was made ready for
/// it is kept for the next.
pub struct ShedService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */ {
    inner: S,
    shed: Shed,
    readiness: Readiness,
}

/// What has been decided about the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    /// Nothing.
    Unready,
    /// It passes; the inner service has not had to be waited for.
    Passing,
    /// It passes, and has waited since then.
    Waiting(Instant),
    /// It is refused, and the inner service was not asked.
    Refusing,
}

impl<S, Request> Service<Request> for ShedService<S>
where
    S: Service<Request>,
    S::Error: Fault,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Shedding<S::Future, Owned>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if matches!(self.readiness, Readiness::Unready | Readiness::Refusing) {
            let bars = self.shed.view.core.bars();
            self.readiness = if bars { Readiness::Refusing } else { Readiness::Passing };
        }
        if self.readiness == Readiness::Refusing {
            return Poll::Ready(Ok(()));
        }
        let ready = self.inner.poll_ready(cx);
        if ready.is_pending() && self.readiness == Readiness::Passing {
            self.readiness = Readiness::Waiting(time::now());
        }
        ready
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let readiness = std::mem::replace(&mut self.readiness, Readiness::Unready);
        let (view, inner) = (&self.shed.view, &mut self.inner);
        let waited = match readiness {
            Readiness::Refusing => {
                view.core.refuse();
                return Shedding::refused(&view.core);
            }
            Readiness::Waiting(since) => Some(time::now().since(since)),
            Readiness::Passing => Some(Duration::ZERO),
            Readiness::Unready => None,
        };
        let drawn = readiness != Readiness::Unready && view.core.decides_early();
        Shedding::start(&view.core, view.own(), waited, drawn, || inner.call(request))
    }
}

// A clone has no readiness: it was not the one that was polled.
impl<S: Clone> Clone for ShedService<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), shed: self.shed.clone(), readiness: Readiness::Unready }
    }
}

impl<S: fmt::Debug> fmt::Debug for ShedService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShedService")
            .field("shed", &self.shed)
            .field("readiness", &self.readiness)
            .field("inner", &self.inner)
            .finish()
    }
}
