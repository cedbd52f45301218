use std::{fmt, time::Duration};

use super::shared::{Ending, Pass, Shared};
use crate::ground::{
    outcome::{Classify, Outcome, Standard, never_began},
    refusal::Fault,
    sync::Anchored,
    time,
};

/// How a permit or a future holds its breaker: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: hold::Hold {}

pub(super) mod hold {
    use super::Shared;

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        type Classifier;
        fn shared(&self) -> &Shared;
        fn classifier(&self) -> &Self::Classifier;
    }
}

/// Holds the breaker by reference: counts nothing.
pub struct Borrowed<'a, C = Standard> {
    pub(super) shared: &'a Shared,
    pub(super) classify: &'a C,
}

/// Holds the breaker by itself, for as long as it likes.
pub struct Owned<C = Standard> {
    pub(super) shared: Anchored<Shared>,
    pub(super) classify: C,
}

impl<C> Hold for Borrowed<'_, C> {}

impl<C> hold::Hold for Borrowed<'_, C> {
    type Classifier = C;

    #[inline]
    fn shared(&self) -> &Shared {
        self.shared
    }

    #[inline]
    fn classifier(&self) -> &C {
        self.classify
    }
}

impl<C> Hold for Owned<C> {}

impl<C> hold::Hold for Owned<C> {
    type Classifier = C;

    #[inline]
    fn shared(&self) -> &Shared {
        &self.shared
    }

    #[inline]
    fn classifier(&self) -> &C {
        &self.classify
    }
}

impl<C> fmt::Debug for Borrowed<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Borrowed").field(self.shared.name()).finish()
    }
}

impl<C> fmt::Debug for Owned<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(self.shared.name()).finish()
    }
}

/// The right to make one call: for streams, actors and whatever is neither a call nor a service.
///
/// Say how it ended; it settles once. Dropped without a word it counts as nothing, except in three
/// cases: dropped by a panic, or by one of our own timeouts or deadlines, it is a failure; dropped
/// after longer than `slow_after`, it is slow.
///
/// ```
/// # use buttress::circuit_breaker::{CircuitBreaker, Owned, Permit};
/// struct Stream {
///     permit: Permit<Owned>,
/// }
/// let breaker = CircuitBreaker::new("model", Default::default())?;
/// let stream = Stream { permit: breaker.try_acquire_owned()? };
/// // … hours later …
/// stream.permit.success();
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a permit that is dropped at once admits nothing"]
#[derive(Debug)]
pub struct Permit<H: Hold> {
    debt: Debt<H>,
}

impl<H: Hold> Permit<H> {
    pub(super) const fn new(hold: H, pass: Pass) -> Self {
        Self { debt: Debt::new(hold, pass) }
    }

    /// The call succeeded; slowly, if it took longer than `slow_after`.
    pub fn success(self) {
        self.end(Outcome::Success, None);
    }

    /// The call failed.
    pub fn failure(self) {
        self.end(Outcome::Failure, None);
    }

    /// The call failed, and the backend asks to be left alone for this long.
    pub fn failure_with_retry_after(self, retry_after: Duration) {
        self.end(Outcome::Failure, Some(retry_after));
    }

    /// The call succeeded too slowly, however long it took.
    pub fn slow(self) {
        self.end(Outcome::Slow, None);
    }

    /// The call failed softly: the backend asks to be left alone, for this long if it says so.
    pub fn soft_failure(self, retry_after: Option<Duration>) {
        self.end(Outcome::SoftFailure, retry_after);
    }

    /// The call says nothing about the backend.
    pub fn ignore(self) {
        self.end(Outcome::Ignore, None);
    }

    /// Settles by what the breaker's classifier makes of this result.
    ///
    /// Takes an error of any type, and so cannot see refusals of guards further in. If there are
    /// any, use [`settle`](Permit::settle).
    pub fn record<T, E>(mut self, result: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        self.debt.record(result);
    }

    /// Settles by what the breaker's classifier makes of this result. Refusals of calls that never
    /// began count as nothing.
    pub fn settle<T, E: Fault>(mut self, result: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        self.debt.settle(result);
    }

    /// One item of the stream that it is held for. `never_began`: whether it is the refusal of a
    /// call that never began.
    #[inline]
    pub(super) fn hear<T, E>(
        &mut self,
        item: &Result<T, E>,
        never_began: impl FnOnce(&Result<T, E>) -> bool,
    ) where
        H::Classifier: Classify<T, E>,
    {
        if self.debt.is_settled() {
            // The first that says something decides.
        } else if never_began(item) {
            self.debt.end(Ending::Finished(Outcome::Ignore), None);
        } else {
            self.debt.hear(item);
        }
    }

    /// The stream that it is held for has come to its end.
    pub(super) fn end_well(&mut self) {
        self.debt.end(Ending::Finished(Outcome::Success), None);
    }

    fn end(mut self, outcome: Outcome, hint: Option<Duration>) {
        self.debt.end(Ending::Finished(outcome), hint);
    }
}

impl<H: Hold> Drop for Permit<H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.debt.end(Ending::Panicked, None);
        }
    }
}

/// A call that was let through and has not been settled. Settles itself exactly once.
#[derive(Debug)]
pub(super) struct Debt<H: Hold> {
    hold: H,
    pass: Pass,
}

impl<H: Hold> Debt<H> {
    #[inline]
    pub(super) const fn new(hold: H, pass: Pass) -> Self {
        Self { hold, pass }
    }

    pub(super) const fn is_settled(&self) -> bool {
        self.pass.is_spent()
    }

    #[inline]
    pub(super) fn settle<T, E: Fault>(&mut self, result: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        if never_began(result) {
            self.end(Ending::Finished(Outcome::Ignore), None);
        } else {
            self.record(result);
        }
    }

    #[inline]
    fn record<T, E>(&mut self, result: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        let classifier = self.hold.classifier();
        let outcome = classifier.classify(result);
        let shared = self.hold.shared();
        if outcome == Outcome::Success && shared.is_light(&self.pass) {
            shared.succeeded(self.pass.spend(), None);
        } else {
            self.end_as(outcome, result);
        }
    }

    /// An item of a stream. An error ends the call; anything else only if it is something bad.
    #[inline]
    fn hear<T, E>(&mut self, item: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        let outcome = self.hold.classifier().classify(item);
        if item.is_err() || !matches!(outcome, Outcome::Success | Outcome::Ignore) {
            self.end_as(outcome, item);
        }
    }

    fn end_as<T, E>(&mut self, outcome: Outcome, result: &Result<T, E>)
    where
        H::Classifier: Classify<T, E>,
    {
        let hint = match outcome {
            Outcome::Failure | Outcome::SoftFailure => self.hold.classifier().pushback(result).wait,
            Outcome::Ignore | Outcome::Slow | Outcome::Success => None,
        };
        self.end(Ending::Finished(outcome), hint);
    }

    /// Runs foreign code; if it panics, that is how the call ended.
    #[inline]
    pub(super) fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        struct Unwinding<'a, H: Hold>(&'a mut Debt<H>);
        impl<H: Hold> Drop for Unwinding<'_, H> {
            fn drop(&mut self) {
                self.0.end(Ending::Panicked, None);
            }
        }

        let unwinding = Unwinding(self);
        let answer = time::outside(run);
        std::mem::forget(unwinding);
        answer
    }

    /// Dropped without a word.
    #[cold]
    fn give_up(&mut self) {
        let ending = if time::is_cutting_off() { Ending::CutOff } else { Ending::Abandoned };
        self.end(ending, None);
    }

    #[cold]
    #[inline(never)]
    fn end(&mut self, ending: Ending, hint: Option<Duration>) {
        if !self.pass.is_spent() {
            // Spent first: whatever comes of it, there is no second end.
            let pass = self.pass.take();
            self.hold.shared().end(&pass, ending, hint);
        }
    }
}

impl<H: Hold> Drop for Debt<H> {
    #[inline]
    fn drop(&mut self) {
        if !self.pass.is_spent() {
            self.give_up();
        }
    }
}

/// Starts a call that was let through; if starting it panics, that is how it ended.
#[inline]
pub(super) fn watch<R>(shared: &Shared, pass: &Pass, start: impl FnOnce() -> R) -> R {
    struct Unwinding<'a>(&'a Shared, &'a Pass);
    impl Drop for Unwinding<'_> {
        fn drop(&mut self) {
            self.0.end(self.1, Ending::Panicked, None);
        }
    }

    let unwinding = Unwinding(shared, pass);
    let answer = time::outside(start);
    std::mem::forget(unwinding);
    answer
}
