//! Connections that are made again.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    backoff::{Backoff, Jitter},
    outcome::Standard,
    reconnect::{Config, Reconnect},
    testing::Polls,
};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, sleep};
use tower::{Service, ServiceExt, service_fn};

use crate::allocator::allocations;

const SECOND: Duration = Duration::from_secs(1);

fn config() -> Config {
    Config::new()
        .with_backoff(Backoff::constant(SECOND))
        .with_jitter(Jitter::None)
        .with_wait(60 * SECOND)
        .without_giving_up()
}

fn counting() -> (Arc<AtomicU32>, Reconnect<u32, ()>) {
    let connects = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connects);
    let db = Reconnect::new("db", config(), move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            sleep(Duration::from_millis(50)).await;
            Ok(number)
        }
    });
    (connects, db.unwrap())
}

/// D4, tower-resilience: the tasks poll one future with the waker of whoever came last. Of eight that
/// share a connect of 50 ms one goes on, and none if that one is dropped.
#[tokio::test(start_paused = true)]
async fn all_who_share_a_connect_go_on_and_so_they_do_without_the_last_d4() {
    for last_leaves in [false, true] {
        let (connects, db) = counting();
        let polls = Polls::new();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(polls.of(async move { db.connected().await.is_ok() }))
            })
            .collect();
        tokio::task::yield_now().await;
        if last_leaves {
            assert!(db.connected().now_or_never().is_none());
        }
        let start = Instant::now();
        assert!(join_all(tasks).await.into_iter().all(|connected| connected.unwrap()));
        assert_eq!(start.elapsed(), Duration::from_millis(50));
        assert_eq!(connects.load(Ordering::Relaxed), 1);
        polls.assert_at_most(8 * 3);
    }
}

/// D25, tower: `Reconnect` over what connects and then errs is a loop in one poll, a million connects
/// in half a second. Here it is one connect a second.
#[tokio::test(start_paused = true)]
async fn what_connects_and_errs_is_connected_to_once_a_delay_d25() {
    let connects = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connects);
    let peer = Reconnect::new("peer", config(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async {
            Ok::<_, ()>(service_fn(|_: ()| async {
                Err::<(), _>(buttress::Error::Inner("connected, and no more"))
            }))
        }
    })
    .unwrap()
    .classify(Standard::default());
    let polls = Polls::new();
    let start = Instant::now();
    for call in 0..10 {
        assert!(polls.of(peer.service().oneshot(())).await.is_err());
        assert_eq!(start.elapsed(), SECOND * call);
        assert_eq!(connects.load(Ordering::Relaxed), call + 1);
    }
    polls.assert_at_most(10 * 3);
}

/// D16: around what is connected, a call allocates nothing through either door.
#[tokio::test(start_paused = true)]
async fn a_call_on_a_live_connection_allocates_nothing_d16() {
    let peer = Reconnect::new("peer", config(), || async {
        Ok::<_, ()>(service_fn(|_: ()| std::future::ready(Ok::<_, buttress::Error<()>>(7))))
    })
    .unwrap();
    let mut service = peer.service();
    for measured in [false, true] {
        let before = allocations();
        for _ in 0..1000 {
            let answer = peer.call(|_| std::future::ready(Ok::<_, ()>(7))).await;
            assert_eq!(answer, Ok(7));
            assert_eq!(service.ready().await.unwrap().call(()).await, Ok(7));
        }
        assert!(!measured || allocations() == before, "{}", allocations() - before);
    }
}
