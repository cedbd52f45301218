use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project::pin_project;
use tower::Service;

use crate::ground::time;

/// A request on its way: the service becomes ready, then it is called.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Sending<S: Service<Req>, Req> {
    service: S,
    request: Option<Req>,
    #[pin]
    answer: Option<S::Future>,
}

impl<S: Service<Req>, Req> Sending<S, Req> {
    /// The service need not be ready.
    #[cfg_attr(
        not(any(
            feature = "batch",
            feature = "cache",
            feature = "reconnect",
            feature = "single-flight"
        )),
        expect(dead_code, reason = "for services that are readied in the call")
    )]
    pub(crate) const fn new(service: S, request: Req) -> Self {
        Self { service, request: Some(request), answer: None }
    }
}

impl<S: Service<Req>, Req> Future for Sending<S, Req> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.request.is_some() {
            if let Err(error) = ready!(time::outside(|| this.service.poll_ready(cx))) {
                *this.request = None;
                return Poll::Ready(Err(error));
            }
            if let Some(request) = this.request.take() {
                this.answer.set(Some(time::outside(|| this.service.call(request))));
            }
        }
        match this.answer.as_mut().as_pin_mut() {
            Some(answer) => {
                let answer = ready!(time::outside(|| answer.poll(cx)));
                this.answer.set(None);
                Poll::Ready(answer)
            }
            None => Poll::Pending,
        }
    }
}

impl<S: Service<Req>, Req> fmt::Debug for Sending<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.request.is_some() { "Sending(waiting)" } else { "Sending(sent)" })
    }
}
