//! The table: a row for each layer, a test for each row and contract. `keeping 1`: each call clones the
//! inner service once, for what may come after its first attempt.

use std::time::Duration;

use buttress::{
    Lift, Mode,
    bulkhead::{Adaptive, Bulkhead, Class, Config as Places},
    circuit_breaker::{CircuitBreaker, Config},
    fallback::{self, Fallback},
    latency::{Config as Measuring, Latency},
    outcome::Outcome,
    rate_limit::{self, RateLimiter},
    redact::logs::{HttpLogLayer, Logs},
    retry::{Config as RetryConfig, Retry},
    source::ByMethod,
    testing::{Played, Probe, Script, Step},
    throttle::{
        Config as Throttling, Throttle,
        shed::{self, Shed},
    },
    timeout::{DeadlineLayer, HttpDeadlineLayer, Timeout},
};

use tower::util::MapResponseLayer;

use crate::{
    contracts,
    terms::{Down, Request},
};

/// Longer than any contract takes.
const LONG: Duration = Duration::from_secs(86_400);

macro_rules! rows {
    ($($row:ident $(keeping $clones:literal)?: $layer:expr;)*) => { $(
        mod $row {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn an_inner_service_is_called_only_once_it_is_ready() {
                let kept = 0 $(+ $clones)?;
                contracts::an_inner_service_is_called_only_once_it_is_ready($layer, kept).await;
            }

            contracts_of! {
                $layer;
                pending_readiness_is_passed_on
                a_clone_carries_no_readiness
                asking_again_reserves_no_more
                a_service_dropped_when_ready_gives_its_reservation_back
                results_pass_through
                an_error_of_readiness_passes_through
                a_call_that_waits_is_not_polled_in_between
                a_call_takes_no_more_polls_than_the_backend_wakes
                a_service_that_is_not_ready_is_not_polled_in_between
                a_call_dropped_in_flight_ends_the_inner_call
                a_call_dropped_unpolled_leaves_nothing_behind
                a_place_of_a_limit_inside_comes_back_whatever_ends_the_call
                calls_of_one_service_run_side_by_side
                a_layer_makes_as_many_services_as_it_is_asked_for
                a_panic_of_one_call_leaves_the_service_usable
            }
        }
    )* };
}

macro_rules! contracts_of {
    ($layer:expr; $($contract:ident)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $contract() {
            contracts::$contract($layer).await;
        }
    )* };
}

rows! {
    bulkhead: bulkhead(10, Mode::Enforce).layer();
    bulkhead_with_a_queue_sorted_by_the_request: sorted().layer();
    bulkhead_that_only_watches: bulkhead(1, Mode::Shadow).layer();
    bulkhead_whose_limit_finds_itself: adaptive().layer();
    circuit_breaker: breaker().layer();
    circuit_breaker_with_a_classifier_and_a_hint: breaker().retry_after(|_: &Result<&'static str, Down>| None).layer();
    circuit_breaker_that_only_watches: watching().layer();
    fallback_that_only_watches: fallback(Mode::Shadow).to_value("other").layer();
    fallback_to_a_function_that_declines: fallback(Mode::Enforce).to_fn(|failed: Result<&'static str, Down>| failed).layer();
    fallback_to_a_backup_that_is_down_as_well: fallback(Mode::Enforce).to_service(down()).layer();
    retry keeping 1: retry().layer();
    retry_of_http_by_method keeping 1: retry().layer().replay(ByMethod);
    retry_of_what_cannot_be_sent_again: trying(RetryConfig::new()).layer().replay(once);
    retry_that_tries_once: trying(RetryConfig::new().with_max_attempts(1)).layer();
    retry_that_only_watches keeping 1: trying(RetryConfig::new().with_mode(Mode::Shadow)).layer();
    throttle: throttles(Mode::Enforce).layer();
    throttle_with_a_classifier: throttles(Mode::Enforce).classify(|_: &Result<&'static str, Down>| Outcome::Success).layer();
    throttle_that_only_watches: throttling().layer();
    load_shed: shed(Mode::Enforce, 1000).layer();
    load_shed_that_only_watches: shed(Mode::Shadow, 1).layer();
    rate_limiter: limiter(rate_limit::Config::new(MANY)).layer();
    rate_limiter_that_waits: limiter(rate_limit::Config::new(MANY).with_waiting(LONG)).layer();
    rate_limiter_of_two_quotas: limiter(rate_limit::Config::new(MANY).also(rate_limit::Rate::per_day(1000))).layer();
    rate_limiter_that_only_watches: limiter(rate_limit::Config::new(NONE).with_mode(Mode::Shadow)).layer();
    timeout: timeout().layer();
    latency: latency().layer("op");
    logs_of_http: logging();
    lift: Lift::layer();
    deadline: DeadlineLayer::new(LONG).unwrap();
    http_deadline: HttpDeadlineLayer::new(LONG).unwrap();
    all_of_them keeping 1: (
        HttpDeadlineLayer::new(LONG).unwrap(),
        (
            (latency().layer("op"), retry().layer()),
            (timeout().layer(), breaker().layer(), bulkhead(10, Mode::Enforce).layer(), DeadlineLayer::new(LONG).unwrap(), Lift::layer()),
        ),
    );
}

type Answered<T> = MapResponseLayer<fn(T) -> http::Response<T>>;
type Body<T> = MapResponseLayer<fn(http::Response<T>) -> T>;

/// Around a service whose responses are those of HTTP; the contracts know only what is in them.
fn logging() -> (Body<&'static str>, HttpLogLayer, Answered<&'static str>) {
    (
        MapResponseLayer::new(http::Response::into_body),
        Logs::default().http_layer(),
        MapResponseLayer::new(http::Response::new),
    )
}

/// Closed, with a rule of each kind, and far from opening.
fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("row", Config::new().with_slow_calls(LONG, 1.0).with_min_calls(1000))
        .unwrap()
}

/// With places for all that a contract wants at once, or too few.
fn bulkhead(limit: u32, mode: Mode) -> Bulkhead {
    let config = Places::new().with_limit(limit).with_mode(mode);
    Bulkhead::new("row", config).unwrap()
}

fn adaptive() -> Bulkhead {
    let config = Places::new().with_limit(10).with_adaptive(Adaptive::gradient().with_min(10));
    Bulkhead::new("row", config).unwrap()
}

fn sorted() -> Bulkhead<fn(&Request) -> Class> {
    let config = Places::new().with_limit(10).with_queue(10, LONG);
    Bulkhead::new("row", config).unwrap().sort(|_| Class::Sheddable)
}

/// Open all the time, and refuses nothing.
fn watching() -> CircuitBreaker {
    let config = Config::new().with_mode(Mode::Shadow);
    let breaker = CircuitBreaker::new("row", config).unwrap();
    breaker.force_open();
    breaker
}

/// More than any contract asks for.
const MANY: rate_limit::Rate = rate_limit::Rate::per_second(1000);

/// Fewer.
const NONE: rate_limit::Rate = rate_limit::Rate::every(LONG);

fn limiter(config: rate_limit::Config) -> RateLimiter {
    RateLimiter::new("row", config).unwrap()
}

fn timeout() -> Timeout {
    Timeout::new("row", LONG).unwrap()
}

/// Far from refusing anything.
fn throttles(mode: Mode) -> Throttle {
    Throttle::new("row", Throttling::new().with_mode(mode)).unwrap()
}

/// Would refuse four calls in five, and refuses nothing.
fn throttling() -> Throttle {
    let throttle = throttles(Mode::Shadow);
    (0..1000).for_each(|_| throttle.try_acquire().unwrap().rejected());
    assert!(throttle.snapshot().share > 0.7);
    throttle
}

fn shed(mode: Mode, calls: u32) -> Shed {
    let config = shed::Config::new().with_max_in_flight(calls).with_mode(mode);
    Shed::new("row", config).unwrap()
}

/// Every call is slow.
fn latency() -> Latency {
    Latency::new("row", Measuring::new().with_slow_after(Duration::from_nanos(1))).unwrap()
}

fn fallback(mode: Mode) -> Fallback {
    Fallback::new("row", fallback::Config::new().with_mode(mode)).unwrap()
}

fn down() -> Probe<Played<&'static str, Down>> {
    Script::new([Step::err(Down::Broken("broken"))]).service().ready_after(1)
}

type Eyes<E> = fn(&Result<&'static str, E>) -> Outcome;

/// Keeps a copy of everything, and tries nothing again: results pass through.
fn retry<E>() -> Retry<Eyes<E>> {
    trying(RetryConfig::new()).classify(|_| Outcome::Ignore)
}

fn trying(config: RetryConfig) -> Retry {
    Retry::new("row", config).unwrap()
}

fn once(_: &Request) -> Option<Request> {
    None
}
