use std::{
    borrow::Borrow,
    fmt,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    future::{KeyLimited, Starting},
    handle::KeyedRateLimiter,
    key::KeyOf,
    store::{Store, Tagged},
};
use crate::ground::{refusal::Fault, time};

impl<K: ?Sized, S: Store<K>> KeyedRateLimiter<K, S> {
    /// A layer around services that finds the key of each request by `key_of`: one of this room's, or a
    /// closure from `&Request` to `Option<Key>`, whose argument must be spelled out. A request without a
    /// key is not limited.
    #[must_use]
    pub fn layer<X>(&self, key_of: X) -> KeyedRateLimitLayer<K, X, S> {
        KeyedRateLimitLayer { limiter: self.clone(), key_of }
    }
}

/// Puts a keyed limiter around services; made by [`KeyedRateLimiter::layer`].
pub struct KeyedRateLimitLayer<K: ?Sized, X, B = Tagged> {
    limiter: KeyedRateLimiter<K, B>,
    key_of: X,
}

impl<S, K: ?Sized, X: Clone, B> Layer<S> for KeyedRateLimitLayer<K, X, B> {
    type Service = KeyedRateLimitService<S, K, X, B>;

    fn layer(&self, inner: S) -> Self::Service {
        KeyedRateLimitService { inner, limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

/// A service whose calls are limited by key.
///
/// Readiness: *deferred*. It is always ready, because only the request says whose token is needed; once
/// that is there, a clone of the inner service is made ready inside the future.
pub struct KeyedRateLimitService<S, K: ?Sized, X, B = Tagged> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    limiter: KeyedRateLimiter<K, B>,
    key_of: X,
}

impl<S, K, X, B, Request> Service<Request> for KeyedRateLimitService<S, K, X, B>
where
    S: Service<Request> + Clone,
    S::Error: Fault,
    K: ?Sized,
    X: KeyOf<Request, Key: Borrow<K>>,
    B: Store<K>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = KeyLimited<S::Future, Deferred<S, Request>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let key = time::outside(|| self.key_of.key_of(&request));
        let asked = key.map_or(Ok(()), |key| self.limiter.try_acquire(key.borrow()));
        match asked {
            Ok(()) => KeyLimited::readying(Deferred {
                service: time::outside(|| self.inner.clone()),
                request: Some(request),
            }),
            Err(refusal) => KeyLimited::refused(refusal),
        }
    }
}

/// A service that is becoming ready for one request.
pub struct Deferred<S, Request> {
    service: S,
    /// None once it is called.
    request: Option<Request>,
}

impl<S: Service<Request>, Request> Starting<S::Future, S::Error> for Deferred<S, Request> {
    fn poll_start(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Future, S::Error>> {
        match self.service.poll_ready(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
        }
        self.request
            .take()
            .map_or(Poll::Pending, |request| Poll::Ready(Ok(self.service.call(request))))
    }
}

impl<K: ?Sized, X: Clone, B> Clone for KeyedRateLimitLayer<K, X, B> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

impl<S: Clone, K: ?Sized, X: Clone, B> Clone for KeyedRateLimitService<S, K, X, B> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limiter: self.limiter.clone(),
            key_of: self.key_of.clone(),
        }
    }
}

impl<K: ?Sized, X, B> fmt::Debug for KeyedRateLimitLayer<K, X, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitLayer")
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, K: ?Sized, X, B> fmt::Debug for KeyedRateLimitService<S, K, X, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitService")
            .field("limiter", &self.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, Request> fmt::Debug for Deferred<S, Request> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}
