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
    outcome::Standard,
    policy::{Chain, Nothing},
    reconnect::{Connection, Reconnect, ReconnectService},
    time::{Deadline, Scoped},
    timeout::{
        self, DeadlineService, HttpDeadlineService, Timed, Timeout, TimeoutLayer, TimeoutService,
    },
};

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone>() {}
fn sent<T: Send>() {}

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
    shared::<Reconnect<u8, io::Error>>();
    shared::<Connection<u8, io::Error>>();
    cloned::<Reconnect<Cell<u8>, Cell<u8>>>();
    cloned::<Connection<Cell<u8>, Cell<u8>>>();
    cloned::<CircuitBreaker>();
    cloned::<CircuitBreakerLayer>();
    cloned::<Timeout>();
    cloned::<Keyed<Rc<str>, CircuitBreaker>>();
    cloned::<Pipeline<Chain<Nothing, Timeout>>>();
}

#[test]
fn services_are_what_the_service_inside_is() {
    shared::<CircuitBreakerService<(), Standard>>();
    shared::<TimeoutService<()>>();
    shared::<DeadlineService<()>>();
    shared::<HttpDeadlineService<()>>();
    shared::<ReconnectService<u8, io::Error>>();
    cloned::<ReconnectService<Rc<u8>, io::Error>>();
    shared::<Lift<()>>();
    sent::<CircuitBreakerService<Cell<u8>, Standard>>();
    cloned::<CircuitBreakerService<Rc<u8>, Standard>>();
    cloned::<TimeoutService<Rc<u8>>>();
}

#[test]
fn futures_are_what_the_operation_is() {
    shared::<Guarded<Operation, circuit_breaker::Owned>>();
    shared::<Timed<Operation, timeout::Owned>>();
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
