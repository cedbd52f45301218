use std::{
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{future::RedisLimited, handle::RedisRateLimiter, key::RedisKey, readied::Readied};
use crate::{
    ground::{refusal::Fault, time},
    resilience::rate_limit::keyed::KeyOf,
};

impl RedisRateLimiter {
    /// A layer around services that finds the key of each request by `key_of`: one of those of
    /// [`keyed`](crate::rate_limit::keyed), or a closure from `&Request` to `Option<Key>`, whose argument must
    /// be spelled out. A request without a key is not limited; one bucket for everybody has the key `()`.
    #[must_use]
    pub fn layer<X>(&self, key_of: X) -> RedisRateLimitLayer<X> {
        RedisRateLimitLayer { limiter: self.clone(), key_of }
    }
}

/// Puts a limiter around services; made by [`RedisRateLimiter::layer`].
#[derive(Clone)]
pub struct RedisRateLimitLayer<X> {
    limiter: RedisRateLimiter,
    key_of: X,
}

impl<S, X: Clone> Layer<S> for RedisRateLimitLayer<X> {
    type Service = RedisRateLimitService<S, X>;

    fn layer(&self, inner: S) -> Self::Service {
        RedisRateLimitService { inner, limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

/// A service whose calls are limited by key, in a store.
///
/// Readiness: *deferred*. It is always ready, because only the request says whose token is needed; once
/// that is there, a clone of the inner service is made ready inside the future.
#[derive(Clone)]
pub struct RedisRateLimitService<S, X> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    limiter: RedisRateLimiter,
    key_of: X,
}

impl<S, X, Request> Service<Request> for RedisRateLimitService<S, X>
where
    S: Service<Request> + Clone,
    S::Error: Fault,
    X: KeyOf<Request, Key: RedisKey>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RedisLimited<Readied<S, Request>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let key = time::outside(|| self.key_of.key_of(&request));
        let text = key.as_ref().map(|key| time::outside(|| key.text()));
        let begin = Readied::new(time::outside(|| self.inner.clone()), request);
        RedisLimited::start(&self.limiter.shared, text.as_deref(), self.limiter.cost, begin)
    }
}

impl<X> fmt::Debug for RedisRateLimitLayer<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimitLayer")
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, X> fmt::Debug for RedisRateLimitService<S, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimitService")
            .field("limiter", &self.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
