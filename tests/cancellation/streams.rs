//! Streams dropped at every await, by their reader and by a timeout.

use std::pin::pin;

use buttress::{
    circuit_breaker::{CircuitBreaker, State},
    testing::drop_at_every_await,
    timeout::stream::{Config, StreamTimeout},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::sleep;

use crate::circuit::{PROBES, SECOND, STEP, assert_unharmed, breaker, half_open, slow};

/// Three words and an end, a step apart; everything alive of it is counted as in flight.
fn words() -> impl Stream<Item = Result<u8, &'static str>> {
    stream::iter(0..4)
        .then(|word| async move { (sleep(2 * STEP).await, word).1 })
        .filter_map(|word| async move { (word < 3).then_some(Ok(word)) })
}

fn timeout() -> StreamTimeout {
    StreamTimeout::new("lost", Config::new().with_gap(SECOND).with_total(60 * SECOND)).unwrap()
}

async fn read<S: Stream>(stream: S) {
    let mut stream = pin!(stream);
    while stream.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_stream_behind_a_breaker_dropped_at_any_await() {
    let (breaker, idle) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            read(breaker.stream(words))
        },
        |_| assert_unharmed(&breaker, &idle),
    )
    .await;
    assert!(drops >= 8, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_behind_a_timeout_and_a_breaker_dropped_at_any_await() {
    let (breaker, timeout, idle) = (breaker(), timeout(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            read(timeout.run_stream(breaker.stream(words)))
        },
        |_| assert_unharmed(&breaker, &idle),
    )
    .await;
    assert!(drops >= 8, "{drops}");
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            read(breaker.run_stream(|| timeout.stream(words())))
        },
        |_| assert_unharmed(&breaker, &idle),
    )
    .await;
    assert!(drops >= 8, "{drops}");
    assert_eq!(timeout.snapshot().totals, Default::default(), "a drop is no stall");
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_waits_for_its_stream_and_is_dropped_before() {
    let (breaker, idle) = (breaker(), slow());
    let drops = drop_at_every_await(
        STEP,
        || {
            half_open(&breaker);
            let permit = breaker.try_acquire_owned().unwrap();
            async {
                sleep(STEP).await;
                read(permit.record_stream(words())).await;
            }
        },
        |_| assert_unharmed(&breaker, &idle),
    )
    .await;
    assert!(drops >= 8, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn streams_given_up_unpolled_leave_nothing_behind() {
    let breaker = breaker();
    half_open(&breaker);
    let streams: Vec<_> = (0..PROBES).map(|_| breaker.stream(words)).collect();
    assert!(breaker.try_acquire().is_err());
    drop(streams);
    assert_unharmed(&breaker, &slow());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_around_its_stream_counts_as_a_failure() {
    let breaker = breaker();
    half_open(&breaker);
    let call = buttress::timeout::Timeout::new("whole", 5 * STEP).unwrap();
    let read = || async {
        read(breaker.stream(words)).await;
        Ok::<_, ()>(())
    };
    assert!(call.call(read).await.is_err());
    assert_eq!(breaker.snapshot().counts.failures, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_held_by_a_task_that_is_aborted() {
    let breaker: CircuitBreaker = breaker();
    half_open(&breaker);
    let stream = timeout().run_stream(breaker.stream(words));
    let task = tokio::spawn(read(stream));
    sleep(3 * STEP).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert_unharmed(&breaker, &slow());
}
