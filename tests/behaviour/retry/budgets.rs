//! What further attempts are paid from.

use buttress::{
    Error,
    budget::{self, Budget},
    retry::{Config, Ending, Retry},
    testing::Step,
};
use futures::{FutureExt, future::join_all};
use tokio::time::advance;

use super::doors::{
    Answer, Backend, Caller, Door, Down, SECOND, broken, callers, immediate, steady,
};

fn purse(ratio: f64, per_second: u32) -> Budget {
    let config = budget::Config::new().with_ratio(ratio).with_per_second(per_second);
    Budget::new("purse", config.with_max_kept(1_000_000)).unwrap()
}

/// A retry for each door that pays from a purse of its own.
fn paying(config: Config, ratio: f64, per_second: u32) -> impl Iterator<Item = (Caller, Budget)> {
    callers(config).map(move |caller| {
        let purse = purse(ratio, per_second);
        (caller.seen_by(|retry| retry.paying_from(&purse)), purse)
    })
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_a_budget_unless_it_is_without() {
    let retry = Retry::new("backend", immediate()).unwrap();
    assert_eq!(retry.budget().unwrap().name().as_str(), "backend");
    assert!(retry.without_budget().budget().is_none());
    assert!(retry.without_budget().snapshot().budget.is_none());
    let (one, other) = (purse(0.2, 3), purse(1.0, 0));
    one.deposit();
    let paying = retry.without_budget().paying_from(&other).paying_from(&one);
    assert_eq!(paying.snapshot().budget.map(|budget| budget.kept), Some(0.2), "the last one");

    let backend = Backend::down();
    for _ in 0..10 {
        assert_eq!(retry.call(|| backend.play()).await, broken());
    }
    let granted = backend.calls() - 10;
    assert_eq!(granted, 5, "a fifth of ten, and three in this second");
    assert_eq!(retry.snapshot().totals.given_up.budget, 9);
}

#[tokio::test(start_paused = true)]
async fn an_empty_budget_ends_the_attempts_and_nothing_else_rt_41() {
    for (caller, purse) in paying(immediate(), 0.0, 0) {
        let backend = Backend::new([Step::err(Down::Busy)]);
        let told = caller.detailed(&backend).await;
        assert_eq!(told.result, Err(Error::Inner(Down::Busy)), "the original error");
        assert_eq!((told.attempts, told.ending), (1, Ending::Budget), "{:?}", caller.door);
        assert_eq!((caller.given_up().budget, purse.snapshot().exhausted), (1, 1));
        assert_eq!(caller.ask(&Backend::failing(0)).await, Ok("up"), "first attempts are free");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ratio_of_two_allows_two_for_each_rt_41() {
    for (caller, _) in paying(immediate().with_max_attempts(10), 2.0, 0) {
        let backend = Backend::down();
        for calls in 1..=10 {
            assert_eq!(caller.ask(&backend).await, broken());
            assert_eq!(backend.calls(), 3 * calls, "{:?}", caller.door);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_there_is_each_second_is_there_without_traffic_and_is_not_kept_rt_40() {
    for (caller, _) in paying(immediate().with_max_attempts(u32::MAX), 0.0, 10) {
        for seconds in [0, 1, 10, 100] {
            advance(seconds * SECOND).await;
            let told = caller.detailed(&Backend::down()).await;
            let attempts = if seconds == 0 { 11 } else { told.attempts };
            assert_eq!((told.attempts, told.ending), (attempts, Ending::Budget));
            assert_eq!(told.attempts, 11, "{:?} after {seconds} s", caller.door);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_the_traffic_rt_40_rt_45() {
    for (ratio, calls, expected) in [(0.1, 10_000, 1000), (0.5, 1000, 500), (0.7, 1000, 700)] {
        for (caller, purse) in paying(immediate(), ratio, 0) {
            let backend = Backend::down();
            for _ in 0..calls {
                assert_eq!(caller.ask(&backend).await, broken());
            }
            let retries = backend.calls() - calls;
            assert_eq!(retries, expected, "{ratio} of {calls}, {:?}", caller.door);
            assert_eq!(purse.snapshot().withdrawn, expected as u64);
            assert_eq!(caller.totals().retries, expected as u64);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_calls_racing_for_five_tokens_make_five_attempts_more_rt_44() {
    for (caller, purse) in paying(steady().with_max_attempts(2), 0.0, 5) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND / 10)]);
        let answers = join_all((0..100).map(|_| caller.ask(&backend))).await;
        assert!(answers.iter().all(|answer| *answer == broken()));
        assert_eq!(backend.calls(), 105, "{:?}", caller.door);
        let (granted, refused) = (purse.snapshot().withdrawn, purse.snapshot().exhausted);
        assert_eq!((granted, refused), (5, 95));
        assert_eq!((caller.given_up().budget, caller.given_up().attempts), (95, 5));
    }
}

#[test]
fn threads_racing_for_five_tokens_make_five_attempts_more_rt_44() {
    for door in Door::ALL {
        let purse = purse(1.0, 0);
        (0..5).for_each(|_| purse.deposit());
        // Paid in before: the calls below only take out.
        let config = budget::Config::new().with_ratio(0.0).with_per_second(0);
        purse.reconfigure(config).unwrap();
        let retry = Retry::new("backend", immediate()).unwrap().paying_from(&purse);
        let backend = Backend::down();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let (caller, backend) = (Caller { door, retry: retry.clone() }, backend.clone());
                scope.spawn(move || {
                    for _ in 0..25 {
                        let answer = caller.ask(&backend).now_or_never();
                        assert_eq!(answer, Some(broken()));
                    }
                });
            }
        });
        assert_eq!(backend.calls(), 205, "{door:?}");
        assert_eq!(retry.snapshot().totals.retries, 5);
    }
}

#[tokio::test(start_paused = true)]
async fn two_retries_of_one_backend_share_a_purse() {
    for ((one, purse), (other, _)) in paying(immediate(), 0.0, 3).zip(paying(immediate(), 0.0, 0)) {
        let other = other.seen_by(|retry| retry.paying_from(&purse));
        let (first, second) = (Backend::down(), Backend::down());
        assert_eq!((one.ask(&first).await, other.ask(&second).await), (broken(), broken()));
        assert_eq!((first.calls(), second.calls()), (3, 2), "{:?}", one.door);
        assert_eq!((one.given_up().budget, other.given_up().budget), (0, 1));
        assert_eq!(purse.snapshot().withdrawn, 3);
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_worth_another_attempt_asks_the_budget() {
    for (caller, purse) in paying(steady().with_max_attempts(2), 0.0, 3) {
        let caller = caller.discerning();
        assert!(caller.ask(&Backend::new([Step::err(Down::Missing)])).await.is_err());
        assert_eq!(purse.snapshot().withdrawn, 0, "to be ignored");
        assert!(caller.ask(&Backend::down()).await.is_err());
        assert_eq!(purse.snapshot().withdrawn, 1, "and not for the attempt that is not made");
        let late = buttress::time::Deadline::within(SECOND / 2);
        assert!(late.scope(caller.ask(&Backend::down())).await.is_err());
        let never = caller.seen_by(|retry| retry.retry_after(|_: &Answer| Some(3600 * SECOND)));
        assert!(never.ask(&Backend::down()).await.is_err());
        let snapshot = purse.snapshot();
        assert_eq!((snapshot.withdrawn, snapshot.exhausted), (1, 0), "{:?}", never.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_pays_in_once_however_often_it_is_tried() {
    for (caller, purse) in paying(immediate().with_max_attempts(4), 0.5, 3) {
        assert_eq!(caller.ask(&Backend::down()).await, broken());
        assert_eq!((purse.snapshot().kept, purse.snapshot().withdrawn), (0.5, 3));
        assert_eq!(caller.ask(&Backend::failing(0)).await, Ok("up"));
        assert_eq!(purse.snapshot().kept, 1.0, "{:?}: a success too", caller.door);
        drop(caller.start(&Backend::failing(0)));
        assert_eq!(purse.snapshot().kept, 1.5, "and a call that was dropped");
    }
}
