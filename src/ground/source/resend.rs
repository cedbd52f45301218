use std::task::{Context, Poll};

use tower::Service;

use super::Source;

/// A service and the request to send it, again and again: `copy` makes another one, or cannot.
///
/// A request that cannot be copied is still sent once; one that can is copied once less often than
/// it is sent.
#[derive(Debug)]
pub(crate) struct Resend<S, Request, Copy> {
    service: S,
    request: Option<Request>,
    copy: Copy,
}

impl<S, Request, Copy> Resend<S, Request, Copy> {
    pub(crate) const fn new(service: S, request: Request, copy: Copy) -> Self {
        Self { service, request: Some(request), copy }
    }
}

impl<S, Request, Copy> Source for Resend<S, Request, Copy>
where
    S: Service<Request>,
    Copy: FnMut(&Request) -> Option<Request>,
{
    type NotReady = S::Error;
    type Attempt = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn start(&mut self, last: bool) -> Option<S::Future> {
        let request = self.request.take()?;
        if !last {
            self.request = (self.copy)(&request);
        }
        Some(self.service.call(request))
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::ready};

    use tower::service_fn;

    use super::*;

    #[test]
    fn a_request_is_copied_once_less_often_than_it_is_sent() {
        let mut copies = 0;
        let echo = service_fn(|request: u8| ready(Ok::<_, Infallible>(request)));
        let mut source = Resend::new(echo, 7, |request: &u8| {
            copies += 1;
            Some(*request)
        });
        assert!(source.start(false).is_some());
        assert!(source.start(true).is_some());
        assert!(source.start(true).is_none(), "the last request was given away");
        assert_eq!(copies, 1);
    }

    #[test]
    fn a_request_that_cannot_be_copied_is_sent_once() {
        let echo = service_fn(|request: u8| ready(Ok::<_, Infallible>(request)));
        let mut source = Resend::new(echo, 7, |_: &u8| None);
        assert!(source.start(false).is_some());
        assert!(source.start(false).is_none());
    }
}
