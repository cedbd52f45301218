//! The caller's own code never runs under a lock of ours: it may do with the guard what it likes.

use std::{
    sync::{Arc, Mutex, mpsc},
    task::{Context, Wake, Waker},
    thread,
    time::Duration,
};

use buttress::{
    Error,
    circuit_breaker::{CircuitBreaker, Config, State},
    outcome::Outcome,
};
use tracing_subscriber::layer::SubscriberExt;

fn touchy() -> CircuitBreaker {
    let config = Config::off().with_consecutive_failures(1).with_probes(1);
    CircuitBreaker::new("touchy", config).unwrap()
}

/// Everything a guard can be asked.
fn poke(breaker: &CircuitBreaker) {
    let _ = breaker.snapshot();
    let _ = breaker.state();
    let _ = breaker.try_acquire().map(drop);
    let _ = breaker.subscribe().try_next();
    breaker.reconfigure(Config::off().with_consecutive_failures(1).with_probes(1)).unwrap();
    let _ = format!("{breaker:?}");
}

/// Runs what would never return if it locked itself out. The wait is real, and only as long as that
/// mistake is there.
fn without_deadlock(work: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    match finished.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("locked out by itself"),
        _ => worker.join().unwrap(),
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// tower-resilience: the caller's classifier and every event listener run under the breaker's own
/// lock. Here a classifier asks, opens and resets the circuit it is classifying for.
#[test]
fn d16_a_classifier_may_call_back_into_its_breaker() {
    without_deadlock(|| {
        let breaker = touchy();
        let inside = breaker.clone();
        let view = breaker
            .classify(move |result: &Result<u8, Error<u8>>| {
                poke(&inside);
                inside.force_open();
                inside.reset();
                if result.is_ok() { Outcome::Success } else { Outcome::Failure }
            })
            .retry_after({
                let inside = breaker.clone();
                move |_: &Result<u8, Error<u8>>| {
                    poke(&inside);
                    Some(Duration::from_secs(1))
                }
            });
        for result in [Ok(1), Err(2), Ok(3)] {
            let _ = block_on(view.call(async || result));
        }
        assert_eq!(breaker.state(), State::Closed, "what was admitted before a reset is old news");
    });
}

#[test]
fn d16_an_operation_and_what_it_drops_may_call_back_into_its_breaker() {
    struct Poking(CircuitBreaker);
    impl Drop for Poking {
        fn drop(&mut self) {
            poke(&self.0);
        }
    }

    without_deadlock(|| {
        let breaker = touchy();
        breaker.open_for(Duration::ZERO);
        let poking = Poking(breaker.clone());
        let answer = block_on(breaker.call(async || {
            let _poking = poking;
            poke(&breaker);
            tokio::task::yield_now().await;
            Err::<(), _>("down")
        }));
        assert_eq!(answer, Err(Error::Inner("down")));
        assert_eq!(breaker.state(), State::Open);
    });
}

#[test]
fn d16_whoever_is_woken_by_a_transition_may_call_back_into_the_breaker() {
    struct Poking(CircuitBreaker);
    impl Wake for Poking {
        fn wake(self: Arc<Self>) {
            poke(&self.0);
        }
    }

    without_deadlock(|| {
        let breaker = touchy();
        let mut transitions = breaker.subscribe();
        let waker = Waker::from(Arc::new(Poking(breaker.clone())));
        let mut next = Box::pin(transitions.next());
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        breaker.force_open();
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    });
}

#[test]
fn d16_whoever_hears_of_an_event_may_call_back_into_the_breaker() {
    struct Poking(CircuitBreaker, Arc<Mutex<u32>>);
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Poking {
        fn on_event(
            &self,
            event: &tracing::Event<'_>,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            if event.metadata().target() == "buttress" {
                *self.1.lock().unwrap() += 1;
                let _ = (self.0.snapshot(), self.0.state());
            }
        }
    }

    without_deadlock(|| {
        let (breaker, heard) = (touchy(), Arc::new(Mutex::new(0)));
        let listener = Poking(breaker.clone(), Arc::clone(&heard));
        // While there is only one subscriber, `tracing` asks the current thread's, and remembers
        // what a thread without one said.
        let _second = tracing::Dispatch::new(tracing_subscriber::registry());
        let subscriber = tracing_subscriber::registry().with(listener);
        tracing::subscriber::with_default(subscriber, || {
            breaker.try_acquire().unwrap().failure();
            assert!(breaker.try_acquire().is_err());
            breaker.reset();
        });
        assert_eq!(*heard.lock().unwrap(), 3, "opened, refused, reset");
    });
}
