//! Shared work against async_singleflight and singleflight-async, batches against dataloader.
//!
//! Every side polls by hand, on one thread: what is measured is the sharing, and no executor. `alone` is
//! one caller whose work is done at once, each time with a key that is not under way. In `shared_512`
//! that many callers share work that is pending once. In `load_100` that many keys make one batch.
//!
//! What the peers do not do: in both a leader that is kept and not polled any longer stops all the
//! others. dataloader sends when nobody has come for ten rounds of the executor, and knows no time.

use std::collections::HashMap;
use std::future::Future;
use std::hint::black_box;
use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_singleflight::Group;
use buttress::batch::{self, Batcher};
use buttress::single_flight::{Config, SingleFlight};
use dataloader::BatchFn;
use dataloader::non_cached::Loader;

use crate::calls::{accepted, poll_now};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

type Answer = Result<u64, ErrorKind>;

const CALLERS: u64 = 512;
const KEYS: u64 = 100;

/// Holds the contests of shared work.
pub fn run_flights(report: &mut Report) {
    report.hold(alone());
    report.hold(shared());
}

/// Holds the contest of batches.
pub fn run_batches(report: &mut Report) {
    report.hold(load());
}

fn flights() -> SingleFlight<u64, u64, ErrorKind> {
    SingleFlight::new("peers", Config::new()).expect("the default config")
}

fn answer() -> Answer {
    black_box(Ok(7))
}

fn alone() -> Contest {
    let ours = flights();
    let mut key = 0;
    let ours = Side::new("buttress.single_flight", move || {
        key += 1;
        accepted(poll_now(ours.call(key, || async { answer() })))
    });
    let group = Group::<u64, u64, ErrorKind>::new();
    let mut key = 0;
    let async_singleflight = Side::new("async_singleflight.work", move || {
        key += 1;
        accepted(poll_now(group.work(&key, async { answer() })))
    });
    let group = singleflight_async::SingleFlight::<u64, Answer>::new();
    let mut key = 0;
    let singleflight_async = Side::new("singleflight_async.work", move || {
        key += 1;
        accepted(poll_now(group.work(key, || async { answer() })))
    });
    Contest::new("single_flight.alone", ours)
        // What is shared, the work, and the table's entry now and then.
        .allocating(2.0)
        .against(async_singleflight, Gate::at_most(0.6).aim(0.4))
        .beside(singleflight_async)
}

/// Pending once, and wakes.
async fn later() -> Answer {
    let mut woken = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut woken, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    answer()
}

fn shared() -> Contest {
    let ours = flights();
    let ours = Side::new("buttress.single_flight", move || {
        all((0..CALLERS).map(|_| ours.call(7, later)), accepted)
    });
    let group = Group::<u64, u64, ErrorKind>::new();
    let async_singleflight = Side::new("async_singleflight.work", move || {
        all((0..CALLERS).map(|_| group.work(&7, later())), accepted)
    });
    let group = singleflight_async::SingleFlight::<u64, Answer>::new();
    let singleflight_async = Side::new("singleflight_async.work", move || {
        all((0..CALLERS).map(|_| group.work(7, later)), accepted)
    });
    Contest::new("single_flight.shared_512", ours)
        // A box for each caller, which is the contest's own, and the list of them.
        .allocating(CALLERS as f64 + 16.0)
        .against(async_singleflight, Gate::at_most(0.6).aim(0.4))
        .against(singleflight_async, Gate::at_most(0.8).aim(0.5))
}

struct Doubles;

impl BatchFn<u64, u64> for Doubles {
    async fn load(&mut self, keys: &[u64]) -> HashMap<u64, u64> {
        keys.iter().map(|key| (*key, key * 2)).collect()
    }
}

fn load() -> Contest {
    let double = |keys: Vec<u64>| async move {
        Ok::<_, ErrorKind>(keys.into_iter().map(|key| key * 2).collect())
    };
    let config = batch::Config::new().with_max_items(KEYS as u32);
    let ours = Batcher::new("peers", config, double).expect("a config of this file");
    let ours =
        Side::new("buttress.batch", move || all((0..KEYS).map(|key| ours.load(key)), accepted));
    let loader = Loader::new(Doubles).with_max_batch_size(KEYS as usize);
    let dataloader = Side::new("dataloader.load", move || {
        all((0..KEYS).map(|key| loader.load(key)), |value| value)
    });
    Contest::new("batch.load_100", ours)
        .allocating(KEYS as f64 + 40.0)
        .against(dataloader, Gate::at_most(0.8).aim(0.5))
}

/// Polls all of them in turn until the last is ready.
fn all<F: Future>(futures: impl Iterator<Item = F>, value: impl Fn(F::Output) -> u64) -> u64 {
    let mut futures: Vec<Option<Pin<Box<F>>>> =
        futures.map(|future| Some(Box::pin(future))).collect();
    let mut cx = Context::from_waker(Waker::noop());
    let mut sum = 0;
    let mut left = futures.len();
    while left > 0 {
        for slot in &mut futures {
            if let Some(future) = slot {
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    sum += value(output);
                    *slot = None;
                    left -= 1;
                }
            }
        }
    }
    sum
}
