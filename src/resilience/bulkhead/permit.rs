use std::fmt;

use super::shared::{Core, Place};
use crate::ground::{
    hold::Hold,
    stream::{HeldStream, Settle},
};

/// A place in flight: for streams, actors and whatever is neither a call nor a service.
///
/// The place is free again when this is dropped, wherever it has travelled meanwhile.
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
    /// None once it was given back.
    place: Option<Place>,
}

impl<H: Hold<Core = Core>> Permit<H> {
    #[inline]
    pub(super) const fn new(hold: H, place: Place) -> Self {
        Self { hold, place: Some(place) }
    }

    /// Keeps the place until this stream ends or is dropped.
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

    /// Gives the place back. Whether there was one.
    #[inline]
    pub(super) fn give_back(&mut self) {
        if let Some(place) = self.place.take() {
            if let Some(core) = self.hold.core() {
                core.leave(place);
            }
        }
    }

    #[inline]
    pub(super) const fn is_spent(&self) -> bool {
        self.place.is_none()
    }
}

impl<H: Hold<Core = Core>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        self.give_back();
    }
}

/// How a stream goes is nothing to a bulkhead.
impl<H: Hold<Core = Core>, T, E> Settle<T, E> for Permit<H> {
    #[inline]
    fn item(&mut self, _: &Result<T, E>) {}

    fn ended(&mut self) {}
}

impl<H: Hold<Core = Core>> fmt::Debug for Permit<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.hold.core().map(Core::name);
        f.debug_struct("Permit").field("name", &name).finish_non_exhaustive()
    }
}
