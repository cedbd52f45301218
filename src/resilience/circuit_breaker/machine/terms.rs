//! What a machine is told, and what it answers.

use std::time::Duration;

use super::super::window::Seen;
use crate::ground::{refusal::OpenReason, time::Instant};

/// Where a call belongs: the era it was admitted in, and the lease of its probe, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Ticket {
    pub(in super::super) era: u64,
    /// 0 for a call that is not a probe.
    pub(in super::super) lease: u64,
}

/// A call that may not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Barred {
    pub(in super::super) reason: OpenReason,
    pub(in super::super) retry_after: Option<Duration>,
}

/// What a person may want of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Order {
    Disable,
    ForceOpen,
    Isolate,
    OpenFor(Duration),
    Reset,
}

/// The particulars of a moment: everything a decision needs from outside.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Moment {
    pub(in super::super) now: Instant,
    pub(in super::super) seen: Seen,
    /// A random number from 0 up to and without 1.
    pub(in super::super) draw: f64,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Totals {
    pub(in super::super) transitions: u64,
    pub(in super::super) opened: u64,
    pub(in super::super) would_have_opened: u64,
}
