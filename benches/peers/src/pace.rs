//! Two threads in step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How soon the other thread answers if it is running at this very moment.
const PROMPTLY: Duration = Duration::from_micros(1);

/// Keeps threads in step: before every window they meet, both of them running, or on a busy machine
/// one would have done its part before the other has begun.
pub enum Pace {
    Alone,
    Leader(Arc<Signals>),
    Follower(Arc<Signals>),
}

/// What two threads tell each other.
#[derive(Default)]
pub struct Signals {
    /// The leader: are you there? A new number each time.
    call: AtomicU64,
    /// The follower: yes. The number of the call.
    answer: AtomicU64,
    /// The leader: go. The number of the last call before.
    go: AtomicU64,
    /// The leader: that was all.
    over: AtomicBool,
}

impl Pace {
    /// A leader and a follower.
    pub fn pair() -> [Self; 2] {
        let signals = Arc::new(Signals::default());
        [Self::Leader(Arc::clone(&signals)), Self::Follower(signals)]
    }

    /// Waits until everybody is here and running.
    pub fn meet(&self) {
        match self {
            Self::Alone => {}
            Self::Leader(signals) => signals.lead(),
            Self::Follower(signals) => signals.follow(),
        }
    }

    /// Whether there is another round: the leader's `more` decides.
    pub fn another_round(&self, more: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Alone => more(),
            Self::Leader(signals) => {
                signals.over.store(!more(), Ordering::Relaxed);
                signals.lead();
                !signals.over.load(Ordering::Relaxed)
            }
            Self::Follower(signals) => {
                signals.follow();
                !signals.over.load(Ordering::Relaxed)
            }
        }
    }
}

impl Signals {
    /// Calls until the answer is prompt.
    fn lead(&self) {
        let mut call = self.call.load(Ordering::Relaxed);
        loop {
            call += 1;
            let asked = Instant::now();
            self.call.store(call, Ordering::Release);
            wait_until(|| self.answer.load(Ordering::Acquire) == call);
            if asked.elapsed() <= PROMPTLY {
                return self.go.store(call, Ordering::Release);
            }
        }
    }

    /// Answers until it is told to go.
    fn follow(&self) {
        let before = self.go.load(Ordering::Relaxed);
        wait_until(|| {
            // In this order: the calls of the next meeting come after the word to go, and are not
            // to be answered in this one.
            let call = self.call.load(Ordering::Acquire);
            let gone = self.go.load(Ordering::Acquire) != before;
            if !gone {
                self.answer.store(call, Ordering::Release);
            }
            gone
        });
    }
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let mut spins = 0_u32;
    while !done() {
        spins += 1;
        if spins.is_multiple_of(4_096) {
            std::thread::yield_now(); // the other one may be waiting for this very core
        } else {
            std::hint::spin_loop();
        }
    }
}
