//! Who drives, who waits, and who goes away.

use buttress::{Error, Refusal, single_flight::Config, time::Deadline};
use futures::{FutureExt, future::join_all};
use tokio::{task::JoinSet, time::Instant};

use super::{MILLISECOND, Store, shared};

/// CA-11: 100 misses at once are one load; 512 are one as well.
#[tokio::test(start_paused = true)]
async fn all_who_ask_at_once_get_the_answer_of_one_load_ca11() {
    for callers in [100, 512] {
        let (loads, store) = (shared(Config::new()), Store::default());
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            let (loads, store) = (loads.clone(), store.clone());
            tasks.spawn(async move { loads.call("k", || store.load()).await });
        }
        let start = Instant::now();
        while let Some(answer) = tasks.join_next().await {
            assert_eq!(answer.unwrap(), Ok(1));
        }
        assert_eq!(start.elapsed(), 30 * MILLISECOND);
        assert_eq!(store.counts(), (1, 1, 0));
        let snapshot = loads.snapshot();
        assert_eq!((snapshot.in_flight, snapshot.callers), (0, 0));
        assert_eq!((snapshot.totals.led, snapshot.totals.followed), (1, callers - 1));
        assert_eq!(loads.call("k", || store.load()).await, Ok(2), "nothing is kept");
    }
}

/// CA-12: the leader is dropped in the middle; the load is not begun again, and nobody hangs.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_aborted_leaves_the_same_load_to_the_others_ca12() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let leader = tokio::spawn(loads.call("k", || store.load()));
    let followers: Vec<_> =
        (0..8).map(|_| tokio::spawn(loads.call("k", || store.load()))).collect();
    let start = Instant::now();
    tokio::time::sleep(15 * MILLISECOND).await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    for answer in join_all(followers).await {
        assert_eq!(answer.unwrap(), Ok(1));
    }
    assert_eq!(start.elapsed(), 30 * MILLISECOND, "it went on from where it was");
    assert_eq!(store.counts(), (1, 1, 0));
}

/// Each goes away as soon as it has driven the load once; the last gets the answer.
#[tokio::test(start_paused = true)]
async fn the_load_is_handed_on_as_often_as_its_driver_goes_away() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let calls: Vec<_> = (0..10).map(|_| loads.call("k", || store.load())).collect();
    let mut calls = calls.into_iter();
    let last = calls.next_back().unwrap();
    for mut call in calls {
        assert_eq!((&mut call).now_or_never(), None);
        tokio::time::sleep(MILLISECOND).await;
    }
    assert_eq!(last.await, Ok(1));
    assert_eq!(store.counts(), (1, 1, 0));
}

/// One that is kept, and was polled, and is not polled any longer.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_held_and_not_polled_holds_nobody_up() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let mut leader = loads.call("k", || store.load());
    assert_eq!((&mut leader).now_or_never(), None);
    let mut follower = loads.call("k", || store.load());
    assert_eq!((&mut follower).now_or_never(), None);
    let other = tokio::spawn(loads.call("k", || store.load()));
    assert_eq!(tokio::time::timeout(MILLISECOND * 300, other).await.unwrap().unwrap(), Ok(1));
    assert_eq!((leader.await, follower.await), (Ok(1), Ok(1)), "it waits for them");
    assert_eq!(store.counts(), (1, 1, 0));
}

/// Never polled at all: whoever joins drives.
#[tokio::test(start_paused = true)]
async fn a_leader_that_was_never_polled_has_begun() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let leader = loads.call("k", || store.load());
    assert_eq!(store.counts().0, 1);
    assert_eq!(loads.call("k", || store.load()).await, Ok(1));
    drop(leader);
    assert_eq!(store.counts(), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn with_the_last_who_waits_the_load_is_dropped() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let mut calls: Vec<_> = (0..3).map(|_| loads.call("k", || store.load())).collect();
    for call in &mut calls {
        assert_eq!(call.now_or_never(), None);
    }
    calls.truncate(1);
    assert_eq!((store.counts(), loads.in_flight()), ((1, 0, 0), 1));
    drop(calls);
    assert_eq!((store.counts(), loads.in_flight()), ((1, 0, 1), 0));
    assert_eq!(loads.snapshot().totals.abandoned, 1);
    assert_eq!(loads.call("k", || store.load()).await, Ok(2));
}

/// CA-14: a load asks for another key, and for the same key of another flight.
#[tokio::test(start_paused = true)]
async fn a_load_may_ask_for_another_key_ca14() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let inner = loads.clone();
    let answer = loads.call("a", move || async move {
        let sum = inner.call("b", || store.load()).await.unwrap()
            + inner.call("c", || store.load()).await.unwrap();
        Ok(sum * 100)
    });
    assert_eq!(answer.await, Ok(300));
    assert_eq!(loads.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn keys_do_not_wait_for_each_other() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let start = Instant::now();
    let answers = join_all(["a", "b", "c", "a"].map(|key| loads.call(key, || store.load()))).await;
    assert_eq!(answers, [Ok(1), Ok(2), Ok(3), Ok(1)]);
    assert_eq!(start.elapsed(), 30 * MILLISECOND);
}

/// Who has less time leaves earlier, and the others get the answer.
#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_its_deadline_and_cancels_nobody() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let start = Instant::now();
    let (call, other) = (loads.clone(), store.clone());
    let hasty = Deadline::within(12 * MILLISECOND)
        .scope(async move { call.call("k", || other.load()).await });
    let hasty = tokio::spawn(async move { (hasty.await, start.elapsed()) });
    tokio::task::yield_now().await;
    let patient = loads.call("k", || store.load());
    assert_eq!(patient.await, Ok(1));
    assert_eq!(start.elapsed(), 30 * MILLISECOND);
    let (answer, left) = hasty.await.unwrap();
    assert_eq!(left, 12 * MILLISECOND);
    assert!(
        matches!(&answer, Err(Error::Refused(Refusal::DeadlineExceeded { began: true, .. }))),
        "{answer:?}"
    );
    assert_eq!(store.counts(), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_begun_for_who_has_no_time() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let late = Deadline::within(MILLISECOND);
    tokio::time::sleep(5 * MILLISECOND).await;
    let answer = late.scope(async { loads.call("k", || store.load()).await }).await;
    let Err(Error::Refused(Refusal::DeadlineExceeded { began, late, .. })) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((began, late), (false, 4 * MILLISECOND));
    assert_eq!((store.counts().0, loads.in_flight()), (0, 0));
}

/// The work is for all of them: it is not over with the time of whoever drives it.
#[tokio::test(start_paused = true)]
async fn the_work_knows_no_callers_deadline() {
    let loads = shared(Config::new());
    let seen = Deadline::within(MILLISECOND).scope(async {
        loads
            .call("k", || async {
                tokio::task::yield_now().await;
                Ok(Deadline::current().map_or(0, |_| 1))
            })
            .await
    });
    assert_eq!(seen.await, Ok(0));
}

/// Nor does what the closure itself begins, before there is a future.
#[tokio::test(start_paused = true)]
async fn what_the_closure_begins_knows_no_callers_deadline() {
    let (outer, inner, store) = (shared(Config::new()), shared(Config::new()), Store::default());
    let work = || {
        let load = inner.call("x", || store.load());
        async move { load.await.map_err(|error| format!("{error:?}")) }
    };
    let hasty = Deadline::within(12 * MILLISECOND).scope(async { outer.call("k", work).await });
    let patient = async {
        tokio::task::yield_now().await;
        outer.call("k", work).await
    };
    let (hasty, patient) = tokio::join!(hasty, patient);
    assert!(matches!(hasty, Err(Error::Refused(Refusal::DeadlineExceeded { .. }))), "{hasty:?}");
    assert_eq!(patient, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_begun_anew_and_ends_for_who_waits() {
    let (loads, store) = (shared(Config::new()), Store::default());
    let (first, second) = (loads.call("k", || store.load()), loads.call("k", || store.load()));
    assert!(loads.forget("k") && !loads.forget("k"));
    let third = loads.call("k", || store.load());
    assert_eq!(loads.in_flight(), 2);
    drop(first);
    assert_eq!((second.await, third.await), (Ok(1), Ok(2)));
    assert_eq!((store.counts(), loads.in_flight()), ((2, 2, 0), 0));
}

/// It would wait for itself, and so would whoever comes: it is told, and the others get what it makes of it.
#[tokio::test(start_paused = true)]
async fn work_that_waits_for_its_own_key_is_told() {
    fn told(error: Error<String>) -> String {
        match error {
            Error::Refused(refusal) => refusal.to_string(),
            Error::Inner(error) => error,
        }
    }
    let own = "`loads` refuses the input: work must not wait for its own key".to_owned();
    for config in [Config::new(), Config::new().with_detached(true)] {
        let (loads, store) = (shared(config), Store::default());
        let (inner, other) = (loads.clone(), store.clone());
        let leader = loads
            .call("a", move || async move { inner.call("a", || other.load()).await.map_err(told) });
        let follower = loads.call("a", || store.load());
        let answers = tokio::join!(leader, follower);
        assert_eq!(answers, (Err(Error::Inner(own.clone())), Err(Error::Inner(own.clone()))));
        assert_eq!((loads.in_flight(), store.counts().0), (0, 0));
    }
    // By way of another key.
    let (loads, store) = (shared(Config::new()), Store::default());
    let (outer, inner) = (loads.clone(), loads.clone());
    let call = loads.call("a", move || async move {
        let back = || async move { inner.call("a", || store.load()).await.map_err(told) };
        outer.call("b", back).await.map_err(told)
    });
    assert_eq!(call.now_or_never(), Some(Err(Error::Inner(own))));
    assert_eq!((loads.in_flight(), loads.snapshot().callers), (0, 0));
}

/// What does not wait for it there may ask for it.
#[tokio::test(start_paused = true)]
async fn work_may_leave_somebody_behind_who_waits_for_it() {
    for config in [Config::new(), Config::new().with_detached(true)] {
        let loads = shared(config);
        let inner = loads.clone();
        let waits = loads.call("a", move || async move {
            let behind = tokio::spawn(inner.call("a", || async { Ok(8) }));
            tokio::time::sleep(MILLISECOND).await;
            drop(behind);
            Ok(7)
        });
        assert_eq!(waits.await, Ok(7));
        tokio::task::yield_now().await;
        assert_eq!((loads.in_flight(), loads.snapshot().totals.followed), (0, 1));
    }
}
