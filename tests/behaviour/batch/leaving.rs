//! Who goes away, and what is sent all the same.

use std::sync::Arc;

use buttress::{
    Error, Refusal,
    batch::{Batcher, Config},
    time::Deadline,
};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, sleep};

use super::{Backend, MILLISECOND};
use crate::fragile::Fragile;

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_does_not_cancel_the_batch() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let tasks = [1, 2, 3].map(|number| tokio::spawn(batcher.load(number)));
    sleep(8 * MILLISECOND).await;
    assert_eq!(backend.calls(), [[1, 2, 3]], "it is being sent");
    let [first, second, third] = tasks;
    first.abort();
    second.abort();
    assert_eq!(third.await.unwrap(), Ok(6));
    assert_eq!(backend.sizes(), [3]);
    assert_eq!(batcher.snapshot().waiting, 0);
}

/// The first, who opened it, goes away while it gathers: its item is not sent, its batch is.
#[tokio::test(start_paused = true)]
async fn an_item_that_nobody_waits_for_is_not_sent() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let start = Instant::now();
    let mut first = batcher.load(1);
    assert_eq!((&mut first).now_or_never(), None);
    let (second, twice, again) = (batcher.load(2), batcher.load(3), batcher.load(3));
    drop(first);
    drop(twice);
    assert_eq!(batcher.snapshot().open, 2);
    assert_eq!((second.await, again.await), (Ok(4), Ok(6)));
    assert_eq!(start.elapsed(), 15 * MILLISECOND);
    assert_eq!(backend.calls(), [[2, 3]]);
}

#[tokio::test(start_paused = true)]
async fn one_who_holds_and_does_not_poll_holds_nobody_up() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let mut held = batcher.load(1);
    assert_eq!((&mut held).now_or_never(), None);
    let unpolled = batcher.load(2);
    assert_eq!(tokio::spawn(batcher.load(3)).await.unwrap(), Ok(6));
    assert_eq!((held.await, unpolled.await), (Ok(2), Ok(4)));
    assert_eq!(backend.sizes(), [3]);
}

#[tokio::test(start_paused = true)]
async fn with_the_last_who_waits_the_batch_is_dropped() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let mut calls = [1, 2].map(|number| batcher.load(number));
    for call in &mut calls {
        assert_eq!(call.now_or_never(), None);
    }
    drop(calls);
    let snapshot = batcher.snapshot();
    assert_eq!((snapshot.open, snapshot.waiting), (0, 0));
    // While it is being sent.
    let sent = tokio::spawn(batcher.load(3));
    sleep(8 * MILLISECOND).await;
    assert_eq!(batcher.snapshot().in_flight, 1);
    sent.abort();
    assert!(sent.await.is_err());
    assert_eq!((batcher.snapshot().in_flight, backend.calls()), (0, vec![vec![3]]));
    assert_eq!(batcher.load(4).await, Ok(8));
}

/// One place, and the batch that had it is dropped: the next gets it.
#[tokio::test(start_paused = true)]
async fn a_batch_that_is_dropped_gives_its_turn_back() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_max_in_flight(1).with_max_items(1));
    let (first, second) = (tokio::spawn(batcher.load(1)), tokio::spawn(batcher.load(2)));
    let third = tokio::spawn(batcher.load(3));
    tokio::task::yield_now().await;
    first.abort();
    second.abort();
    let start = Instant::now();
    assert_eq!(third.await.unwrap(), Ok(6));
    assert_eq!((start.elapsed(), backend.calls()), (10 * MILLISECOND, vec![vec![1], vec![3]]));
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_its_deadline() {
    for (limit, began) in [(3, false), (9, true)] {
        let backend = Backend::default();
        let batcher = backend.batcher(Config::new());
        let call = batcher.clone();
        let hasty = tokio::spawn(
            Deadline::within(MILLISECOND * limit).scope(async move { call.load(1).await }),
        );
        tokio::task::yield_now().await;
        let patient = batcher.load(2);
        assert_eq!(patient.await, Ok(4));
        let answer = hasty.await.unwrap();
        let Err(Error::Refused(Refusal::DeadlineExceeded { began: had_begun, .. })) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(had_begun, began);
        assert_eq!(backend.sizes(), [if began { 2 } else { 1 }]);
    }
    let batcher = Backend::default().batcher(Config::new());
    let late = Deadline::within(MILLISECOND);
    sleep(2 * MILLISECOND).await;
    let answer = late.scope(async { batcher.load(1).await }).await;
    assert!(matches!(answer, Err(Error::Refused(Refusal::DeadlineExceeded { began: false, .. }))));
    assert_eq!(batcher.snapshot().totals.loads, 0);
}

/// What a batch was answered with goes with the last who waited for it, however the batch was closed.
#[tokio::test(start_paused = true)]
async fn a_batch_that_is_over_keeps_nothing() {
    for (items, wait, detached) in
        [(100, 5, false), (2, 5, false), (2, 0, false), (100, 5, true), (2, 5, true)]
    {
        let config = Config::new()
            .with_max_items(items)
            .with_max_wait(wait * MILLISECOND)
            .with_detached(detached);
        let held = Arc::new(());
        let answer = Arc::clone(&held);
        let batcher = Batcher::new("holds", config, move |keys: Vec<u32>| {
            let answers = vec![Arc::clone(&answer); keys.len()];
            async { Ok::<_, String>(answers) }
        });
        let batcher = batcher.unwrap();
        // Two wait for the same: its answer is cloned, and stays with the batch.
        assert!(batcher.load_many([1, 1, 2]).await.iter().all(Result::is_ok));
        sleep(MILLISECOND).await;
        drop(batcher);
        assert_eq!(Arc::strong_count(&held), 1, "{items} items, {wait} ms, detached: {detached}");
    }
}

/// A key that is folded is dropped, and panics in that: who brought it does not count any longer.
#[tokio::test(start_paused = true)]
async fn a_key_that_panics_when_it_is_dropped_leaves_nobody_behind() {
    let batcher = Batcher::new("fragile", Config::new(), |keys: Vec<Fragile>| async move {
        Ok::<_, String>(vec![7; keys.len()])
    });
    let batcher = batcher.unwrap();
    let first = batcher.load(Fragile(false));
    let second = std::panic::AssertUnwindSafe(|| drop(batcher.load(Fragile(true))));
    assert!(std::panic::catch_unwind(second).is_err());
    assert_eq!(batcher.snapshot().waiting, 1);
    assert_eq!(first.await, Ok(7));
    assert_eq!(batcher.snapshot().waiting, 0);
}

/// Many who come and go while a batch waits for its turn.
#[tokio::test(start_paused = true)]
async fn those_who_come_and_go_leave_nothing_behind() {
    let backend = Backend::default();
    let config = Config::new().with_max_in_flight(1).with_max_items(4);
    let batcher = backend.batcher(config);
    let blocker = tokio::spawn(batcher.load(0));
    sleep(6 * MILLISECOND).await;
    let stays = batcher.load(1);
    for number in 2..500 {
        let mut call = batcher.load(number);
        assert_eq!((&mut call).now_or_never(), None);
    }
    let last = join_all([2, 3].map(|number| batcher.load(number)));
    let (blocked, stayed, last) = tokio::join!(blocker, stays, last);
    assert_eq!((blocked.unwrap(), stayed), (Ok(0), Ok(2)));
    assert_eq!(last, [Ok(4), Ok(6)]);
    assert!(backend.calls().concat().iter().all(|number| *number < 4), "{:?}", backend.calls());
    let snapshot = batcher.snapshot();
    assert_eq!((snapshot.open, snapshot.waiting, snapshot.in_flight), (0, 0, 0));
}
