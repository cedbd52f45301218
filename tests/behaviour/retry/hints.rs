//! Backends that say when to come back.

use std::time::Duration;

use buttress::{
    Error,
    backoff::{Backoff, Jitter},
    outcome::{Hinted, Standard},
    pushback::Pushback,
    retry::{Config, Ending, Retry},
    testing::Step,
    time::Deadline,
};

use super::doors::{
    Answer, Backend, Caller, Down, MILLISECOND, News, Notes, SECOND, broken, callers, delays,
};

type Hint = fn(&Answer) -> Option<Duration>;

/// From 10 s on, doubling, without jitter.
fn doubling() -> Config {
    let backoff = Backoff::exponential(10 * SECOND, 3600 * SECOND);
    Config::new().with_backoff(backoff).with_jitter(Jitter::None)
}

/// Busy asks for this, and nobody else for anything.
fn asking(
    config: Config,
    wait: Duration,
) -> impl Iterator<Item = Caller<Hinted<Standard, impl Fn(&Answer) -> Option<Duration> + Clone>>> {
    callers(config).map(move |caller| {
        caller.seen_by(|retry: &Retry| {
            retry.retry_after(move |answer: &Answer| {
                matches!(answer, Err(Error::Inner(Down::Busy))).then_some(wait)
            })
        })
    })
}

fn busy() -> Step<&'static str, Down> {
    Step::err(Down::Busy)
}

#[tokio::test(start_paused = true)]
async fn without_jitter_it_is_waited_for_to_the_letter_rt_46_rt_48() {
    for wait in [Duration::ZERO, MILLISECOND, SECOND / 2, 3 * SECOND, 20 * SECOND, 120 * SECOND] {
        for caller in asking(doubling(), wait) {
            let (backend, notes) = (Backend::new([busy(), Step::ok("up")]), Notes::new());
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            assert_eq!(caller.ask(&backend).await, Ok("up"));
            assert_eq!((notes.all(), backend.waits()), (vec![wait], vec![wait]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_does_not_say_is_backed_off_from_as_usual_rt_21() {
    for caller in asking(doubling(), SECOND) {
        let backend = Backend::failing(2);
        assert_eq!(caller.ask(&backend).await, Ok("up"));
        assert_eq!(backend.waits(), [10 * SECOND, 20 * SECOND], "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn after_it_the_backoff_starts_over_rt_49() {
    for caller in asking(doubling().with_max_attempts(7), 3 * SECOND) {
        let down = || Step::err(Down::Broken);
        let backend = Backend::new([down(), down(), busy(), down(), down(), busy(), down()]);
        assert_eq!(caller.ask(&backend).await, broken());
        let seconds: Vec<_> = backend.waits().iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [10, 20, 3, 10, 20, 3], "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn with_jitter_it_is_never_sooner_than_asked_rt_50() {
    buttress::random::seed(50);
    let wait = 500 * MILLISECOND;
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Fraction(0.1), Jitter::Decorrelated] {
        for caller in asking(doubling().with_jitter(jitter).with_max_attempts(101), wait) {
            let (backend, notes) = (Backend::new([busy()]), Notes::new());
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            assert_eq!(caller.ask(&backend).await, Err(Error::Inner(Down::Busy)));
            let mut told = notes.all();
            assert!(told.iter().all(|told| (wait..wait * 3 / 2).contains(told)), "{told:?}");
            told.sort();
            told.dedup();
            assert!(told.len() > 95, "{jitter:?}: {} of 100 are different", told.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_more_than_max_retry_after_is_not_asked_again_rt_47() {
    let config = doubling().with_max_retry_after(60 * SECOND);
    for (wait, attempts, ending) in [
        (86_400 * SECOND, 1, Ending::Pushback),
        (60 * SECOND + MILLISECOND, 1, Ending::Pushback),
        (60 * SECOND, 3, Ending::Attempts),
        (Duration::MAX, 1, Ending::Pushback),
    ] {
        for caller in asking(config.clone(), wait) {
            let told = caller.detailed(&Backend::new([busy()])).await;
            assert_eq!(told.result, Err(Error::Inner(Down::Busy)), "the last result itself");
            assert_eq!((told.attempts, told.ending), (attempts, ending), "{wait:?}");
            assert_eq!(caller.given_up().pushback, u64::from(attempts == 1));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_kept_to_within_the_deadline_or_not_begun() {
    buttress::random::seed(3);
    for (jitter, left, attempts) in [
        (Jitter::None, 3 * SECOND, 1),
        (Jitter::None, 3 * SECOND + MILLISECOND, 2),
        (Jitter::Full, 3 * SECOND, 1),
        (Jitter::Full, 3 * SECOND + 2 * MILLISECOND, 2),
    ] {
        for caller in asking(doubling().with_jitter(jitter).with_max_attempts(2), 3 * SECOND) {
            let notes = Notes::new();
            let caller = caller.seen_by(|retry| retry.on_retry(delays(&notes)));
            let call = caller.detailed(&Backend::new([busy()]));
            let told = Deadline::within(left).scope(call).await;
            assert_eq!(told.attempts, attempts, "{left:?} with {jitter:?}, {:?}", caller.door);
            // What jitter adds stays within the deadline too.
            assert!(notes.all().iter().all(|wait| (3 * SECOND..left).contains(wait)));
        }
        for caller in asking(doubling().with_max_elapsed(3 * SECOND), 3 * SECOND) {
            let told = caller.detailed(&Backend::new([busy()])).await;
            assert_eq!((told.attempts, told.ending), (1, Ending::Elapsed));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_failures_are_asked() {
    let hint: Hint = |answer| {
        assert!(answer.is_err(), "asked about {answer:?}");
        None
    };
    for caller in callers(doubling()) {
        let caller = caller.discerning().seen_by(|retry| retry.retry_after(hint));
        assert_eq!(caller.ask(&Backend::failing(1)).await, Ok("up"));
        let backend = Backend::new([Step::err(Down::Missing)]);
        assert_eq!(caller.ask(&backend).await, Err(Error::Inner(Down::Missing)));
        assert_eq!(backend.calls(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn it_may_say_more_than_a_time() {
    for caller in callers(doubling()) {
        let caller = caller.seen_by(|retry| {
            retry.retry_after(|answer: &Answer| match answer {
                Err(Error::Inner(Down::Busy)) => Pushback::after(2 * SECOND),
                Err(Error::Inner(Down::Missing)) => Pushback::never(),
                _ => Pushback::NONE,
            })
        });
        let backend = Backend::new([busy(), Step::err(Down::Broken), Step::err(Down::Missing)]);
        let told = caller.detailed(&backend).await;
        assert_eq!(told.result, Err(Error::Inner(Down::Missing)));
        assert_eq!((told.attempts, told.ending), (3, Ending::Pushback), "{:?}", caller.door);
        assert_eq!(backend.waits(), [2 * SECOND, 10 * SECOND]);
    }
}

/// Delays of one's own yield to it and go on where they were.
#[tokio::test(start_paused = true)]
async fn it_goes_before_delays_of_ones_own() {
    for caller in asking(doubling().with_max_attempts(10), 7 * SECOND) {
        let caller =
            caller.seen_by(|retry| retry.delays(|| [1, 2, 3].map(|seconds| seconds * SECOND)));
        let down = || Step::err(Down::Broken);
        let backend = Backend::new([down(), busy(), down(), down(), down()]);
        assert_eq!(caller.ask(&backend).await, broken());
        let seconds: Vec<_> = backend.waits().iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [1, 7, 2, 3], "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_the_wait_that_was_asked_for() {
    for caller in asking(doubling(), 3 * SECOND) {
        let notes = Notes::new();
        let note = notes.clone();
        let caller = caller.seen_by(|retry| {
            retry.on_retry(move |again: &News<'_>| note.note((again.delay, again.waited)))
        });
        assert!(caller.ask(&Backend::new([busy()])).await.is_err());
        assert_eq!(notes.all(), [(3 * SECOND, Duration::ZERO), (3 * SECOND, 3 * SECOND)]);
    }
}

#[tokio::test(start_paused = true)]
async fn it_has_no_bound_where_none_is_set() {
    for caller in asking(doubling().with_max_retry_after(Duration::MAX), Duration::MAX) {
        let backend = Backend::new([busy()]);
        let call = tokio::time::timeout(3600 * SECOND, caller.ask(&backend));
        assert!(call.await.is_err(), "{:?}: it waits", caller.door);
        assert_eq!(backend.calls(), 1);
    }
}

/// A fraction of nought is no jitter.
#[tokio::test(start_paused = true)]
async fn with_a_fraction_of_nought_it_is_waited_for_to_the_letter_too_rt_33() {
    for caller in asking(doubling().with_jitter(Jitter::Fraction(0.0)), 3 * SECOND) {
        let told = caller.detailed(&Backend::new([busy(), Step::ok("up")])).await;
        assert_eq!((told.result, told.waited), (Ok("up"), 3 * SECOND), "{:?}", caller.door);
    }
}
