use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::{Layer, Service};

use super::{exchange::Exchange, future::HttpLogged, handle::Logs, shared::Shared};

impl Logs {
    /// A layer that tells of each request and its response, without their secrets.
    #[must_use]
    pub fn http_layer(&self) -> HttpLogLayer {
        HttpLogLayer { shared: self.shared().clone(), headers: true }
    }
}

/// Tells of requests and responses; made by [`Logs::http_layer`].
///
/// When a request has ended there is one event of the target `buttress::http`, of the level `ERROR` if the service has
/// failed, panicked, answered with 500 or above or was cut off by one of our own timeouts, else `INFO`, with the fields `method`, `path`, `query`, `request_headers`,
/// `status`, `response_headers`, `latency_ms` and `error`: each value by its name and by what it says. Bodies are not
/// looked at. What stands in headers that are secret by their names is marked as
/// [sensitive](http::HeaderValue::set_sensitive) on the way in and on the way out.
#[derive(Clone)]
pub struct HttpLogLayer {
    shared: Arc<Shared>,
    headers: bool,
}

impl HttpLogLayer {
    /// Leaves headers out.
    #[must_use]
    pub fn without_headers(self) -> Self {
        Self { headers: false, ..self }
    }
}

impl<S> Layer<S> for HttpLogLayer {
    type Service = HttpLogService<S>;

    fn layer(&self, inner: S) -> HttpLogService<S> {
        HttpLogService { inner, layer: self.clone() }
    }
}

/// An HTTP service whose requests are told of. Its error may be any that can be displayed, and is passed on as it
/// is; what leaves the service is for [`Logs::scrub`].
///
/// Readiness: *through*.
#[derive(Clone)]
pub struct HttpLogService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    layer: HttpLogLayer,
}

impl<S, In, Out> Service<Request<In>> for HttpLogService<S>
where
    S: Service<Request<In>, Response = Response<Out>, Error: fmt::Display>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HttpLogged<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<In>) -> Self::Future {
        let exchange = Exchange::begin(&self.layer.shared, &mut request, self.layer.headers);
        HttpLogged::start(exchange, || self.inner.call(request))
    }
}

impl fmt::Debug for HttpLogLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLogLayer").field("headers", &self.headers).finish_non_exhaustive()
    }
}

impl<S: fmt::Debug> fmt::Debug for HttpLogService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLogService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
