//! How long there is between attempts, without jitter.

use std::{iter, time::Duration};

use buttress::{
    Error,
    backoff::{Backoff, Jitter},
    retry::{Config, Ending},
    testing::Step,
};
use futures::FutureExt;

use super::doors::{Backend, Down, MILLISECOND, Notes, SECOND, broken, callers, delays, immediate};

fn exact(backoff: Backoff, attempts: u32) -> Config {
    Config::new().with_backoff(backoff).with_jitter(Jitter::None).with_max_attempts(attempts)
}

/// Both what an observer is told and what is waited.
async fn assert_waits(config: Config, expected: &[Duration]) {
    for caller in callers(config) {
        let (backend, notes) = (Backend::down(), Notes::new());
        let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
        assert_eq!(caller.ask(&backend).await, broken());
        assert_eq!(notes.all(), expected, "{:?}", caller.door);
        let up_to_a_tick =
            |(waited, told): (Duration, &Duration)| waited >= *told && waited - *told < MILLISECOND;
        assert!(backend.waits().into_iter().zip(expected).all(up_to_a_tick));
        assert_eq!(backend.waits().len(), expected.len());
    }
}

#[tokio::test(start_paused = true)]
async fn the_three_backoffs_rt_16() {
    let seconds = |seconds: [u32; 4]| seconds.map(|count| count * SECOND);
    let minute = 60 * SECOND;
    assert_waits(exact(Backoff::exponential(SECOND, minute), 5), &seconds([1, 2, 4, 8])).await;
    assert_waits(exact(Backoff::linear(SECOND, minute), 5), &seconds([1, 2, 3, 4])).await;
    assert_waits(exact(Backoff::constant(SECOND), 5), &seconds([1; 4])).await;
    assert_waits(exact(Backoff::Immediate, 5), &seconds([0; 4])).await;
}

#[tokio::test(start_paused = true)]
async fn the_cap_holds_from_where_it_is_reached() {
    let seconds = |seconds: [u32; 5]| seconds.map(|count| count * SECOND);
    let capped = exact(Backoff::exponential(SECOND, 5 * SECOND), 6);
    assert_waits(capped, &seconds([1, 2, 4, 5, 5])).await;
    assert_waits(exact(Backoff::linear(2 * SECOND, 5 * SECOND), 6), &seconds([2, 4, 5, 5, 5]))
        .await;
    assert_waits(exact(Backoff::exponential(SECOND, SECOND), 6), &seconds([1; 5])).await;
}

#[tokio::test(start_paused = true)]
async fn a_factor_that_is_no_whole_number_rt_19() {
    let by_half = |base| Backoff::Exponential { base, factor: 1.5, cap: 60 * SECOND };
    let expected = [500_000, 750_000, 1_125_000, 1_687_500].map(Duration::from_micros);
    assert_waits(exact(by_half(500 * MILLISECOND), 5), &expected).await;
}

#[tokio::test(start_paused = true)]
async fn factors_of_one_and_of_a_thousand() {
    let by = |factor| Backoff::Exponential { base: MILLISECOND, factor, cap: 3600 * SECOND };
    assert_waits(exact(by(1.0), 4), &[MILLISECOND; 3]).await;
    assert_waits(exact(by(1000.0), 4), &[MILLISECOND, SECOND, 1000 * SECOND]).await;
}

#[tokio::test(start_paused = true)]
async fn delays_that_end_end_the_attempts_rt_18() {
    for caller in callers(Config::new().with_max_attempts(10)) {
        let (backend, notes) = (Backend::down(), Notes::new());
        let caller = caller.seen_by(|retry| retry.delays(|| [3 * SECOND]).on_retry(delays(&notes)));
        let told = caller.detailed(&backend).await;
        assert_eq!((told.result, told.attempts), (broken(), 2), "{:?}", caller.door);
        assert_eq!(told.ending, Ending::Attempts);
        assert_eq!((backend.waits(), notes.all()), (vec![3 * SECOND], vec![3 * SECOND]));
        assert_eq!((caller.counted(), caller.given_up().attempts), ((1, 0), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn delays_of_ones_own_are_waited_as_they_are_and_no_longer_than_attempts_last() {
    for caller in callers(Config::new().with_max_attempts(4)) {
        let backend = Backend::down();
        let fibonacci = [1, 1, 2, 3, 5, 8].map(|seconds| seconds * SECOND);
        let caller = caller.seen_by(|retry| retry.delays(move || fibonacci));
        // A call has delays of its own.
        for _ in 0..2 {
            assert_eq!(caller.ask(&backend).await, broken());
        }
        assert_eq!(backend.calls(), 8);
        assert_eq!(backend.waits()[..3], fibonacci[..3], "{:?}", caller.door);
        assert_eq!(backend.waits()[4..], fibonacci[..3]);
    }
}

#[tokio::test(start_paused = true)]
async fn delays_can_be_put_together_rt_22() {
    for caller in callers(Config::new().with_max_attempts(u32::MAX)) {
        let backend = Backend::down();
        let caller = caller.seen_by(|retry| {
            retry.delays(|| {
                let doubling = iter::successors(Some(SECOND), |last| Some(2 * *last));
                iter::repeat_n(5 * SECOND, 3).chain(doubling.take(3))
            })
        });
        assert_eq!(caller.ask(&backend).await, broken());
        let seconds: Vec<_> = backend.waits().iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [5, 5, 5, 1, 2, 4], "{:?}", caller.door);
    }
}

/// Without a runtime a timer cannot even be made.
#[test]
fn no_delay_makes_no_timer_rt_20() {
    for caller in callers(immediate()) {
        let backend = Backend::failing(2);
        let answer = caller.ask(&backend).now_or_never();
        assert_eq!(answer, Some(Ok("up")), "{:?}: in one poll", caller.door);
        assert_eq!(backend.calls(), 3);
    }
    for caller in callers(Config::new()) {
        let caller = caller.seen_by(|retry| retry.delays(|| [Duration::ZERO; 2]));
        assert_eq!(caller.ask(&Backend::failing(2)).now_or_never(), Some(Ok("up")));
    }
}

#[test]
fn nor_does_a_call_that_succeeds() {
    for caller in callers(Config::new()) {
        assert_eq!(caller.ask(&Backend::failing(0)).now_or_never(), Some(Ok("up")));
    }
}

/// What is drawn next on this thread is the same, however many calls have succeeded before.
#[tokio::test(start_paused = true)]
async fn a_call_that_succeeds_draws_no_number() {
    for caller in callers(Config::new().with_max_attempts(2)) {
        let mut waited = Vec::new();
        for successes in [0, 100] {
            buttress::random::seed(11);
            for _ in 0..successes {
                assert_eq!(caller.ask(&Backend::failing(0)).await, Ok("up"));
            }
            waited.push(caller.detailed(&Backend::failing(1)).await.waited);
        }
        assert!(waited[0] > Duration::ZERO, "{:?}", caller.door);
        assert_eq!(waited[0], waited[1], "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_end_is_begun_where_nothing_bounds_it() {
    for caller in callers(Config::new()) {
        let backend = Backend::down();
        let caller = caller.seen_by(|retry| retry.delays(|| [Duration::MAX; 2]));
        let hour = 3600 * SECOND;
        assert!(tokio::time::timeout(hour, caller.ask(&backend)).await.is_err());
        assert_eq!(backend.calls(), 1, "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_needs_no_delay_is_not_asked_for_any() {
    for caller in callers(Config::new()) {
        let notes = Notes::new();
        let note = notes.clone();
        let caller = caller.discerning().seen_by(|retry| {
            retry.delays(move || {
                note.note(());
                [SECOND]
            })
        });
        let backend = Backend::new([Step::err(Down::Missing)]);
        assert_eq!(caller.ask(&backend).await, Err(Error::Inner(Down::Missing)));
        assert_eq!(notes.all(), [], "{:?}", caller.door);
    }
}
