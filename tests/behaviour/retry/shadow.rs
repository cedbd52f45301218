//! A retry that only watches.

use std::time::Duration;

use buttress::{
    Mode,
    budget::{self, Budget},
    pushback::Pushback,
    retry::{Ending, GiveUp},
    testing::Step,
};

use super::doors::{Answer, Backend, Down, News, Notes, SECOND, broken, callers, steady};

#[tokio::test(start_paused = true)]
async fn it_counts_when_it_would_try_again_and_does_not() {
    for caller in callers(steady().with_mode(Mode::Shadow)) {
        let notes = Notes::new();
        let note = notes.clone();
        let caller = caller
            .seen_by(|retry| retry.on_retry(move |again: &News<'_>| note.note(again.attempt)));
        let backend = Backend::down();
        let told = caller.detailed(&backend).await;
        assert_eq!((told.result, told.attempts), (broken(), 1), "{:?}", caller.door);
        assert_eq!((told.ending, told.waited), (Ending::Watched, Duration::ZERO));
        assert_eq!((backend.calls(), notes.all()), (1, vec![]));
        assert_eq!(caller.counted(), (1, 0), "it would have");
        assert_eq!(caller.given_up(), Default::default());
        assert_eq!(caller.retry.snapshot().mode, Mode::Shadow);
    }
}

#[tokio::test(start_paused = true)]
async fn it_pays_for_nothing() {
    for caller in callers(steady().with_mode(Mode::Shadow)) {
        let config = budget::Config::new().with_ratio(1.0).with_per_second(0);
        let purse = Budget::new("purse", config).unwrap();
        let caller = caller.seen_by(|retry| retry.paying_from(&purse));
        for _ in 0..3 {
            assert_eq!(caller.ask(&Backend::down()).await, broken());
        }
        let snapshot = purse.snapshot();
        assert_eq!((snapshot.withdrawn, snapshot.exhausted), (0, 0), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_worth_another_attempt_comes_back_as_it_is_and_never_as_a_refusal() {
    for caller in callers(steady().with_mode(Mode::Shadow).with_give_up(GiveUp::Refuse)) {
        assert_eq!(caller.ask(&Backend::down()).await, broken(), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_answer_is_the_answer() {
    for caller in callers(steady().with_mode(Mode::Shadow)) {
        let caller = caller.discerning();
        let told = caller.detailed(&Backend::new([Step::err(Down::Missing)])).await;
        assert_eq!((told.attempts, told.ending), (1, Ending::Answered));
        assert_eq!(caller.ask(&Backend::failing(0)).await, Ok("up"));
        assert_eq!(caller.totals(), Default::default(), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn it_counts_what_it_would_not_have_tried_again_by_the_reason() {
    for caller in callers(steady().with_mode(Mode::Shadow)) {
        let caller = caller.seen_by(|retry| retry.retry_after(|_: &Answer| Some(3600 * SECOND)));
        let told = caller.detailed(&Backend::down()).await;
        assert_eq!((told.result, told.ending), (broken(), Ending::Pushback));
        assert_eq!((caller.counted(), caller.given_up().pushback), ((0, 0), 1));
    }
}

/// Whatever kept it from being tried again, if it had been.
#[tokio::test(start_paused = true)]
async fn a_retry_that_only_watches_never_refuses() {
    let watching = || steady().with_mode(Mode::Shadow).with_give_up(GiveUp::Refuse);
    for caller in callers(watching().with_max_attempts(1)) {
        assert_eq!(caller.ask(&Backend::down()).await, broken(), "{:?}: attempts", caller.door);
    }
    for caller in callers(watching()) {
        let never = caller.seen_by(|retry| retry.retry_after(|_: &Answer| Pushback::never()));
        assert_eq!(never.ask(&Backend::down()).await, broken(), "{:?}: pushback", never.door);
    }
    for caller in callers(watching().with_max_elapsed(SECOND)) {
        assert_eq!(caller.ask(&Backend::down()).await, broken(), "{:?}: elapsed", caller.door);
    }
}
