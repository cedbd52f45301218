//! Send, Sync, Clone and `'static` of what users store, spawn and share. Compiling is the test; the
//! functions say of which types.

use std::{cell::Cell, future::Ready, rc::Rc};

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
    outcome::Standard,
    policy::{Chain, Nothing},
    time::{Deadline, Scoped},
    timeout::{
        self, DeadlineService, HttpDeadlineService, Timed, Timeout, TimeoutLayer, TimeoutService,
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
    shared::<Timeout>();
    shared::<TimeoutLayer>();
    shared::<Keyed<String, CircuitBreaker>>();
    shared::<Pipeline<Chain<Chain<Nothing, Timeout>, CircuitBreaker>>>();
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
    cloned::<Timeout>();
    cloned::<Keyed<Rc<str>, CircuitBreaker>>();
    cloned::<Pipeline<Chain<Nothing, Timeout>>>();
}

#[test]
fn services_are_what_the_service_inside_is() {
    shared::<CircuitBreakerService<(), Standard>>();
    shared::<FallbackService<(), Value<u8>, Standard, Unmarked>>();
    sent::<FallbackService<Cell<u8>, Value<u8>, Standard, Unmarked>>();
    cloned::<FallbackService<Rc<u8>, Value<NotCloned>, Standard, Unmarked>>();
    shared::<TimeoutService<()>>();
    shared::<DeadlineService<()>>();
    shared::<HttpDeadlineService<()>>();
    shared::<Lift<()>>();
    sent::<CircuitBreakerService<Cell<u8>, Standard>>();
    cloned::<CircuitBreakerService<Rc<u8>, Standard>>();
    cloned::<TimeoutService<Rc<u8>>>();
}

#[test]
fn futures_are_what_the_operation_is() {
    shared::<Guarded<Operation, circuit_breaker::Owned>>();
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
fn errors_travel_anywhere() {
    shared::<Refusal>();
    shared::<Error<std::io::Error>>();
    shared::<Failed<Error<std::io::Error>>>();
    shared::<Served<u8>>();
    shared::<Degraded>();
    shared::<ConfigError>();
    shared::<Name>();
    shared::<Deadline>();
}

#[test]
fn a_single_guard_takes_an_operation_that_is_not_send() {
    let breaker = CircuitBreaker::new("local", Default::default()).unwrap();
    let local = Rc::new(7);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(breaker.call(|| async { Ok::<_, ()>(*local) }));
    assert_eq!(answer, Ok(7));
}
