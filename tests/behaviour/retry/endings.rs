//! What comes back when no further attempt is made.

use std::time::Duration;

use buttress::{
    Error, Fault, Refusal,
    pushback::Pushback,
    retry::{Ending, GiveUp},
    testing::Step,
    time::Deadline,
};

use super::doors::{Answer, Backend, Caller, Down, SECOND, broken, callers, steady};

fn exhausted(attempts: u32, retry_after: Option<Duration>) -> Answer {
    Err(Error::Refused(Refusal::Exhausted { name: "backend".into(), attempts, retry_after }))
}

/// Retries that give a refusal in place of the last result.
fn refusing() -> impl Iterator<Item = Caller> {
    callers(steady().with_give_up(GiveUp::Refuse))
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_given_where_that_is_asked_for_rt_05() {
    for caller in refusing() {
        let told = caller.detailed(&Backend::down()).await;
        assert_eq!(told.result, exhausted(3, None), "{:?}", caller.door);
        assert_eq!((told.attempts, told.ending), (3, Ending::Attempts));
        let error = told.result.unwrap_err();
        assert!(error.refusal().unwrap().began(), "it did begin");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_answer_comes_back_as_it_is_all_the_same() {
    for caller in refusing() {
        let caller = caller.discerning();
        assert_eq!(caller.ask(&Backend::failing(2)).await, Ok("up"));
        let backend = Backend::new([Step::err(Down::Broken), Step::err(Down::Missing)]);
        assert_eq!(caller.ask(&backend).await, Err(Error::Inner(Down::Missing)));
        assert_eq!(caller.given_up(), Default::default(), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn the_refusal_says_how_long_the_backend_asked_to_be_left_alone() {
    for caller in refusing() {
        let hinted = caller.seen_by(|retry| {
            retry.retry_after(|answer: &Answer| match answer {
                Err(Error::Inner(Down::Busy)) => Some(3600 * SECOND),
                _ => Some(2 * SECOND),
            })
        });
        let told = hinted.detailed(&Backend::down()).await;
        assert_eq!(told.result, exhausted(3, Some(2 * SECOND)), "{:?}", hinted.door);
        assert_eq!(told.waited, 4 * SECOND);

        let told = hinted.detailed(&Backend::new([Step::err(Down::Busy)])).await;
        assert_eq!(told.result, exhausted(1, Some(3600 * SECOND)));
        assert_eq!((told.attempts, told.ending), (1, Ending::Pushback));
    }
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_asks_not_to_be_called_again_is_not_rt_49() {
    for give_up in [GiveUp::Return, GiveUp::Refuse] {
        for caller in callers(steady().with_give_up(give_up)) {
            let caller = caller.seen_by(|retry| retry.retry_after(|_: &Answer| Pushback::never()));
            let backend = Backend::down();
            let told = caller.detailed(&backend).await;
            let expected = if give_up == GiveUp::Return { broken() } else { exhausted(1, None) };
            assert_eq!(told.result, expected, "{:?}", caller.door);
            assert_eq!((backend.calls(), told.ending), (1, Ending::Pushback));
            assert_eq!(caller.given_up().pushback, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_ending_can_be_a_refusal() {
    for caller in refusing() {
        let call = Deadline::within(SECOND / 2);
        let told = call.scope(caller.detailed(&Backend::down())).await;
        assert_eq!((told.result, told.ending), (exhausted(1, None), Ending::Deadline));
    }
    for caller in callers(steady().with_give_up(GiveUp::Refuse).with_max_elapsed(SECOND)) {
        let told = caller.detailed(&Backend::down()).await;
        assert_eq!((told.result, told.ending), (exhausted(1, None), Ending::Elapsed));
    }
    for caller in refusing() {
        let empty = buttress::budget::Config::new().with_ratio(0.0).with_per_second(0);
        let empty = buttress::budget::Budget::new("purse", empty).unwrap();
        let caller = caller.seen_by(|retry| retry.paying_from(&empty));
        let told = caller.detailed(&Backend::down()).await;
        assert_eq!((told.result, told.ending), (exhausted(1, None), Ending::Budget));
    }
}

/// As one word, for logs and metric labels.
#[test]
fn endings_have_names() {
    for (ending, name) in [
        (Ending::Answered, "answered"),
        (Ending::Attempts, "attempts"),
        (Ending::Budget, "budget"),
        (Ending::Deadline, "deadline"),
        (Ending::Elapsed, "elapsed"),
        (Ending::Pushback, "pushback"),
        (Ending::Unrepeatable, "unrepeatable"),
        (Ending::Watched, "watched"),
    ] {
        assert_eq!(ending.as_str(), name);
    }
}

/// What was asked for earlier has been waited for, and is no answer to when to come back now.
#[tokio::test(start_paused = true)]
async fn the_refusal_does_not_say_what_an_earlier_attempt_was_asked() {
    for caller in refusing() {
        let caller = caller.seen_by(|retry| {
            retry.retry_after(|answer: &Answer| match answer {
                Err(Error::Inner(Down::Busy)) => Pushback::after(2 * SECOND),
                _ => Pushback::never(),
            })
        });
        let backend = Backend::new([Step::err(Down::Busy), Step::err(Down::Broken)]);
        let told = caller.detailed(&backend).await;
        assert_eq!((told.attempts, told.ending), (2, Ending::Pushback));
        assert_eq!(told.result, exhausted(2, None), "{:?}", caller.door);
    }
}
