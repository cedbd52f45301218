//! How a call begins once it may.

use std::{
    fmt,
    future::Future,
    task::{Context, Poll},
};

use crate::ground::refusal::Lifted;

/// How a call begins once it may: [`Once`], [`LiftedOnce`] or, behind the tower door, `Readied`. Sealed.
pub trait Begin: sealed::Begin {
    /// The call.
    type Running: Future;
    /// Why it could not begin.
    type Error;

    /// The call, begun. Not asked again after that.
    fn poll_begin(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Running, Self::Error>>;
}

pub(super) mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Begin {}
}

/// A closure whose error has room for a refusal.
pub struct Once<F>(pub(super) Option<F>);

/// A closure whose error is its own, and is lifted.
pub struct LiftedOnce<F>(pub(super) Option<F>);

impl<F> sealed::Begin for Once<F> {}

impl<F, Fut, T, E> Begin for Once<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Running = Fut;
    type Error = E;

    fn poll_begin(&mut self, _: &mut Context<'_>) -> Poll<Result<Fut, E>> {
        self.0.take().map_or(Poll::Pending, |operation| Poll::Ready(Ok(operation())))
    }
}

impl<F> sealed::Begin for LiftedOnce<F> {}

impl<F, Fut, T, E> Begin for LiftedOnce<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Running = Lifted<Fut>;
    type Error = crate::ground::refusal::Error<E>;

    fn poll_begin(&mut self, _: &mut Context<'_>) -> Poll<Result<Lifted<Fut>, Self::Error>> {
        let begin = |operation: F| Poll::Ready(Ok(Lifted::new(operation())));
        self.0.take().map_or(Poll::Pending, begin)
    }
}

impl<F> fmt::Debug for Once<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

impl<F> fmt::Debug for LiftedOnce<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiftedOnce")
    }
}
