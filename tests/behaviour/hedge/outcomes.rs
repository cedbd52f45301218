//! What results do to the race.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{Error, outcome::Outcome, pushback::Pushback, testing::Step};
use tokio::time::{Instant, sleep};

use super::{Backend, Door, Down, SECOND, Seen, eyes, hedge, millis, seeing};

/// HG-13: "429, come back later", and "do not try again".
#[tokio::test(start_paused = true)]
async fn a_backend_that_asks_to_be_left_alone_is_not_asked_again() {
    for door in Door::ALL {
        for pushback in [Pushback::after(SECOND), Pushback::never()] {
            let steps = [Step::err(Down::Broken(1)).after(millis(5)), Step::ok(2)];
            let backend = Backend::new(steps);
            let hedge =
                hedge(10, 3).retry_after(
                    move |result: &Seen| {
                        if result.is_err() { pushback } else { Pushback::NONE }
                    },
                );
            assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Broken(1))));
            assert_eq!(backend.counts().calls, 1, "{door:?} {pushback:?}");
            assert_eq!(hedge.snapshot().totals, Default::default());
        }
    }
}

/// HG-13: from then on; what runs already may still answer.
#[tokio::test(start_paused = true)]
async fn pushback_from_one_attempt_starts_no_other_and_leaves_those_that_run() {
    for door in Door::ALL {
        let steps = [
            Step::ok(1).after(millis(100)),
            Step::err(Down::Busy).after(millis(5)),
            Step::ok(3).after(millis(1)),
        ];
        let (hedge, backend) = (seeing(10, 5), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1), "{door:?}");
        assert_eq!((begun.elapsed(), backend.starts()), (millis(100), vec![0, 10]), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_that_is_not_there_is_no_pushback() {
    for door in Door::ALL {
        let backend = Backend::new([Step::err(Down::Broken(1)), Step::ok(2)]);
        let hedge = hedge(10, 3).retry_after(|_: &Seen| None);
        assert_eq!(backend.ask(door, &hedge).await, Ok(2));
        assert_eq!(backend.counts().calls, 2, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_soft_failure_starts_none_and_is_the_answer_if_nobody_has_a_better_one() {
    for door in Door::ALL {
        let (hedge, backend) = (seeing(10, 3), Backend::new([Step::err(Down::Busy)]));
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Busy)));
        assert_eq!(backend.counts().calls, 1, "{door:?}");

        let steps = [Step::err(Down::Busy).after(millis(15)), Step::ok(2).after(millis(30))];
        let backend = Backend::new(steps);
        assert_eq!(backend.ask(door, &hedge).await, Ok(2), "one that ran already");
        assert_eq!(backend.starts(), [0, 10], "{door:?}");
    }
}

/// An `Ok` that is a failure in the eyes of the view is passed over, and is the answer after all where
/// there is no better.
#[tokio::test(start_paused = true)]
async fn an_ok_that_is_a_failure_is_hedged() {
    for door in Door::ALL {
        let odd = hedge(10, 1).classify(|result: &Seen| match result {
            Ok(value) if value % 2 == 1 => Outcome::Failure,
            _ => Outcome::Success,
        });
        let backend = Backend::new([Step::ok(1), Step::ok(2)]);
        assert_eq!(backend.ask(door, &odd).await, Ok(2), "{door:?}");
        let backend = Backend::new([Step::ok(1), Step::ok(3)]);
        assert_eq!(backend.ask(door, &odd).await, Ok(1), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_success_and_an_error_that_is_one_are_answers() {
    for door in Door::ALL {
        for outcome in [Outcome::Slow, Outcome::Success, Outcome::Ignore] {
            for step in [Step::ok(1), Step::err(Down::Missing)] {
                let view = hedge(10, 1).classify(move |_: &Seen| outcome);
                let backend = Backend::new([step.clone(), Step::ok(2)]);
                let answer = backend.ask(door, &view).await;
                assert_ne!(answer, Ok(2));
                assert_eq!(backend.counts().calls, 1, "{door:?} {outcome:?} {step:?}");
            }
        }
    }
}

/// HG-10.
#[tokio::test(start_paused = true)]
async fn each_attempt_is_a_call_of_the_operation_and_knows_which() {
    for door in Door::ALL {
        let calls = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&calls);
        let operation = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            async move {
                sleep(millis(if number == 2 { 1 } else { 500 })).await;
                Ok::<_, Down>(number)
            }
        };
        assert_eq!(door.call(&hedge(10, 3), operation).await, Ok(2), "{door:?}");
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

/// A value that counts how often one like it has been dropped, and cannot be cloned.
#[derive(Debug)]
struct Counted {
    number: u32,
    dropped: Arc<AtomicU32>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

/// HG-10: those given up, those passed over, and the one that is the answer.
#[tokio::test(start_paused = true)]
async fn a_discarded_result_is_dropped_exactly_once() {
    for door in Door::ALL {
        for values in [true, false] {
            let (made, dropped) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
            let (count, drops) = (Arc::clone(&made), Arc::clone(&dropped));
            // Three fail at once, the fourth succeeds.
            let operation = move || {
                let number = count.fetch_add(1, Ordering::Relaxed);
                let counted = Counted { number, dropped: Arc::clone(&drops) };
                async move {
                    if number == 3 {
                        sleep(millis(10)).await;
                    }
                    if values || number == 3 { Ok(counted) } else { Err(counted) }
                }
            };
            let view =
                hedge(1000, 5).classify(|result: &Result<Counted, Error<Counted>>| match result {
                    Ok(counted) if counted.number == 3 => Outcome::Success,
                    _ => Outcome::Failure,
                });
            let answer = door.call(&view, operation).await.unwrap();
            assert_eq!((answer.number, made.load(Ordering::Relaxed)), (3, 4), "{door:?}");
            assert_eq!(dropped.load(Ordering::Relaxed), 3, "{door:?}, values: {values}");
            drop(answer);
            assert_eq!(dropped.load(Ordering::Relaxed), 4);
        }
    }
}

/// HG-10: all failed, and the first is kept.
#[tokio::test(start_paused = true)]
async fn what_is_not_the_first_outcome_is_dropped_when_all_have_failed() {
    for door in Door::ALL {
        let (made, dropped) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (count, drops) = (Arc::clone(&made), Arc::clone(&dropped));
        let operation = move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let counted = Counted { number, dropped: Arc::clone(&drops) };
            async move { Err::<(), _>(counted) }
        };
        let error = door.call(&hedge(1000, 3), operation).await.unwrap_err();
        assert_eq!(error.inner().map(|counted| counted.number), Some(0), "{door:?}");
        assert_eq!((made.load(Ordering::Relaxed), dropped.load(Ordering::Relaxed)), (4, 3));
    }
}

/// Nothing is held while foreign code runs.
#[tokio::test(start_paused = true)]
async fn a_classifier_and_a_patience_may_look_at_the_hedge_they_belong_to() {
    for door in Door::ALL {
        let hedge = super::measured(0.1);
        let (seen, looked) = (hedge.clone(), hedge.clone());
        let view = hedge
            .classify(move |result: &Seen| {
                assert_eq!(seen.snapshot().name.as_str(), "backend");
                eyes(result)
            })
            .patience(move |planned| {
                assert_eq!(planned, looked.snapshot().delay);
                planned
            });
        for _ in 0..40 {
            let backend = Backend::new([Step::ok(1).after(millis(3))]);
            assert_eq!(backend.ask(door, &view).await, Ok(1));
        }
        assert!(hedge.snapshot().delay.is_some(), "{door:?}");
    }
}
