//! The other breakers, each the way its documentation calls it.

use std::sync::Arc;
use std::time::Duration;

use ::failsafe::{FailurePolicy, backoff, failure_policy};
use ::recloser::{AsyncRecloser, Recloser};
use tower::Layer;
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};

use super::{CALLS, FAILURES, HELD, LONG, SPAN};
use crate::calls::{accepted, answer, call_now, poll_now, refused, service};
use crate::sampling::Side;

// ===== failsafe =====

/// Failsafe's breaker: its type is its policy's, its plain and its asynchronous call are two
/// traits.
trait Failsafe:
    ::failsafe::CircuitBreaker + ::failsafe::futures::CircuitBreaker + Clone + Send
{
}

impl<B> Failsafe for B where
    B: ::failsafe::CircuitBreaker + ::failsafe::futures::CircuitBreaker + Clone + Send
{
}

fn failsafe(policy: impl FailurePolicy + Send + Sync) -> impl Failsafe {
    ::failsafe::Config::new().failure_policy(policy).build()
}

fn by_failures() -> impl FailurePolicy + Send + Sync {
    failure_policy::consecutive_failures(FAILURES, backoff::constant(LONG))
}

/// A moving average over the window, which is the only rule on time that failsafe has.
fn by_window() -> impl FailurePolicy + Send + Sync {
    failure_policy::success_rate_over_time_window(0.5, 20, SPAN, backoff::constant(LONG))
}

fn failsafe_call(name: &'static str, breaker: impl Failsafe + 'static) -> Side {
    Side::new(name, calling_failsafe(breaker))
}

fn failsafe_calls(name: &'static str, breaker: impl Failsafe + 'static) -> Side {
    Side::pair(name, [breaker.clone(), breaker].map(calling_failsafe))
}

fn calling_failsafe(breaker: impl Failsafe) -> impl FnMut() -> u64 + Send {
    move || accepted(::failsafe::CircuitBreaker::call(&breaker, answer))
}

pub fn failsafe_consecutive() -> Side {
    failsafe_call("failsafe.consecutive", failsafe(by_failures()))
}

pub fn failsafe_consecutive_shared() -> Side {
    failsafe_calls("failsafe.consecutive", failsafe(by_failures()))
}

pub fn failsafe_consecutive_future() -> Side {
    let breaker = failsafe(by_failures());
    Side::new("failsafe.consecutive_future", move || {
        let guarded = ::failsafe::futures::CircuitBreaker::call(&breaker, async { answer() });
        accepted(poll_now(guarded))
    })
}

pub fn failsafe_window() -> Side {
    failsafe_call("failsafe.window", failsafe(by_window()))
}

pub fn failsafe_window_shared() -> Side {
    failsafe_calls("failsafe.window", failsafe(by_window()))
}

pub fn failsafe_rejected() -> Side {
    let breaker = failsafe(by_failures());
    for _ in 0..FAILURES {
        let _ = ::failsafe::CircuitBreaker::call(&breaker, || Err::<(), _>(()));
    }
    let call = move || refused(::failsafe::CircuitBreaker::call(&breaker, answer));
    Side::new("failsafe.rejected", call)
}

// ===== recloser =====

fn recloser() -> Recloser {
    let half = Recloser::custom().error_rate(0.5);
    half.closed_len(CALLS as usize).open_wait(LONG).build()
}

pub fn recloser_count() -> Side {
    Side::new("recloser.count", calling_recloser(recloser().into()))
}

pub fn recloser_count_shared() -> Side {
    let recloser = Arc::new(recloser());
    Side::pair("recloser.count", [Arc::clone(&recloser), recloser].map(calling_recloser))
}

fn calling_recloser(recloser: Arc<Recloser>) -> impl FnMut() -> u64 + Send {
    move || accepted(recloser.call(answer))
}

pub fn recloser_count_future() -> Side {
    let recloser = AsyncRecloser::from(recloser());
    let call = move || accepted(poll_now(recloser.call(async { answer() })));
    Side::new("recloser.count_future", call)
}

pub fn recloser_rejected() -> Side {
    let recloser = recloser();
    for _ in 0..=CALLS {
        let _ = recloser.call(|| Err::<(), _>(()));
    }
    Side::new("recloser.rejected", move || refused(recloser.call(answer)))
}

// ===== tower-resilience =====

fn tower_resilience(name: &'static str, layer: CircuitBreakerLayer) -> Side {
    let mut service = layer.layer(service(|| async { answer() }));
    Side::new(name, move || accepted(call_now(&mut service)))
}

fn tower_resilience_window(span: Duration) -> CircuitBreakerLayer {
    CircuitBreakerLayer::builder()
        .sliding_window_type(SlidingWindowType::TimeBased)
        .sliding_window_duration(span)
        .build()
        .expect("a sound config")
}

pub fn tower_resilience_consecutive() -> Side {
    let layer = CircuitBreakerLayer::builder().consecutive_failures(FAILURES as usize);
    let layer = layer.build().expect("a sound config");
    tower_resilience("tower_resilience.consecutive", layer)
}

pub fn tower_resilience_count() -> Side {
    let layer = CircuitBreakerLayer::builder().sliding_window_size(CALLS as usize);
    let layer = layer.build().expect("a sound config");
    tower_resilience("tower_resilience.count", layer)
}

/// It walks through every call in the window at every call. A window so short that it holds a
/// hundred at the most is the best it can do; [`tower_resilience_holding`] shows more.
pub fn tower_resilience_time() -> Side {
    let layer = tower_resilience_window(Duration::from_micros(50));
    tower_resilience("tower_resilience.time_50us", layer)
}

pub fn tower_resilience_holding(name: &'static str, calls: u32) -> Side {
    let prepare = move || {
        let mut service = tower_resilience_window(SPAN).layer(service(|| async { answer() }));
        (0..calls).for_each(|_| drop(call_now(&mut service)));
        service
    };
    Side::prepared(name, HELD, prepare, |service| accepted(call_now(service)))
}

pub fn tower_resilience_rejected() -> Side {
    let builder = CircuitBreakerLayer::builder().wait_duration_in_open(LONG);
    let (layer, handle) = builder.build_with_handle().expect("a sound config");
    poll_now(handle.force_open());
    let mut service = layer.layer(service(|| async { answer() }));
    let call = move || refused(call_now(&mut service));
    Side::new("tower_resilience.rejected", call)
}
