//! What is a reason to fall back, and how it is counted.

use std::time::Duration;

use buttress::{
    Error, Mode, Refusal,
    fallback::{Config, Fallback, Totals},
    outcome::Outcome,
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::advance;

use super::{Answer, Down, Eyes, SECOND, ask, broken, eyes, fallback, refused};

fn refusals() -> [(Refusal, Option<&'static str>); 6] {
    let name = || "guard".into();
    [
        (refused(Some(SECOND)), Some("short_circuited")),
        (Refusal::RateLimited { name: name(), retry_after: None }, Some("rejected")),
        (Refusal::Full { name: name(), limit: 3 }, Some("rejected")),
        (Refusal::TimedOut { name: name(), limit: SECOND }, Some("timed_out")),
        (Refusal::ShuttingDown { name: name() }, Some("rejected")),
        (Refusal::Invalid { name: name(), rule: "must be text" }, None),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_cause_is_counted_by_itself_fb_08() {
    let value = fallback().to_value(7);
    for (refusal, cause) in refusals() {
        let answer = ask!(value, Step::<u32, Error<Down>>::err(refusal.clone().into()));
        assert_eq!(answer, cause.map(|_| 7).ok_or(Error::Refused(refusal)));
    }
    assert_eq!(ask!(value, broken()), Ok(7));
    let Totals { error, timed_out, rejected, short_circuited, failed, .. } =
        value.snapshot().totals;
    assert_eq!((error, timed_out, rejected, short_circuited, failed), (2, 2, 6, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn no_refusal_is_put_to_the_classifier() {
    let blind = fallback().classify(|_: &Answer| Outcome::Ignore).to_value(7);
    for (refusal, cause) in refusals() {
        let answer = ask!(blind, Step::<u32, Error<Down>>::err(refusal.into()));
        assert_eq!(answer.is_ok(), cause.is_some());
    }
    assert_eq!(ask!(blind, broken()), Err(Error::Inner(Down::Broken)));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_asks_for_a_short_rest_is_left_to_whoever_calls_again() {
    fn pushback(answer: &Answer) -> Option<Duration> {
        match answer {
            Err(Error::Inner(Down::Busy(wait))) => Some(*wait),
            _ => None,
        }
    }
    let config = Config::new().with_patience(5 * SECOND);
    let patient = Fallback::new("patient", config).unwrap();
    // The classifier's own way to tell, as `retry_after` of a breaker is.
    #[derive(Clone)]
    struct Telling;
    impl buttress::outcome::Classify<u32, Error<Down>> for Telling {
        fn classify(&self, answer: &Answer) -> Outcome {
            eyes(answer)
        }

        fn pushback(&self, answer: &Answer) -> buttress::pushback::Pushback {
            pushback(answer).into()
        }
    }
    let patient = patient.classify(Telling).to_value(7);
    for (wait, answered) in [(0, false), (5, false), (6, true), (60, true)] {
        let busy = Error::Inner(Down::Busy(SECOND * wait));
        let answer = ask!(patient, Step::err(busy.clone()));
        assert_eq!(answer, if answered { Ok(7) } else { Err(busy) }, "{wait} s");
    }
    assert_eq!(ask!(patient, broken()), Ok(7), "it does not say how long");
    patient.reconfigure(Config::new()).unwrap();
    assert_eq!(ask!(patient, Step::err(Error::Inner(Down::Busy(SECOND)))), Ok(7));
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_it_counts_and_answers_nothing() {
    let config = Config::new().with_mode(Mode::Shadow);
    let watching = Fallback::new("watching", config).unwrap();
    let value = watching.classify(eyes as Eyes).to_value(7);
    assert_eq!(ask!(value, broken()), Err(Error::Inner(Down::Broken)));
    assert_eq!(ask!(value, Step::ok(500)), Ok(500));
    assert_eq!(ask!(value, Step::ok(1)), Ok(1));
    let snapshot = watching.snapshot();
    assert_eq!(
        (snapshot.mode, snapshot.totals.error, snapshot.totals.failed),
        (Mode::Shadow, 4, 0)
    );
    watching.reconfigure(Config::new()).unwrap();
    assert_eq!(ask!(value, broken()), Ok(7), "views share the config");
}

#[tokio::test(start_paused = true)]
async fn after_the_deadline_only_what_takes_no_time_is_answered() {
    let other = Script::new([Step::ok(9)]);
    let operation = {
        let other = other.clone();
        fallback().to_operation(move |_: Answer| other.call())
    };
    let value = fallback().to_value(7);
    let timeout = Timeout::new("slow", 10 * SECOND).unwrap();
    let slow = || timeout.run(|| Script::<u32, Error<Down>>::new([Step::hang()]).call());

    let late = Deadline::within(SECOND).scope(async { operation.run(slow).await }).await;
    assert!(matches!(late, Err(Error::Refused(Refusal::DeadlineExceeded { began: true, .. }))));
    assert_eq!(other.counts().calls, 0);
    let totals = operation.snapshot().totals;
    assert_eq!((totals.timed_out, totals.too_late), (0, 1));

    assert_eq!(Deadline::within(SECOND).scope(async { value.run(slow).await }).await, Ok(7));
    assert_eq!(value.snapshot().totals.timed_out, 1);

    let passed = Deadline::within(SECOND);
    advance(2 * SECOND).await;
    assert!(passed.scope(async { operation.run(slow).await }).await.is_err());
    assert_eq!((other.counts().calls, operation.snapshot().totals.too_late), (0, 2));
}
