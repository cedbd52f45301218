use super::state::Transition;
use crate::ground::sync::Reader;

/// Every transition of a connection from the moment of subscribing, in order.
///
/// The last 64 are kept for a subscriber that has fallen behind; what it did not get to see is
/// counted in [`Transition::missed`].
#[derive(Debug)]
pub struct Subscription {
    reader: Reader<Transition>,
}

impl Subscription {
    pub(super) const fn new(reader: Reader<Transition>) -> Self {
        Self { reader }
    }

    /// The next transition, once there is one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn next(&mut self) -> Transition {
        stamp(self.reader.next().await)
    }

    /// The next transition, if there is one already.
    pub fn try_next(&mut self) -> Option<Transition> {
        self.reader.try_next().map(stamp)
    }
}

fn stamp((transition, missed): (Transition, u64)) -> Transition {
    Transition { missed, ..transition }
}
