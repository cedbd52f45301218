//! The purse of further attempts.

use std::{thread, time::Duration};

use buttress::budget::{Budget, Config};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

fn budget(config: Config) -> Budget {
    Budget::new("purse", config).unwrap()
}

fn withdraw_all(budget: &Budget) -> u32 {
    (0..).take_while(|_| budget.try_withdraw()).count() as u32
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_that_all_fail_cost_at_most_1203_calls() {
    let budget = budget(Config::new());
    let mut calls = 0;
    for _ in 0..1000 {
        budget.deposit();
        calls += 1;
        // Two further attempts each, if they are granted.
        calls += (0..2).filter(|_| budget.try_withdraw()).count();
    }
    assert!((1200..=1203).contains(&calls), "{calls} calls");
}

#[tokio::test(start_paused = true)]
async fn with_no_traffic_there_are_three_a_second_and_none_is_kept() {
    let budget = budget(Config::new());
    assert_eq!(withdraw_all(&budget), 3);
    advance(10 * SECOND).await;
    assert_eq!(withdraw_all(&budget), 3, "of the last second, and not thirty");
    advance(SECOND).await;
    assert_eq!(withdraw_all(&budget), 3);
}

#[test]
fn shares_of_round_numbers() {
    for (ratio, payments, granted) in [
        (0.1, 10_000, 1000),
        (0.2, 1000, 200),
        (0.5, 1000, 500),
        (0.7, 1000, 700),
        (2.0, 100, 200),
        (0.0, 1000, 0),
    ] {
        let budget = budget(Config::new().with_ratio(ratio).with_per_second(0));
        (0..payments).for_each(|_| budget.deposit());
        assert_eq!(withdraw_all(&budget), granted, "{ratio} of {payments}");
    }
}

#[test]
fn a_quiet_hour_does_not_pay_for_a_storm() {
    let budget = budget(Config::new().with_per_second(0).with_max_kept(10));
    (0..100_000).for_each(|_| budget.deposit());
    assert_eq!(budget.snapshot().kept, 10.0);
    assert_eq!(withdraw_all(&budget), 10);
    (0..5).for_each(|_| budget.deposit());
    assert_eq!(withdraw_all(&budget), 1, "what was beyond is forfeited, and not owed");
}

#[test]
fn a_hundred_tasks_racing_for_five_tokens_get_five() {
    let budget = budget(Config::new().with_ratio(1.0).with_per_second(0));
    (0..5).for_each(|_| budget.deposit());
    let granted: usize = thread::scope(|scope| {
        let racers: Vec<_> =
            (0..100).map(|_| scope.spawn(|| usize::from(budget.try_withdraw()))).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!(granted, 5);
    let snapshot = budget.snapshot();
    assert_eq!((snapshot.withdrawn, snapshot.exhausted, snapshot.kept), (5, 95, 0.0));
}

#[test]
fn threads_never_take_out_more_than_was_paid_in() {
    let budget = budget(Config::new().with_per_second(0));
    let granted: usize = thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..10_000)
                        .filter(|_| {
                            budget.deposit();
                            budget.try_withdraw()
                        })
                        .count()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert!((1..=8000).contains(&granted), "{granted} for 40 000 payments of a fifth");
}

#[test]
fn clones_share_one_purse_and_a_new_config_leaves_what_is_in_it() {
    let budget = budget(Config::new().with_ratio(1.0).with_per_second(0));
    let clone = budget.clone();
    clone.deposit();
    assert!(budget.reconfigure(Config::new().with_ratio(f64::NAN)).is_err());
    budget.reconfigure(Config::new().with_ratio(0.5).with_per_second(0)).unwrap();
    clone.deposit();
    assert_eq!(budget.snapshot().kept, 1.5);
    assert_eq!(withdraw_all(&clone), 1);
}

#[test]
fn an_error_lists_every_field_that_is_wrong() {
    let config = Config::new().with_ratio(f64::INFINITY).with_max_kept(0);
    let error = Budget::new("purse", config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "budget config: ratio must be 0 to 10; max_kept must be 1 to 1000000"
    );
}

#[test]
fn a_config_reads_from_a_file_and_a_snapshot_is_data() {
    let config: Config = toml::from_str("ratio = 0.1\nper_second = 10").unwrap();
    assert_eq!(config, Config::new().with_ratio(0.1).with_per_second(10));
    assert!(toml::from_str::<Config>("ration = 0.1").unwrap_err().to_string().contains("ration"));
    let seen = serde_json::to_value(budget(config).snapshot()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!({ "name": "purse", "kept": 0.0, "withdrawn": 0, "exhausted": 0 })
    );
}

mod quotas {
    use buttress::{
        Error,
        budget::quota::{Config, Cost, Quota},
        outcome::Outcome,
        retry::{self, Retry},
        testing::{Script, Step},
    };

    fn quota(config: Config) -> Quota {
        Quota::new("quota", config).unwrap()
    }

    fn eager(quota: &Quota) -> Retry {
        let config = retry::Config::new()
            .with_max_attempts(10)
            .with_backoff(buttress::backoff::Backoff::Immediate);
        Retry::new("backend", config).unwrap().paying_from(quota)
    }

    /// RT-38, with the costs of that time.
    #[test]
    fn what_a_further_attempt_cost_comes_back_with_success() {
        let quota = quota(Config::new().with_capacity(100).with_transient(10));
        let first = quota.try_withdraw(Cost::Transient);
        assert_eq!((first.is_some(), quota.snapshot().left), (true, 90));
        let last = quota.try_withdraw(Cost::Transient);
        assert_eq!((last.is_some(), quota.snapshot().left), (true, 80));
        quota.succeeded(last);
        assert_eq!(quota.snapshot().left, 90);
        quota.succeeded(None);
        assert_eq!(quota.snapshot().left, 91);
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_fail_drain_it_and_calls_that_succeed_fill_it() {
        let quota = quota(Config::new().with_capacity(30));
        let retry = eager(&quota);
        let down = Script::<u8, _>::new([Step::err("down")]);
        // 30 pay for two further attempts of 14; nothing comes back for a call that ends failed.
        assert_eq!(retry.call(|| down.call()).await, Err(Error::Inner("down")));
        assert_eq!((down.counts().calls, quota.snapshot().left), (3, 2));
        let up = Script::<_, &str>::new([Step::ok(1)]);
        for _ in 0..12 {
            assert_eq!(retry.call(|| up.call()).await, Ok(1));
        }
        assert_eq!(quota.snapshot().left, 14);
        let flaky = Script::new([Step::err("down"), Step::ok(1)]);
        assert_eq!(retry.call(|| flaky.call()).await, Ok(1));
        assert_eq!(quota.snapshot().left, 14, "paid, and refunded");
        assert_eq!(retry.snapshot().quota.map(|quota| quota.exhausted), Some(1));
        assert!(retry.budget().is_none() && retry.snapshot().budget.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_is_cheaper_to_repeat() {
        let quota = quota(Config::new().with_capacity(30));
        let retry = eager(&quota).classify(|_: &Result<u8, Error<&str>>| Outcome::SoftFailure);
        let busy = Script::new([Step::err("busy")]);
        assert_eq!(retry.call(|| busy.call()).await, Err(Error::Inner("busy")));
        assert_eq!((busy.counts().calls, quota.snapshot().left), (7, 0));
    }

    #[test]
    fn bad_numbers_are_named() {
        let config = Config::new().with_capacity(0).with_transient(0).with_throttled(9);
        assert_eq!(
            Quota::new("quota", config).unwrap_err().to_string(),
            "quota config: capacity must be at least 1; transient must be 1 to capacity; \
             throttled must be 1 to capacity"
        );
        let config: Config = toml::from_str("capacity = 100\ntransient = 10").unwrap();
        assert_eq!(config, Config::new().with_capacity(100).with_transient(10));
        let quota = quota(Config::new());
        assert!(quota.reconfigure(Config::new().with_capacity(0)).is_err());
        quota.reconfigure(Config::new().with_capacity(50)).unwrap();
        assert_eq!(quota.snapshot().left, 50);
    }
}
