//! What goes in a batch, and when it is sent.

use buttress::{Error, Refusal, batch::Config, testing::Polls};
use futures::{FutureExt, future::join_all};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{Backend, MILLISECOND};

#[tokio::test(start_paused = true)]
async fn two_hundred_and_fifty_items_are_three_calls_in_their_order() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let answers = batcher.load_many(0..250).await;
    assert_eq!(answers, (0..250).map(|number| Ok(number * 2)).collect::<Vec<_>>());
    assert_eq!(backend.sizes(), [100, 100, 50]);
    assert_eq!(backend.calls().concat(), (0..250).collect::<Vec<_>>());
    let snapshot = batcher.snapshot();
    assert_eq!((snapshot.open, snapshot.in_flight, snapshot.waiting), (0, 0, 0));
    assert_eq!((snapshot.totals.loads, snapshot.totals.calls), (250, 3));
}

/// The same from a task each, on several threads' worth of them.
#[tokio::test(start_paused = true)]
async fn fifty_callers_are_one_call_and_each_has_its_own_answer() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let polls = Polls::new();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for number in 0..50 {
        let (batcher, polls) = (batcher.clone(), polls.clone());
        tasks.spawn(async move { (number, polls.of(batcher.load(number)).await) });
    }
    while let Some(ended) = tasks.join_next().await {
        let (number, answer) = ended.unwrap();
        assert_eq!(answer, Ok(number * 2));
    }
    assert_eq!(start.elapsed(), 15 * MILLISECOND, "five to gather, ten to answer");
    assert_eq!(backend.sizes(), [50]);
    polls.assert_at_most(50 * 3); // when it comes, when it is sent, when it is answered
}

#[tokio::test(start_paused = true)]
async fn equal_keys_are_sent_once_and_all_have_the_answer() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new());
    let answers = batcher.load_many([7, 8, 7, 7, 9, 8]).await;
    assert_eq!(answers, [14, 16, 14, 14, 18, 16].map(Ok));
    assert_eq!(backend.calls(), [[7, 8, 9]]);
    assert_eq!(batcher.snapshot().totals.folded, 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_full_does_not_wait() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_max_items(3));
    let start = Instant::now();
    assert_eq!(batcher.load_many([1, 2, 3]).await, [Ok(2), Ok(4), Ok(6)]);
    assert_eq!(start.elapsed(), 10 * MILLISECOND);
    assert_eq!(batcher.load_many([1, 2]).await, [Ok(2), Ok(4)]);
    assert_eq!(start.elapsed(), 25 * MILLISECOND);
    let single = backend.batcher(Config::new().with_max_items(1));
    assert_eq!(single.load_many([1, 2, 1]).await, [Ok(2), Ok(4), Ok(2)]);
    assert_eq!(backend.sizes(), [3, 2, 1, 1, 1]);
}

/// Filled by others, while its first callers sleep.
#[tokio::test(start_paused = true)]
async fn the_one_who_fills_a_batch_wakes_those_who_wait_for_it() {
    let backend = Backend::default();
    let batcher =
        backend.batcher(Config::new().with_max_items(3).with_max_wait(3600 * 1000 * MILLISECOND));
    let waiting = [batcher.load(1), batcher.load(2)].map(tokio::spawn);
    tokio::task::yield_now().await;
    let start = Instant::now();
    // It is never polled: the others send the batch, and get their answers.
    let last = batcher.load(3);
    for (task, answer) in waiting.into_iter().zip([2, 4]) {
        assert_eq!(task.await.unwrap(), Ok(answer));
    }
    assert_eq!(start.elapsed(), 10 * MILLISECOND);
    assert_eq!(last.await, Ok(6));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_no_heavier_than_it_may_be() {
    let backend = Backend::default();
    let config = Config::new().with_max_weight(10);
    let batcher = backend.batcher(config).weigh(|number| u64::from(*number));
    let answers = batcher.load_many([4, 5, 3, 7, 10, 0, 1]).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(backend.calls(), [vec![4, 5], vec![3, 7], vec![10], vec![0, 1]]);
}

/// Refused before anything is sent, and the others are not held up.
#[tokio::test(start_paused = true)]
async fn an_item_that_is_heavier_than_a_batch_is_refused() {
    let backend = Backend::default();
    let batcher =
        backend.batcher(Config::new().with_max_weight(10)).weigh(|number| u64::from(*number));
    let answers = batcher.load_many([4, 11, 5]).await;
    assert_eq!((&answers[0], &answers[2]), (&Ok(8), &Ok(10)));
    let Err(Error::Refused(refusal)) = &answers[1] else { panic!("{answers:?}") };
    assert!(matches!(refusal, Refusal::Invalid { .. }) && !refusal.began(), "{refusal}");
    assert_eq!(backend.calls(), [[4, 5]]);
    assert_eq!(batcher.snapshot().totals.refused, 1);
}

/// What comes while all places are taken goes in one batch, longer than it would have waited.
#[tokio::test(start_paused = true)]
async fn while_so_many_are_sent_the_next_gathers() {
    let backend = Backend::default();
    let config = Config::new().with_max_in_flight(1).with_max_wait(MILLISECOND);
    let batcher = backend.batcher(config);
    let first = tokio::spawn(batcher.load(1));
    sleep(2 * MILLISECOND).await;
    let mut later = Vec::new();
    for number in 2..6 {
        later.push(tokio::spawn(batcher.load(number)));
        sleep(2 * MILLISECOND).await;
    }
    assert_eq!((batcher.snapshot().in_flight, batcher.snapshot().open), (1, 4));
    assert_eq!(first.await.unwrap(), Ok(2));
    let answers = join_all(later).await;
    assert_eq!(answers.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [4, 6, 8, 10].map(Ok));
    assert_eq!(backend.calls(), [vec![1], vec![2, 3, 4, 5]]);
}

#[tokio::test(start_paused = true)]
async fn so_many_are_sent_at_once_and_no_more() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_max_items(1).with_max_in_flight(2));
    let start = Instant::now();
    assert!(batcher.load_many(0..6).await.iter().all(Result::is_ok));
    assert_eq!(start.elapsed(), 30 * MILLISECOND);
    assert_eq!(backend.sizes(), [1; 6]);
}

#[tokio::test(start_paused = true)]
async fn without_a_wait_a_batch_is_what_came_before_it_was_polled() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_max_wait(std::time::Duration::ZERO));
    let start = Instant::now();
    assert_eq!(batcher.load_many([1, 2]).await, [Ok(2), Ok(4)]);
    assert_eq!(start.elapsed(), 10 * MILLISECOND);
    assert_eq!(backend.sizes(), [2]);
}

#[tokio::test(start_paused = true)]
async fn more_callers_than_may_wait_are_refused() {
    let backend = Backend::default();
    let batcher = backend.batcher(Config::new().with_max_waiting(2));
    let waiting = [batcher.load(1), batcher.load(2)];
    let full = Refusal::Full { name: "doubles".into(), limit: 2 };
    assert_eq!(batcher.load(3).now_or_never(), Some(Err(Error::Refused(full))));
    assert_eq!(join_all(waiting).await, [Ok(2), Ok(4)]);
    assert_eq!(batcher.load(3).await, Ok(6));
    assert_eq!(backend.calls(), [vec![1, 2], vec![3]]);
}
