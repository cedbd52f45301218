//! The time that a call has: its own, and the task's deadline.

use buttress::{
    Error, Refusal,
    backoff::{Backoff, Jitter},
    retry::{Config, Ending},
    testing::Step,
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::{Instant, advance};

use super::doors::{Backend, Down, MILLISECOND, SECOND, broken, callers, immediate, steady};

fn every(delay: std::time::Duration) -> Config {
    steady().with_backoff(Backoff::constant(delay)).with_max_attempts(u32::MAX)
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_max_elapsed_is_not_begun_rt_10() {
    for caller in callers(every(4 * SECOND).with_max_elapsed(10 * SECOND)) {
        let backend = Backend::new([Step::err(Down::Broken).after(7 * SECOND)]);
        let start = Instant::now();
        let told = caller.detailed(&backend).await;
        assert_eq!((told.result, told.ending), (broken(), Ending::Elapsed), "{:?}", caller.door);
        assert_eq!((start.elapsed(), backend.calls()), (7 * SECOND, 1), "it fails now");
        assert_eq!(caller.given_up().elapsed, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn max_elapsed_counts_attempts_and_waits_and_its_end_is_too_late() {
    for (at_most, attempts) in [
        (8 * SECOND, 2),
        (8 * SECOND + MILLISECOND, 3),
        (4 * SECOND, 1),
        (4 * SECOND + MILLISECOND, 2),
        (MILLISECOND, 1),
    ] {
        for caller in callers(every(3 * SECOND).with_max_elapsed(at_most)) {
            let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
            let told = caller.detailed(&backend).await;
            assert_eq!(told.attempts, attempts, "{at_most:?} {:?}", caller.door);
            assert_eq!(backend.calls() as u32, attempts);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn max_elapsed_counts_from_the_call_and_not_from_its_first_poll() {
    for caller in callers(every(SECOND).with_max_elapsed(10 * SECOND)) {
        let backend = Backend::down();
        let call = caller.start(&backend);
        advance(9 * SECOND).await;
        assert_eq!(call.await, broken());
        assert_eq!(backend.calls(), 1, "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_delay_max_elapsed_still_ends_the_attempts() {
    for caller in callers(immediate().with_max_attempts(u32::MAX).with_max_elapsed(5 * SECOND)) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
        let told = caller.detailed(&backend).await;
        assert_eq!((told.attempts, told.ending), (5, Ending::Elapsed), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    for (within, attempts) in [
        (SECOND / 2, 1),
        (SECOND, 1),
        (SECOND + MILLISECOND, 2),
        (2 * SECOND + MILLISECOND, 3),
        (60 * SECOND, 60),
    ] {
        for caller in callers(every(SECOND)) {
            let (backend, start) = (Backend::down(), Instant::now());
            let told = Deadline::within(within).scope(caller.detailed(&backend)).await;
            assert_eq!((told.attempts, told.ending), (attempts, Ending::Deadline), "{within:?}");
            assert_eq!(told.result, broken(), "{:?}: the last error itself", caller.door);
            assert_eq!(start.elapsed(), (attempts - 1) * SECOND);
            assert_eq!(caller.given_up().deadline, 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn past_its_deadline_a_call_is_not_tried_again_even_without_a_delay() {
    for caller in callers(immediate()) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
        let told = Deadline::within(SECOND).scope(caller.detailed(&backend)).await;
        assert_eq!((told.attempts, told.ending), (1, Ending::Deadline), "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn of_deadline_and_max_elapsed_the_nearer_one_ends_it() {
    for (deadline, elapsed, attempts, ending) in [
        (5 * SECOND, 3 * SECOND, 3, Ending::Elapsed),
        (3 * SECOND, 5 * SECOND, 3, Ending::Deadline),
        (3 * SECOND, 3 * SECOND, 3, Ending::Deadline),
    ] {
        for caller in callers(every(SECOND).with_max_elapsed(elapsed)) {
            let call = caller.detailed(&Backend::down());
            let told = Deadline::within(deadline).scope(call).await;
            assert_eq!((told.attempts, told.ending), (attempts, ending), "{:?}", caller.door);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_attempts_that_succeed_too_late_no_sooner_than_they_do() {
    for caller in callers(every(SECOND)) {
        let backend = Backend::new([Step::err(Down::Broken), Step::ok("up").after(5 * SECOND)]);
        let answer = Deadline::within(2 * SECOND).scope(caller.ask(&backend)).await;
        assert_eq!(answer, Ok("up"), "{:?}: what enforces it is a timeout", caller.door);
    }
}

/// Attempts of ten seconds fit three times into a request of thirty, whoever asks for the rest.
#[tokio::test(start_paused = true)]
async fn attempts_end_with_the_deadline_they_run_under() {
    let config = Config::new().with_backoff(Backoff::Immediate).with_jitter(Jitter::None);
    for caller in callers(config.with_max_attempts(100)) {
        let attempt = Timeout::new("attempt", 10 * SECOND).unwrap();
        let backend = Backend::new([Step::hang()]);
        let start = Instant::now();
        // A first attempt is started with the call, which is made inside.
        let call = async { caller.retry.run(|| attempt.call(|| backend.play())).detailed().await };
        let told = Deadline::within(30 * SECOND).scope(call).await;
        assert_eq!((told.attempts, told.ending), (3, Ending::Deadline));
        let timed_out = Refusal::TimedOut { name: "attempt".into(), limit: 10 * SECOND };
        assert_eq!(told.result, Err(Error::Refused(timed_out)));
        assert_eq!((start.elapsed(), backend.calls()), (30 * SECOND, 3));
    }
}

/// One that is cut off by the deadline did begin, and there is no time for another.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_the_deadline_cuts_off_is_the_last() {
    for caller in callers(immediate()) {
        let attempt = Timeout::new("attempt", 10 * SECOND).unwrap();
        let backend = Backend::new([Step::hang()]);
        let call = async { caller.retry.run(|| attempt.call(|| backend.play())).detailed().await };
        let told = Deadline::within(4 * SECOND).scope(call).await;
        assert_eq!((told.attempts, told.ending), (1, Ending::Deadline));
        let error = told.result.unwrap_err();
        assert!(matches!(error, Error::Refused(Refusal::DeadlineExceeded { began: true, .. })));
        assert_eq!((backend.calls(), caller.given_up().deadline), (1, 1));
    }
}
