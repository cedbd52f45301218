use std::{
    future::Future,
    task::{Context, Poll},
};

use crate::ground::refusal::{Error, Lifted};

/// What is done once there is a place: a closure, or a request of a service. Sealed.
pub trait Operation: sealed::Operation {}

pub(super) mod sealed {
    use super::{Context, Future, Poll};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Operation {
        type Run: Future<Output = Result<Self::Ok, Self::Err>>;
        type Ok;
        type Err;

        /// Whether it can be started.
        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Err>>;

        fn start(self) -> Self::Run;
    }
}

/// A closure given to [`call`](super::Bulkhead::call): its error is its own.
#[derive(Clone, Copy, Debug)]
pub struct Called<F>(pub(super) F);

/// A closure given to [`run`](super::Bulkhead::run): its error has room for a refusal.
#[derive(Clone, Copy, Debug)]
pub struct Ran<F>(pub(super) F);

impl<F, Fut, T, E> Operation for Called<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}

impl<F, Fut, T, E> sealed::Operation for Called<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Run = Lifted<Fut>;
    type Ok = T;
    type Err = Error<E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<E>>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn start(self) -> Lifted<Fut> {
        Lifted::new((self.0)())
    }
}

impl<F, Fut, T, E> Operation for Ran<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
}

impl<F, Fut, T, E> sealed::Operation for Ran<F>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Run = Fut;
    type Ok = T;
    type Err = E;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    #[inline]
    fn start(self) -> Fut {
        (self.0)()
    }
}
