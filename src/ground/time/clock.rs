use std::{
    sync::OnceLock,
    time::{Duration, SystemTime},
};

use super::{Instant, instant::nanos};

/// Which reading a guard takes where it needs the time on its hot path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Clock {
    /// [`recent`]: up to one tick behind, a quarter of the price.
    Coarse,
    /// As good as [`now`]. What is only to be told apart by buckets of a window is read off the
    /// coarse clock where that is certain to tell the same, and off the exact one near the edges.
    #[default]
    Exact,
}

impl Clock {
    /// A reading of this clock.
    #[inline]
    #[must_use]
    pub fn read(self) -> Instant {
        match self {
            Self::Coarse => recent(),
            Self::Exact => now(),
        }
    }
}

/// The present moment by tokio's clock, which a test may pause and advance.
///
/// Works outside a runtime too.
#[inline]
#[must_use]
pub fn now() -> Instant {
    let reading = tokio::time::Instant::now().into_std();
    let origin = Origin::get().exact;
    match reading.checked_duration_since(origin) {
        // A process does not live for the 292 years that fit.
        Some(after) => Instant::from_nanos(
            Instant::ORIGIN
                .as_nanos()
                .wrapping_add(after.as_secs().wrapping_mul(1_000_000_000))
                .wrapping_add(u64::from(after.subsec_nanos())),
        ),
        None => Instant::ORIGIN.before(origin.duration_since(reading)),
    }
}

/// The present moment, up to one tick of the coarse clock late, never early.
#[cfg(all(target_os = "linux", not(feature = "test-util")))]
#[must_use]
pub fn recent() -> Instant {
    let tick = monotonic(rustix::time::ClockId::MonotonicCoarse);
    let since = tick.wrapping_sub(Origin::get().coarse);
    Instant::from_nanos(Instant::ORIGIN.as_nanos().wrapping_add_signed(since))
}

/// The present moment; this build has no coarse clock, so it is [`now`].
#[cfg(not(all(target_os = "linux", not(feature = "test-util"))))]
#[must_use]
pub fn recent() -> Instant {
    now()
}

/// The time by the calendar, which may be set back or forth while we run: only for dates that others
/// have sent. It does not follow a paused clock.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Longer than the coarsest tick in use (`CONFIG_HZ=100`): by how much a coarse reading may be late.
pub(crate) const LATE: Duration = Duration::from_millis(20);

/// A reading that falls between the same edges as an exact one. `together` says whether two moments
/// do; far from an edge, which is nearly always, a coarse reading is as good and costs a quarter.
#[inline]
pub(crate) fn between_edges(together: impl FnOnce(Instant, Instant) -> bool) -> Instant {
    let recent = recent();
    if together(recent, recent.after(LATE)) { recent } else { now() }
}

/// The present moment if `at` has come, else how many nanoseconds are left. Exact near the moment,
/// coarse far from it, so that a refusal that has seconds to go costs a coarse reading only.
#[inline]
pub(crate) fn reached(at: Instant) -> Result<Instant, u64> {
    let left = at.as_nanos().saturating_sub(recent().as_nanos());
    if left > nanos(LATE) {
        return Err(left);
    }
    let now = now();
    match at.as_nanos().saturating_sub(now.as_nanos()) {
        0 => Ok(now),
        left => Err(left),
    }
}

/// What both clocks read at the origin.
struct Origin {
    exact: std::time::Instant,
    #[cfg(all(target_os = "linux", not(feature = "test-util")))]
    coarse: i64,
}

impl Origin {
    #[inline]
    fn get() -> &'static Self {
        static ORIGIN: OnceLock<Origin> = OnceLock::new();
        ORIGIN.get_or_init(|| Self {
            // The exact clock first: a coarse reading then lags by the time between the two, and
            // can never be ahead of an exact one.
            exact: std::time::Instant::now(),
            #[cfg(all(target_os = "linux", not(feature = "test-util")))]
            coarse: monotonic(rustix::time::ClockId::Monotonic),
        })
    }

    fn to_std(at: Instant) -> std::time::Instant {
        /// As far as tokio's own "never": timers further out are all the same.
        const NEVER: Duration = Duration::from_secs(86_400 * 365 * 30);

        let origin = Self::get().exact;
        if at >= Instant::ORIGIN {
            let distance = at.since(Instant::ORIGIN).min(NEVER);
            origin.checked_add(distance).unwrap_or(origin)
        } else {
            origin.checked_sub(Instant::ORIGIN.since(at)).unwrap_or(origin)
        }
    }
}

/// The moment as tokio names it.
pub(super) fn to_tokio(at: Instant) -> tokio::time::Instant {
    tokio::time::Instant::from_std(Origin::to_std(at))
}

#[cfg(all(target_os = "linux", not(feature = "test-util")))]
fn monotonic(clock: rustix::time::ClockId) -> i64 {
    let reading = rustix::time::clock_gettime(clock);
    reading.tv_sec.wrapping_mul(1_000_000_000).wrapping_add(reading.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_is_never_ahead_of_now() {
        for _ in 0..10_000 {
            let recent = recent();
            assert!(recent <= now());
        }
    }

    #[test]
    fn a_moment_survives_the_way_to_tokio_and_back() {
        let at = now().after(Duration::from_secs(90));
        let back = to_tokio(at).into_std().duration_since(Origin::get().exact);
        assert_eq!(Instant::ORIGIN.after(back), at);
    }

    #[test]
    fn forever_is_a_moment_that_tokio_can_name() {
        assert!(to_tokio(Instant::FOREVER) > tokio::time::Instant::now());
        assert!(to_tokio(Instant::from_nanos(0)) <= tokio::time::Instant::now());
    }
}
