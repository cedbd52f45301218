//! A breaker and a timeout around one backend, in either order and through either door.

use std::{io, time::Duration};

use buttress::{
    Error, Fault, Lift, Pipeline, Refusal,
    circuit_breaker::{CircuitBreaker, State},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneService};

use crate::guards::{SECOND, breaker, failures, hang, timeout, up};

type Stack = BoxCloneService<(), u32, Error<io::Error>>;

/// The two ways of putting them together.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outer {
    Breaker,
    Timeout,
}

/// One pair of guards, by pipeline and by layers.
struct Pair {
    outer: Outer,
    breaker: CircuitBreaker,
    timeout: Timeout,
}

impl Pair {
    fn both(opens_after: u32) -> [Self; 2] {
        [Outer::Breaker, Outer::Timeout].map(|outer| Self {
            outer,
            breaker: breaker("b", opens_after),
            timeout: timeout("t", SECOND),
        })
    }

    /// One call that hangs by each door.
    async fn hang(&self) -> [Error<io::Error>; 2] {
        let (b, t) = (&self.breaker, &self.timeout);
        let plain = match self.outer {
            Outer::Breaker => Pipeline::new().with(b).with(t).call(hang).await,
            Outer::Timeout => Pipeline::new().with(t).with(b).call(hang).await,
        };
        [plain.unwrap_err(), self.stack().oneshot(()).await.unwrap_err()]
    }

    fn stack(&self) -> Stack {
        let (b, t) = (self.breaker.layer(), self.timeout.layer());
        let lifted = || ServiceBuilder::new().layer(Lift::layer()).service(service_fn(|()| hang()));
        match self.outer {
            Outer::Breaker => {
                BoxCloneService::new(ServiceBuilder::new().layer(b).layer(t).service(lifted()))
            }
            Outer::Timeout => {
                BoxCloneService::new(ServiceBuilder::new().layer(t).layer(b).service(lifted()))
            }
        }
    }
}

fn kind(error: &Error<io::Error>) -> &'static str {
    error.refusal().map_or("none", Refusal::kind)
}

#[tokio::test(start_paused = true)]
async fn fifty_timeouts_open_the_circuit_and_the_next_call_is_refused_at_once() {
    for pair in Pair::both(50) {
        for _ in 0..25 {
            assert_eq!(pair.breaker.state(), State::Closed, "{:?}", pair.outer);
            assert_eq!(pair.hang().await.each_ref().map(kind), ["timed_out"; 2]);
        }
        assert_eq!(pair.breaker.state(), State::Open, "{:?}", pair.outer);
        let start = Instant::now();
        assert_eq!(pair.hang().await.each_ref().map(kind), ["circuit_open"; 2]);
        assert_eq!(
            (start.elapsed(), pair.timeout.snapshot().totals.timed_out),
            (Duration::ZERO, 50)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_refusals_further_in_open_nothing() {
    for kind_of_refusal in ["circuit_open", "deadline_exceeded"] {
        let (outer, inner, limit) = (breaker("b", 1), breaker("i", 1), timeout("t", SECOND));
        let late = kind_of_refusal == "deadline_exceeded";
        if !late {
            inner.isolate();
        }
        let passed = Deadline::at(buttress::time::now());
        let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone()).with(limit.clone());
        let stack = ServiceBuilder::new()
            .layer(outer.layer())
            .layer(inner.layer())
            .layer(limit.layer())
            .layer(Lift::layer())
            .service(service_fn(|()| up()));
        for _ in 0..50 {
            let plain = async { pipeline.call(up).await.unwrap_err() };
            let tower = async { stack.clone().oneshot(()).await.unwrap_err() };
            let answers = async { [plain.await, tower.await] };
            let answers = if late { passed.scope(answers).await } else { answers.await };
            assert_eq!(answers.each_ref().map(kind), [kind_of_refusal; 2]);
        }
        assert_eq!((outer.state(), failures(&outer)), (State::Closed, 0), "{kind_of_refusal}");
        if late {
            assert_eq!((inner.state(), failures(&inner)), (State::Closed, 0));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_between_failures_neither_count_nor_interrupt() {
    let (outer, inner) = (breaker("outer", 3), breaker("inner", 100));
    let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone());
    let down = || async { Err::<u32, _>(io::Error::other("down")) };
    for _ in 0..2 {
        assert!(pipeline.call(down).await.is_err());
        inner.isolate();
        for _ in 0..10 {
            assert!(pipeline.call(up).await.is_err());
        }
        inner.reset();
    }
    assert_eq!(failures(&outer), 2, "still two in a row");
    assert!(pipeline.call(down).await.is_err());
    assert_eq!(outer.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_strikes_midway_is_the_backends_failure_in_either_order() {
    for pair in Pair::both(2) {
        let answers = Deadline::within(SECOND / 2).scope(async {
            let b = &pair.breaker;
            match pair.outer {
                Outer::Breaker => Pipeline::new().with(b).with(&pair.timeout).call(hang).await,
                Outer::Timeout => Pipeline::new().with(&pair.timeout).with(b).call(hang).await,
            }
        });
        assert_eq!(kind(&answers.await.unwrap_err()), "deadline_exceeded");
        let answer = Deadline::within(SECOND / 2).scope(pair.stack().oneshot(())).await;
        assert_eq!(kind(&answer.unwrap_err()), "deadline_exceeded");
        assert_eq!(pair.breaker.state(), State::Open, "{:?}", pair.outer);
    }
}

#[tokio::test(start_paused = true)]
async fn half_open_the_probe_that_times_out_opens_the_circuit_again_in_either_order() {
    for pair in Pair::both(1) {
        pair.breaker
            .reconfigure(
                buttress::circuit_breaker::Config::off()
                    .with_consecutive_failures(1)
                    .with_probes(1)
                    .with_fixed_interval(SECOND),
            )
            .unwrap();
        pair.breaker.open_for(SECOND / 10);
        tokio::time::advance(SECOND).await;
        let answers = pair.hang().await;
        assert_eq!(answers.each_ref().map(kind), ["timed_out", "circuit_open"]);
        assert_eq!(pair.breaker.state(), State::Open);
        tokio::time::advance(SECOND).await;
        assert_eq!(pair.breaker.call(up).await.unwrap(), 7);
        assert_eq!(pair.breaker.state(), State::Closed, "{:?}", pair.outer);
    }
}

#[tokio::test(start_paused = true)]
async fn both_doors_of_one_handle_count_into_one_circuit() {
    let b = breaker("b", 3);
    let service = ServiceBuilder::new()
        .layer(b.layer())
        .layer(timeout("t", SECOND).layer())
        .layer(Lift::layer())
        .service(service_fn(|()| hang()));
    assert!(service.clone().oneshot(()).await.is_err());
    assert!(b.call(async || Err::<(), _>("down")).await.is_err());
    b.try_acquire().unwrap().failure();
    let answer = service.oneshot(()).await;
    assert_eq!(kind(&answer.unwrap_err()), "circuit_open");
}
