use std::{
    borrow::Borrow,
    fmt,
    hash::Hash,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{future::KeyLimited, handle::KeyedRateLimiter, key::KeyOf};
use crate::ground::{refusal::Fault, time};

impl<K: ?Sized + Hash> KeyedRateLimiter<K> {
    /// A layer around services that finds the key of each request by `key_of`: one of this room's, or a
    /// closure from `&Request` to `Option<Key>`, whose argument must be spelled out. A request without a
    /// key is not limited.
    #[must_use]
    pub fn layer<X>(&self, key_of: X) -> KeyedRateLimitLayer<K, X> {
        KeyedRateLimitLayer { limiter: self.clone(), key_of }
    }
}

/// Puts a keyed limiter around services; made by [`KeyedRateLimiter::layer`].
pub struct KeyedRateLimitLayer<K: ?Sized, X> {
    limiter: KeyedRateLimiter<K>,
    key_of: X,
}

impl<S, K: ?Sized, X: Clone> Layer<S> for KeyedRateLimitLayer<K, X> {
    type Service = KeyedRateLimitService<S, K, X>;

    fn layer(&self, inner: S) -> Self::Service {
        KeyedRateLimitService { inner, limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

/// A service whose calls are limited by key.
///
/// Readiness: *deferred*. It is always ready, because only the request says whose token is needed; once
/// that is there, a clone of the inner service is made ready inside the future.
pub struct KeyedRateLimitService<S, K: ?Sized, X> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    limiter: KeyedRateLimiter<K>,
    key_of: X,
}

impl<S, K, X, Request> Service<Request> for KeyedRateLimitService<S, K, X>
where
    S: Service<Request> + Clone,
    S::Error: Fault,
    K: ?Sized + Hash,
    X: KeyOf<Request, Key: Borrow<K>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = KeyLimited<S, Request>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let key = time::outside(|| self.key_of.key_of(&request));
        let asked = key.map_or(Ok(()), |key| self.limiter.try_acquire(key.borrow()));
        match asked {
            Ok(()) => KeyLimited::readying(self.inner.clone(), request),
            Err(refusal) => KeyLimited::refused(refusal),
        }
    }
}

impl<K: ?Sized, X: Clone> Clone for KeyedRateLimitLayer<K, X> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), key_of: self.key_of.clone() }
    }
}

impl<S: Clone, K: ?Sized, X: Clone> Clone for KeyedRateLimitService<S, K, X> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            limiter: self.limiter.clone(),
            key_of: self.key_of.clone(),
        }
    }
}

impl<K: ?Sized, X> fmt::Debug for KeyedRateLimitLayer<K, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitLayer")
            .field("limiter", &self.limiter)
            .finish_non_exhaustive()
    }
}

impl<S: fmt::Debug, K: ?Sized, X> fmt::Debug for KeyedRateLimitService<S, K, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRateLimitService")
            .field("limiter", &self.limiter)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
