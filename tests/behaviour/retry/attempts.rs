//! How often it is tried, and what is worth another attempt.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use buttress::{
    Error,
    backoff::Backoff,
    outcome::Outcome,
    retry::{Attempted, Ending, Retry},
    testing::{Polls, Step},
};
use futures::{FutureExt, future::join};
use tokio::time::{Instant, advance, timeout};

use super::doors::{
    Answer, Backend, Down, MILLISECOND, News, Notes, SECOND, Told, broken, callers, immediate,
    steady,
};

#[tokio::test(start_paused = true)]
async fn three_attempts_have_two_waits_and_the_last_error_comes_back_rt_01() {
    for caller in callers(steady().with_max_attempts(3)) {
        let errors = [Down::Broken, Down::Busy, Down::Missing];
        let backend = Backend::new(errors.map(Step::err));
        let start = Instant::now();
        assert_eq!(caller.ask(&backend).await, Err(Error::Inner(Down::Missing)));
        assert_eq!((backend.calls(), start.elapsed()), (3, 2 * SECOND), "{:?}", caller.door);
        assert_eq!(caller.counted(), (2, 0));
        assert_eq!(caller.given_up().attempts, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn one_attempt_is_no_retry_rt_02() {
    for caller in callers(steady().with_max_attempts(1)) {
        let (backend, notes) = (Backend::down(), Notes::new());
        let note = notes.clone();
        let caller = caller
            .seen_by(|retry| retry.on_retry(move |again: &News<'_>| note.note(again.attempt)));
        let call = caller.start(&backend);
        assert_eq!(call.now_or_never(), Some(broken()), "{:?}: without a wait", caller.door);
        assert_eq!((backend.calls(), notes.all()), (1, vec![]));
        assert_eq!((caller.counted(), caller.given_up().attempts), ((0, 0), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_is_tried_once_and_counted_nowhere() {
    for caller in callers(steady()) {
        let backend = Backend::failing(0);
        assert_eq!(caller.ask(&backend).await, Ok("up"));
        assert_eq!((backend.calls(), caller.totals()), (1, Default::default()));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_classified_a_failure_is_tried_again_rt_05() {
    fn eyes(answer: &Answer) -> Outcome {
        match answer {
            Ok("503") | Err(_) => Outcome::Failure,
            Ok(_) => Outcome::Success,
        }
    }
    for caller in callers(steady()) {
        let caller = caller.seen_by(|retry| retry.classify(eyes as fn(&Answer) -> Outcome));
        let backend = Backend::new([Step::ok("503"), Step::ok("503"), Step::ok("200")]);
        assert_eq!(caller.ask(&backend).await, Ok("200"));
        assert_eq!((backend.calls(), caller.counted()), (3, (2, 1)), "{:?}", caller.door);

        let backend = Backend::new([Step::ok("503")]);
        assert_eq!(caller.ask(&backend).await, Ok("503"), "the last answer, as it is");
        assert_eq!((backend.calls(), caller.given_up().attempts), (3, 1));
        assert_eq!(caller.counted(), (4, 1), "it did not recover");
    }
}

/// Attempts that need no time come back in handfuls, so that other tasks have their turn.
#[tokio::test(start_paused = true)]
async fn ten_thousand_failures_and_a_success_starve_nobody_rt_07() {
    for caller in callers(immediate().with_max_attempts(u32::MAX)) {
        let (backend, polls) = (Backend::failing(10_000), Polls::new());
        let mut turns = 0;
        let others = async {
            while backend.calls() < 10_001 {
                turns += 1;
                tokio::task::yield_now().await;
            }
        };
        let (told, ()) = join(polls.of(caller.detailed(&backend)), others).await;
        let Attempted { result, attempts, ending, .. } = told;
        assert_eq!((result, attempts, ending), (Ok("up"), 10_001, Ending::Answered));
        assert_eq!(backend.calls(), 10_001, "{:?}", caller.door);
        assert!(turns >= 100, "{:?}: others had {turns} turns", caller.door);
        assert!(polls.count() >= 100, "{} polls", polls.count());
        polls.assert_at_most(2000);
        assert_eq!(caller.counted(), (10_000, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_ignored_ends_the_attempts_at_once_rt_08() {
    for caller in callers(steady().with_max_attempts(10)) {
        let caller = caller.discerning();
        let backend = Backend::new([Step::err(Down::Broken), Step::err(Down::Missing)]);
        let told: Told = caller.detailed(&backend).await;
        assert_eq!(told.result, Err(Error::Inner(Down::Missing)));
        assert_eq!((told.attempts, told.ending), (2, Ending::Answered), "{:?}", caller.door);
        assert_eq!((backend.calls(), caller.counted()), (2, (1, 0)));
        assert_eq!(caller.given_up(), Default::default(), "it was not given up");
    }
}

#[tokio::test(start_paused = true)]
async fn soft_failures_are_tried_again_as_hard_ones_are() {
    for caller in callers(steady()) {
        let caller = caller.discerning();
        let backend = Backend::new([Step::err(Down::Busy), Step::err(Down::Busy), Step::ok("up")]);
        assert_eq!(caller.ask(&backend).await, Ok("up"));
        assert_eq!((backend.calls(), caller.counted()), (3, (2, 1)), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_slow_or_to_be_ignored_is_the_answer() {
    for outcome in [Outcome::Slow, Outcome::Ignore, Outcome::Success] {
        for caller in callers(steady()) {
            let caller = caller.seen_by(|retry| retry.classify(move |_: &Answer| outcome));
            for step in [Step::ok("up"), Step::err(Down::Broken)] {
                let backend = Backend::new([step]);
                assert!(caller.ask(&backend).now_or_never().is_some(), "{outcome:?}: at once");
                assert_eq!(backend.calls(), 1);
            }
            assert_eq!(caller.totals(), Default::default(), "{outcome:?}, {:?}", caller.door);
        }
    }
}

/// Attempts are numbered from 1, and the hook is not called after the last.
#[tokio::test(start_paused = true)]
async fn an_observer_hears_of_every_further_attempt_before_its_delay_rt_12() {
    for caller in callers(steady().with_max_attempts(4)) {
        let (backend, notes) = (Backend::down(), Notes::new());
        let note = notes.clone();
        let caller = caller.seen_by(|retry| {
            retry.on_retry(move |again: &News<'_>| {
                let at = Instant::now();
                note.note((again.attempt, again.result.clone(), again.delay, again.waited, at));
            })
        });
        let start = Instant::now();
        assert_eq!(caller.ask(&backend).await, broken());
        let heard = |attempt: u32| {
            let waited = (attempt - 1) * SECOND;
            (attempt, broken(), SECOND, waited, start + waited)
        };
        assert_eq!(notes.all(), [heard(1), heard(2), heard(3)], "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_unpolled_runs_nothing_rt_14() {
    let retry = Retry::new("backend", steady()).unwrap();
    let ran = Cell::new(0);
    let body = || async {
        ran.set(ran.get() + 1);
        Err::<(), _>(Down::Broken)
    };
    drop(retry.call(body));
    advance(60 * SECOND).await;
    assert_eq!(ran.get(), 0);
    assert_eq!(retry.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_during_an_attempt_makes_no_other_rt_14() {
    for caller in callers(steady()) {
        let slow = || Step::err(Down::Broken).after(5 * SECOND);
        let backend = Backend::new([slow(), slow()]);
        assert!(timeout(7 * SECOND, caller.ask(&backend)).await.is_err(), "during the second");
        assert_eq!((backend.calls(), backend.counts().in_flight), (2, 0), "{:?}", caller.door);
        advance(60 * SECOND).await;
        assert_eq!((backend.calls(), backend.counts().cancelled), (2, 1));
        assert_eq!(caller.counted(), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_during_a_wait_ends_there_rt_14() {
    let config = steady().with_backoff(Backoff::constant(5 * SECOND));
    for caller in callers(config) {
        let (backend, start) = (Backend::down(), Instant::now());
        assert!(timeout(SECOND, caller.ask(&backend)).await.is_err());
        assert_eq!((start.elapsed(), backend.calls()), (SECOND, 1), "{:?}", caller.door);
        advance(60 * SECOND).await;
        assert_eq!(backend.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_holds_and_what_it_gave_are_dropped_before_the_wait() {
    let retry = Retry::new("backend", steady()).unwrap();
    let (held, given) = (Arc::new(()), Arc::new(()));
    let call = retry.call(|| {
        let (held, given) = (Arc::clone(&held), Arc::clone(&given));
        async move {
            tokio::task::yield_now().await;
            let _held = held;
            Err::<(), _>(given)
        }
    });
    let mut call = pin!(call);
    let mut count = |after| {
        let poll = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx)));
        assert!(poll.now_or_never().unwrap().is_pending(), "{after}");
        (Arc::strong_count(&held) - 1, Arc::strong_count(&given) - 1)
    };
    assert_eq!(count("during the first attempt"), (1, 1));
    assert_eq!(count("during the wait"), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_tells_how_it_went() {
    let config = steady().with_max_attempts(3);
    for caller in callers(config) {
        for (failures, attempts, ending) in
            [(0, 1, Ending::Answered), (1, 2, Ending::Answered), (9, 3, Ending::Attempts)]
        {
            let told = caller.detailed(&Backend::failing(failures)).await;
            let waited = (attempts - 1) * SECOND;
            assert_eq!(
                (told.attempts, told.waited, told.ending),
                (attempts, waited, ending),
                "{:?}",
                caller.door
            );
            assert_eq!(told.result, if failures == 9 { broken() } else { Ok("up") });
        }
    }
}

/// How long the attempts themselves take is no wait.
#[tokio::test(start_paused = true)]
async fn what_was_waited_does_not_count_what_was_worked() {
    for caller in callers(steady()) {
        let backend = Backend::new([Step::err(Down::Broken).after(7 * SECOND)]);
        let start = Instant::now();
        let told = caller.detailed(&backend).await;
        assert_eq!((told.waited, start.elapsed()), (2 * SECOND, 23 * SECOND), "{:?}", caller.door);
        assert_eq!(backend.waits(), [8 * SECOND; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn polled_again_after_its_answer_a_call_has_no_other() {
    for caller in callers(steady()) {
        for failures in [0, 1, 9] {
            let backend = Backend::failing(failures);
            let mut call = caller.start(&backend);
            let _ = call.as_mut().await;
            let calls = backend.calls();
            assert!(timeout(60 * SECOND, call.as_mut()).await.is_err(), "{:?}", caller.door);
            drop(call);
            assert_eq!(backend.calls(), calls);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_is_polled_no_more_often_than_it_is_woken() {
    for caller in callers(steady()) {
        let polls = Polls::new();
        let backend = Backend::new([Step::err(Down::Broken).after(30 * MILLISECOND)]);
        assert_eq!(polls.of(caller.ask(&backend)).await, broken());
        // Once at first, and once at the end of each attempt and each wait.
        polls.assert_at_most(6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_result_is_classified_once() {
    for (step, expected) in [(Step::ok("503"), Ok("503")), (Step::err(Down::Broken), broken())] {
        for caller in callers(steady().with_max_attempts(3)) {
            let notes = Notes::new();
            let note = notes.clone();
            let caller = caller.seen_by(|retry| {
                retry.classify(move |answer: &Answer| {
                    note.note(answer.clone());
                    Outcome::Failure
                })
            });
            assert_eq!(caller.ask(&Backend::new([step.clone()])).await, expected);
            assert_eq!(notes.all().len(), 3, "{:?}: {expected:?}", caller.door);
        }
    }
}
