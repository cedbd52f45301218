//! Work that is run to its end, whoever goes away.

use buttress::{Error, Refusal, single_flight::Config, testing::Polls};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, sleep};

use super::{MILLISECOND, Store, shared};

fn detached() -> Config {
    Config::new().with_detached(true)
}

#[tokio::test(start_paused = true)]
async fn detached_work_goes_on_when_everybody_has_gone() {
    let (loads, store) = (shared(detached()), Store::default());
    let mut call = loads.call("k", || store.load());
    assert_eq!((&mut call).now_or_never(), None);
    drop(call);
    assert_eq!((loads.in_flight(), loads.snapshot().callers), (1, 0));
    sleep(10 * MILLISECOND).await;
    assert_eq!(loads.call("k", || store.load()).await, Ok(1), "who comes meanwhile joins");
    drop(loads.call("k", || store.load()));
    sleep(50 * MILLISECOND).await;
    assert_eq!((store.counts(), loads.in_flight()), ((2, 2, 0), 0));
    assert_eq!(loads.snapshot().totals.abandoned, 0);
}

#[tokio::test(start_paused = true)]
async fn callers_of_detached_work_are_woken_once() {
    let (loads, store) = (shared(detached()), Store::default());
    let polls = Polls::new();
    let start = Instant::now();
    let calls = (0..512).map(|_| tokio::spawn(polls.of(loads.call("k", || store.load()))));
    let calls: Vec<_> = calls.collect();
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap(), Ok(1));
    }
    assert_eq!(start.elapsed(), 30 * MILLISECOND);
    polls.assert_at_most(512 * 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_detached_work_is_told_to_all() {
    let loads = shared(detached());
    let panic = || async {
        sleep(MILLISECOND).await;
        panic!("in the load")
    };
    for answer in join_all((0..8).map(|_| loads.call("k", panic))).await {
        assert_eq!(answer, Err(Error::Refused(Refusal::Panicked { name: "loads".into() })));
    }
    assert_eq!((loads.in_flight(), loads.snapshot().totals.panicked), (0, 1));
    assert_eq!(loads.call("k", || async { Ok(7) }).await, Ok(7));
}

/// The runtime of whoever began it ends; those who wait on another drive it from where it is.
#[test]
fn when_the_runtime_of_detached_work_ends_those_who_wait_drive_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (theirs, ours) = (runtime(), runtime());
    let loads = shared(detached());
    let (send, receive) = tokio::sync::oneshot::channel();
    let mut led = {
        let _context = theirs.enter();
        loads.call("k", || async { receive.await.map_err(|_| "gone".to_owned()) })
    };
    ours.block_on(async {
        assert_eq!((&mut led).now_or_never(), None);
        let waiting = tokio::spawn(loads.call("k", || async { Ok(0) }));
        tokio::task::yield_now().await;
        theirs.shutdown_background();
        send.send(7).unwrap();
        assert_eq!(waiting.await.unwrap(), Ok(7));
        assert_eq!(led.await, Ok(7));
    });
    assert_eq!(loads.in_flight(), 0);
}

/// The same, and nobody waits any longer: the work goes.
#[test]
fn detached_work_goes_with_its_runtime_if_nobody_waits() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let (loads, store) = (shared(detached()), Store::default());
    runtime.block_on(async { drop(loads.call("k", || store.load())) });
    assert_eq!((loads.in_flight(), store.counts()), (1, (1, 0, 0)));
    drop(runtime);
    assert_eq!((loads.in_flight(), store.counts()), (0, (1, 0, 1)));
}

#[test]
fn without_a_runtime_it_is_driven_by_those_who_wait() {
    let loads = shared(detached());
    assert_eq!(loads.call("k", || async { Ok(7) }).now_or_never(), Some(Ok(7)));
    assert_eq!(loads.in_flight(), 0);
}
