//! A config that is written to a file and read again is the same, at its edges too.

use std::{fmt::Debug, time::Duration};

use buttress::{
    Mode,
    backoff::{Backoff, Jitter},
    batch,
    budget::{self, quota},
    cache,
    fallback::{self, FailoverConfig, WhenAllOpen},
    hedge,
    redact::logs,
    retry, single_flight,
    timeout::stream,
};
use serde::{Serialize, de::DeserializeOwned};

const EDGES: [Duration; 4] = [
    Duration::from_nanos(1),
    Duration::from_millis(1500),
    Duration::from_secs(86_400 * 400),
    Duration::MAX,
];

#[track_caller]
fn survives<C: Serialize + DeserializeOwned + PartialEq + Debug>(config: &C) {
    let json = serde_json::to_string(config).unwrap();
    assert_eq!(serde_json::from_str::<C>(&json).as_ref().unwrap(), config, "{json}");
    let toml = toml::Value::try_from(config).unwrap();
    assert_eq!(toml.clone().try_into::<C>().as_ref().unwrap(), config, "{toml:?}");
}

#[test]
fn of_logs() {
    survives(&logs::Config::new());
    survives(&logs::Config::new().with_neutralize(false).with_max_field(64).with_max_line(256));
}

#[test]
fn of_retries() {
    survives(&retry::presets::HOSTED_MODEL);
    for edge in EDGES {
        for backoff in [
            Backoff::Immediate,
            Backoff::constant(edge),
            Backoff::linear(edge, edge),
            Backoff::Exponential { base: edge, factor: 1.001, cap: edge },
        ] {
            for jitter in [
                Jitter::Decorrelated,
                Jitter::Equal,
                Jitter::Fraction(0.1),
                Jitter::Full,
                Jitter::None,
            ] {
                let config = retry::Config::new().with_backoff(backoff).with_jitter(jitter);
                survives(&config.clone().with_max_attempts(u32::MAX).with_max_elapsed(edge));
                let config = config.with_max_retry_after(edge).with_give_up(retry::GiveUp::Refuse);
                survives(&config.with_retry_refusals(true).with_mode(Mode::Shadow));
            }
        }
    }
    survives(&budget::Config::new().with_ratio(0.001));
    survives(&quota::Config::new().with_capacity(u32::MAX));
}

#[test]
fn of_hedges_and_fallbacks() {
    survives(&hedge::Config::new().with_extra_load(0.001));
    survives(&hedge::Config::after(Duration::ZERO).with_mode(Mode::Shadow));
    survives(&FailoverConfig::new().with_when_all_open(WhenAllOpen::Probe).with_max_held(1));
    for edge in EDGES {
        survives(&hedge::Config::after(edge).with_window(edge));
        survives(&fallback::Config::new().with_patience(edge));
        survives(&FailoverConfig::new().with_when_all_open(WhenAllOpen::WaitUpTo(edge)));
    }
}

#[test]
fn of_timed_streams() {
    survives(&stream::Config::new());
    for edge in EDGES {
        let config = stream::Config::new().with_first_content(edge).with_gap(edge);
        survives(&config.with_total(edge).with_mode(Mode::Shadow));
    }
}

#[test]
fn of_what_is_decided_in_a_store() {
    use buttress::{
        rate_limit::{Rate, redis::Config},
        redis::{self, OnStoreFailure},
    };

    let at = redis::Config::new("redis://:pa55word@127.0.0.1:6379/1").with_prefix("{shop}");
    survives(&at.with_timeout(EDGES[0]).with_probe_every(EDGES[1]));
    for policy in [OnStoreFailure::Open, OnStoreFailure::Closed, OnStoreFailure::local_of(3)] {
        let quota = Config::new(Rate::per_second(10)).also(Rate::per_day(1000).with_burst(7));
        survives(&quota.with_lease(32).with_mode(Mode::Shadow).with_on_store_failure(policy));
    }
}

#[test]
fn of_caches() {
    for mode in [cache::CacheMode::Shadow, cache::CacheMode::Disabled] {
        survives(&cache::Config::new().with_mode(mode));
    }
    survives(&cache::Config::weight(1 << 62).with_ttl_jitter(0.25).with_detached(true));
    for edge in EDGES {
        survives(&cache::Config::entries(1).with_ttl(edge).with_stale_after(edge).with_grace(edge));
        survives(&cache::Config::new().with_idle(edge).with_negative_ttl(edge));
        let pages = cache::http::Config::new().with_max_wait(edge).with_statuses([]);
        survives(&pages.with_explicit(true).with_cache(cache::Config::new().with_ttl(edge)));
        let tier = cache::tier::redis::Config::new().with_ttl(edge).with_lock(Some(edge));
        survives(&tier.with_wait(edge).with_longest_load(edge).with_heartbeat(edge));
    }
    let tier = cache::tier::redis::Config::new().with_lock(None).with_listen(false);
    survives(&tier.with_version(7).with_ttl_jitter(0.25).with_max_bytes(1));
}

#[test]
fn of_shared_work() {
    survives(&single_flight::Config::new().with_max_in_flight(u32::MAX).with_detached(true));
    for edge in EDGES {
        let config = batch::Config::new().with_max_wait(edge).with_max_items(1);
        survives(&config.clone());
        survives(&config.with_max_weight(i64::MAX as u64).with_detached(true));
    }
}
