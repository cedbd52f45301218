//! Many threads on one operation, in real time and without waiting for anything.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use buttress::latency::{Config, Ending};

use super::{MILLISECOND, SECOND, monitor, seen};

const RECORDS: u64 = 10_000;

/// As many threads as there are cores, and far more: those record under the lock.
const THREADS: [u64; 3] = [2, 16, 64];

#[test]
fn threads_count_together_and_no_record_is_lost() {
    for threads in THREADS {
        let latency = monitor(Config::new().with_window(3600 * SECOND));
        let start = Barrier::new(threads as usize);
        thread::scope(|scope| {
            for thread in 0..threads {
                let (operation, start) = (latency.operation("op"), &start);
                scope.spawn(move || {
                    start.wait();
                    for record in 0..RECORDS {
                        let nanos = 1000 + thread * RECORDS + record;
                        operation.record(Duration::from_nanos(nanos), Ending::Ok);
                    }
                });
            }
        });
        let (seen, all) = (seen(&latency, "op"), threads * RECORDS);
        assert_eq!((seen.count, seen.ok, seen.total), (all, all, all), "{threads} threads");
        assert_eq!(seen.max, Some(Duration::from_nanos(999 + all)));
        let exact = 1000.0 + all as f64 / 2.0;
        let p50 = seen.p50.unwrap().as_nanos() as f64;
        assert!((p50 - exact).abs() <= exact * 0.01, "{p50}, and not {exact}");
    }
}

/// Slices of a millisecond end all the time, and somebody looks all the time.
#[test]
fn while_slices_end_and_somebody_looks_no_record_is_lost_or_counted_twice() {
    for threads in THREADS {
        let latency = monitor(Config::new().with_window(32 * MILLISECOND).with_slices(32));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let (operation, mut last) = (latency.operation("op"), 0);
                while !done.load(Ordering::Acquire) {
                    let seen = operation.snapshot().summary();
                    assert!(seen.total >= last, "{} after {last}", seen.total);
                    assert!(seen.total <= threads * RECORDS);
                    assert!(seen.count <= seen.total, "{} of {}", seen.count, seen.total);
                    last = seen.total;
                }
            });
            let recorders: Vec<_> = (0..threads)
                .map(|_| {
                    let operation = latency.operation("op");
                    scope.spawn(move || {
                        (0..RECORDS).for_each(|_| operation.record(MILLISECOND, Ending::Ok));
                    })
                })
                .collect();
            recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
            done.store(true, Ordering::Release);
            reader.join().unwrap();
        });
        assert_eq!(seen(&latency, "op").total, threads * RECORDS);
    }
}

#[test]
fn threads_that_come_and_go_use_each_others_places() {
    let latency = monitor(Config::new().with_window(3600 * SECOND));
    let operation = latency.operation("op");
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| (0..10).for_each(|_| operation.record(SECOND, Ending::Ok)));
        });
    }
    assert_eq!((seen(&latency, "op").count, seen(&latency, "op").total), (2000, 2000));
}

#[test]
fn a_window_that_changes_under_way_loses_no_total() {
    let latency = monitor(Config::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            let operation = latency.operation("op");
            scope.spawn(move || {
                (0..RECORDS).for_each(|_| operation.record(MILLISECOND, Ending::Ok))
            });
        }
        for slices in 1..=32 {
            latency.reconfigure(Config::new().with_slices(slices)).unwrap();
        }
    });
    assert_eq!(seen(&latency, "op").total, 4 * RECORDS);
    assert!(seen(&latency, "op").count <= 4 * RECORDS);
}
