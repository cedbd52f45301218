use std::{
    fmt,
    task::{Context, Poll},
};

use ::http::{Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use super::{body::ReplyBody, future::Replying, handle::HttpCache, key::RequestKey};
use crate::ground::{
    refusal::{Fault, Unchanged},
    source::Sending,
    time,
};

impl HttpCache {
    /// The layer. `key` says what requests have the same answer: [`RequestKey::of`] knows their method and address, and
    /// has to be told by what else answers differ, whose they are above all. One without a key is sent on
    /// its own.
    pub fn layer<X>(&self, key: X) -> HttpCacheLayer<X> {
        HttpCacheLayer { cache: self.clone(), key }
    }
}

/// Makes [`HttpCacheService`]s.
#[derive(Clone)]
pub struct HttpCacheLayer<X> {
    cache: HttpCache,
    key: X,
}

/// An HTTP service whose answers are kept; made by [`HttpCache::layer`].
///
/// Readiness: *deferred*. It is always ready: an answer that is there needs no service. For one that is
/// not, a clone of the inner service is made ready in the call.
#[derive(Clone)]
pub struct HttpCacheService<S, X> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    cache: HttpCache,
    key: X,
}

impl<S, X: Clone> Layer<S> for HttpCacheLayer<X> {
    type Service = HttpCacheService<S, X>;

    fn layer(&self, inner: S) -> Self::Service {
        HttpCacheService { inner, cache: self.cache.clone(), key: self.key.clone() }
    }
}

impl<S, X, T, B> Service<Request<T>> for HttpCacheService<S, X>
where
    S: Service<Request<T>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Fault + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
    X: Fn(&Request<T>) -> Option<RequestKey>,
    T: Send + 'static,
    B: Body<Data: Send, Error: Send> + Send + 'static,
{
    type Response = Response<ReplyBody<B>>;
    type Error = S::Error;
    type Future = Replying<B, S::Error, Unchanged>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<T>) -> Self::Future {
        let key = time::outside(|| (self.key)(&request));
        let inner = self.inner.clone();
        self.cache.run(key, request, move |request| Sending::new(inner, request))
    }
}

impl<X> fmt::Debug for HttpCacheLayer<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCacheLayer").field("cache", &self.cache).finish()
    }
}

impl<S: fmt::Debug, X> fmt::Debug for HttpCacheService<S, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCacheService")
            .field("inner", &self.inner)
            .field("cache", &self.cache)
            .finish()
    }
}
