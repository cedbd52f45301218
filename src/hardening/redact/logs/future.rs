use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use pin_project::pin_project;

use crate::ground::time;

use super::exchange::Exchange;

/// A request that is told of when it has ended.
///
/// # Cancel safety
///
/// Dropping it drops the call, and tells that it was cancelled.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct HttpLogged<F> {
    #[pin]
    inner: F,
    exchange: Exchange,
}

impl<F> HttpLogged<F> {
    pub(super) fn start(mut exchange: Exchange, start: impl FnOnce() -> F) -> Self {
        let inner = time::watched(start, || exchange.panicked());
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for HttpLogged<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: fmt::Display,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.exchange.is_told() {
            // Polled again after its answer: it has no other.
            return Poll::Pending;
        }
        match time::watched(|| this.inner.poll(cx), || this.exchange.panicked()) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(mut response)) => {
                this.exchange.answered(&mut response);
                Poll::Ready(Ok(response))
            }
            Poll::Ready(Err(error)) => {
                this.exchange.failed(&error);
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<F> fmt::Debug for HttpLogged<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.exchange.is_told() {
            "HttpLogged(done)"
        } else {
            "HttpLogged(running)"
        })
    }
}
