//! Send, Sync, Clone and `'static` of what users store, spawn and share. Compiling is the test; the
//! functions say of which types.

use std::{cell::Cell, future::Ready, io, rc::Rc};

use buttress::{
    Error, Keyed, Lift, Lifted, Name, Pipeline, Refusal,
    budget::Budget,
    circuit_breaker::{
        self, CircuitBreaker, CircuitBreakerLayer, CircuitBreakerService, Guarded, Permit,
    },
    config::ConfigError,
    fallback::{
        self, Backed, Degraded, Failed, Fallback, FallbackLayer, FallbackService, LastGood, Never,
        Served, Streamed, Unmarked, Value,
    },
    latency::{self, Distribution, Latency, LatencyLayer, LatencyService, Measured, Summary},
    outcome::Standard,
    policy::{Chain, Nothing},
    rate_limit::{
        self, Acquire, All, Decision, Limited, RateLimitLayer, RateLimitService, RateLimiter,
        Reservation,
        keyed::{KeyedRateLimitService, KeyedRateLimiter, PeerAddress},
    },
    reconnect::{Connection, Reconnect, ReconnectService},
    stream::{self, HeldStream},
    time::{Deadline, Scoped},
    timeout::{
        self, DeadlineService, HttpDeadlineService, Timed, Timeout, TimeoutLayer, TimeoutService,
        stream::StreamTimeout,
    },
};

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone>() {}
fn sent<T: Send>() {}

/// What is shared need not be cloned itself.
struct NotCloned;

type Operation = Ready<Result<u8, Error<std::io::Error>>>;

#[test]
fn handles_and_layers_are_shared_and_cloned() {
    shared::<CircuitBreaker>();
    shared::<CircuitBreakerLayer>();
    shared::<Budget>();
    shared::<Latency>();
    shared::<RateLimiter>();
    shared::<KeyedRateLimiter<str>>();
    cloned::<KeyedRateLimiter<Cell<u8>>>();
    shared::<KeyedRateLimitService<(), str, PeerAddress>>();
    shared::<RateLimitLayer>();
    shared::<All<'static, 2>>();
    shared::<LatencyLayer>();
    shared::<latency::Operation>();
    shared::<Timeout>();
    shared::<TimeoutLayer>();
    shared::<StreamTimeout>();
    cloned::<StreamTimeout<fn(&u8) -> bool>>();
    shared::<Keyed<String, CircuitBreaker>>();
    shared::<Pipeline<Chain<Chain<Nothing, Timeout>, CircuitBreaker>>>();
    shared::<Reconnect<u8, io::Error>>();
    shared::<Connection<u8, io::Error>>();
    cloned::<Reconnect<Cell<u8>, Cell<u8>>>();
    cloned::<Connection<Cell<u8>, Cell<u8>>>();
    shared::<Fallback>();
    shared::<Fallback<Value<u8>>>();
    shared::<FallbackLayer<Value<u8>, Standard, Unmarked>>();
    shared::<fallback::Failover<u8>>();
    shared::<LastGood<u8>>();
    cloned::<CircuitBreaker>();
    cloned::<Fallback<Rc<u8>>>();
    cloned::<fallback::Failover<NotCloned>>();
    cloned::<LastGood<NotCloned>>();
    cloned::<CircuitBreakerLayer>();
    cloned::<RateLimiter>();
    cloned::<RateLimitLayer>();
    cloned::<Latency>();
    cloned::<LatencyLayer>();
    cloned::<latency::Operation>();
    cloned::<Timeout>();
    cloned::<Keyed<Rc<str>, CircuitBreaker>>();
    cloned::<Pipeline<Chain<Nothing, Timeout>>>();
}

#[test]
fn services_are_what_the_service_inside_is() {
    shared::<CircuitBreakerService<(), Standard>>();
    shared::<RateLimitService<()>>();
    cloned::<RateLimitService<Rc<u8>>>();
    shared::<LatencyService<()>>();
    shared::<FallbackService<(), Value<u8>, Standard, Unmarked>>();
    sent::<FallbackService<Cell<u8>, Value<u8>, Standard, Unmarked>>();
    cloned::<FallbackService<Rc<u8>, Value<NotCloned>, Standard, Unmarked>>();
    shared::<TimeoutService<()>>();
    shared::<DeadlineService<()>>();
    shared::<HttpDeadlineService<()>>();
    shared::<ReconnectService<u8, io::Error>>();
    cloned::<ReconnectService<Rc<u8>, io::Error>>();
    shared::<Lift<()>>();
    sent::<CircuitBreakerService<Cell<u8>, Standard>>();
    cloned::<CircuitBreakerService<Rc<u8>, Standard>>();
    cloned::<LatencyService<Rc<u8>>>();
    cloned::<TimeoutService<Rc<u8>>>();
}

#[test]
fn futures_are_what_the_operation_is() {
    shared::<Guarded<Operation, circuit_breaker::Owned>>();
    shared::<Limited<fn() -> Operation, Operation, rate_limit::Owned>>();
    sent::<Limited<Cell<u8>, Cell<u8>, rate_limit::Borrowed<'_>>>();
    sent::<Acquire<'_>>();
    shared::<Reservation<rate_limit::Owned>>();
    shared::<Decision>();
    shared::<Measured<Operation, latency::Owned>>();
    sent::<Measured<Cell<u8>, latency::Borrowed<'_>>>();
    shared::<Timed<Operation, timeout::Owned>>();
    shared::<Backed<Operation, fallback::Owned<Value<u8>>, (), Never<u8, Error<std::io::Error>>>>();
    sent::<Backed<Cell<u8>, fallback::Borrowed<'_, Value<u8>>, (), Cell<u8>>>();
    shared::<Streamed<futures::stream::Empty<u8>>>();
    shared::<Lifted<Operation>>();
    shared::<Scoped<Operation>>();
    sent::<Guarded<Cell<u8>, circuit_breaker::Borrowed<'_>>>();
    shared::<Permit<circuit_breaker::Owned>>();
    sent::<Permit<circuit_breaker::Borrowed<'_>>>();
}

#[test]
fn streams_are_what_the_stream_inside_is() {
    shared::<timeout::stream::TimedStream<(), Standard>>();
    shared::<stream::GuardedStream<(), Permit<circuit_breaker::Owned>>>();
    shared::<HeldStream<(), Permit<circuit_breaker::Owned>>>();
    sent::<timeout::stream::TimedStream<Cell<u8>, Standard>>();
    sent::<HeldStream<Cell<u8>, circuit_breaker::Recording<circuit_breaker::Borrowed<'_>>>>();
}

#[test]
fn errors_travel_anywhere() {
    shared::<Refusal>();
    shared::<Error<std::io::Error>>();
    shared::<Failed<Error<std::io::Error>>>();
    shared::<Served<u8>>();
    shared::<Degraded>();
    shared::<ConfigError>();
    shared::<Name>();
    shared::<Deadline>();
    shared::<latency::Snapshot>();
    shared::<Distribution>();
    shared::<Summary>();
}

#[test]
fn a_monitor_takes_an_operation_that_is_not_send() {
    let latency = Latency::new("local", Default::default()).unwrap();
    let local = Rc::new(7);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(latency.wrap("op", async { Ok::<_, ()>(*local) }));
    assert_eq!(answer, Ok(7));
}

#[test]
fn a_single_guard_takes_an_operation_that_is_not_send() {
    let breaker = CircuitBreaker::new("local", Default::default()).unwrap();
    let local = Rc::new(7);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(breaker.call(|| async { Ok::<_, ()>(*local) }));
    assert_eq!(answer, Ok(7));
}
