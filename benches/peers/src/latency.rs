//! Recording a duration, against hdrhistogram behind a lock.
//!
//! The peer is what a service does without us: one histogram from a nanosecond to a minute, with
//! three significant digits, behind either of two locks. It has no window, tells no endings apart and
//! reads no clock to record; ours does all three. Durations differ from call to call, so that no cache
//! line is learned by heart.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use buttress::latency::{Config, Ending, Latency, Operation};
use hdrhistogram::Histogram;
use tower::Layer;

use crate::calls::{accepted, answer, call_now, poll_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    report.hold(record());
    report.hold(record_by_name());
    report.hold(wrap());
    report.hold(layer());
    report.hold(shared_record());
}

fn monitor() -> Latency {
    let config = Config::new().with_slow_after(Duration::from_secs(1));
    Latency::new("peers", config).expect("a sound config")
}

fn operation() -> Operation {
    monitor().operation("search")
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("sound bounds")
}

/// Durations from 1 to 2 ms, each another one.
fn durations() -> impl FnMut() -> u64 {
    let mut count = 0_u64;
    move || {
        count = count.wrapping_add(7919);
        1_000_000 + (count & 0xF_FFFF)
    }
}

fn ours(operation: Operation) -> impl FnMut() {
    let mut next = durations();
    move || operation.record(Duration::from_nanos(next()), Ending::Ok)
}

fn hdr_std(histogram: Arc<Mutex<Histogram<u64>>>) -> impl FnMut() -> bool {
    let mut next = durations();
    move || histogram.lock().expect("nobody panics").record(next()).is_ok()
}

fn hdr_parking_lot(histogram: Arc<parking_lot::Mutex<Histogram<u64>>>) -> impl FnMut() -> bool {
    let mut next = durations();
    move || histogram.lock().record(next()).is_ok()
}

/// What was timed already.
fn record() -> Contest {
    let mut next = durations();
    let (at, told) = (buttress::time::now(), operation());
    let told = move || told.record_at(at, Duration::from_nanos(next()), Ending::Ok);
    let std = hdr_std(Arc::new(Mutex::new(histogram())));
    let parking_lot = hdr_parking_lot(Arc::new(parking_lot::Mutex::new(histogram())));
    Contest::new("latency.record", Side::new("buttress.record", ours(operation())))
        .against(Side::new("hdrhistogram.std_mutex", std), Gate::at_most(0.6))
        .against(Side::new("hdrhistogram.parking_lot_mutex", parking_lot), Gate::at_most(0.6))
        .beside(Side::new("buttress.record_at", told))
}

/// The same by the operation's name.
fn record_by_name() -> Contest {
    let (monitor, mut next) = (monitor(), durations());
    let ours = move || monitor.record("search", Duration::from_nanos(next()), Ending::Ok);
    let map = Mutex::new(HashMap::from([("search", histogram())]));
    let mut next = durations();
    let theirs = move || {
        let mut map = map.lock().expect("nobody panics");
        map.get_mut("search").is_some_and(|histogram| histogram.record(next()).is_ok())
    };
    Contest::new("latency.record_by_name", Side::new("buttress.record", ours))
        .against(Side::new("hdrhistogram.mutex_map", theirs), Gate::at_most(1.0))
}

/// A future that is ready at once, timed.
fn wrap() -> Contest {
    let operation = operation();
    let ours = move || accepted(poll_now(operation.wrap(async { answer() })));
    let histogram = Mutex::new(histogram());
    let theirs = move || {
        let start = Instant::now();
        let answer = accepted(poll_now(async { answer() }));
        let lasted = start.elapsed().as_nanos() as u64;
        let recorded = histogram.lock().expect("nobody panics").record(lasted);
        recorded.map_or(0, |()| answer)
    };
    Contest::new("latency.wrap", Side::new("buttress.wrap", ours))
        .against(Side::new("hdrhistogram.mutex_by_hand", theirs), Gate::at_most(1.0))
}

/// A request through a measured service.
fn layer() -> Contest {
    let operation = operation();
    let mut measured = operation.layer().layer(service(|| async { answer() }));
    let ours = move || accepted(call_now(&mut measured));
    let (mut bare, histogram) = (service(|| async { answer() }), Mutex::new(histogram()));
    let theirs = move || {
        let start = Instant::now();
        let answer = accepted(call_now(&mut bare));
        let lasted = start.elapsed().as_nanos() as u64;
        let recorded = histogram.lock().expect("nobody panics").record(lasted);
        recorded.map_or(0, |()| answer)
    };
    Contest::new("latency.layer", Side::new("buttress.layer", ours))
        .against(Side::new("hdrhistogram.mutex_by_hand", theirs), Gate::at_most(1.3))
}

/// One operation on two threads.
fn shared_record() -> Contest {
    let alone = Side::new("buttress.record_1thread", ours(operation()));
    let operation = operation();
    let both = [ours(operation.clone()), ours(operation)];
    let (std, parking_lot) =
        (Arc::new(Mutex::new(histogram())), Arc::new(parking_lot::Mutex::new(histogram())));
    let std = [hdr_std(Arc::clone(&std)), hdr_std(std)];
    let parking_lot = [hdr_parking_lot(Arc::clone(&parking_lot)), hdr_parking_lot(parking_lot)];
    Contest::new("latency.shared_record", Side::pair("buttress.record", both))
        .allocating(0.001) // a part of the window that is filled for the first time: six in all
        .against(Side::pair("hdrhistogram.std_mutex", std), Gate::at_most(0.6))
        .against(Side::pair("hdrhistogram.parking_lot_mutex", parking_lot), Gate::at_most(0.6))
        .against(alone, Gate::at_most(1.3).aim(1.0))
}
