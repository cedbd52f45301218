use std::future::Future;

use crate::ground::refusal::Lifted;

/// What is done with a connection: a closure, or a request of a service. Sealed.
pub trait Operation<C>: sealed::Operation<C> {}

pub(super) mod sealed {
    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Operation<C> {
        type Run;

        /// Whether it can be started again.
        const AGAIN: bool;

        /// Starts it. None if it cannot be, any more.
        fn start(&mut self, connection: C) -> Option<Self::Run>;
    }
}

/// A closure given to [`call`](super::Reconnect::call): its error is its own.
#[derive(Clone, Copy, Debug)]
pub struct Called<F>(pub(super) F);

/// A closure given to [`run`](super::Reconnect::run): its error has room for a refusal.
#[derive(Clone, Copy, Debug)]
pub struct Ran<F>(pub(super) F);

impl<C, F, Fut> Operation<C> for Called<F>
where
    F: FnMut(C) -> Fut,
    Fut: Future,
{
}

impl<C, F, Fut> sealed::Operation<C> for Called<F>
where
    F: FnMut(C) -> Fut,
    Fut: Future,
{
    type Run = Lifted<Fut>;

    const AGAIN: bool = true;

    fn start(&mut self, connection: C) -> Option<Lifted<Fut>> {
        Some(Lifted::new((self.0)(connection)))
    }
}

impl<C, F, Fut> Operation<C> for Ran<F>
where
    F: FnMut(C) -> Fut,
    Fut: Future,
{
}

impl<C, F, Fut> sealed::Operation<C> for Ran<F>
where
    F: FnMut(C) -> Fut,
    Fut: Future,
{
    type Run = Fut;

    const AGAIN: bool = true;

    fn start(&mut self, connection: C) -> Option<Fut> {
        Some((self.0)(connection))
    }
}
