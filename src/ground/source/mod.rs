//! Work that can be started again: what retry, hedge and fallback are written over, once.
//!
//! A plain operation is a closure and always ready. A tower service must become ready before every
//! start, and its request must be kept to be sent again. [`Source`] is what the two have in common.

#[cfg(feature = "tower")]
pub(crate) mod resend;

use std::{
    convert::Infallible,
    future::Future,
    task::{Context, Poll},
};

/// Something that can be made ready and started, several times.
pub(crate) trait Source {
    /// Why it could not become ready.
    type NotReady;
    /// One run of the work.
    type Attempt: Future;

    /// Ready to start once. A dropped source gives back whatever readiness it holds.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::NotReady>>;

    /// Starts a run. `last` says that no other will be asked for, so that a request need not be
    /// copied. None if the work cannot be started again.
    fn start(&mut self, last: bool) -> Option<Self::Attempt>;
}

/// A closure: always ready, never exhausted.
#[derive(Debug)]
#[cfg_attr(not(test), allow(dead_code, reason = "for the rooms that run one operation again"))]
pub(crate) struct Plain<F>(pub(crate) F);

impl<F, Fut> Source for Plain<F>
where
    F: FnMut() -> Fut,
    Fut: Future,
{
    type NotReady = Infallible;
    type Attempt = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn start(&mut self, _: bool) -> Option<Fut> {
        Some((self.0)())
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_closure_starts_as_often_as_asked() {
        let mut runs = 0;
        let mut source = Plain(|| {
            runs += 1;
            std::future::ready(runs)
        });
        assert!(source.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(source.start(false).map(std::future::Ready::into_inner), Some(1));
        assert_eq!(source.start(true).map(std::future::Ready::into_inner), Some(2));
    }
}
