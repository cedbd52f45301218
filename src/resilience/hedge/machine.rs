use std::time::Duration;

use crate::ground::{
    outcome::Outcome,
    pushback::Pushback,
    stats::Survival,
    time::{Instant, nanos},
};

/// As many attempts must have ended before a delay is known.
const WARM_UP: u64 = 20;
/// No measured delay is shorter.
const LEAST: u64 = 1_000_000;

/// Follows how long attempts last, over a sliding window of two halves.
#[derive(Debug)]
pub(super) struct Estimator {
    half: Duration,
    quantile: f64,
    /// When the newer half is over.
    turn: Instant,
    newer: Survival,
    older: Survival,
    /// Attempts since the delay was last worked out.
    news: u64,
}

/// How an attempt came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasted {
    /// By itself, after so long.
    Exactly(Duration),
    /// Cut off, or by a failure; it would have lasted longer.
    AtLeast(Duration),
}

impl Estimator {
    /// Of the time within which all but this share end.
    pub(super) fn new(window: Duration, share: f64, now: Instant) -> Self {
        let half = window / 2;
        Self {
            half,
            quantile: 1.0 - share,
            turn: now.after(half),
            newer: Survival::new(),
            older: Survival::new(),
            news: 0,
        }
    }

    /// An attempt has ended now. The delay in nanoseconds, where it is time to work it out anew.
    pub(super) fn record(&mut self, now: Instant, lasted: Lasted) -> Option<Option<u64>> {
        let turned = now >= self.turn;
        if turned {
            std::mem::swap(&mut self.newer, &mut self.older);
            self.newer.clear();
            // After a pause longer than that, nothing of it is in the window.
            if now >= self.turn.after(self.half) {
                self.older.clear();
            }
            self.turn = now.after(self.half);
        }
        match lasted {
            Lasted::Exactly(time) => self.newer.ended(nanos(time)),
            Lasted::AtLeast(time) => self.newer.cut_short(nanos(time)),
        }
        self.news += 1;
        // A thirtieth of news changes no quantile by much, and working it out costs microseconds.
        let known = self.samples();
        (turned || self.news >= (known / 32).max(1)).then(|| {
            self.news = 0;
            self.delay()
        })
    }

    /// The delay in nanoseconds, once it is known.
    fn delay(&self) -> Option<u64> {
        if self.samples() < WARM_UP {
            return None;
        }
        let delay = Survival::quantile([&self.newer, &self.older], self.quantile);
        delay.map(|delay| delay.max(LEAST))
    }

    /// Attempts in the window that ended by themselves.
    pub(super) const fn samples(&self) -> u64 {
        self.newer.count() + self.older.count()
    }
}

/// What an attempt's result means for the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is the answer of the call.
    Answer,
    /// It failed, and another may be started at once.
    Failed,
    /// It failed, and no other is to be started.
    LastFailed,
}

/// What a result means. `refused`: a guard further in kept it from beginning.
pub(super) fn meaning(outcome: Outcome, pushback: Pushback, refused: bool) -> Meaning {
    match outcome {
        _ if refused => Meaning::LastFailed,
        Outcome::Ignore | Outcome::Slow | Outcome::Success => Meaning::Answer,
        Outcome::SoftFailure => Meaning::LastFailed,
        Outcome::Failure if pushback.again == Some(false) || pushback.wait.is_some() => {
            Meaning::LastFailed
        }
        Outcome::Failure => Meaning::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN.after(Duration::from_secs(seconds))
    }

    fn estimator(share: f64) -> Estimator {
        Estimator::new(60 * SECOND, share, Instant::ORIGIN)
    }

    #[test]
    fn before_twenty_have_ended_no_delay_is_known() {
        let mut estimator = estimator(0.05);
        for _ in 0..100 {
            assert_eq!(estimator.record(at(0), Lasted::AtLeast(SECOND)), Some(None));
        }
        for _ in 0..19 {
            assert_eq!(estimator.record(at(0), Lasted::Exactly(SECOND)).flatten(), None);
        }
        assert!(estimator.record(at(0), Lasted::Exactly(SECOND)).flatten().is_some());
    }

    #[test]
    fn the_delay_is_the_time_within_which_all_but_the_share_end() {
        let mut estimator = estimator(0.05);
        let mut delay = None;
        for round in 0..1000 {
            let lasted = Lasted::Exactly((round % 100 + 1) * MILLISECOND);
            delay = estimator.record(at(0), lasted).unwrap_or(delay);
        }
        let delay = delay.map_or(0.0, |delay| delay as f64 / 1e6);
        assert!((93.0..=97.0).contains(&delay), "{delay} ms");
    }

    #[test]
    fn what_has_left_the_window_is_forgotten() {
        let mut estimator = estimator(0.05);
        for _ in 0..100 {
            estimator.record(at(0), Lasted::Exactly(SECOND));
        }
        assert_eq!(estimator.samples(), 100);
        estimator.record(at(30), Lasted::Exactly(MILLISECOND));
        assert_eq!(estimator.samples(), 101, "the older half is still in it");
        estimator.record(at(60), Lasted::Exactly(MILLISECOND));
        assert_eq!(estimator.samples(), 2);
        assert_eq!(estimator.record(at(1000), Lasted::Exactly(SECOND)), Some(None));
        assert_eq!(estimator.samples(), 1);
    }

    #[test]
    fn no_measured_delay_is_below_a_millisecond() {
        let mut estimator = estimator(0.5);
        let mut delay = None;
        for _ in 0..20 {
            delay = estimator.record(at(0), Lasted::Exactly(Duration::from_micros(5)));
        }
        assert_eq!(delay, Some(Some(LEAST)));
    }

    #[test]
    fn what_results_mean() {
        let none = Pushback::NONE;
        for (outcome, pushback, refused, expected) in [
            (Outcome::Success, none, false, Meaning::Answer),
            (Outcome::Slow, none, false, Meaning::Answer),
            (Outcome::Ignore, none, false, Meaning::Answer),
            (Outcome::Failure, none, false, Meaning::Failed),
            (Outcome::Failure, Pushback::after(SECOND), false, Meaning::LastFailed),
            (Outcome::Failure, Pushback::never(), false, Meaning::LastFailed),
            (Outcome::SoftFailure, none, false, Meaning::LastFailed),
            (Outcome::Failure, none, true, Meaning::LastFailed),
        ] {
            assert_eq!(meaning(outcome, pushback, refused), expected, "{outcome:?} {pushback:?}");
        }
    }
}
