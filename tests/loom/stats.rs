//! Models of the counts that threads make together.

use std::{sync::Arc, time::Duration};

use loom::thread;

use super::{Counter, Slicing, SlidingCount};
use crate::ground::time::Instant;

#[test]
fn two_threads_that_start_a_bucket_together_lose_nothing() {
    loom::model(|| {
        let slicing = Slicing::new(Instant::ORIGIN, Duration::from_secs(10), 10);
        let sliding = Arc::new(SlidingCount::new(slicing, 1));
        // Makes the shards, which is the standard library's business and not modelled.
        sliding.add_one(Instant::ORIGIN);
        let now = Instant::ORIGIN + Duration::from_secs(300);
        let other = Arc::clone(&sliding);
        let counting = thread::spawn(move || other.add_one(now));
        sliding.add_one(now);
        counting.join().expect("no panic");
        assert_eq!(sliding.total(now), 2);
    });
}

#[test]
fn a_bucket_that_comes_round_again_while_another_thread_counts_holds_no_old_counts() {
    loom::model(|| {
        let slicing = Slicing::new(Instant::ORIGIN, Duration::from_secs(10), 10);
        let sliding = Arc::new(SlidingCount::new(slicing, 1));
        let early = Instant::ORIGIN + Duration::from_secs(1);
        // 32 buckets later: the same slot.
        let late = Instant::ORIGIN + Duration::from_secs(33);
        sliding.add_one(early);
        let other = Arc::clone(&sliding);
        let counting = thread::spawn(move || other.add_one(late));
        sliding.add_one(late);
        counting.join().expect("no panic");
        assert_eq!(sliding.total(late), 2);
    });
}

#[test]
fn what_is_counted_while_time_is_cut_differently_is_one_or_none() {
    loom::model(|| {
        let cut = |span| Slicing::new(Instant::ORIGIN, Duration::from_secs(span), 10);
        let sliding = Arc::new(SlidingCount::new(cut(10), 1));
        sliding.add_one(Instant::ORIGIN);
        // The 63rd bucket of one second and the 31st of two share a slot, and their words a beginning.
        let now = Instant::ORIGIN + Duration::from_secs(63);
        let other = Arc::clone(&sliding);
        let counting = thread::spawn(move || other.add_one(now));
        sliding.reslice(cut(20));
        counting.join().expect("no panic");
        let total = sliding.total(now);
        assert!(total <= 1, "{total}");
    });
}

#[test]
fn a_total_is_exact_once_everybody_is_done() {
    loom::model(|| {
        let counter = Arc::new(Counter::new(1));
        let other = Arc::clone(&counter);
        let counting = thread::spawn(move || other.add_one());
        counter.add_one();
        counting.join().expect("no panic");
        assert_eq!(counter.total(), 2);
    });
}
