use std::fmt;

use super::shared::{Core, Place};
use crate::ground::{
    hold::Hold,
    outcome::{Classify, Outcome, never_began},
    refusal::Fault,
    stream::{HeldStream, Settle},
    time,
};

/// A place in flight: for streams, actors and whatever is neither a call nor a service.
///
/// The place is free again when this is dropped, wherever it has travelled meanwhile.
///
/// Where the limit is [adaptive](super::Config::adaptive), say how the call went: it is measured until you
/// do. Dropped without a word it counts as nothing, except by a panic, or by one of our own timeouts or
/// deadlines: then the call was dropped. Where the limit is not adaptive, nobody listens.
///
/// ```
/// # use buttress::bulkhead::{Bulkhead, Config, Owned, Permit};
/// struct Job {
///     permit: Permit<Owned>,
/// }
/// let bulkhead = Bulkhead::new("render", Config::new().with_limit(8))?;
/// let job = Job { permit: bulkhead.try_acquire_owned()? };
/// assert_eq!(bulkhead.snapshot().in_flight, 1);
/// drop(job);
/// assert_eq!(bulkhead.snapshot().in_flight, 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a permit that is dropped at once keeps no place"]
pub struct Permit<H: Hold<Core = Core>> {
    hold: H,
    /// Gone once it was given back.
    place: Place,
}

impl<H: Hold<Core = Core>> Permit<H> {
    #[inline]
    pub(super) const fn new(hold: H, place: Place) -> Self {
        Self { hold, place }
    }

    /// The call was served.
    #[inline]
    pub fn success(mut self) {
        self.say(Outcome::Success);
    }

    /// The call was not served: it failed, or was turned away.
    #[inline]
    pub fn failure(mut self) {
        self.say(Outcome::Failure);
    }

    /// How the call went says nothing about how many there may be.
    #[inline]
    pub fn ignore(mut self) {
        self.say(Outcome::Ignore);
    }

    /// Says what the bulkhead's [classifier](super::Bulkhead::classify) makes of this result.
    ///
    /// Takes an error of any type, and so cannot see refusals of guards further in. If there are
    /// any, use [`settle`](Self::settle).
    #[inline]
    pub fn record<T, E>(mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        self.hear(result, |_| false);
    }

    /// Says what the bulkhead's classifier makes of this result. Refusals of calls that never began
    /// count as nothing.
    #[inline]
    pub fn settle<T, E: Fault>(mut self, result: &Result<T, E>)
    where
        H::Eyes: Classify<T, E>,
    {
        self.hear(result, never_began);
    }

    /// Keeps the place until this stream ends or is dropped.
    ///
    /// What is measured, where the limit is adaptive, is the time to the first item or to an end without
    /// one, by what the classifier makes of it: from then on the stream is as slow as whoever reads it.
    /// Refusals of guards further in look like any error from here; if there are any, use
    /// [`settle_stream`](Self::settle_stream).
    ///
    /// ```
    /// # use buttress::bulkhead::Bulkhead;
    /// # use futures::stream::{self, Stream, StreamExt};
    /// # async fn ask(prompt: &str) -> Result<impl Stream<Item = Result<u8, std::io::Error>> + use<>, std::io::Error> {
    /// #     Ok(stream::iter([]))
    /// # }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let bulkhead = Bulkhead::new("model", Default::default())?;
    /// let permit = bulkhead.acquire_owned().await?;
    /// let mut answer = permit.hold(ask("why?").await?);
    /// while let Some(word) = answer.next().await {
    ///     println!("{}", word?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub const fn hold<S>(self, stream: S) -> HeldStream<S, Self> {
        HeldStream::new(stream, self)
    }

    /// The same, except that refusals of calls that never began count as nothing.
    pub const fn settle_stream<S>(self, stream: S) -> HeldStream<S, Settling<H>> {
        HeldStream::new(stream, Settling { permit: self })
    }

    #[inline]
    pub(super) fn is_timed(&self) -> bool {
        self.place.is_timed()
    }

    /// What the call's result says about how many there may be, if anybody listens and has heard nothing
    /// yet. `never_began`: whether it is the refusal of a call that never began.
    #[inline]
    pub(super) fn hear<T, E>(
        &mut self,
        result: &Result<T, E>,
        never_began: impl FnOnce(&Result<T, E>) -> bool,
    ) where
        H::Eyes: Classify<T, E>,
    {
        if self.is_timed() {
            let ignore = never_began(result);
            let outcome = if ignore {
                Outcome::Ignore
            } else {
                time::outside(|| self.hold.eyes().classify(result))
            };
            self.say(outcome);
        }
    }

    /// The same as [`success`](Self::success), and the place is kept.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "for bodies"))]
    pub(super) fn is_served(&mut self) {
        self.say(Outcome::Success);
    }

    #[inline]
    fn say(&mut self, outcome: Outcome) {
        let Some(started) = self.place.take_started() else { return };
        if let Some(core) = self.hold.core() {
            match outcome {
                Outcome::Success | Outcome::Slow => core.told(started, false, core.in_flight()),
                Outcome::Failure | Outcome::SoftFailure => {
                    core.told(started, true, core.in_flight());
                }
                Outcome::Ignore => core.ignored(),
            }
        }
    }

    /// Gives the place back, if it was not given back before.
    #[inline]
    pub(super) fn give_back(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::GONE);
        if let Some(core) = self.hold.core() {
            core.leave(place);
        }
    }

    #[inline]
    pub(super) fn is_spent(&self) -> bool {
        self.place == Place::GONE
    }
}

impl<H: Hold<Core = Core>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<H, T, E> Settle<T, E> for Permit<H>
where
    H: Hold<Core = Core>,
    H::Eyes: Classify<T, E>,
{
    #[inline]
    fn item(&mut self, item: &Result<T, E>) {
        self.hear(item, |_| false);
    }

    fn ended(&mut self) {
        self.say(Outcome::Success);
    }
}

/// A place that is held for a stream whose items may be refusals.
#[derive(Debug)]
pub struct Settling<H: Hold<Core = Core>> {
    permit: Permit<H>,
}

impl<H, T, E> Settle<T, E> for Settling<H>
where
    H: Hold<Core = Core>,
    H::Eyes: Classify<T, E>,
    E: Fault,
{
    #[inline]
    fn item(&mut self, item: &Result<T, E>) {
        self.permit.hear(item, never_began);
    }

    fn ended(&mut self) {
        self.permit.say(Outcome::Success);
    }
}

impl<H: Hold<Core = Core>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.hold.core().map(Core::name);
        f.debug_struct("Permit").field("name", &name).finish_non_exhaustive()
    }
}
