//! Several attempts in the time of one request.

use std::{cell::Cell, future::pending, time::Duration};

use buttress::{
    Error, Refusal,
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Script, Step},
    time::Deadline,
};
use tokio::time::{Instant, sleep};

use crate::doors::{Door, SECOND, timeout, too_late};

/// Tries until it is told that there is no point: the loop of somebody who has no retry.
async fn attempts(
    most: u32,
    mut attempt: impl AsyncFnMut() -> Result<(), Error<&'static str>>,
) -> (u32, Result<(), Error<&'static str>>) {
    let mut made = 0;
    loop {
        made += 1;
        let answer = attempt().await;
        let hopeless = matches!(&answer, Err(Error::Refused(refusal)) if !refusal.began());
        if answer.is_ok() || hopeless || made == most {
            return (made, answer);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_of_ten_seconds_fit_three_times_into_a_request_of_thirty() {
    for door in Door::ALL {
        let attempt = timeout(10 * SECOND);
        let started = Cell::new(0);
        let start = Instant::now();
        let work = attempts(100, async || {
            door.time(&attempt, || {
                started.set(started.get() + 1);
                pending()
            })
            .await
        });
        let (_, answer) = Deadline::within(30 * SECOND).scope(work).await;
        assert_eq!((started.get(), start.elapsed()), (3, 30 * SECOND), "{door:?}");
        assert_eq!(answer, too_late(Duration::ZERO), "{door:?}: the fourth is not started");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outer_timeout_ends_whatever_is_tried_inside_it() {
    for door in Door::ALL {
        let (request, attempt) = (timeout(25 * SECOND), timeout(10 * SECOND));
        let backend = Script::<(), &str>::new([Step::hang()]);
        let start = Instant::now();
        let answer = request
            .run(async || {
                attempts(100, async || door.time(&attempt, || backend.call()).await).await.1
            })
            .await;
        assert!(matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. }))));
        assert_eq!(start.elapsed(), 25 * SECOND, "{door:?}");
        assert_eq!((backend.counts().calls, backend.counts().in_flight), (3, 0), "{door:?}");
        assert_eq!(attempt.snapshot().totals.timed_out, 2);
        assert_eq!(request.snapshot().totals.timed_out, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_slept_between_attempts_is_not_timed_by_the_attempt() {
    for door in Door::ALL {
        let attempt = timeout(SECOND / 20);
        let backend = Script::new([Step::err("fast"), Step::err("fast"), Step::ok(())]);
        let (made, answer) = attempts(3, async || {
            let answer = door.time(&attempt, || backend.call()).await;
            sleep(SECOND / 10).await;
            answer
        })
        .await;
        assert_eq!((made, answer), (3, Ok(())), "{door:?}");
        assert_eq!(attempt.snapshot().totals.timed_out, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn slow_attempts_are_given_up_and_a_fast_one_is_taken() {
    for door in Door::ALL {
        let attempt = timeout(SECOND / 20);
        let slow = || Step::ok(()).after(SECOND / 10);
        let backend = Script::new([slow(), slow(), Step::ok(())]);
        let (made, answer) =
            attempts(3, async || door.time(&attempt, || backend.call()).await).await;
        assert_eq!((made, answer), (3, Ok(())), "{door:?}");
        assert_eq!(attempt.snapshot().totals.timed_out, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_inside_the_attempts_counts_each_and_one_outside_counts_one() {
    for door in Door::ALL {
        let breaker = || CircuitBreaker::new("b", Config::off().with_consecutive_failures(100));
        let (outside, inside) = (breaker().unwrap(), breaker().unwrap());
        let (attempt, backend) = (timeout(SECOND), Script::new([Step::err("down")]));
        let answer = outside
            .run(async || {
                let attempts = attempts(3, async || {
                    inside.run(|| door.time(&attempt, || backend.call())).await
                });
                attempts.await.1
            })
            .await;
        assert_eq!(answer, Err(Error::Inner("down")));
        let failures = |breaker: &CircuitBreaker| breaker.snapshot().counts.consecutive_failures;
        assert_eq!((failures(&outside), failures(&inside)), (1, 3), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_came_too_late_are_no_failures_of_the_backend() {
    for door in Door::ALL {
        let breaker = CircuitBreaker::new("b", Config::off().with_consecutive_failures(1)).unwrap();
        let attempt = timeout(SECOND);
        let passed = Deadline::within(SECOND);
        tokio::time::advance(2 * SECOND).await;
        for _ in 0..10 {
            let call = breaker.run(|| door.time(&attempt, pending::<Result<(), &str>>));
            assert!(passed.scope(call).await.is_err());
        }
        assert_eq!(breaker.state(), State::Closed, "{door:?}");

        let call = breaker.run(|| door.time(&attempt, pending::<Result<(), &str>>));
        assert!(Deadline::within(SECOND / 2).scope(call).await.is_err());
        assert_eq!(breaker.state(), State::Open, "{door:?}: one that began is");
    }
}
