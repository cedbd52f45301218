use std::{fmt, sync::OnceLock, time::Duration};

use super::{
    super::{
        ending::Ending,
        machine::{Reading, Record, Window},
    },
    place::Place,
};
use crate::ground::{
    name::Name,
    stats::Slicing,
    sync::{
        Mutex, Padded,
        atomic::{AtomicU64, Ordering},
        own_shard,
    },
    telemetry::SlowMeter,
    time::{Instant, nanos},
};

/// What the clones of an operation share.
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Measure {
    /// By the number of the thread; made when it first records.
    places: Box<[OnceLock<Box<Padded<Place>>>]>,
    /// Nanoseconds; `u64::MAX` is no threshold.
    slow_after: AtomicU64,
    /// No alert before this moment: lets what is slow pass without the lock.
    quiet_until: AtomicU64,
    window: Mutex<Window>,
    meter: SlowMeter,
    name: Name,
}

impl Measure {
    /// For `threads` threads that record without a lock.
    pub(super) fn new(monitor: &Name, name: Name, slicing: Slicing, threads: usize) -> Self {
        Self {
            places: (0..threads).map(|_| OnceLock::new()).collect(),
            slow_after: AtomicU64::new(u64::MAX),
            quiet_until: AtomicU64::new(0),
            window: Mutex::new(Window::new(slicing)),
            meter: SlowMeter::new(monitor, &name),
            name,
        }
    }

    pub(in super::super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn set_slow_after(&self, threshold: Option<Duration>) {
        self.slow_after.store(threshold.map_or(u64::MAX, nanos), Ordering::Relaxed);
    }

    #[inline]
    pub(in super::super) fn record(&self, now: Instant, lasted: Duration, ending: Ending) {
        let nanos = nanos(lasted);
        let slow = nanos > self.slow_after.load(Ordering::Relaxed);
        let record = Record { nanos, ending, slow };
        match self.own_place() {
            Some(place) if place.covers(now) && !slow => place.add(record),
            _ => self.record_carefully(now, record),
        }
    }

    #[inline]
    fn own_place(&self) -> Option<&Place> {
        let place = self.places.get(own_shard(self.places.len())?)?;
        place.get().map(|place| &place.0)
    }

    /// The first of a thread, the first in a slice, a slow one, or one of a thread without a place.
    #[cold]
    #[inline(never)]
    fn record_carefully(&self, now: Instant, record: Record) {
        match own_shard(self.places.len()).and_then(|thread| self.places.get(thread)) {
            Some(place) => {
                let place = &place.get_or_init(|| Box::new(Padded(Place::new()))).0;
                if !place.covers(now) && !place.is_ahead_of(now) {
                    self.turn(place, now);
                }
                place.add(record);
            }
            None => self.window.lock().add(now, record),
        }
        if record.slow {
            self.slow(now, record);
        }
    }

    /// Hands over what the calling thread has recorded, and starts the slice of `now`.
    fn turn(&self, place: &Place, now: Instant) {
        let mut window = self.window.lock();
        hand_over(place, &mut window);
        let slicing = window.slicing();
        let slice = slicing.bucket(now);
        place.start(slice, slicing.begins(slice), slicing.width());
    }

    fn slow(&self, now: Instant, record: Record) {
        self.meter.slow();
        if now.as_nanos() < self.quiet_until.load(Ordering::Relaxed) {
            return;
        }
        let (suppressed, tally) = {
            let mut window = self.window.lock();
            if window.is_quiet(now) {
                return; // another thread was first
            }
            let reading = self.reading(&window, now);
            let suppressed = window.alert(now, reading.ever.slow);
            self.quiet_until.store(window.quiet_until().as_nanos(), Ordering::Relaxed);
            (suppressed, reading.tally)
        };
        // Told without the lock: a subscriber is foreign code.
        let threshold = Duration::from_nanos(self.slow_after.load(Ordering::Relaxed));
        let p99 = tally.lasted.quantile(0.99).map_or(Duration::ZERO, Duration::from_nanos);
        self.meter.alert(Duration::from_nanos(record.nanos), threshold, p99, suppressed);
    }

    pub(in super::super) fn read(&self, now: Instant) -> Reading {
        self.reading(&self.window.lock(), now)
    }

    /// Cuts time differently from now on, starting from nothing.
    pub(super) fn reslice(&self, slicing: Slicing) {
        let mut window = self.window.lock();
        window.reslice(slicing);
        self.places().for_each(Place::end);
    }

    /// What there is at `now`. Each place is asked once for its counts, so that what is in the window
    /// is part of what there ever was.
    fn reading(&self, window: &Window, now: Instant) -> Reading {
        let (mut tally, mut ever) = (window.total(now), window.ever());
        for place in self.places() {
            let counts = place.counts();
            ever.merge(counts);
            if place.slice().is_some_and(|slice| window.is_counting(slice, now)) {
                place.pour(&mut tally, counts);
            }
        }
        Reading { tally, ever, alerts: window.alerts() }
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter_map(OnceLock::get).map(|place| &place.0)
    }
}

/// The window takes in what a place has recorded.
fn hand_over(place: &Place, window: &mut Window) {
    let counts = place.counts();
    match place.slice() {
        Some(slice) => window.take_in(slice, counts, |tally| place.pour(tally, counts)),
        None => window.take_in_late(counts),
    }
}

impl fmt::Debug for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Measure").field("name", &self.name).finish_non_exhaustive()
    }
}
