//! The table: a row for each layer, a test for each row and contract.

use std::time::Duration;

use buttress::{
    Lift, Mode,
    circuit_breaker::{CircuitBreaker, Config},
    fallback::{self, Fallback},
    latency::{Config as Measuring, Latency},
    rate_limit::{self, RateLimiter},
    testing::{Played, Probe, Script, Step},
    timeout::{DeadlineLayer, HttpDeadlineLayer, Timeout},
};

use crate::{contracts, terms::Down};

/// Longer than any contract takes.
const LONG: Duration = Duration::from_secs(86_400);

macro_rules! rows {
    ($($row:ident: $layer:expr;)*) => { $(
        mod $row {
            use super::*;

            contracts_of! {
                $layer;
                an_inner_service_is_called_only_once_it_is_ready
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
    circuit_breaker: breaker().layer();
    circuit_breaker_with_a_classifier_and_a_hint: breaker().retry_after(|_: &Result<&'static str, Down>| None).layer();
    circuit_breaker_that_only_watches: watching().layer();
    fallback_that_only_watches: fallback(Mode::Shadow).to_value("other").layer();
    fallback_to_a_function_that_declines: fallback(Mode::Enforce).to_fn(|failed: Result<&'static str, Down>| failed).layer();
    fallback_to_a_backup_that_is_down_as_well: fallback(Mode::Enforce).to_service(down()).layer();
    rate_limiter: limiter(rate_limit::Config::new(MANY)).layer();
    rate_limiter_that_waits: limiter(rate_limit::Config::new(MANY).with_waiting(LONG)).layer();
    rate_limiter_of_two_quotas: limiter(rate_limit::Config::new(MANY).also(rate_limit::Rate::per_day(1000))).layer();
    rate_limiter_that_only_watches: limiter(rate_limit::Config::new(NONE).with_mode(Mode::Shadow)).layer();
    timeout: timeout().layer();
    latency: latency().layer("op");
    lift: Lift::layer();
    deadline: DeadlineLayer::new(LONG).unwrap();
    http_deadline: HttpDeadlineLayer::new(LONG).unwrap();
    all_of_them: (
        HttpDeadlineLayer::new(LONG).unwrap(),
        (
            latency().layer("op"),
            (timeout().layer(), breaker().layer(), DeadlineLayer::new(LONG).unwrap(), Lift::layer()),
        ),
    );
}

/// Closed, with a rule of each kind, and far from opening.
fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("row", Config::new().with_slow_calls(LONG, 1.0).with_min_calls(1000))
        .unwrap()
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
