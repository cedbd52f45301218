//! What a person reads.

use std::{error::Error as _, io, time::Duration};

use buttress::{
    Error, Fault, Name, OpenReason, Refusal, StallPhase,
    backoff::{Backoff, Jitter},
    circuit_breaker::{CircuitBreaker, Config, Window},
    hedge::{self, Hedge},
    retry::{self, Retry},
    throttle::Throttle,
    timeout::Timeout,
};

const NAME: Name = Name::Static("openai");

fn refusals() -> Vec<(Refusal, &'static str, &'static str)> {
    let open = |reason, retry_after| Refusal::CircuitOpen { name: NAME, reason, retry_after };
    let seconds = |seconds| Some(Duration::from_millis(seconds));
    let late = |began, late| Refusal::DeadlineExceeded { name: NAME, began, late };
    let limit = Duration::from_secs(20);
    let stalled = |phase, items| Refusal::Stalled { name: NAME, phase, items, limit };
    let exhausted = |retry_after| Refusal::Exhausted { name: NAME, attempts: 3, retry_after };
    vec![
        (
            open(OpenReason::Tripped, seconds(4200)),
            "circuit `openai` is open; retry after 4.2s",
            "circuit_open",
        ),
        (open(OpenReason::Forced, None), "circuit `openai` is forced open", "circuit_open"),
        (open(OpenReason::Isolated, None), "circuit `openai` is isolated", "circuit_open"),
        (
            open(OpenReason::Probing, seconds(5000)),
            "circuit `openai` is half-open, all probes are out; retry after 5s",
            "circuit_open",
        ),
        (
            open(OpenReason::Ramping, seconds(900)),
            "circuit `openai` is closing, not every call passes yet; retry after 900ms",
            "circuit_open",
        ),
        (
            late(true, Duration::ZERO),
            "`openai`: the deadline passed during the call",
            "deadline_exceeded",
        ),
        (
            late(false, Duration::from_secs(3)),
            "`openai`: the deadline passed 3s before the call could begin",
            "deadline_exceeded",
        ),
        (
            Refusal::Disconnected { name: NAME, retry_after: seconds(1500) },
            "`openai` is not connected; retry after 1.5s",
            "disconnected",
        ),
        (
            Refusal::Disconnected { name: NAME, retry_after: None },
            "`openai` is not connected",
            "disconnected",
        ),
        (exhausted(None), "`openai` gave up after 3 attempts", "exhausted"),
        (
            exhausted(seconds(60_000)),
            "`openai` gave up after 3 attempts; retry after 60s",
            "exhausted",
        ),
        (Refusal::Full { name: NAME, limit: 10 }, "`openai` is full: 10 in flight", "full"),
        (
            Refusal::Invalid { name: NAME, rule: "must not be empty" },
            "`openai` refuses the input: must not be empty",
            "invalid",
        ),
        (
            Refusal::RateLimited { name: NAME, retry_after: seconds(50) },
            "`openai`: rate limit reached; retry after 50ms",
            "rate_limited",
        ),
        (
            Refusal::RateLimited { name: NAME, retry_after: None },
            "`openai`: costs more than the rate limit ever holds",
            "rate_limited",
        ),
        (Refusal::ShuttingDown { name: NAME }, "`openai` is shutting down", "shutting_down"),
        (
            stalled(StallPhase::First, 0),
            "`openai`: the first content did not come within 20s, after 0 items",
            "stalled",
        ),
        (
            stalled(StallPhase::Gap, 1),
            "`openai`: the next content did not come within 20s, after 1 items",
            "stalled",
        ),
        (
            stalled(StallPhase::Total, 9),
            "`openai`: the end did not come within 20s, after 9 items",
            "stalled",
        ),
        (Refusal::Overloaded { name: NAME }, "`openai` is overloaded", "overloaded"),
        (
            Refusal::StoreUnavailable { name: NAME, retry_after: seconds(1500) },
            "`openai`: its store cannot be asked; retry after 1.5s",
            "store_unavailable",
        ),
        (
            Refusal::Mismatched { name: NAME, answers: 1, items: 3 },
            "`openai`: 1 answer for 3 items",
            "mismatched",
        ),
        (
            Refusal::Panicked { name: NAME },
            "`openai`: the call that was shared has panicked",
            "panicked",
        ),
        (
            Refusal::Throttled { name: NAME },
            "`openai`: held back, the backend is overloaded",
            "throttled",
        ),
        (
            Refusal::TimedOut { name: NAME, limit: Duration::from_secs(30) },
            "`openai` timed out after 30s",
            "timed_out",
        ),
    ]
}

#[test]
fn every_refusal_says_who_why_and_when() {
    for (refusal, text, kind) in refusals() {
        assert_eq!(refusal.to_string(), text);
        assert_eq!(refusal.kind(), kind);
        assert_eq!(refusal.name(), &NAME);
        assert_eq!(refusal.retry_after().is_some(), text.contains("; retry after "), "{text}");
    }
}

#[test]
fn only_what_ran_out_of_time_or_of_attempts_had_begun() {
    for (refusal, text, _) in refusals() {
        let began = matches!(
            refusal,
            Refusal::TimedOut { .. }
                | Refusal::Stalled { .. }
                | Refusal::DeadlineExceeded { began: true, .. }
                | Refusal::Exhausted { .. }
                | Refusal::Mismatched { .. }
                | Refusal::Panicked { .. }
        );
        assert_eq!(refusal.began(), began, "{text}");
    }
}

#[test]
fn the_operations_error_is_transparent_and_a_refusal_is_the_source() {
    let inner = Error::Inner(io::Error::other("disk on fire"));
    assert_eq!(inner.to_string(), "disk on fire");
    let refused = Error::<io::Error>::Refused(Refusal::ShuttingDown { name: NAME });
    assert_eq!(refused.to_string(), "the call was refused");
    assert_eq!(format!("{refused:#}"), "the call was refused: `openai` is shutting down");
    assert_eq!(refused.source().unwrap().to_string(), "`openai` is shutting down");
}

#[test]
fn a_boxed_error_still_has_its_refusal() {
    let refused = Error::<io::Error>::Refused(Refusal::ShuttingDown { name: NAME });
    let boxed: Box<dyn std::error::Error + Send + Sync> = refused.into();
    assert_eq!(boxed.refusal().map(Refusal::kind), Some("shutting_down"));
    let twice = Error::Inner(boxed);
    assert_eq!(twice.refusal().map(Refusal::kind), Some("shutting_down"));
    let anyhow =
        anyhow::Error::from(Error::<io::Error>::Refused(Refusal::ShuttingDown { name: NAME }))
            .context("while answering");
    assert_eq!(anyhow.refusal().map(Refusal::kind), Some("shutting_down"));
    assert!(Error::Inner(anyhow).refusal().is_some());
    assert!(Error::Inner(io::Error::other("x")).refusal().is_none());
}

#[test]
fn a_config_error_lists_every_field() {
    let config = Config::off()
        .with_window(Window::Time { span: Duration::ZERO, buckets: 0 })
        .with_min_calls(0)
        .with_growing_interval(Duration::ZERO, 0.5, Duration::ZERO)
        .with_open_jitter(2.0)
        .with_probes(0);
    let text = CircuitBreaker::new("openai", config).unwrap_err().to_string();
    assert_eq!(
        text,
        "circuit_breaker config: \
         consecutive_failures, failure_ratio, soft_failure_ratio, slow_ratio must not all be off: the circuit would never open; \
         window.time.buckets must be 1 to 32; \
         window.time.span must be at least a millisecond for each bucket; \
         min_calls must be at least 1; \
         open_for must be above zero; \
         open_growth must be at least 1 and finite; \
         open_jitter must be 0 to 1; \
         probes must be 1 to 1000"
    );
    let backoff = Backoff::Exponential {
        base: Duration::from_secs(1),
        factor: f64::NAN,
        cap: Duration::from_millis(1),
    };
    let config = retry::Config::new()
        .with_max_attempts(0)
        .with_backoff(backoff)
        .with_jitter(Jitter::Fraction(-0.5))
        .with_max_elapsed(Duration::ZERO);
    let text = Retry::new("openai", config).unwrap_err().to_string();
    assert_eq!(
        text,
        "retry config: \
         max_attempts must be at least 1; \
         backoff.exponential.cap must be at least base; \
         backoff.exponential.factor must be 1 to 1000; \
         jitter.fraction must be 0 to 1; \
         max_elapsed must be above zero"
    );
    let text = Timeout::new("search", Duration::ZERO).unwrap_err().to_string();
    assert_eq!(text, "timeout config: limit must be above zero");
    let config = hedge::Config::new().with_extra_load(0.9).with_max_hedges(11);
    assert_eq!(
        Hedge::new("search", config.with_window(Duration::ZERO)).unwrap_err().to_string(),
        "hedge config: after.extra_load must be 0.001 to 0.5; max_hedges must be 1 to 10; \
         window must be above zero"
    );
}

#[test]
fn a_handle_prints_what_it_is() {
    let breaker = CircuitBreaker::new("openai", Config::new()).unwrap();
    assert_eq!(format!("{breaker:?}"), r#"CircuitBreaker { name: "openai", state: Closed, .. }"#);
    let timeout = Timeout::new("search", Duration::from_secs(10)).unwrap();
    assert_eq!(format!("{timeout:?}"), r#"Timeout { name: "search", limit: Some(10s), .. }"#);
    let retry = Retry::new("openai", retry::Config::new()).unwrap();
    assert_eq!(format!("{retry:?}"), r#"Retry { name: "openai", .. }"#);
    let call = retry.call(|| std::future::ready(Ok::<_, ()>(7)));
    assert_eq!(
        format!("{call:?} {:?}", retry.layer()),
        "Retrying(first) RetryLayer { retry: Retry { name: \"openai\", .. }, .. }"
    );
    let hedge = Hedge::new("search", hedge::Config::after(Duration::from_millis(80))).unwrap();
    assert_eq!(format!("{hedge:?}"), r#"Hedge { name: "search", delay: Some(80ms), .. }"#);
    let throttle = Throttle::new("openai", Default::default()).unwrap();
    assert_eq!(format!("{throttle:?}"), r#"Throttle { name: "openai", share: 0.0, .. }"#);
}
