//! What hedges are paid from, and what is done without money.

use buttress::{
    Error, Mode, Pipeline,
    budget::{self, Budget},
    hedge::{Config, Hedge, Snapshot},
    retry::{self, Retry},
    testing::Step,
};
use tokio::time::{Instant, advance};

use super::{Backend, Door, Down, MILLISECOND, hedge, measured, millis};

fn empty() -> Budget {
    purse(0.0)
}

/// Nothing in it, and nothing a second.
fn purse(ratio: f64) -> Budget {
    Budget::new("purse", budget::Config::new().with_ratio(ratio).with_per_second(0)).unwrap()
}

/// HG-13: the first is always made, and with no money it is made alone.
#[tokio::test(start_paused = true)]
async fn with_an_empty_purse_the_first_attempt_is_made_and_no_other() {
    for door in Door::ALL {
        let hedge = hedge(10, 3).paying_from(&empty());
        let backend = Backend::new([Step::ok(1).after(millis(100))]);
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!((begun.elapsed(), backend.counts().calls), (millis(100), 1), "{door:?}");

        let backend = Backend::new([Step::err(Down::Broken(1)), Step::ok(2)]);
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Broken(1))));
        assert_eq!(backend.counts().calls, 1, "{door:?}");

        let totals = hedge.snapshot().totals;
        assert_eq!((totals.slow, totals.failed, totals.unpaid), (0, 0, 2), "{door:?}");
        assert_eq!(hedge.budget().unwrap().snapshot().exhausted, 2);
    }
}

/// The defaults: a fifth of the calls, and three a second.
#[tokio::test(start_paused = true)]
async fn a_hedge_has_a_purse_of_its_own_by_the_defaults() {
    for door in Door::ALL {
        let hedge = Hedge::new("backend", Config::after(MILLISECOND)).unwrap();
        let backend = Backend::new([Step::ok(1).after(millis(5))]);
        let mut calls = Vec::new();
        for _ in 0..100 {
            calls.push(backend.ask(door, &hedge));
        }
        futures::future::join_all(calls).await;
        let totals = hedge.snapshot().totals;
        assert!((20..=23).contains(&totals.slow), "{door:?} {totals:?}");
        assert_eq!(totals.slow + totals.unpaid, 100);
        assert_eq!(backend.counts().calls, 100 + totals.slow);
        assert_eq!(hedge.budget().unwrap().name().as_str(), "backend");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_not_hedged_costs_nothing() {
    for door in Door::ALL {
        let (purse, backend) = (purse(0.5), Backend::new([Step::ok(1)]));
        let hedge = hedge(10, 1).paying_from(&purse);
        for _ in 0..10 {
            backend.ask(door, &hedge).await.unwrap();
        }
        let seen = purse.snapshot();
        assert_eq!((seen.kept, seen.withdrawn, seen.exhausted), (5.0, 0, 0), "{door:?}");
    }
}

/// One purse: what hedges took, retries cannot have.
#[tokio::test(start_paused = true)]
async fn a_purse_shared_with_a_retry_pays_for_both_and_gives_each_token_once() {
    let purse = purse(1.0);
    let retry = Retry::new("backend", retry::Config::new().with_max_attempts(2)).unwrap();
    let retry = retry.paying_from(&purse);
    let hedge = hedge(10, 1).paying_from(&purse);
    let slow = Backend::new([Step::ok(1).after(millis(30))]);
    assert_eq!(hedge.call(|| slow.call()).await, Ok(1));
    assert_eq!((slow.counts().calls, purse.snapshot().kept), (2, 0.0));

    // The retry pays in for its own call, and the hedge has that.
    purse.deposit();
    assert!(purse.try_withdraw());
    let failing = Backend::new([Step::err(Down::Broken(1)), Step::ok(2)]);
    assert_eq!(retry.call(|| failing.call()).await, Ok(2));
    assert_eq!(purse.snapshot().kept, 0.0);
    assert_eq!(purse.snapshot().withdrawn, 3);
    assert_eq!(retry.budget().unwrap().snapshot(), hedge.budget().unwrap().snapshot());
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_every_call_may_be_hedged() {
    for door in Door::ALL {
        let hedge = Hedge::new("backend", Config::after(MILLISECOND)).unwrap().without_budget();
        assert!(hedge.budget().is_none() && hedge.snapshot().budget.is_none());
        let backend = Backend::new([Step::ok(1).after(millis(5))]);
        for _ in 0..50 {
            backend.ask(door, &hedge).await.unwrap();
        }
        assert_eq!(hedge.snapshot().totals.slow, 50, "{door:?}");
    }
}

/// A thousand calls over ten seconds, of which the last seven hundred are slower than the delay.
async fn ten_seconds(door: Door, hedge: &Hedge) -> (Backend, Snapshot) {
    let backend = Backend::new(
        (0..1000).map(|call| Step::ok(call).after(millis(if call < 300 { 1 } else { 7 }))),
    );
    for _ in 0..1000 {
        backend.ask(door, hedge).await.unwrap();
        advance(millis(3)).await;
    }
    let snapshot = hedge.snapshot();
    (backend, snapshot)
}

/// HG-16.
#[tokio::test(start_paused = true)]
async fn no_more_than_the_share_of_calls_is_hedged_though_all_are_slow() {
    for door in Door::ALL {
        // The delay never follows: it is the share alone that holds.
        let hedge = measured(0.01);
        let eager = hedge.patience(|_| Some(MILLISECOND));
        let backend = Backend::new([Step::ok(1).after(millis(10))]);
        for _ in 0..1000 {
            backend.ask(door, &eager).await.unwrap();
        }
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.slow, totals.unpaid), (10, 990), "{door:?}");
        assert_eq!(backend.counts().calls, 1010);
    }
}

/// HG-16, by its own measure.
#[tokio::test(start_paused = true)]
async fn no_more_than_the_share_of_calls_is_hedged_when_the_backend_slows_down() {
    for door in Door::ALL {
        let (backend, seen) = ten_seconds(door, &measured(0.01)).await;
        assert!((1..=10).contains(&seen.totals.slow), "{door:?} {:?}", seen.totals);
        assert_eq!(backend.counts().calls, 1000 + seen.totals.slow);
    }
}

/// HG-16: both must have something, and both pay.
#[tokio::test(start_paused = true)]
async fn within_the_share_a_hedge_is_paid_from_the_purse_as_well() {
    for door in Door::ALL {
        let full = purse(1.0);
        let (_, seen) = ten_seconds(door, &measured(0.01).paying_from(&full)).await;
        assert!(seen.totals.slow >= 1);
        assert_eq!(full.snapshot().withdrawn, seen.totals.slow, "{door:?}");
        assert_eq!(seen.budget, Some(full.snapshot()));

        let (backend, seen) = ten_seconds(door, &measured(0.01).paying_from(&empty())).await;
        assert_eq!((seen.totals.slow, backend.counts().calls), (0, 1000), "{door:?}");
        assert!(seen.totals.unpaid > 0);
    }
}

/// Failures are extra load as well.
#[tokio::test(start_paused = true)]
async fn the_share_holds_for_failures_too() {
    for door in Door::ALL {
        let hedge = measured(0.02);
        let eager = hedge.patience(|_| Some(MILLISECOND));
        let backend = Backend::new([Step::err(Down::Broken(1))]);
        for _ in 0..1000 {
            assert!(backend.ask(door, &eager).await.is_err());
        }
        assert_eq!(hedge.snapshot().totals.failed, 20, "{door:?}");
        assert_eq!(backend.counts().calls, 1020);
    }
}

/// What was not used in a quiet hour is not a storm.
#[tokio::test(start_paused = true)]
async fn the_share_keeps_no_more_than_a_hundred() {
    let hedge = measured(0.5);
    let patient = hedge.patience(|_| None);
    let backend = Backend::new([Step::ok(1)]);
    for _ in 0..10_000 {
        patient.call(|| backend.call()).await.unwrap();
    }
    let eager = hedge.patience(|_| Some(MILLISECOND)).classify(super::eyes as super::Eyes);
    let slow = Backend::new([Step::ok(1).after(millis(5))]);
    let calls: Vec<_> = (0..1000).map(|_| slow.ask(Door::Call, &eager)).collect();
    let begun = hedge.snapshot().totals.slow;
    futures::future::join_all(calls).await;
    let hedged = hedge.snapshot().totals.slow - begun;
    assert!((100..=600).contains(&hedged), "{hedged}");
}

/// The same hedge, seen through a view that pays from somewhere else.
#[tokio::test(start_paused = true)]
async fn views_share_what_is_counted_and_not_what_they_pay_with() {
    let plenty = hedge(10, 1);
    let poor = plenty.paying_from(&empty());
    let backend = Backend::new([Step::ok(1).after(millis(30))]);
    assert_eq!(poor.call(|| backend.call()).await, Ok(1));
    assert_eq!(plenty.call(|| backend.call()).await, Ok(1));
    assert_eq!(backend.counts().calls, 3);
    let totals = plenty.snapshot().totals;
    assert_eq!((totals.slow, totals.unpaid), (1, 1));
    assert_eq!(poor.snapshot().totals, totals);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_counts_and_starts_none() {
    for door in Door::ALL {
        let config = Config::after(millis(10)).with_mode(Mode::Shadow);
        let hedge = Hedge::new("backend", config).unwrap().without_budget();
        let backend = Backend::new([Step::ok(1).after(millis(100))]);
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!((begun.elapsed(), backend.counts().calls), (millis(100), 1), "{door:?}");

        let backend = Backend::new([Step::err(Down::Broken(1)), Step::ok(2)]);
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Broken(1))));
        assert_eq!(backend.counts().calls, 1);

        let seen = hedge.snapshot();
        assert_eq!((seen.totals.slow, seen.totals.failed, seen.totals.wins), (1, 1, 0), "{door:?}");
        assert_eq!(seen.mode, Mode::Shadow);
    }
}

/// It is the delay that a shadow is there to find out.
#[tokio::test(start_paused = true)]
async fn a_shadow_measures() {
    for door in Door::ALL {
        let config = Config::new().with_extra_load(0.1).with_mode(Mode::Shadow);
        let hedge = Hedge::new("backend", config).unwrap();
        let backend =
            Backend::new((0..100).map(|call| Step::ok(call).after(millis(u64::from(call) + 1))));
        for _ in 0..100 {
            backend.ask(door, &hedge).await.unwrap();
        }
        let delay = hedge.snapshot().delay.unwrap();
        assert!((millis(88)..=millis(92)).contains(&delay), "{door:?} {delay:?}");
        assert_eq!(backend.counts().calls, 100);
        assert!(hedge.snapshot().totals.slow > 0);
    }
}

/// Through a pipeline each race of a retried call pays for itself.
#[tokio::test(start_paused = true)]
async fn an_empty_purse_leaves_a_retry_and_a_hedge_with_one_attempt() {
    let purse = empty();
    let retry = Retry::new("backend", retry::Config::new()).unwrap().paying_from(&purse);
    let pipeline = Pipeline::new().with(retry).with(hedge(10, 3).paying_from(&purse));
    let backend = Backend::new([Step::err(Down::Broken(1)).after(millis(30))]);
    let answer = pipeline.call(|| backend.call()).await;
    assert_eq!(answer, Err(Error::Inner(Down::Broken(1))));
    assert_eq!((backend.counts().calls, purse.snapshot().exhausted), (1, 2));
}
