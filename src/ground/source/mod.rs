//! Work that can be started again: what retry, hedge and fallback are written over, once.
//!
//! A plain operation is a closure and always ready. A tower service must become ready before every
//! start, and its request must be kept to be sent again. [`Source`] is what the two have in common.

#[cfg(feature = "http")]
mod by_method;
#[cfg(feature = "tower")]
mod replay;
#[cfg(feature = "tower")]
mod resend;
#[cfg(feature = "tower")]
mod sending;

use std::{
    future::Future,
    task::{Context, Poll},
};

#[cfg(feature = "http")]
pub use self::by_method::ByMethod;
#[cfg(feature = "tower")]
pub use self::{
    replay::{ByClone, Replay},
    resend::Resend,
    sending::Sending,
};
use super::refusal::{Error, Lifted};

/// Something that can be made ready and started, several times. Sealed.
pub trait Source: sealed::Source {
    /// What it gives.
    type Ok;
    /// Why it did not give it, or did not become ready.
    type Err;
    /// One run of the work.
    type Attempt: Future<Output = Result<Self::Ok, Self::Err>>;

    /// Ready to start once. A dropped source gives back whatever readiness it holds.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Err>>;

    /// Whether it can be started once more.
    fn is_repeatable(&self) -> bool;

    /// Whether being started twice does no harm even where the first run may have done its work.
    fn is_safe(&self) -> bool;

    /// Starts a run. `last` says that no other will be asked for, so that a request need not be
    /// copied. None if the work cannot be started again.
    fn start(&mut self, last: bool) -> Option<Self::Attempt>;

    /// It will not be started again: gives back whatever it holds for that.
    fn retire(&mut self) {}
}

pub(crate) mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Source {}
}

/// A closure: always ready, never exhausted.
#[derive(Clone, Copy, Debug)]
pub struct Plain<F>(pub(crate) F);

impl<F> sealed::Source for Plain<F> {}

impl<F, Fut, T, E> Source for Plain<F>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Ok = T;
    type Err = E;
    type Attempt = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn is_safe(&self) -> bool {
        true
    }

    #[inline]
    fn start(&mut self, _: bool) -> Option<Fut> {
        Some((self.0)())
    }
}

/// A closure whose error is its own, and is lifted.
#[derive(Clone, Copy, Debug)]
pub struct Lifting<F>(pub(crate) F);

impl<F> sealed::Source for Lifting<F> {}

impl<F, Fut, T, E> Source for Lifting<F>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Ok = T;
    type Err = Error<E>;
    type Attempt = Lifted<Fut>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<E>>> {
        Poll::Ready(Ok(()))
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn is_safe(&self) -> bool {
        true
    }

    #[inline]
    fn start(&mut self, _: bool) -> Option<Lifted<Fut>> {
        Some(Lifted::new((self.0)()))
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
            std::future::ready(Ok::<_, ()>(runs))
        });
        assert!(source.poll_ready(&mut Context::from_waker(Waker::noop())).is_ready());
        assert_eq!(source.start(false).map(std::future::Ready::into_inner), Some(Ok(1)));
        assert_eq!(source.start(true).map(std::future::Ready::into_inner), Some(Ok(2)));
    }
}
