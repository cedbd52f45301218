use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    future::Hedging,
    handle::Hedge,
    shared::Owned,
    view::{AsPlanned, Patience},
};
use crate::ground::{
    outcome::{Classify, Standard},
    refusal::Fault,
    source::{ByClone, Replay, Resend},
};

impl<C: Clone, D: Clone> Hedge<C, D> {
    /// A layer around services. Every service it makes shares this hedge. Requests are cloned;
    /// [`replay`](HedgeLayer::replay) says otherwise.
    #[must_use]
    pub fn layer(&self) -> HedgeLayer<C, D> {
        HedgeLayer { hedge: self.clone(), replay: ByClone }
    }
}

/// Puts a hedge around services; made by [`Hedge::layer`].
#[derive(Clone)]
pub struct HedgeLayer<C = Standard, D = AsPlanned, R = ByClone> {
    hedge: Hedge<C, D>,
    replay: R,
}

impl<C, D, R> HedgeLayer<C, D, R> {
    /// The same with another way of sending a request again: [`ByMethod`](crate::source::ByMethod), or a
    /// closure from `&Request` to `Option<Request>`, whose argument must be spelled out. A request that it
    /// does not copy, or that may not be served twice, is sent once.
    pub fn replay<N>(self, replay: N) -> HedgeLayer<C, D, N> {
        HedgeLayer { hedge: self.hedge, replay }
    }
}

impl<S, C: Clone, D: Clone, R: Clone> Layer<S> for HedgeLayer<C, D, R> {
    type Service = HedgeService<S, C, D, R>;

    fn layer(&self, inner: S) -> Self::Service {
        HedgeService { inner, hedge: self.hedge.clone(), replay: self.replay.clone() }
    }
}

/// A service whose slow calls are made again beside themselves.
///
/// Readiness: *through* for the first attempt, which is made on what was made ready; *deferred* for
/// the others: a clone is made ready inside the future, while those before it run.
#[derive(Clone)]
pub struct HedgeService<S, C, D, R> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    hedge: Hedge<C, D>,
    replay: R,
}

impl<S, Request, C, D, R> Service<Request> for HedgeService<S, C, D, R>
where
    S: Service<Request> + Clone,
    S::Error: Fault,
    C: Classify<S::Response, S::Error> + Clone,
    D: Patience + Clone,
    R: Replay<Request> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Hedging<Resend<S, Request, R>, Owned<C, D>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let view = &self.hedge.view;
        Hedging::start(&view.core, view.own(), |only| {
            Resend::first(&mut self.inner, request, &self.replay, |safe| only || !safe)
        })
    }
}

impl<C, D, R> fmt::Debug for HedgeLayer<C, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeLayer").field("hedge", &self.hedge).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, C, D, R> fmt::Debug for HedgeService<S, C, D, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HedgeService")
            .field("hedge", &self.hedge)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
