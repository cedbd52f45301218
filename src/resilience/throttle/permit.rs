use std::fmt;

use super::shared::{Ending, Shared};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, Outcome, never_began},
    refusal::Fault,
    time::{self, Instant},
};

/// The right to make one call: for streams, actors and whatever is neither a call nor a service.
///
/// Say what became of it as soon as you know; with a stream that is when the backend begins to answer.
/// It settles once. Dropped without a word it is taken out of the count; dropped by a panic, or by one of our
/// own timeouts or deadlines, it was not accepted.
///
/// ```
/// # use buttress::throttle::Throttle;
/// let throttle = Throttle::new("model", Default::default())?;
/// let permit = throttle.try_acquire()?;
/// // … the backend begins to answer …
/// permit.accepted();
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a permit that is dropped at once admits nothing"]
pub struct Permit<H: Hold<Core = Shared>> {
    debt: Debt<H>,
}

impl<H: Hold<Core = Shared>> Permit<H> {
    pub(super) const fn new(hold: H, began: Instant) -> Self {
        Self { debt: Debt::new(hold, began) }
    }

    /// The backend took the call.
    pub fn accepted(mut self) {
        self.debt.end(Ending::Accepted);
    }

    /// The backend did not take the call.
    pub fn rejected(mut self) {
        self.debt.end(Ending::Failed);
    }

    /// The call says nothing about the backend.
    pub fn ignore(mut self) {
        self.debt.end(Ending::Void);
    }

    /// Settles by what the throttle's classifier makes of this result.
    ///
    /// Takes an error of any type, and so cannot see refusals of guards further in. If there are
    /// any, use [`settle`](Permit::settle).
    pub fn record<T, E>(mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        self.debt.record(result);
    }

    /// Settles by what the throttle's classifier makes of this result. Refusals of calls that never
    /// began count as nothing.
    pub fn settle<T, E: Fault>(mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        self.debt.settle(result);
    }
}

impl<H: Hold<Core = Shared>> Drop for Permit<H> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.debt.end(Ending::Failed);
        }
    }
}

impl<H: Hold<Core = Shared>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("began", &self.debt.began).finish_non_exhaustive()
    }
}

/// A call that was let through and has not been settled. Settles itself exactly once.
pub(super) struct Debt<H: Hold<Core = Shared>> {
    hold: H,
    began: Instant,
}

/// Of no call: no clock has read it for 146 years.
const SPENT: Instant = Instant::from_nanos(0);

impl<H: Hold<Core = Shared>> Debt<H> {
    #[inline]
    pub(super) const fn new(hold: H, began: Instant) -> Self {
        Self { hold, began }
    }

    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        self.began == SPENT
    }

    #[inline]
    pub(super) fn settle<T, E: Fault>(&mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        if never_began(result) {
            self.end(Ending::Void);
        } else {
            self.record(result);
        }
    }

    #[inline]
    fn record<T, E>(&mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        let eyes = self.hold.eyes();
        let ending = match time::outside(|| eyes.classify(result)) {
            Outcome::Success | Outcome::Slow => Ending::Accepted,
            Outcome::Failure | Outcome::SoftFailure => Ending::Failed,
            Outcome::Ignore => Ending::Void,
        };
        self.end(ending);
    }

    /// Runs foreign code; if it panics, that is how the call ended.
    #[inline]
    pub(super) fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        struct Unwinding<'a, H: Hold<Core = Shared>>(&'a mut Debt<H>);
        impl<H: Hold<Core = Shared>> Drop for Unwinding<'_, H> {
            fn drop(&mut self) {
                self.0.end(Ending::Failed);
            }
        }

        let unwinding = Unwinding(self);
        let answer = time::outside(run);
        std::mem::forget(unwinding);
        answer
    }

    /// Dropped without a word.
    #[cold]
    #[inline(never)]
    fn give_up(&mut self) {
        self.end(if time::is_cutting_off() { Ending::Failed } else { Ending::Void });
    }

    #[inline]
    fn end(&mut self, ending: Ending) {
        // Spent first: whatever comes of it, there is no second end.
        let began = std::mem::replace(&mut self.began, SPENT);
        if began != SPENT {
            if let Some(shared) = self.hold.core() {
                shared.end(began, ending);
            }
        }
    }
}

impl<H: Hold<Core = Shared>> Drop for Debt<H> {
    #[inline]
    fn drop(&mut self) {
        if !self.is_settled() {
            self.give_up();
        }
    }
}

/// Starts a call that was let through; if starting it panics, it was not accepted.
#[inline]
pub(super) fn watch<R>(shared: Option<&Shared>, began: Instant, start: impl FnOnce() -> R) -> R {
    struct Unwinding<'a>(Option<&'a Shared>, Instant);
    impl Drop for Unwinding<'_> {
        fn drop(&mut self) {
            if let Some(shared) = self.0 {
                shared.end(self.1, Ending::Failed);
            }
        }
    }

    let unwinding = Unwinding(shared, began);
    let answer = time::outside(start);
    std::mem::forget(unwinding);
    answer
}
