//! One connect, however many wait for it and whoever of them goes away.

use std::{
    future::pending,
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use buttress::{
    Refusal,
    reconnect::{Reconnect, State},
    testing::Polls,
    time::Deadline,
};
use futures::{FutureExt, future::join_all};
use tokio::{task::yield_now, time::sleep};

use super::{MILLISECOND, SECOND, Server, config};

/// D4: eight tasks share a connect of 50 ms, and all eight go on; elsewhere one of them did.
#[tokio::test(start_paused = true)]
async fn eight_tasks_share_one_connect_and_all_of_them_go_on_d4() {
    let server = Server::slow();
    let db = server.kept(config());
    let polls = Polls::new();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (db, polls) = (db.clone(), polls.clone());
            tokio::spawn(polls.of(async move { *db.connected().await.unwrap() }))
        })
        .collect();
    assert!(join_all(tasks).await.into_iter().all(|task| task.unwrap() == 1));
    assert_eq!(server.connects(), 1);
    // Each once to begin with, and once when the timer has rung; one of them finds the connection
    // and rings for the others once more.
    polls.assert_at_most(8 * 3);
}

/// All who wait are woken; the first of them to come polls the connect, and the others find that it was.
#[tokio::test(start_paused = true)]
async fn a_connect_is_polled_once_for_each_wake_however_many_wait() {
    let polls = Polls::new();
    let counted = polls.clone();
    let db: Reconnect<u32, String> = Reconnect::new("db", config(), move || {
        counted.of(async {
            for _ in 0..3 {
                sleep(MILLISECOND).await;
                yield_now().await;
            }
            Ok(7)
        })
    })
    .unwrap();
    let tasks = (0..32).map(|_| {
        let db = db.clone();
        tokio::spawn(async move { *db.connected().await.unwrap() })
    });
    let tasks: Vec<_> = tasks.collect();
    assert!(join_all(tasks).await.into_iter().all(|task| task.unwrap() == 7));
    polls.assert_at_most(1 + 3 * 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_of_them_is_dropped_the_others_go_on_d4() {
    for dropped in 0..8 {
        let server = Server::slow();
        let db = server.kept(config());
        let mut waiting: Vec<_> = (0..8).map(|_| Box::pin(db.connected())).collect();
        for waiter in &mut waiting {
            assert!(waiter.as_mut().now_or_never().is_none());
        }
        drop(waiting.remove(dropped));
        let connected = join_all(waiting).await;
        assert!(connected.into_iter().all(|connection| *connection.unwrap() == 1));
        assert_eq!(server.connects(), 1);
    }
}

/// The last to poll the connect is alive and not polled any longer, as in a `select!` that is busy
/// with another branch.
#[tokio::test(start_paused = true)]
async fn who_has_polled_last_and_sleeps_holds_nobody_up_d4() {
    let server = Server::slow();
    let db = server.kept(config());
    let first = tokio::spawn({
        let db = db.clone();
        async move { *db.connected().await.unwrap() }
    });
    yield_now().await;
    let mut asleep = pin!(db.connected());
    assert!(asleep.as_mut().now_or_never().is_none());
    assert_eq!(first.await.unwrap(), 1);
    assert_eq!(*asleep.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connect_nobody_waits_for_rests_until_somebody_asks() {
    let server = Server::slow();
    let db = server.kept(config());
    assert!(db.connected().now_or_never().is_none());
    assert_eq!(db.state(), State::Connecting);
    sleep(SECOND).await;
    assert_eq!(db.state(), State::Connecting, "nobody drives it");
    assert_eq!(*db.connected().now_or_never().unwrap().unwrap(), 1);
    assert_eq!(server.connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_takes_no_polls() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config());
    let polls = Polls::new();
    let waiting = (0..10).map(|_| polls.of(db.connected()));
    let server_comes_up = async {
        sleep(10 * SECOND).await;
        server.down(false);
    };
    let (connected, ()) = tokio::join!(join_all(waiting), server_comes_up);
    assert!(connected.into_iter().all(|connection| connection.is_ok()));
    // At 0, 1, 3, 7 and 15 s: five attempts, each a few polls of each caller.
    assert_eq!(server.connects(), 5);
    polls.assert_at_most(10 * 5 * 3);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_connect_reaches_whoever_polled_it_and_the_others_try_again() {
    for panics_at_once in [true, false] {
        let connects = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&connects);
        let db = Reconnect::new("db", config(), move || {
            let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(!(panics_at_once && number == 1), "the first");
            async move {
                sleep(50 * MILLISECOND).await;
                assert_ne!(number, 1, "the first");
                Ok::<_, ()>(number)
            }
        })
        .unwrap();
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { *db.connected().await.unwrap() })
            })
            .collect();
        let ended = join_all(tasks).await;
        assert_eq!(ended.iter().filter(|task| task.is_err()).count(), 1);
        assert!(ended.into_iter().flatten().all(|connection| connection == 2));
        assert_eq!((connects.load(Ordering::Relaxed), db.snapshot().totals.failed), (2, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_hangs_is_given_up_and_followed_by_the_next() {
    let connects = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connects);
    let db = Reconnect::new("db", config().with_connect_within(3 * SECOND), move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        async move {
            if number == 1 {
                pending::<()>().await;
            }
            Ok::<_, ()>(number)
        }
    })
    .unwrap();
    let start = tokio::time::Instant::now();
    assert_eq!(*db.connected().await.unwrap(), 2);
    assert_eq!(start.elapsed(), 4 * SECOND, "three of connecting and one of waiting");
    assert_eq!(db.last_error(), None);
}

/// The connect is everybody's: a caller's deadline is not its deadline.
#[tokio::test(start_paused = true)]
async fn the_deadline_of_who_drives_a_connect_does_not_reach_into_it() {
    let db = Reconnect::new("db", config(), || async {
        sleep(50 * MILLISECOND).await;
        Ok::<_, ()>(Deadline::current())
    })
    .unwrap();
    let deadline = Deadline::within(60 * MILLISECOND);
    assert_eq!(*deadline.scope(db.connected()).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_its_deadline_and_leaves_the_connect_to_the_others() {
    let server = Server::slow();
    let db = server.kept(config());
    let hurried = Deadline::within(20 * MILLISECOND).scope(db.connected());
    let (hurried, patient) = tokio::join!(hurried, db.connected());
    assert!(matches!(hurried, Err(Refusal::DeadlineExceeded { began: false, .. })), "{hurried:?}");
    assert_eq!((*patient.unwrap(), server.connects()), (1, 1));
}

/// Whose deadline has passed starts nothing: as of every guard.
#[tokio::test(start_paused = true)]
async fn a_caller_whose_deadline_has_passed_connects_nothing() {
    let server = Server::slow();
    let db = server.kept(config());
    let refused = Deadline::within(Duration::ZERO).scope(db.connected()).await.unwrap_err();
    assert!(matches!(refused, Refusal::DeadlineExceeded { began: false, .. }), "{refused:?}");
    assert_eq!((db.state(), server.connects()), (State::Idle, 0));
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_it_may() {
    let server = Server::slow();
    let db = server.kept(config().with_wait(20 * MILLISECOND));
    let start = tokio::time::Instant::now();
    let refusal = db.connected().await.unwrap_err();
    assert_eq!(start.elapsed(), 20 * MILLISECOND);
    assert!(!refusal.began());
    assert_eq!(refusal.retry_after(), Some(Duration::ZERO), "it is being tried");
    sleep(SECOND).await;
    assert_eq!(*db.connected().await.unwrap(), 1, "the same connect is finished");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_goes_with_the_last_handle() {
    struct Told(Arc<AtomicU32>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let drops = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&drops);
    let db = Reconnect::new("db", config(), move || {
        let told = Told(Arc::clone(&counted));
        async move {
            sleep(SECOND).await;
            Ok::<_, ()>(told)
        }
    })
    .unwrap();
    assert!(db.connected().now_or_never().is_none());
    let other = db.clone();
    drop(db);
    assert_eq!(drops.load(Ordering::Relaxed), 0);
    drop(other);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
}

/// Connections and connects are foreign code: what they do when they are dropped or polled may ask the
/// handle that keeps them.
#[tokio::test(start_paused = true)]
async fn what_is_kept_may_use_its_keeper() {
    struct Curious(Reconnect<Arc<Self>, ()>);
    impl Drop for Curious {
        fn drop(&mut self) {
            let _ = (self.0.state(), self.0.snapshot(), self.0.try_connected().is_some());
        }
    }
    let slot: Arc<std::sync::OnceLock<Reconnect<Arc<Curious>, ()>>> = Arc::default();
    let keeper = Arc::clone(&slot);
    let db = Reconnect::new("db", config(), move || {
        let db = keeper.get().unwrap().clone();
        async move {
            assert_eq!(db.state(), State::Connecting);
            Ok(Arc::new(Curious(db)))
        }
    })
    .unwrap();
    slot.set(db.clone()).unwrap();
    let connection = db.connected().await.unwrap();
    assert!(connection.broken());
    db.reset();
    drop(db.connected().await.unwrap());
    db.close();
    assert_eq!(db.state(), State::Closed);
}

#[test]
fn nothing_needs_a_runtime_that_does_not_wait() {
    let db = Reconnect::new("db", config(), || async { Ok::<_, ()>(7) }).unwrap();
    let connected = AssertUnwindSafe(db.connected()).now_or_never().unwrap();
    assert_eq!(*connected.unwrap(), 7);
    let mut call = pin!(db.call(|connection| async move { Ok::<_, ()>(connection) }));
    assert!(
        std::future::Future::poll(call.as_mut(), &mut Context::from_waker(Waker::noop()))
            .is_ready()
    );
}
