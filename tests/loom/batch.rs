//! Models of a batch: who opens it, who fills it, who goes away.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use loom::{
    sync::{Condvar, Mutex},
    thread,
};
use tokio::runtime::Runtime;

use super::{config::Config, future::Loading, handle::Batcher};
use crate::ground::refusal::Wrapped;

/// Timers are made in its context; none of them ever goes off.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime")
    })
}

/// Wakes a thread that waits for it.
struct Alarm(Mutex<bool>, Condvar);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_one();
    }
}

type Load = Loading<u8, u8, (), Wrapped>;

fn poll(load: &mut Load, waker: &Waker) -> Poll<Option<u8>> {
    std::pin::Pin::new(load).poll(&mut Context::from_waker(waker)).map(Result::ok)
}

/// Polls a caller to its end, only when woken.
fn wait(mut load: Load) -> Option<u8> {
    let alarm = Arc::new(Alarm(Mutex::new(false), Condvar::new()));
    let waker = Waker::from(Arc::clone(&alarm));
    loop {
        if let Poll::Ready(answer) = poll(&mut load, &waker) {
            return answer;
        }
        let mut rung = alarm.0.lock().expect("no panic");
        while !*rung {
            rung = alarm.1.wait(rung).expect("no panic");
        }
        *rung = false;
    }
}

/// Adds 100 to each, at once; a batch of two waits for nothing but the second. Counts the calls.
fn batcher(calls: &Arc<AtomicUsize>) -> Batcher<u8, u8, ()> {
    let config = Config::new().with_max_items(2).with_max_wait(Duration::MAX);
    let calls = Arc::clone(calls);
    Batcher::new("model", config, move |keys: Vec<u8>| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { Ok(keys.into_iter().map(|key| key + 100).collect()) }
    })
    .expect("a config of this file")
}

/// Where more than two are preempted nothing new happens, and it takes minutes.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    // Loom's threads take turns on this one.
    let _context = runtime().enter();
    model.check(run);
}

/// One opens it and sleeps, perhaps; the other fills it, and wakes the first.
#[test]
fn two_who_come_at_once_make_one_batch_and_both_are_answered() {
    model(|| {
        let calls = Arc::default();
        let batcher = batcher(&calls);
        let other = batcher.clone();
        let theirs = thread::spawn(move || wait(other.load(1)));
        let mine = wait(batcher.load(2));
        assert_eq!((mine, theirs.join().expect("no panic")), (Some(102), Some(101)));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        assert_eq!(batcher.snapshot().waiting, 0);
    });
}

/// The one who fills it is never polled, and is kept.
#[test]
fn one_who_fills_it_and_is_not_polled_wakes_the_other() {
    model(|| {
        let calls = Arc::default();
        let batcher = batcher(&calls);
        let other = batcher.clone();
        let theirs = thread::spawn(move || wait(other.load(1)));
        let mine = batcher.load(2);
        assert_eq!(theirs.join().expect("no panic"), Some(101));
        assert_eq!(wait(mine), Some(102));
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    });
}

/// The one who opened it goes away while others come: they are answered, with it or without it.
#[test]
fn who_opens_it_and_goes_away_takes_nothing_with_them() {
    model(|| {
        let calls = Arc::default();
        let batcher = batcher(&calls);
        let mut first = batcher.load(1);
        assert!(poll(&mut first, Waker::noop()).is_pending());
        let gone = thread::spawn(move || drop(first));
        let (second, third) = (batcher.load(2), batcher.load(3));
        assert_eq!(wait(second), Some(102));
        gone.join().expect("no panic");
        // The third was in the same batch, or is in one that a fourth fills.
        let fourth = batcher.load(4);
        assert_eq!(wait(third), Some(103));
        drop(fourth);
        assert_eq!(batcher.snapshot().waiting, 0);
    });
}
