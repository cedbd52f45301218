//! Defaults and presets: the numbers that are promised, and that they work.

use std::time::Duration;

use buttress::{
    Mode,
    backoff::{Backoff, Jitter},
    batch, budget, bulkhead, cache,
    circuit_breaker::{Config, Window, presets},
    fallback::{self, WhenAllOpen},
    hedge, latency,
    rate_limit::{
        self, Rate, WhenLimited,
        keyed::{self, WhenCrowded},
    },
    reconnect,
    redact::logs,
    retry::{self, GiveUp},
    single_flight, throttle,
    time::Clock,
    timeout,
};

#[test]
fn the_breakers_defaults_are_as_documented() {
    let config = Config::new();
    assert_eq!(config, Config::default());
    assert_eq!(config.failure_ratio, Some(0.5));
    assert_eq!(config.consecutive_failures, None);
    assert_eq!(config.window, Window::Time { span: Duration::from_secs(30), buckets: 10 });
    assert_eq!(config.min_calls, 20);
    assert_eq!(config.open_for, Duration::from_secs(5));
    assert_eq!(config.open_growth, 1.5);
    assert_eq!(config.max_open_for, Duration::from_secs(60));
    assert_eq!(config.probes, 3);
    assert_eq!((config.clock, config.mode), (Clock::Exact, Mode::Enforce));
}

#[test]
fn the_budgets_defaults_are_as_documented() {
    let config = budget::Config::new();
    assert_eq!(config, budget::Config::default());
    assert_eq!((config.ratio, config.per_second, config.max_kept), (0.2, 3, 1000));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_caches_defaults_are_as_documented() {
    let config = cache::Config::new();
    assert_eq!(config, cache::Config::default());
    assert_eq!(config.bound, cache::Bound::Entries(10_000));
    assert_eq!(config.eviction, cache::Eviction::Admission);
    assert_eq!((config.ttl, config.idle, config.stale_after), (None, None, None));
    assert_eq!((config.ttl_jitter, config.grace), (0.0, Duration::ZERO));
    assert_eq!((config.negative_ttl, config.detached), (None, false));
    assert_eq!((config.clock, config.mode), (Clock::Coarse, cache::CacheMode::Enabled));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(cache::Plan::default().config(), &cache::Config::new());
    for preset in [
        cache::presets::ANSWERS,
        cache::presets::SEARCH,
        cache::presets::EMBEDDINGS,
        cache::presets::SESSIONS,
    ] {
        assert!(preset.parse().is_ok());
    }
}

#[test]
fn the_http_caches_defaults_are_as_documented() {
    let config = cache::http::Config::new();
    assert_eq!(config, cache::http::Config::default());
    assert_eq!(config.cache.bound, cache::Bound::Weight(64 << 20));
    assert_eq!(config.cache.ttl, Some(Duration::from_secs(60)));
    assert_eq!((config.max_body, config.max_wait), (1 << 20, Duration::from_secs(10)));
    assert_eq!(config.statuses, [200, 203, 301, 308]);
    assert_eq!((config.explicit, config.obedient, config.anonymous_cookies), (false, true, false));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(cache::http::Plan::default().config(), &cache::http::Config::new());
    let wrong = cache::http::Config::new()
        .with_cache(cache::Config::entries(0))
        .with_max_body(0)
        .with_max_wait(Duration::ZERO)
        .with_statuses([200, 206]);
    assert_eq!(
        wrong.parse().unwrap_err().to_string(),
        "cache::http config: bound must be 1 to 2147483648 entries; max_body must be 1 to 2147483648 \
         bytes; max_wait must be above zero; statuses must be from 200 to 599, and neither 206 nor 304"
    );
}

#[test]
fn the_hedges_defaults_are_as_documented() {
    let config = hedge::Config::new();
    assert_eq!(config, hedge::Config::default());
    assert_eq!((config.after, config.max_hedges), (hedge::After::ExtraLoad(0.02), 1));
    assert_eq!((config.window, config.mode), (Duration::from_secs(60), Mode::Enforce));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(hedge::Plan::default().config(), &hedge::Config::new());
    let by_hand = hedge::Config::after(Duration::from_millis(80));
    assert_eq!(by_hand.after, hedge::After::Delay(Duration::from_millis(80)));
    assert_eq!(by_hand.with_extra_load(0.02), hedge::Config::default());
    let hedge = hedge::Hedge::from_plan("search", &hedge::Plan::default());
    let purse = hedge.budget().map(buttress::budget::Budget::snapshot);
    assert_eq!(purse.map(|purse| (purse.kept, purse.exhausted)), Some((0.0, 0)));
}

#[test]
fn the_bulkheads_defaults_are_as_documented() {
    let config = bulkhead::Config::new();
    assert_eq!(config, bulkhead::Config::default());
    assert_eq!((config.limit, config.queue), (1024, 0));
    assert_eq!((config.wait, config.order), (Duration::from_secs(1), bulkhead::Order::Fifo));
    assert_eq!((config.shares, config.mode), (bulkhead::Shares::NONE, Mode::Enforce));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config.clone()));
    assert_eq!(bulkhead::Plan::default().config(), &bulkhead::Config::new());
    assert_eq!(bulkhead::Class::default(), bulkhead::Class::Normal);
    assert_eq!(config.adaptive, None);
    let adaptive = bulkhead::Adaptive::default();
    assert_eq!(adaptive, bulkhead::Adaptive::gradient());
    assert_eq!((adaptive.min, adaptive.max), (1, 1024));
    assert_eq!((adaptive.tolerance, adaptive.timeout), (None, None));
    assert!(config.with_adaptive(adaptive).parse().is_ok());
}

#[test]
fn the_reconnects_defaults_are_as_documented() {
    let (config, seconds) = (reconnect::Config::new(), Duration::from_secs);
    assert_eq!(config, reconnect::Config::default());
    assert_eq!(config.backoff, Backoff::exponential(Duration::from_millis(100), seconds(20)));
    assert_eq!(config.jitter, Jitter::Full);
    assert_eq!((config.connect_within, config.wait), (seconds(10), seconds(10)));
    assert_eq!(config.while_backing_off, reconnect::WhileBackingOff::Wait);
    assert_eq!((config.max_attempts, config.max_elapsed), (Some(10), None));
    assert_eq!((config.down_for, config.stable_after), (seconds(30), seconds(5)));
    assert!(config.call_again);
    assert_eq!((config.beat_every, config.missed_beats), (seconds(15), 2));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_single_flights_defaults_are_as_documented() {
    let config = single_flight::Config::new();
    assert_eq!(config, single_flight::Config::default());
    assert_eq!((config.max_in_flight, config.max_callers), (65_536, 65_536));
    assert!(!config.detached);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(single_flight::Plan::default().config(), &single_flight::Config::new());
}

#[test]
fn the_batchers_defaults_are_as_documented() {
    let config = batch::Config::new();
    assert_eq!(config, batch::Config::default());
    assert_eq!((config.max_items, config.max_weight), (100, None));
    assert_eq!((config.max_wait, config.max_in_flight), (Duration::from_millis(5), 4));
    assert_eq!((config.max_waiting, config.detached), (10_000, false));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(batch::Plan::default().config(), &batch::Config::new());
}

#[test]
fn the_monitors_defaults_are_as_documented() {
    let config = latency::Config::new();
    assert_eq!(config, latency::Config::default());
    assert_eq!((config.window, config.slices), (Duration::from_secs(60), 6));
    assert_eq!(config.max_operations, 64);
    assert_eq!((config.slow_after, config.slow_after_of.len()), (None, 0));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(latency::Plan::default().config(), &latency::Config::new());
}

#[test]
fn the_defaults_of_logs_are_as_documented() {
    let config = logs::Config::new();
    assert_eq!(config, logs::Config::default());
    assert_eq!((config.max_field, config.max_line), (8 * 1024, 64 * 1024));
    assert!(config.neutralize);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(logs::Plan::default().config(), &logs::Config::new());
}

#[test]
fn a_limiter_has_a_quota_and_the_defaults_are_as_documented() {
    let (quota, seconds) = (Rate::per_minute(60), Duration::from_secs);
    assert_eq!(
        (quota.amount, quota.per, quota.burst, quota.at_once()),
        (60, seconds(60), None, 60)
    );
    assert_eq!(quota.with_burst(5).at_once(), 5);
    assert_eq!(Rate::every(seconds(2)), Rate::new(1, seconds(2)));
    assert_eq!((Rate::per_hour(3).per, Rate::per_day(3).per), (seconds(3600), seconds(86_400)));
    let config = rate_limit::Config::new(quota);
    assert_eq!(config, rate_limit::Config::from(quota));
    assert_eq!((config.rate, config.also.len()), (quota, 0));
    assert_eq!((config.when_limited, config.max_wait), (WhenLimited::Refuse, seconds(30)));
    assert_eq!((config.max_waiting, config.clock), (10_000, Clock::Exact));
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn a_limiter_by_key_has_a_rate_and_the_defaults_are_as_documented() {
    let rate = Rate::per_minute(60);
    let config = keyed::Config::new(rate);
    assert_eq!(config, keyed::Config::from(rate));
    assert_eq!((config.rate, config.also.len(), config.max_keys), (rate, 0, 100_000));
    assert_eq!((config.when_crowded, config.clock), (WhenCrowded::Admit, Clock::Coarse));
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config.clone()));
    let read: keyed::Config = toml::from_str("rate = { amount = 60, per = '1m' }").unwrap();
    assert_eq!(read, config);
}

#[test]
fn the_fallbacks_defaults_are_as_documented() {
    let config = fallback::Config::new();
    assert_eq!(config, fallback::Config::default());
    assert_eq!((config.patience, config.mode), (Duration::ZERO, Mode::Enforce));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    let chain = fallback::FailoverConfig::new();
    assert_eq!(chain, fallback::FailoverConfig::default());
    assert_eq!((chain.patience, chain.mode), (Duration::ZERO, Mode::Enforce));
    assert_eq!((chain.when_all_open, chain.max_held), (WhenAllOpen::Fail, 64));
    assert_eq!(chain.clone().parse().map(|plan| plan.config().clone()), Ok(chain));
}

#[test]
fn the_retrys_defaults_are_as_documented() {
    let config = retry::Config::new();
    assert_eq!(config, retry::Config::default());
    assert_eq!(retry::Plan::default().config(), &config);
    let (base, cap) = (Duration::from_millis(100), Duration::from_secs(20));
    assert_eq!(config.backoff, Backoff::Exponential { base, factor: 2.0, cap });
    assert_eq!((config.max_attempts, config.jitter), (3, Jitter::Full));
    assert_eq!((config.jitter, config.give_up), (Jitter::default(), GiveUp::default()));
    assert_eq!((config.max_elapsed, config.max_retry_after), (None, Duration::from_secs(120)));
    assert_eq!((config.retry_refusals, config.give_up), (false, GiveUp::Return));
    assert_eq!(config.mode, Mode::Enforce);
}

/// The plan that a retry without a config goes by is the one that its config parses to.
#[test]
fn a_default_plan_is_the_plan_of_the_default_config() {
    assert_eq!(retry::Config::new().parse(), Ok(retry::Plan::default()));
    assert_eq!(budget::Config::new().parse(), Ok(budget::Plan::default()));
}

#[test]
fn the_throttles_defaults_are_as_documented() {
    let (config, seconds) = (throttle::Config::new(), Duration::from_secs);
    assert_eq!(config, throttle::Config::default());
    assert_eq!((config.multiplier, config.window), (2.0, seconds(120)));
    assert_eq!((config.min_requests, config.aggression), (20, 1.0));
    assert_eq!((config.max_refused_share, config.unanswered_after), (0.8, seconds(10)));
    assert_eq!(config.mode, Mode::Enforce);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(throttle::Plan::default().config(), &throttle::Config::new());
}

#[test]
fn the_sheds_defaults_are_as_documented() {
    let (config, millis) = (throttle::shed::Config::new(), Duration::from_millis);
    assert_eq!(config, throttle::shed::Config::default());
    assert_eq!((config.max_in_flight, config.ramp_from), (1024, 0.9));
    assert_eq!((config.target, config.interval), (millis(20), millis(100)));
    assert_eq!((config.max_refused_share, config.mode), (1.0, Mode::Enforce));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(throttle::shed::Plan::default().config(), &throttle::shed::Config::new());
}

#[test]
fn defaults_and_presets_parse() {
    for config in [Config::new(), presets::LOCAL_MODEL, presets::GATEWAY, presets::SERVICE] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
    assert_eq!(buttress::circuit_breaker::Plan::default().config(), &Config::new());
    for config in [
        timeout::stream::Config::new(),
        timeout::stream::presets::COMPLETION,
        timeout::stream::presets::REASONING,
    ] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
    for config in [
        retry::Config::new(),
        retry::presets::HOSTED_MODEL,
        retry::presets::NEIGHBOUR,
        retry::presets::PREDICTABLE,
    ] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
    for config in [
        timeout::presets::COMPLETION,
        timeout::presets::DEPENDENCY,
        timeout::presets::EMBEDDING,
        timeout::presets::REQUEST,
    ] {
        assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    }
}

#[test]
fn presets_are_the_numbers_of_the_services_they_come_from() {
    let seconds = Duration::from_secs;
    assert_eq!(presets::LOCAL_MODEL.consecutive_failures, Some(3));
    assert_eq!(
        (presets::LOCAL_MODEL.open_for, presets::LOCAL_MODEL.max_open_for),
        (seconds(300), seconds(300))
    );
    assert_eq!(presets::GATEWAY.consecutive_failures, Some(5));
    assert_eq!((presets::GATEWAY.open_for, presets::GATEWAY.probes), (seconds(30), 5));
    assert_eq!(presets::GATEWAY.successes_to_close, Some(2));
    assert_eq!(presets::SERVICE.consecutive_failures, Some(5));
    assert_eq!(presets::SERVICE.open_for, seconds(60));
}

#[test]
fn a_stream_may_be_silent_for_as_long_as_the_presets_say_and_last_for_ever() {
    use timeout::stream::{Config, presets};
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(Config::new(), Config::default());
    assert_eq!(timeout::stream::Plan::default().config(), &Config::new());
    for (preset, first, gap) in [
        (Config::new(), None, None),
        (presets::COMPLETION, seconds(30), seconds(20)),
        (presets::REASONING, seconds(180), seconds(60)),
    ] {
        assert_eq!((preset.first_content, preset.gap, preset.total), (first, gap, None));
        assert_eq!(preset.mode, Mode::Enforce);
    }
}

#[test]
fn retry_presets_are_the_numbers_they_say() {
    let (ms, seconds) = (Duration::from_millis, Duration::from_secs);
    let hosted = retry::presets::HOSTED_MODEL;
    assert_eq!((hosted.max_attempts, hosted.jitter), (4, Jitter::Full));
    assert_eq!(hosted.backoff, Backoff::exponential(ms(500), seconds(8)));
    assert_eq!(hosted.max_retry_after, seconds(60));
    let neighbour = retry::presets::NEIGHBOUR;
    assert_eq!((neighbour.max_attempts, neighbour.jitter), (3, Jitter::Full));
    assert_eq!(neighbour.backoff, Backoff::exponential(ms(25), ms(250)));
    let predictable = retry::presets::PREDICTABLE;
    assert_eq!((predictable.max_attempts, predictable.jitter), (3, Jitter::Fraction(0.1)));
    assert_eq!(predictable.backoff, Backoff::exponential(ms(100), seconds(10)));
}

#[test]
fn the_stores_defaults_are_as_documented() {
    let config = buttress::redis::Config::new("redis://127.0.0.1");
    assert_eq!((config.timeout, config.probe_every), (millis(50), millis(100)));
    assert_eq!((config.prefix.as_str(), config.max_queued), ("buttress", 1000));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    let config = rate_limit::redis::Config::new(Rate::per_second(1));
    assert_eq!((config.lease, config.remember_refused, config.max_keys), (1, false, 10_000));
    assert_eq!(config.on_store_failure, buttress::redis::OnStoreFailure::Closed);
    assert_eq!((config.mode, config.also.len()), (Mode::Enforce, 0));
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
}

#[test]
fn the_defaults_of_a_tier_over_redis_are_as_documented() {
    use buttress::cache::tier::redis::{Config, Plan};

    let config = Config::new();
    let seconds = Duration::from_secs;
    assert_eq!(config, Config::default());
    assert_eq!((config.version, config.ttl, config.ttl_jitter), (1, seconds(3600), 0.0));
    assert_eq!(
        (config.max_bytes, config.lock, config.wait),
        (1 << 20, Some(seconds(10)), seconds(5))
    );
    assert_eq!((config.longest_load, config.heartbeat), (seconds(600), seconds(5)));
    assert!(config.listen);
    assert_eq!(config.clone().parse().map(|plan| plan.config().clone()), Ok(config));
    assert_eq!(Plan::default().config(), &Config::new());
    let wrong = Config::new()
        .with_ttl(Duration::ZERO)
        .with_ttl_jitter(1.0)
        .with_max_bytes(0)
        .with_lock(Some(Duration::ZERO))
        .with_longest_load(Duration::ZERO)
        .with_heartbeat(Duration::ZERO);
    let error = wrong.parse().unwrap_err();
    let fields: Vec<_> = error.flaws().iter().map(|flaw| flaw.field).collect();
    assert_eq!(fields, ["ttl", "ttl_jitter", "max_bytes", "lock", "longest_load", "heartbeat"]);
    let crossed = Config::new().with_longest_load(seconds(5)).parse().unwrap_err();
    assert_eq!(crossed.flaws()[0].field, "longest_load, lock");
}

#[test]
fn every_fault_of_a_limiter_over_redis_is_named() {
    use buttress::{rate_limit::redis::Config, redis::OnStoreFailure};

    let fields = |config: Config| -> Vec<&str> {
        config.parse().unwrap_err().flaws().iter().map(|flaw| flaw.field).collect()
    };
    let wrong = Config::new(Rate::per_second(0))
        .also(Rate::per_second(1).with_burst(0))
        .with_lease(0)
        .with_max_keys(0)
        .with_on_store_failure(OnStoreFailure::Local { share: f64::NAN });
    let expected = ["rate.amount", "also.burst", "lease", "max_keys", "on_store_failure.share"];
    assert_eq!(fields(wrong), expected);
    let crooked = Rate::new(1_000_000_000_039, Duration::from_secs(86_400)).with_burst(1);
    assert_eq!(Config::new(crooked).parse().map(drop), Ok(()));
    assert_eq!(fields(Config::new(crooked).with_lease(100_000)), ["rate.amount"]);
    let rare = Rate::new(1, Duration::from_secs(86_400 * 900));
    let share = OnStoreFailure::Local { share: 0.5 };
    assert_eq!(fields(Config::new(rare).with_on_store_failure(share)), ["on_store_failure.share"]);
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_redactors_defaults_are_as_documented() {
    use buttress::redact::{Mask, Pattern, Redacted, RuleSet, Set};

    let rules = RuleSet::builder();
    assert_eq!(rules, RuleSet::default());
    assert_eq!(rules.sets, [Set::Credentials, Set::Keys, Set::Urls]);
    assert_eq!(rules.mask, Mask::Tag);
    assert!(rules.keys.is_empty() && rules.paths.is_empty() && rules.literals.is_empty());
    assert!(rules.patterns.is_empty() && rules.allow.is_empty());
    assert!(RuleSet::empty().sets.is_empty());
    assert_eq!(Redacted::<String>::default().expose(), "");
    assert_eq!(Pattern::new("badge", "BDG-[0-9]+").window, 256);
}
