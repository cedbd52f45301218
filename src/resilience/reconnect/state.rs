use std::fmt;

use crate::ground::{
    outcome::{Classify, Outcome},
    time::Instant,
};

/// What a connection is doing.
///
/// Nothing happens while nobody asks: one whose delay is over is connecting once somebody does, or down
/// if the time for it is over too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum State {
    /// So many attempts have failed in a row; the next is not due yet.
    BackingOff(u32),
    /// Closed for good.
    Closed,
    /// An attempt is under way.
    Connecting,
    /// Given up for a time.
    Down,
    /// Not connected, and nobody has asked for it.
    Idle,
    /// Connected.
    Up,
}

impl State {
    /// As in metric labels: `backing_off`, `up`, ….
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BackingOff(_) => "backing_off",
            Self::Closed => "closed",
            Self::Connecting => "connecting",
            Self::Down => "down",
            Self::Idle => "idle",
            Self::Up => "up",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transition {
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
    /// When.
    pub at: Instant,
    /// When the next attempt is due, where one is.
    pub due: Option<Instant>,
    /// How many transitions before this one the subscriber was too slow to see.
    pub missed: u64,
}

/// No result of a call breaks its connection; what a handle is told by until
/// [`classify`](super::Reconnect::classify) says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Intact;

impl<T, E> Classify<T, E> for Intact {
    fn classify(&self, _: &Result<T, E>) -> Outcome {
        Outcome::Success
    }
}
