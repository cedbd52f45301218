//! Places that are taken until the body of a response ends.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use http_body::Body;
use pin_project::pin_project;
use tower::{Layer, Service};

use super::{
    class::{Class, Sort},
    future::Calling,
    layer::{BulkheadLayer, BulkheadService, Sent},
    operation::Operation,
    permit::Permit,
    shared::{Core, Owned},
};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, Standard},
    refusal::Fault,
    stream::HeldBody,
};

impl<S, C> BulkheadLayer<S, C> {
    /// The same layer for HTTP services, where a place is taken until the **body** of the response has
    /// ended, failed, or been dropped, and not only until there is a response: for downloads, streams of
    /// events, and whatever else is still being worked on when its headers are out.
    ///
    /// Where the limit is adaptive, what is measured is still the time to the response: from then
    /// on it is as slow as whoever reads it.
    #[must_use]
    pub const fn until_body_ends(self) -> UntilBodyEndsLayer<S, C> {
        UntilBodyEndsLayer { layer: self }
    }
}

impl<H: Hold<Core = Core>> Permit<H> {
    /// Keeps the place until this body ends, fails or is dropped.
    ///
    /// That there is a body says that the call was served, and was until now, where the limit is adaptive.
    /// If its response says something else, say so by [`record`](Self::record), and do without the place.
    pub fn hold_body<B: Body>(mut self, body: B) -> HeldBody<B, Self> {
        self.is_served();
        HeldBody::new(body, self)
    }
}

/// Puts a bulkhead around HTTP services, until the body ends; made by
/// [`BulkheadLayer::until_body_ends`].
#[derive(Clone)]
pub struct UntilBodyEndsLayer<S = Class, C = Standard> {
    layer: BulkheadLayer<S, C>,
}

impl<I, S: Clone, C: Clone> Layer<I> for UntilBodyEndsLayer<S, C> {
    type Service = UntilBodyEndsService<I, S, C>;

    fn layer(&self, inner: I) -> Self::Service {
        UntilBodyEndsService { service: self.layer.layer(inner) }
    }
}

/// An HTTP service that so many calls may be in at once, each until the body of its response ends.
///
/// Readiness: *gate first*, as of [`BulkheadService`].
pub struct UntilBodyEndsService<I, S, C> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    service: BulkheadService<I, S, C>,
}

impl<I, S, C, B, Request> Service<Request> for UntilBodyEndsService<I, S, C>
where
    I: Service<Request, Response = Response<B>> + Clone,
    I::Error: Fault,
    B: Body,
    S: Sort<Request> + Clone,
    C: Classify<Response<B>, I::Error> + Clone,
{
    type Response = Response<HeldBody<B, Permit<Owned<S, C>>>>;
    type Error = I::Error;
    type Future = CallingForBody<Sent<I, Request>, Owned<S, C>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.service.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        CallingForBody { calling: self.service.call(request) }
    }
}

/// A call through a bulkhead whose place goes with the body of its response.
///
/// # Cancel safety
///
/// See [`Calling`].
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct CallingForBody<O: Operation, H: Hold<Core = Core>> {
    #[pin]
    calling: Calling<O, H>,
}

impl<O, H, B> Future for CallingForBody<O, H>
where
    O: Operation<Ok = Response<B>, Err: Fault>,
    H: Hold<Core = Core>,
    H::Eyes: Classify<Response<B>, O::Err>,
    B: Body,
{
    type Output = Result<Response<HeldBody<B, Permit<H>>>, O::Err>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let hold = |response: Response<B>, permit| response.map(|body| HeldBody::new(body, permit));
        self.project().calling.poll_keeping(cx, hold)
    }
}

impl<I: Clone, S: Clone, C: Clone> Clone for UntilBodyEndsService<I, S, C> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone() }
    }
}

impl<S, C> fmt::Debug for UntilBodyEndsLayer<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilBodyEndsLayer").field(&self.layer).finish()
    }
}

impl<I: fmt::Debug, S, C> fmt::Debug for UntilBodyEndsService<I, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("UntilBodyEndsService").field(&self.service).finish()
    }
}

impl<O: Operation, H: Hold<Core = Core>> fmt::Debug for CallingForBody<O, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CallingForBody").field(&self.calling).finish()
    }
}
