use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    class::{Class, Sort},
    future::Calling,
    handle::Bulkhead,
    operation::{Operation, sealed},
    permit::Permit,
    shared::{Entry, Owned, Why},
};
use crate::ground::{
    outcome::{Classify, Standard},
    refusal::Fault,
    time,
};

impl<S: Clone, C: Clone> Bulkhead<S, C> {
    /// A layer around services. Every service it makes shares these places and this queue.
    #[must_use]
    pub fn layer(&self) -> BulkheadLayer<S, C> {
        BulkheadLayer { bulkhead: self.clone() }
    }
}

/// Puts a bulkhead around services; made by [`Bulkhead::layer`].
#[derive(Clone)]
pub struct BulkheadLayer<S = Class, C = Standard> {
    bulkhead: Bulkhead<S, C>,
}

impl<I, S: Clone, C: Clone> Layer<I> for BulkheadLayer<S, C> {
    type Service = BulkheadService<I, S, C>;

    fn layer(&self, inner: I) -> Self::Service {
        let bulkhead = self.bulkhead.clone();
        BulkheadService { inner, bulkhead, readiness: Readiness::Unready }
    }
}

/// A service that so many calls may be in at once.
///
/// Readiness: *gate first*. A full bulkhead whose calls may not wait, or a closed one, is ready at once
/// without asking the inner service, and its refusal is the answer of the call. Otherwise readiness is
/// the inner service's. **It takes no place**: that is the call's, so a service that is ready and idle
/// keeps nobody out. A call that has to wait does so in its future, on a clone of the inner service
/// that is made ready once there is a place.
pub struct BulkheadService<I, S, C> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: I,
    bulkhead: Bulkhead<S, C>,
    readiness: Readiness,
}

/// What `poll_ready` promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Unready,
    Ready,
    /// The inner service was not asked: whatever has become free since, the call must be refused.
    Refusing(Why),
}

impl<I, S, C, Request> Service<Request> for BulkheadService<I, S, C>
where
    I: Service<Request> + Clone,
    I::Error: Fault,
    S: Sort<Request> + Clone,
    C: Classify<I::Response, I::Error> + Clone,
{
    type Response = I::Response;
    type Error = I::Error;
    type Future = Calling<Sent<I, Request>, Owned<S, C>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.readiness = Readiness::Unready;
        let view = &self.bulkhead.view;
        // Where it takes the request to tell, one may be let in that others are not.
        if let Some(why) = view.eyes.sort.beforehand().and_then(|class| view.core.bars(class)) {
            self.readiness = Readiness::Refusing(why);
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(cx).map_ok(|()| self.readiness = Readiness::Ready)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        let readiness = std::mem::replace(&mut self.readiness, Readiness::Unready);
        let view = &self.bulkhead.view;
        let hold = view.own();
        if let Readiness::Refusing(why) = readiness {
            return Calling::refused(hold, view.core.refuse(why));
        }
        let class = time::outside(|| view.eyes.sort.class(&request));
        // Apart from the rest: what is answered in more than one word is passed on through memory.
        if let Some(place) = view.core.place_at_once(class) {
            return Calling::running(Permit::new(hold, place), || self.inner.call(request));
        }
        match view.core.enter_slowly(class) {
            Entry::Placed(place) => {
                Calling::running(Permit::new(hold, place), || self.inner.call(request))
            }
            Entry::Queued(at, until) => {
                // What was made ready stays so for the next call.
                let inner = &self.inner;
                Calling::queued(hold, at, until, || Sent { service: inner.clone(), request })
            }
            Entry::Refused(why) => Calling::refused(hold, why),
        }
    }
}

/// A request to a service, which is made ready for it first.
#[derive(Clone, Debug)]
pub struct Sent<I, R> {
    service: I,
    request: R,
}

impl<I: Service<R>, R> Operation for Sent<I, R> {}

impl<I: Service<R>, R> sealed::Operation for Sent<I, R> {
    type Run = I::Future;
    type Ok = I::Response;
    type Err = I::Error;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), I::Error>> {
        self.service.poll_ready(cx)
    }

    fn start(mut self) -> I::Future {
        self.service.call(self.request)
    }
}

// A clone has no readiness: it was not the one that was polled.
impl<I: Clone, S: Clone, C: Clone> Clone for BulkheadService<I, S, C> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            bulkhead: self.bulkhead.clone(),
            readiness: Readiness::Unready,
        }
    }
}

impl<S, C> fmt::Debug for BulkheadLayer<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadLayer").field("bulkhead", &self.bulkhead).finish()
    }
}

impl<I: fmt::Debug, S, C> fmt::Debug for BulkheadService<I, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BulkheadService")
            .field("bulkhead", &self.bulkhead)
            .field("readiness", &self.readiness)
            .field("inner", &self.inner)
            .finish()
    }
}
