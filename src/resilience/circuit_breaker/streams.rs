//! The plain door for streams, and permits that are held until one ends.

use futures_core::Stream;

use super::{
    handle::CircuitBreaker,
    permit::{Hold, Owned, Permit},
};
use crate::ground::{
    outcome::{Classify, never_began},
    refusal::{Error, Fault, Lifted},
    stream::{GuardedStream, HeldStream, Settle},
};

impl<C> CircuitBreaker<C> {
    /// Calls for a stream whose error is its own: `E` comes back as [`Error<E>`](crate::Error). The
    /// call lasts until the stream ends.
    ///
    /// Admission is asked for here and now. If it is not granted, the stream is not started, and the
    /// refusal is the first item and the last.
    ///
    /// The classifier sees the items: an error settles the call by what the classifier calls it, and
    /// so does an item that it calls a failure, soft failure or slow; the first of these decides. An end
    /// without one is a success.
    ///
    /// # Cancel safety
    ///
    /// See [`HeldStream`].
    pub fn stream<F, S, T, E>(&self, start: F) -> GuardedStream<Lifted<S>, Permit<Owned<C>>>
    where
        F: FnOnce() -> S,
        S: Stream<Item = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>> + Clone,
    {
        GuardedStream::start(self.try_acquire_owned(), || Lifted::new(start()))
    }

    /// Calls for a stream whose error has room for a refusal already; it comes back unchanged.
    /// Otherwise as [`stream`](Self::stream). The door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`HeldStream`].
    pub fn run_stream<F, S, T, E>(&self, start: F) -> GuardedStream<S, Permit<Owned<C>>>
    where
        F: FnOnce() -> S,
        S: Stream<Item = Result<T, E>>,
        E: Fault,
        C: Classify<T, E> + Clone,
    {
        GuardedStream::start(self.try_acquire_owned(), start)
    }
}

impl<H: Hold> Permit<H> {
    /// Holds on until this stream ends, and settles by its items and its end as
    /// [`CircuitBreaker::stream`] does: for a call that was let through before there was a stream.
    ///
    /// Takes an error of any type, and so cannot see refusals of guards further in. If there are
    /// any, use [`settle_stream`](Permit::settle_stream).
    ///
    /// ```
    /// # use buttress::circuit_breaker::CircuitBreaker;
    /// # use futures::stream::{self, Stream};
    /// # async fn ask(prompt: &str) -> Result<impl Stream<Item = Result<u8, std::io::Error>> + use<>, std::io::Error> {
    /// #     Ok(stream::iter([]))
    /// # }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let breaker = CircuitBreaker::new("model", Default::default())?;
    /// let permit = breaker.try_acquire_owned()?;
    /// let answer = match ask("why?").await {
    ///     Ok(answer) => permit.record_stream(answer),
    ///     Err(error) => {
    ///         permit.failure();
    ///         return Err(error.into());
    ///     }
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub const fn record_stream<S, T, E>(self, stream: S) -> HeldStream<S, Recording<H>>
    where
        S: Stream<Item = Result<T, E>>,
        H::Classifier: Classify<T, E>,
    {
        HeldStream::new(stream, Recording { permit: self })
    }

    /// Holds on until this stream ends, and settles as [`record_stream`](Permit::record_stream)
    /// does, except that refusals of calls that never began count as nothing.
    pub const fn settle_stream<S, T, E>(self, stream: S) -> HeldStream<S, Self>
    where
        S: Stream<Item = Result<T, E>>,
        E: Fault,
        H::Classifier: Classify<T, E>,
    {
        HeldStream::new(stream, self)
    }
}

impl<H, T, E> Settle<T, E> for Permit<H>
where
    H: Hold,
    H::Classifier: Classify<T, E>,
    E: Fault,
{
    #[inline]
    fn item(&mut self, item: &Result<T, E>) {
        self.hear(item, never_began);
    }

    fn ended(&mut self) {
        self.end_well();
    }
}

/// A permit that settles by items with errors of any type.
#[derive(Debug)]
pub struct Recording<H: Hold> {
    permit: Permit<H>,
}

impl<H, T, E> Settle<T, E> for Recording<H>
where
    H: Hold,
    H::Classifier: Classify<T, E>,
{
    #[inline]
    fn item(&mut self, item: &Result<T, E>) {
        self.permit.hear(item, |_| false);
    }

    fn ended(&mut self) {
        self.permit.end_well();
    }
}
