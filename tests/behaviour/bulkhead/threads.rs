use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use buttress::{
    bulkhead::{Bulkhead, Class, Config},
    time::Deadline,
};
use futures::FutureExt;

const LIMIT: u32 = 3;

fn bulkhead() -> Bulkhead {
    // Longer than any test takes.
    let config = Config::new().with_limit(LIMIT).with_queue(1000, Duration::from_secs(3600));
    Bulkhead::new("threads", config).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_more_than_the_limit_are_ever_in_and_everybody_gets_in() {
    let bulkhead = bulkhead();
    let inside = Arc::new(AtomicU32::new(0));
    let classes = [Class::Critical, Class::Normal, Class::Sheddable];
    let tasks: Vec<_> = (0..12)
        .map(|task| {
            let (view, inside) = (bulkhead.sort(classes[task % 3]), Arc::clone(&inside));
            tokio::spawn(async move {
                for turn in 0..1000 {
                    if turn % 5 == task % 5 {
                        // Somebody who goes away, wherever that finds it.
                        drop(view.acquire().now_or_never());
                        continue;
                    }
                    let permit = view.acquire_owned().await.unwrap();
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < LIMIT);
                    if turn % 3 == 0 {
                        tokio::task::yield_now().await;
                    }
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seen = bulkhead.snapshot();
    assert_eq!((seen.in_flight, seen.queued), (0, 0));
    assert!(seen.peak <= LIMIT);
    assert_eq!((seen.totals.full, seen.totals.expired), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_close_while_many_come_and_go_leaves_nobody_waiting() {
    for _ in 0..50 {
        let bulkhead = bulkhead();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let bulkhead = bulkhead.clone();
                tokio::spawn(async move { while bulkhead.acquire().await.is_ok() {} })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(bulkhead.close(Deadline::within(Duration::from_secs(3600))).await, 0);
        for task in tasks {
            task.await.unwrap();
        }
    }
}

/// Wakers are foreign code, and are called under no lock.
#[test]
fn whoever_is_woken_may_use_the_bulkhead_there_and_then() {
    struct Nosy(Bulkhead, AtomicU32);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, Ordering::SeqCst);
            let _ = self.0.try_acquire();
            assert!(self.0.snapshot().limit > 0);
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            let _ = self.0.snapshot();
        }
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let bulkhead = bulkhead();
    let mut permits: Vec<_> = (0..LIMIT).map(|_| bulkhead.try_acquire().unwrap()).collect();
    let nosy = Arc::new(Nosy(bulkhead.clone(), AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&nosy));
    let mut waiting: Vec<_> = (0..20).map(|_| bulkhead.acquire()).collect();
    for waiter in &mut waiting {
        // Twice: the first waker is dropped for the second.
        for waker in
            [Waker::from(Arc::new(Nosy(bulkhead.clone(), AtomicU32::new(0)))), waker.clone()]
        {
            assert!(waiter.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        }
    }
    permits.pop();
    assert_eq!(nosy.1.load(Ordering::SeqCst), 1);
    bulkhead.set_limit(10).unwrap();
    assert_eq!(nosy.1.load(Ordering::SeqCst), 8);
    let mut closing = Box::pin(bulkhead.close(Deadline::at(buttress::time::Instant::FOREVER)));
    assert_eq!(nosy.1.load(Ordering::SeqCst), 20);
    assert!(closing.as_mut().poll_unpin(&mut Context::from_waker(&waker)).is_pending());
    drop((permits, waiting));
    assert_eq!(nosy.1.load(Ordering::SeqCst), 21);
    assert_eq!(closing.now_or_never(), Some(0));
}
