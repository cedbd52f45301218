//! A circuit to lose calls in, and what must be true of it afterwards.

use std::time::Duration;

use buttress::{
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Script, Step},
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const STEP: Duration = Duration::from_millis(10);

pub(crate) const PROBES: u32 = 3;

/// A circuit that opens by failures in a row and by their share.
pub(crate) fn breaker() -> CircuitBreaker {
    let config =
        Config::new().with_consecutive_failures(5).with_probes(PROBES).with_fixed_interval(SECOND);
    CircuitBreaker::new("lost", config).unwrap()
}

/// A backend that works, after a few waits.
pub(crate) fn slow() -> Script<&'static str, &'static str> {
    Script::new([Step::ok("up").after(3 * STEP)])
}

/// From the next call on, the circuit is half-open.
pub(crate) fn half_open(breaker: &CircuitBreaker) {
    breaker.reset();
    breaker.open_for(Duration::ZERO);
}

/// Nothing that was dropped is counted, every probe's place is free, and probes that succeed close
/// the circuit: it cannot have got stuck.
#[track_caller]
pub(crate) fn assert_unharmed<T: Clone, E: Clone>(
    breaker: &CircuitBreaker,
    backend: &Script<T, E>,
) {
    assert_eq!(backend.counts().in_flight, 0);
    if breaker.state() == State::Open {
        drop(breaker.try_acquire().unwrap()); // its interval is over: half-open from here on
    }
    let counts = breaker.snapshot().counts;
    assert_eq!((counts.failures, counts.consecutive_failures, counts.slow), (0, 0, 0));
    if breaker.state() == State::HalfOpen {
        let free = PROBES - u32::try_from(counts.calls).unwrap();
        let places: Vec<_> = (0..free).map(|_| breaker.try_acquire().unwrap()).collect();
        assert!(breaker.try_acquire().is_err(), "no place more than there are probes");
        places.into_iter().for_each(buttress::circuit_breaker::Permit::success);
    }
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}
