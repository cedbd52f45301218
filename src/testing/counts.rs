use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a scripted backend or a probed service has seen. All clones count together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls started.
    pub calls: u64,
    /// Calls that ended with a result.
    pub finished: u64,
    /// Calls dropped before they ended.
    pub cancelled: u64,
    /// Calls that panicked.
    pub panicked: u64,
    /// Calls running now.
    pub in_flight: u64,
    /// The most that ever ran at once.
    pub peak: u64,
    /// Clones made of the service.
    pub clones: u64,
    /// Times `poll_ready` was called.
    pub ready_polls: u64,
    /// Services that were made ready and neither called nor dropped since.
    pub reserved: u64,
}

/// Counts that clones share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Counts>>);

impl Shared {
    pub(super) fn read(&self) -> Counts {
        *self.lock()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock());
    }

    /// A call begins; what is returned ends it.
    pub(super) fn begin(&self) -> Running {
        self.change(|counts| {
            counts.calls += 1;
            counts.in_flight += 1;
            counts.peak = counts.peak.max(counts.in_flight);
        });
        Running { counts: self.clone(), finished: false }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in flight: counted as cancelled, or as panicked, unless it says it finished.
#[derive(Debug)]
pub(super) struct Running {
    counts: Shared,
    finished: bool,
}

impl Running {
    pub(super) fn finish(&mut self) {
        self.finished = true;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let panicking = std::thread::panicking();
        self.counts.change(|counts| {
            counts.in_flight -= 1;
            *match (self.finished, panicking) {
                (true, _) => &mut counts.finished,
                (false, true) => &mut counts.panicked,
                (false, false) => &mut counts.cancelled,
            } += 1;
        });
    }
}
