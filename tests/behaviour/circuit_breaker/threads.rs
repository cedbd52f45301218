//! Many threads on one circuit, in real time and without waiting for anything.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use buttress::circuit_breaker::{CircuitBreaker, Config, State, Window};

const CALLS: u32 = 20_000;

/// Opens at the slightest thing and is probed at once: as many transitions as there can be.
fn nervous(window: Window) -> CircuitBreaker {
    let config = Config::off()
        .with_consecutive_failures(2)
        .with_failure_ratio(0.5)
        .with_window(window)
        .with_min_calls(4)
        .with_fixed_interval(Duration::from_nanos(1))
        .with_probes(2);
    CircuitBreaker::new("nervous", config).unwrap()
}

/// Calls that succeed, fail, say nothing and are given up, by turns that no two threads share.
fn call(breaker: &CircuitBreaker, turn: u32) {
    if let Ok(permit) = breaker.try_acquire() {
        match turn % 7 {
            0 | 3 => permit.failure(),
            1 | 4 | 6 => permit.success(),
            2 => permit.ignore(),
            _ => drop(permit),
        }
    }
}

#[test]
fn whatever_threads_do_at_once_the_transitions_are_one_story_and_the_circuit_closes_in_the_end() {
    for window in [Window::Count(16), Window::Time { span: Duration::from_millis(64), buckets: 8 }]
    {
        let breaker = nervous(window);
        let mut seen = breaker.subscribe();
        let done = AtomicBool::new(false);
        let told = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let (mut told, mut state) = (0, Some(State::Closed));
                loop {
                    let last = done.load(Ordering::Acquire);
                    while let Some(change) = seen.try_next() {
                        // Where none was missed, each begins where the one before ended.
                        if change.missed == 0 {
                            assert!(state.is_none_or(|state| state == change.from), "{change:?}");
                        }
                        state = Some(change.to);
                        told += 1 + change.missed;
                    }
                    if last {
                        return told;
                    }
                    thread::yield_now();
                }
            });
            let callers: Vec<_> = (0..4)
                .map(|thread| {
                    let breaker = breaker.clone();
                    scope.spawn(move || {
                        (0..CALLS).for_each(|turn| call(&breaker, turn * 5 + thread))
                    })
                })
                .collect();
            callers.into_iter().for_each(|caller| caller.join().unwrap());
            done.store(true, Ordering::Release);
            reader.join().unwrap()
        });
        let totals = breaker.snapshot().totals;
        assert_eq!(told, totals.transitions, "every transition was told or counted as missed");
        assert!(totals.opened > 0, "nothing happened");

        // Nobody holds a permit any longer: a healthy backend closes it, from wherever it is.
        let healthy = (0..1000).filter(|_| {
            let permit = breaker.try_acquire();
            permit.map(|permit| permit.success()).is_ok()
        });
        assert!(healthy.count() >= 990, "a healthy backend was refused again and again");
        assert_eq!(breaker.state(), State::Closed);
    }
}

#[test]
fn good_calls_of_many_threads_are_all_counted() {
    for window in
        [Window::Count(1_000_000), Window::Time { span: Duration::from_secs(3600), buckets: 4 }]
    {
        let config = Config::new().with_window(window).with_min_calls(1_000_000);
        let breaker = CircuitBreaker::new("calm", config).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for turn in 0..CALLS {
                        let permit = breaker.try_acquire().unwrap();
                        if turn % 100 == 0 { permit.failure() } else { permit.success() }
                    }
                });
            }
        });
        let counts = breaker.snapshot().counts;
        assert_eq!(
            (counts.calls, counts.failures),
            (4 * u64::from(CALLS), 4 * u64::from(CALLS) / 100)
        );
    }
}
