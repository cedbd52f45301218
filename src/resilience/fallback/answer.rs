use std::{
    future::{Future, Pending},
    task::{Context, Poll},
    time::Duration,
};

use super::last_good::LastGood;

/// What a [`Fallback`](super::Fallback) falls back to. Sealed: see its `to_…` methods.
///
/// `K` is what a call has kept for it.
#[diagnostic::on_unimplemented(
    message = "this fallback cannot answer a call that gives `Result<{T}, {E}>`",
    label = "say what to fall back to, with `to_value`, `to_fn`, `to_operation` or `to_last_good`",
    note = "its value, or what its function takes and gives, must fit `Result<{T}, {E}>`; with `call` that is `buttress::Error<..>`"
)]
pub trait Answer<T, E, K = ()>: sealed::Answer<T, E, K> {}

pub(super) mod sealed {
    use super::{Begun, Context, Future, Poll};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Answer<T, E, K> {
        /// What runs, where it takes time.
        type Attempt: Future<Output = Result<T, E>>;

        /// Whether it takes time, so that it is not worth beginning after the deadline.
        const TAKES_TIME: bool;

        /// A good answer passes.
        fn good(&self, value: &T) {
            let _ = value;
        }

        /// Something is wanted instead of this.
        fn begin(&self, kept: &mut K, failed: Result<T, E>) -> Begun<T, E, Self::Attempt>;

        /// After [`Begun::NotReady`]: what runs, once it is ready.
        fn poll_begin(
            &self,
            kept: &mut K,
            cx: &mut Context<'_>,
        ) -> Poll<Begun<T, E, Self::Attempt>> {
            let _ = (kept, cx);
            Poll::Pending
        }

        /// After [`Begun::NotReady`], instead of beginning: what failed, to stay as it is.
        fn give_up(&self, kept: &mut K) -> Option<Result<T, E>> {
            let _ = kept;
            None
        }

        /// What ran has ended so.
        fn end(&self, kept: &mut K, own: Result<T, E>) -> Result<T, E> {
            let _ = kept;
            own
        }
    }
}

/// How an answer begins.
#[expect(unnameable_types, reason = "named by a sealed trait only")]
#[derive(Debug)]
pub enum Begun<T, E, A> {
    /// Here it is; so old, if it is not of today.
    Answered(Result<T, E>, Option<Duration>),
    /// There is none; what failed stays as it is.
    Declined(Result<T, E>),
    /// It must become ready first.
    NotReady,
    /// It runs.
    Started(A),
}

/// Of an answer that takes no time: what runs, which is nothing.
pub type Never<T, E> = Pending<Result<T, E>>;

/// Nothing to fall back to has been said yet.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Unsaid /* say what to fall back to: `.to_value(..)`, `.to_fn(..)`, `.to_operation(..)`, `.to_last_good(..)` */;

/// Falls back to a value.
#[derive(Clone, Copy, Debug)]
pub struct Value<T>(pub(super) T);

/// Falls back to a function of what failed.
#[derive(Clone, Copy, Debug)]
pub struct Function<F>(pub(super) F);

/// Falls back to an operation.
#[derive(Clone, Copy, Debug)]
pub struct Operation<F>(pub(super) F);

/// Falls back to what was given with the call.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Given;

/// Falls back to the last good answer.
#[derive(Clone, Debug)]
pub struct Recalled<T>(pub(super) LastGood<T>);

impl<T: Clone, E, K> Answer<T, E, K> for Value<T> {}

impl<T: Clone, E, K> sealed::Answer<T, E, K> for Value<T> {
    type Attempt = Never<T, E>;

    const TAKES_TIME: bool = false;

    fn begin(&self, _: &mut K, _: Result<T, E>) -> Begun<T, E, Never<T, E>> {
        Begun::Answered(Ok(self.0.clone()), None)
    }
}

impl<T, E, K, F> Answer<T, E, K> for Function<F> where F: Fn(Result<T, E>) -> Result<T, E> {}

impl<T, E, K, F> sealed::Answer<T, E, K> for Function<F>
where
    F: Fn(Result<T, E>) -> Result<T, E>,
{
    type Attempt = Never<T, E>;

    const TAKES_TIME: bool = false;

    fn begin(&self, _: &mut K, failed: Result<T, E>) -> Begun<T, E, Never<T, E>> {
        Begun::Answered((self.0)(failed), None)
    }
}

impl<T, E, K, F, Fut> Answer<T, E, K> for Operation<F>
where
    F: Fn(Result<T, E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}

impl<T, E, K, F, Fut> sealed::Answer<T, E, K> for Operation<F>
where
    F: Fn(Result<T, E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Attempt = Fut;

    const TAKES_TIME: bool = true;

    fn begin(&self, _: &mut K, failed: Result<T, E>) -> Begun<T, E, Fut> {
        Begun::Started((self.0)(failed))
    }
}

impl<T, E, F, Fut> Answer<T, E, Option<F>> for Given
where
    F: FnOnce(Result<T, E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}

impl<T, E, F, Fut> sealed::Answer<T, E, Option<F>> for Given
where
    F: FnOnce(Result<T, E>) -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Attempt = Fut;

    const TAKES_TIME: bool = true;

    fn begin(&self, kept: &mut Option<F>, failed: Result<T, E>) -> Begun<T, E, Fut> {
        match kept.take() {
            Some(given) => Begun::Started(given(failed)),
            None => Begun::Declined(failed),
        }
    }
}

impl<T: Clone, E, K> Answer<T, E, K> for Recalled<T> {}

impl<T: Clone, E, K> sealed::Answer<T, E, K> for Recalled<T> {
    type Attempt = Never<T, E>;

    const TAKES_TIME: bool = false;

    fn good(&self, value: &T) {
        self.0.remember(value);
    }

    fn begin(&self, _: &mut K, failed: Result<T, E>) -> Begun<T, E, Never<T, E>> {
        match self.0.recall() {
            Some((value, age)) => Begun::Answered(Ok(value), Some(age)),
            None => Begun::Declined(failed),
        }
    }
}
