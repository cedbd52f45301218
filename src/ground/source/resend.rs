use std::task::{Context, Poll};

use tower::Service;

use super::{Replay, Source, sealed};

/// What is left of a call once it has been made: a service and the request to send it again.
///
/// Nothing is left where the request could not be copied. One that could is copied once less often
/// than it is sent, and the service is cloned only then.
#[derive(Clone, Debug)]
pub struct Resend<S, Request, R> {
    kept: Option<(S, Request)>,
    replay: R,
    safe: bool,
}

impl<S, Request, R> Resend<S, Request, R>
where
    S: Service<Request> + Clone,
    R: Replay<Request> + Clone,
{
    /// Makes the first call on `service`, which must be ready. `last` says of a request that is safe to
    /// serve twice, or is not, whether there will be no other.
    #[inline]
    pub(crate) fn first(
        service: &mut S,
        request: Request,
        replay: &R,
        last: impl FnOnce(bool) -> bool,
    ) -> (Self, S::Future) {
        let safe = replay.is_safe(&request);
        let copy = if last(safe) { None } else { replay.copy(&request) };
        let attempt = service.call(request);
        let kept = copy.map(|copy| (service.clone(), copy));
        (Self { kept, replay: replay.clone(), safe }, attempt)
    }
}

impl<S, Request, R> Resend<S, Request, R>
where
    R: Replay<Request>,
{
    /// A request that has not been sent, and the service to send it with.
    #[cfg_attr(not(feature = "fallback"), expect(dead_code, reason = "for backups"))]
    pub(crate) fn kept(service: S, request: Request, replay: R) -> Self {
        let safe = replay.is_safe(&request);
        Self { kept: Some((service, request)), replay, safe }
    }
}

impl<S, Request, R> sealed::Source for Resend<S, Request, R> {}

impl<S, Request, R> Source for Resend<S, Request, R>
where
    S: Service<Request>,
    R: Replay<Request>,
{
    type Ok = S::Response;
    type Err = S::Error;
    type Attempt = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match &mut self.kept {
            Some((service, _)) => service.poll_ready(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn is_repeatable(&self) -> bool {
        self.kept.is_some()
    }

    fn is_safe(&self) -> bool {
        self.safe
    }

    fn start(&mut self, last: bool) -> Option<S::Future> {
        let (mut service, request) = self.kept.take()?;
        let copy = if last { None } else { self.replay.copy(&request) };
        let attempt = service.call(request);
        // The very service: it is made ready again before it is called again.
        self.kept = copy.map(|copy| (service, copy));
        Some(attempt)
    }

    fn retire(&mut self) {
        self.kept = None;
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, convert::Infallible, future::ready};

    use tower::service_fn;

    use super::*;

    #[test]
    fn a_request_is_copied_once_less_often_than_it_is_sent() {
        let copies = Cell::new(0);
        let mut echo = service_fn(|request: u8| ready(Ok::<_, Infallible>(request)));
        let copy = |request: &u8| {
            copies.set(copies.get() + 1);
            Some(*request)
        };
        let (mut source, _) = Resend::first(&mut echo, 7, &copy, |_| false);
        assert!(source.start(false).is_some());
        assert!(source.start(true).is_some());
        assert!(!source.is_repeatable() && source.start(true).is_none());
        assert_eq!(copies.get(), 2, "for three calls");
    }

    #[test]
    fn a_request_that_cannot_be_copied_is_sent_once() {
        let mut echo = service_fn(|request: u8| ready(Ok::<_, Infallible>(request)));
        let (mut source, _) = Resend::first(&mut echo, 7, &|_: &u8| None, |_| false);
        assert!(!source.is_repeatable() && source.start(false).is_none());
    }
}
