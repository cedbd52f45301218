use std::time::Duration;

use super::ending::{ENDINGS, Ending};
use crate::ground::{
    stats::{Histogram, Slicing},
    time::Instant,
};

/// What was recorded in some stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) lasted: Histogram,
    pub(super) counts: Counts,
    /// All durations together, in nanoseconds.
    pub(super) sum: u64,
}

/// How many there were of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) ended: [u64; ENDINGS],
    pub(super) slow: u64,
}

/// A look at an operation.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// In the window.
    pub(super) tally: Tally,
    /// Since it was made.
    pub(super) ever: Counts,
    pub(super) alerts: u64,
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) nanos: u64,
    pub(super) ending: Ending,
    pub(super) slow: bool,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self { lasted: Histogram::new(), counts: Counts::default(), sum: 0 }
    }

    pub(super) fn add(&mut self, record: Record) {
        self.lasted.add(record.nanos);
        self.counts.add(record);
        self.sum = self.sum.saturating_add(record.nanos);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.lasted.merge(&other.lasted);
        self.counts.merge(other.counts);
        self.sum = self.sum.saturating_add(other.sum);
    }

    pub(super) fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.counts.total()).map(Duration::from_nanos)
    }

    fn clear(&mut self) {
        self.lasted.clear();
        (self.counts, self.sum) = (Counts::default(), 0);
    }
}

impl Reading {
    pub(super) fn merge(&mut self, other: &Self) {
        self.tally.merge(&other.tally);
        self.ever.merge(other.ever);
        self.alerts = self.alerts.saturating_add(other.alerts);
    }
}

impl Counts {
    pub(super) fn add(&mut self, record: Record) {
        self.ended[record.ending.index()] += 1;
        self.slow += u64::from(record.slow);
    }

    pub(super) fn merge(&mut self, other: Self) {
        for (mine, theirs) in self.ended.iter_mut().zip(other.ended) {
            *mine = mine.saturating_add(theirs);
        }
        self.slow = self.slow.saturating_add(other.slow);
    }

    pub(super) fn total(self) -> u64 {
        self.ended.iter().sum()
    }
}

/// The slices of the window that are closed or written under the lock; and all there ever was.
#[derive(Debug)]
pub(super) struct Window {
    slicing: Slicing,
    /// A place for each slice; none until it is used.
    slices: Vec<Option<Slice>>,
    ever: Counts,
    alerts: Alerts,
}

#[derive(Debug)]
struct Slice {
    number: u64,
    tally: Tally,
}

/// The alerts of one operation.
#[derive(Clone, Copy, Debug)]
struct Alerts {
    raised: u64,
    /// How many had been slow when the last was raised.
    told: u64,
    /// No other before this moment.
    quiet_until: Instant,
}

impl Window {
    pub(super) fn new(slicing: Slicing) -> Self {
        Self {
            slicing,
            slices: places(slicing),
            ever: Counts::default(),
            alerts: Alerts { raised: 0, told: 0, quiet_until: Instant::ORIGIN },
        }
    }

    pub(super) const fn slicing(&self) -> Slicing {
        self.slicing
    }

    /// Cuts time differently from now on, starting from nothing.
    pub(super) fn reslice(&mut self, slicing: Slicing) {
        self.slicing = slicing;
        self.slices = places(slicing);
    }

    /// Records at `now`; into a newer slice, where that has taken the place of its own.
    pub(super) fn add(&mut self, now: Instant, record: Record) {
        self.ever.add(record);
        let number = self.slicing.bucket(now);
        if let Some(tally) = self.slice(number) {
            tally.add(record);
        } else if let Some(slice) = self.slot(number) {
            slice.tally.add(record);
        }
    }

    /// Takes in what was counted elsewhere in this slice, which is over. Of a slice that is long out
    /// of the window only the counts are kept.
    pub(super) fn take_in(&mut self, number: u64, counts: Counts, pour: impl FnOnce(&mut Tally)) {
        self.ever.merge(counts);
        if let Some(tally) = self.slice(number) {
            pour(tally);
        }
    }

    /// Keeps counts of which nobody knows the slice any longer.
    pub(super) fn take_in_late(&mut self, counts: Counts) {
        self.ever.merge(counts);
    }

    /// Whether a slice counts at `now`. One that begins after it does too: another thread's clock
    /// may be ahead.
    pub(super) fn is_counting(&self, number: u64, now: Instant) -> bool {
        number >= *self.slicing.counting(now).start()
    }

    /// What was recorded in the window that ends at `now`.
    pub(super) fn total(&self, now: Instant) -> Tally {
        let mut total = Tally::new();
        for slice in self.slices.iter().flatten() {
            if self.is_counting(slice.number, now) {
                total.merge(&slice.tally);
            }
        }
        total
    }

    /// All there ever was.
    pub(super) const fn ever(&self) -> Counts {
        self.ever
    }

    /// Whether it is too early for another alert.
    pub(super) fn is_quiet(&self, now: Instant) -> bool {
        self.alerts.raised > 0 && now < self.alerts.quiet_until
    }

    /// Raises an alert: there is none for a whole window from `now`. `slow` have been so since the
    /// beginning, this one included; how many of them since the last alert.
    pub(super) fn alert(&mut self, now: Instant, slow: u64) -> u64 {
        let suppressed = slow.saturating_sub(self.alerts.told).saturating_sub(1);
        let raised = self.alerts.raised + 1;
        self.alerts = Alerts { raised, told: slow, quiet_until: now.after(self.span()) };
        suppressed
    }

    /// No alert before this moment.
    pub(super) const fn quiet_until(&self) -> Instant {
        self.alerts.quiet_until
    }

    /// How many alerts there were.
    pub(super) const fn alerts(&self) -> u64 {
        self.alerts.raised
    }

    fn span(&self) -> Duration {
        self.slicing.width().saturating_mul(self.slicing.buckets())
    }

    /// What is recorded in this slice; none if its place is taken by a newer one.
    fn slice(&mut self, number: u64) -> Option<&mut Tally> {
        let at = self.place(number);
        let place = self.slices.get_mut(at)?;
        let slice = place.get_or_insert_with(|| Slice { number, tally: Tally::new() });
        if slice.number < number {
            slice.number = number;
            slice.tally.clear();
        }
        (slice.number == number).then_some(&mut slice.tally)
    }

    /// Whatever is in the place of this slice.
    fn slot(&mut self, number: u64) -> Option<&mut Slice> {
        let at = self.place(number);
        self.slices.get_mut(at)?.as_mut()
    }

    const fn place(&self, number: u64) -> usize {
        (number % self.slicing.buckets() as u64) as usize
    }
}

fn places(slicing: Slicing) -> Vec<Option<Slice>> {
    (0..slicing.buckets()).map(|_| None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn window() -> Window {
        Window::new(Slicing::new(Instant::ORIGIN, 10 * SECOND, 5))
    }

    fn at(seconds: u64) -> Instant {
        Instant::ORIGIN + Duration::from_secs(seconds)
    }

    fn took(nanos: u64) -> Record {
        Record { nanos, ending: Ending::Ok, slow: false }
    }

    fn count(window: &Window, seconds: u64) -> u64 {
        window.total(at(seconds)).counts.total()
    }

    #[test]
    fn a_slice_is_out_a_whole_window_after_its_start() {
        let mut window = window();
        for second in 0..10 {
            window.add(at(second), took(second));
        }
        for (second, counted) in [(9, 10), (10, 8), (11, 8), (12, 6), (18, 0), (1_000_000, 0)] {
            assert_eq!(count(&window, second), counted, "at {second} s");
        }
        assert_eq!(window.ever().total(), 10);
    }

    #[test]
    fn a_slice_that_comes_round_again_starts_afresh() {
        let mut window = window();
        window.add(at(0), took(7));
        window.add(at(10), took(9));
        let total = window.total(at(10));
        assert_eq!((total.counts.total(), total.sum, total.lasted.max()), (1, 9, 9));
    }

    #[test]
    fn a_clock_that_goes_backwards_loses_nothing() {
        let mut window = window();
        window.add(at(100), took(1));
        for second in [99, 90, 50, 0] {
            window.add(at(second), took(1));
        }
        window.add(Instant::from_nanos(0), took(1));
        assert_eq!(window.ever().total(), 6);
        assert!(count(&window, 100) >= 3, "those of the window, and what met a newer slice");
    }

    #[test]
    fn what_is_taken_in_late_counts_for_ever_and_not_for_the_window() {
        let mut window = window();
        let mut counts = Counts::default();
        counts.add(took(5));
        window.take_in(0, counts, |tally| tally.add(took(5)));
        assert_eq!(count(&window, 0), 1);
        window.add(at(10), took(1));
        window.take_in(0, counts, |_| unreachable!("its place is taken by a newer slice"));
        assert_eq!((count(&window, 10), window.ever().total()), (1, 3));
    }

    #[test]
    fn one_alert_a_window_says_how_many_were_slow_meanwhile() {
        let mut window = window();
        assert!(!window.is_quiet(Instant::from_nanos(0)), "before the first");
        assert_eq!(window.alert(at(3), 1), 0);
        assert!(window.is_quiet(at(3)) && window.is_quiet(at(12)));
        assert!(!window.is_quiet(at(13)));
        assert_eq!(window.alert(at(13), 9), 7);
        assert_eq!(window.alert(at(500), 10), 0);
        assert_eq!((window.alerts(), window.quiet_until()), (3, at(510)));
    }

    #[test]
    fn a_mean_is_of_all_and_of_nothing_there_is_none() {
        let mut tally = Tally::new();
        assert_eq!(tally.mean(), None);
        tally.add(took(10));
        tally.add(took(21));
        assert_eq!(tally.mean(), Some(Duration::from_nanos(15)));
        tally.add(took(u64::MAX));
        assert_eq!(tally.mean(), Some(Duration::from_nanos(u64::MAX / 3)));
    }
}
