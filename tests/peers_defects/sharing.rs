//! Work that many wait for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error,
    single_flight::{Config, SingleFlight},
    testing::{Polls, Script, Step},
};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt};

const LOAD: Duration = Duration::from_millis(50);

type Loads = SingleFlight<u8, u32, ()>;

fn counting() -> (Arc<AtomicU32>, Loads) {
    (Arc::default(), SingleFlight::new("loads", Config::new()).unwrap())
}

fn load(loads: &Arc<AtomicU32>) -> impl Future<Output = Result<u32, ()>> + Send + use<> {
    let number = loads.fetch_add(1, Ordering::Relaxed) + 1;
    async move {
        sleep(LOAD).await;
        Ok(number)
    }
}

/// D3, tower-resilience: who waits for another's call wakes itself in every poll, 42 679 times in 95 ms.
/// Here each is polled when it comes, and when the answer is there.
#[tokio::test(start_paused = true)]
async fn who_waits_for_anothers_call_does_not_spin_d3() {
    let (count, loads) = counting();
    let calls: Vec<_> = (0..512)
        .map(|_| {
            let polls = Polls::new();
            let call = polls.of(loads.call(7, || load(&count)));
            (polls, tokio::spawn(call))
        })
        .collect();
    for (polls, call) in calls {
        assert_eq!(call.await.unwrap(), Ok(1));
        polls.assert_at_most(2);
    }
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// D4, tower-resilience: many poll one future with the waker of whoever came last, and hang.
#[tokio::test(start_paused = true)]
async fn all_who_share_work_go_on_and_so_they_do_without_the_last_d4() {
    for last_leaves in [false, true] {
        let (count, loads) = counting();
        let tasks = (0..8).map(|_| tokio::spawn(loads.call(7, || load(&count))));
        let tasks: Vec<_> = tasks.collect();
        tokio::task::yield_now().await;
        if last_leaves {
            assert_eq!(loads.call(7, || load(&count)).now_or_never(), None);
        }
        let start = Instant::now();
        assert!(join_all(tasks).await.into_iter().all(|answer| answer.unwrap() == Ok(1)));
        assert_eq!((start.elapsed(), count.load(Ordering::Relaxed)), (LOAD, 1));
    }
}

/// moka #240, and quick_cache as well: a leader that is kept and not polled any longer stops all the
/// others. Here they go on with its work.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_not_polled_any_longer_stops_nobody() {
    let (count, loads) = counting();
    let mut leader = loads.call(7, || load(&count));
    assert_eq!((&mut leader).now_or_never(), None);
    let follower = tokio::time::timeout(6 * LOAD, loads.call(7, || load(&count)));
    assert_eq!(follower.await.unwrap(), Ok(1));
    assert_eq!((leader.await, count.load(Ordering::Relaxed)), (Ok(1), 1));
}

/// D23, tower-resilience: 50 who miss at once are 50 calls, and what needs no call needs a service that
/// is ready.
#[tokio::test(start_paused = true)]
async fn fifty_who_miss_at_once_are_one_call_and_one_service_made_ready_d23() {
    let backend: Script<_, Error<()>> = Script::new([Step::ok(7).after(LOAD)]);
    let inner = backend.service().ready_after(1);
    let seen = inner.watch();
    let loads = SingleFlight::<u8, i32, Error<()>>::new("loads", Config::new()).unwrap();
    let service = loads.layer(|_: &u8| Some(0)).layer(inner);
    let asks = (0..50).map(|request| service.clone().oneshot(request));
    assert!(join_all(asks).await.into_iter().all(|answer| answer == Ok(7)));
    assert_eq!((backend.counts().calls, seen().reserved, seen().ready_polls), (1, 0, 2));
}
