//! Nobody spins: callers are polled when the work wakes, and the work once for each wake.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use buttress::{single_flight::Config, testing::Polls};
use futures::future::join_all;
use tokio::time::sleep;

use super::{MILLISECOND, Shared, Store, shared};

/// Three sleeps: each caller is polled at first, and at most once for each wake; the work is polled
/// once for each, however many wait.
#[tokio::test(start_paused = true)]
async fn polls_are_as_many_as_the_work_wakes() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let (callers, work) = (Polls::new(), Polls::new());
    let tasks = (0..512).map(|_| {
        let call = loads.call("k", || work.of(store.load()));
        tokio::spawn(callers.of(call))
    });
    let tasks: Vec<_> = tasks.collect();
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap(), Ok(1));
    }
    callers.assert_at_most(512 * 4);
    work.assert_at_most(4);
}

/// Work that wakes itself in every poll, as one does that yields.
#[tokio::test(start_paused = true)]
async fn work_that_yields_is_polled_once_for_each_yield() {
    let loads: Shared = shared(Config::new());
    let (callers, work) = (Polls::new(), Polls::new());
    let make = || {
        work.of(async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            Ok(7)
        })
    };
    let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(callers.of(loads.call("k", make)))).collect();
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap(), Ok(7));
    }
    work.assert_at_most(11);
    callers.assert_at_most(64 * 12);
}

/// Wakes that come while nothing has happened poll the work once, and not its callers in a loop.
#[tokio::test(start_paused = true)]
async fn a_wake_for_nothing_is_one_poll() {
    let loads: Shared = shared(Config::new());
    let kept: Arc<Mutex<Option<Waker>>> = Arc::default();
    let polled = Arc::new(AtomicU32::new(0));
    let make = || {
        let (kept, polled) = (Arc::clone(&kept), Arc::clone(&polled));
        std::future::poll_fn(move |cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            match polled.fetch_add(1, Ordering::Relaxed) {
                5 => Poll::Ready(Ok(7)),
                _ => Poll::Pending,
            }
        })
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(loads.call("k", make))).collect();
    for polls in 1..=5 {
        sleep(MILLISECOND).await;
        assert_eq!(polled.load(Ordering::Relaxed), polls);
        let waker = kept.lock().unwrap().clone().unwrap();
        waker.wake_by_ref();
        waker.wake();
    }
    for answer in join_all(tasks).await {
        assert_eq!(answer.unwrap(), Ok(7));
    }
}

/// A task that moves between executors has another waker in every poll: the newest is woken.
#[tokio::test(start_paused = true)]
async fn the_newest_waker_of_a_caller_is_woken() {
    #[derive(Default)]
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (loads, store) = (shared(Config::new()), Store::default());
    let _leader = loads.call("k", || store.load());
    let mut call = Box::pin(loads.call("k", || store.load()));
    let counts: [Arc<Count>; 3] = Default::default();
    for count in &counts {
        let waker = Waker::from(Arc::clone(count));
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    sleep(11 * MILLISECOND).await;
    let woken = counts.map(|count| count.0.load(Ordering::Relaxed));
    assert_eq!(woken, [0, 0, 1]);
}
