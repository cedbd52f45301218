use std::{
    fmt,
    task::{Context, Poll},
};

use tower::Service;

use super::begin::{Begin, sealed};

/// A request to a service that is made ready for it.
pub struct Readied<S, Request> {
    service: S,
    /// None once it is sent.
    request: Option<Request>,
}

impl<S, Request> Readied<S, Request> {
    pub(super) const fn new(service: S, request: Request) -> Self {
        Self { service, request: Some(request) }
    }
}

impl<S, Request> sealed::Begin for Readied<S, Request> {}

impl<S: Service<Request>, Request> Begin for Readied<S, Request> {
    type Running = S::Future;
    type Error = S::Error;

    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<S::Future, S::Error>> {
        match self.service.poll_ready(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) => {}
        }
        let service = &mut self.service;
        let call = |request| Poll::Ready(Ok(service.call(request)));
        self.request.take().map_or(Poll::Pending, call)
    }
}

impl<S, Request> fmt::Debug for Readied<S, Request> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readied")
    }
}
