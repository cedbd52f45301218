//! Permits that are held until a stream ends.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error, Mode, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, Counts, State},
    outcome::Outcome,
    pushback::Pushback,
    stream::{GuardedStream, HeldStream, Settle},
    timeout::stream::{StreamTimeout, presets},
};
use futures::{FutureExt, Stream, StreamExt, stream, stream::FusedStream};
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

type Item = Result<&'static str, &'static str>;

/// Opens by two failures in a row; one probe, which may take an hour.
fn config() -> Config {
    Config::off()
        .with_consecutive_failures(2)
        .with_soft_failure_ratio(1.0)
        .with_fixed_interval(SECOND)
        .with_probes(1)
        .with_probe_lease(HOUR)
        .with_half_open_for(2 * HOUR)
}

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("model", config()).unwrap()
}

/// The next permit is a probe.
fn half_open(breaker: &CircuitBreaker) {
    breaker.open_for(Duration::ZERO);
}

fn counts(breaker: &CircuitBreaker) -> (u64, u64) {
    let counts = breaker.snapshot().counts;
    (counts.calls, counts.failures)
}

/// Three words, ten seconds apart.
fn slow() -> impl Stream<Item = Item> {
    stream::iter(["a", "b", "c"]).then(|word| async move {
        sleep(10 * SECOND).await;
        Ok(word)
    })
}

fn hanging() -> impl Stream<Item = Item> {
    stream::iter([Ok("a")]).chain(stream::pending())
}

/// A stream of these items through each of the doors that hold a permit.
async fn through_each_door(breaker: &CircuitBreaker, items: &[Item], mut after: impl FnMut(&str)) {
    let play = || stream::iter(items.to_vec());
    breaker.stream(play).count().await;
    after("stream");
    breaker.run_stream(|| play().map(|item| item.map_err(Error::Inner))).count().await;
    after("run_stream");
    breaker.try_acquire().unwrap().record_stream(play()).count().await;
    after("record_stream");
    let permit = breaker.try_acquire_owned().unwrap();
    permit.settle_stream(play().map(|item| item.map_err(Error::Inner))).count().await;
    after("settle_stream");
}

#[tokio::test(start_paused = true)]
async fn an_end_is_a_success_and_the_first_error_decides() {
    for (items, failed) in [
        (&[][..], 0),
        (&[Ok("a"), Ok("b")], 0),
        (&[Ok("a"), Err("reset")], 1),
        (&[Err("reset"), Ok("on it goes"), Err("reset")], 1),
    ] {
        let breaker = CircuitBreaker::new("model", Config::new()).unwrap();
        let mut calls = 0;
        through_each_door(&breaker, items, |door| {
            calls += 1;
            assert_eq!(counts(&breaker), (calls, calls * failed), "{items:?} by {door}");
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_ends_a_run_of_failures() {
    let breaker = breaker();
    breaker.try_acquire().unwrap().failure();
    breaker.stream(slow).count().await;
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_counts_when_it_comes_and_not_at_the_end() {
    let breaker = breaker();
    let mut streams: Vec<_> = (0..2)
        .map(|_| {
            let stream = stream::iter([Ok("a"), Err("reset")]).chain(stream::pending::<Item>());
            breaker.stream(|| stream)
        })
        .collect();
    for stream in &mut streams {
        assert_eq!(stream.next().await, Some(Ok("a")));
        assert_eq!(breaker.state(), State::Closed);
        assert_eq!(stream.next().await, Some(Err(Error::Inner("reset"))));
    }
    assert_eq!(breaker.state(), State::Open);
    drop(streams);
    assert_eq!(breaker.snapshot().totals.opened, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_keeps_its_probes_place_until_it_ends() {
    let breaker = breaker();
    half_open(&breaker);
    let mut probe = pin!(breaker.stream(slow));
    for word in ["a", "b", "c"] {
        let refused = breaker.try_acquire().unwrap_err();
        assert!(matches!(refused, Refusal::CircuitOpen { reason: OpenReason::Probing, .. }));
        assert_eq!(probe.next().await, Some(Ok(word)));
    }
    assert_eq!(breaker.state(), State::HalfOpen, "the last word is not the end");
    assert_eq!(probe.next().await, None);
    assert_eq!(breaker.state(), State::Closed);
    assert!(probe.is_terminated());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_outlasts_its_lease_has_failed() {
    let breaker = CircuitBreaker::new("model", config().with_probe_lease(15 * SECOND)).unwrap();
    half_open(&breaker);
    let mut probe = pin!(breaker.stream(slow));
    assert!(probe.next().await.is_some());
    advance(5 * SECOND).await;
    assert!(breaker.try_acquire().is_err());
    assert_eq!(breaker.state(), State::Open);
    assert_eq!(probe.count().await, 2, "it is not cut off");
}

#[tokio::test(start_paused = true)]
async fn a_drop_gives_the_place_back_and_counts_nothing() {
    let breaker = breaker();
    half_open(&breaker);
    for polls in 0..3 {
        let mut probe = Box::pin(breaker.stream(slow));
        for _ in 0..polls {
            assert!(probe.next().await.is_some());
        }
        drop(probe);
        assert_eq!(counts(&breaker), (0, 0));
    }
    breaker.try_acquire().unwrap().success();
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_stalled_stream_is_a_failure_whichever_guard_is_outside() {
    let timeout = StreamTimeout::new("model", presets::COMPLETION).unwrap();
    let breaker = breaker();
    let outside = timeout.run_stream(breaker.stream(hanging));
    assert_eq!(outside.count().await, 2, "a word and a refusal");
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1, "its drop was a cut");
    let inside = breaker.run_stream(|| timeout.stream(hanging()));
    assert_eq!(inside.count().await, 2);
    assert_eq!(breaker.state(), State::Open, "its item was a refusal that began");
}

#[tokio::test(start_paused = true)]
async fn a_stalled_probe_opens_the_circuit_again() {
    let timeout = StreamTimeout::new("model", presets::COMPLETION).unwrap();
    let breaker = breaker();
    half_open(&breaker);
    let mut probe = pin!(timeout.run_stream(breaker.stream(hanging)));
    assert!(probe.next().await.unwrap().is_ok());
    assert_eq!(breaker.state(), State::HalfOpen);
    assert!(probe.next().await.unwrap().is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_refused_stream_is_not_started_and_its_only_item_says_so() {
    let breaker = breaker();
    breaker.force_open();
    let start = || -> stream::Empty<Item> { panic!("it is started") };
    let mut refused = breaker.stream(start);
    assert_eq!(refused.size_hint(), (1, Some(1)));
    assert_eq!(format!("{refused:?}"), "GuardedStream(refused)");
    let refusal = Refusal::CircuitOpen {
        name: "model".into(),
        reason: OpenReason::Forced,
        retry_after: None,
    };
    assert_eq!(refused.next().await, Some(Err(Error::Refused(refusal))));
    assert!(refused.is_terminated());
    assert_eq!((refused.next().await, refused.size_hint()), (None, (0, Some(0))));
    assert_eq!(breaker.snapshot().totals.refused, 1, "when it was asked for");
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_a_stream_passes_an_open_circuit() {
    let breaker = CircuitBreaker::new("model", config().with_mode(Mode::Shadow)).unwrap();
    breaker.force_open();
    assert_eq!(breaker.stream(slow).count().await, 3);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_never_began_are_nobodys_failure() {
    let limited = Refusal::RateLimited { name: "inner".into(), retry_after: None };
    let items = || stream::iter([Ok("a"), Err(Error::<&str>::Refused(limited.clone()))]);
    let breaker = breaker();
    half_open(&breaker);
    breaker.run_stream(items).count().await;
    breaker.try_acquire().unwrap().settle_stream(items()).count().await;
    assert_eq!((counts(&breaker), breaker.state()), ((0, 0), State::HalfOpen));
    breaker.try_acquire().unwrap().record_stream(items()).count().await;
    assert_eq!(breaker.state(), State::Open, "record cannot see it");
}

#[tokio::test(start_paused = true)]
async fn the_classifier_sees_the_items() {
    let breaker = CircuitBreaker::new("model", Config::new()).unwrap();
    let eyes = |item: &Item| match item {
        Ok("overloaded") => Outcome::SoftFailure,
        Ok("broken") => Outcome::Failure,
        Ok("ping") => Outcome::Ignore,
        Err("not found") => Outcome::Ignore,
        Err("expected") => Outcome::Success,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure,
    };
    let seen = breaker.classify(eyes);
    for (items, expected) in [
        (&[Ok("ping"), Ok("a")][..], (1, 0, 0)),
        (&[Ok("a"), Ok("overloaded"), Err("reset")], (1, 0, 1)),
        (&[Ok("broken"), Ok("a")], (1, 1, 0)),
        (&[Err("not found"), Err("reset")], (0, 0, 0)),
        (&[Err("expected"), Err("reset")], (1, 0, 0)),
        (&[Ok("ping"), Err("reset")], (1, 1, 0)),
    ] {
        breaker.reset();
        seen.try_acquire().unwrap().record_stream(stream::iter(items.to_vec())).count().await;
        let Counts { calls, failures, soft_failures, .. } = breaker.snapshot().counts;
        assert_eq!((calls, failures, soft_failures), expected, "{items:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn once_it_is_settled_the_classifier_is_not_asked_again() {
    let asked = AtomicU32::new(0);
    let breaker = breaker().classify(|item: &Item| {
        asked.fetch_add(1, Ordering::Relaxed);
        if item.is_ok() { Outcome::Success } else { Outcome::Failure }
    });
    let items = stream::iter([Ok("a"), Err("reset"), Ok("b"), Err("reset")]);
    breaker.try_acquire().unwrap().record_stream(items).count().await;
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn an_item_can_say_how_long_to_stay_away() {
    let breaker = CircuitBreaker::new("model", config().with_consecutive_failures(1)).unwrap();
    let hinted = breaker.retry_after(|item: &Item| match item {
        Err(_) => Pushback::after(90 * SECOND),
        Ok(_) => Pushback::NONE,
    });
    let items = stream::iter([Ok("a"), Err("later")]);
    hinted.try_acquire_owned().unwrap().record_stream(items).count().await;
    assert_eq!(breaker.try_acquire().unwrap_err().retry_after(), Some(90 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_at_once_even_if_somebody_catches_it() {
    let breaker = breaker();
    let bad = || stream::poll_fn(|_| -> std::task::Poll<Option<Item>> { panic!("as planned") });
    let mut held = breaker.stream(bad);
    assert!(catch_unwind(AssertUnwindSafe(|| held.next().now_or_never())).is_err());
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1);
    assert!(catch_unwind(AssertUnwindSafe(|| held.next().now_or_never())).is_err());
    drop(held);
    assert_eq!(breaker.snapshot().counts.consecutive_failures, 1, "and once");
    let start = || -> stream::Empty<Item> { panic!("as planned") };
    assert!(catch_unwind(AssertUnwindSafe(|| breaker.stream(start))).is_err());
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_ended_holds_nothing_however_long_it_is_kept() {
    let breaker = breaker();
    half_open(&breaker);
    let connection = Arc::new(());
    let inside = Arc::clone(&connection);
    let mut held = breaker.stream(|| {
        stream::iter([Ok::<_, &str>("a")])
            .inspect(move |_| assert_eq!(Arc::strong_count(&inside), 2))
    });
    assert_eq!(format!("{held:?}"), "GuardedStream(HeldStream(running))");
    while held.next().await.is_some() {}
    assert_eq!(Arc::strong_count(&connection), 1);
    assert_eq!(breaker.state(), State::Closed);
    assert_eq!((held.next().await, held.size_hint()), (None, (0, Some(0))));
    assert_eq!(format!("{held:?}"), "GuardedStream(HeldStream(done))");
}

#[tokio::test(start_paused = true)]
async fn it_outlives_the_handle_and_needs_no_send() {
    let breaker = breaker();
    let mut seen = breaker.subscribe();
    breaker.try_acquire().unwrap().failure();
    let local = Rc::new("reset");
    let held = breaker.stream(|| stream::iter([Ok::<(), _>(()), Err(local)]));
    drop(breaker);
    assert_eq!(held.count().await, 2);
    assert_eq!(seen.try_next().map(|change| change.to), Some(State::Open));
}

/// A place of one's own, and what it heard.
#[derive(Clone, Default)]
struct Place(Arc<Mutex<Vec<String>>>);

impl Place {
    fn note(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }
}

impl Settle<&'static str, &'static str> for Place {
    fn item(&mut self, item: &Item) {
        self.note(if item.is_ok() { "item" } else { "error" });
    }

    fn ended(&mut self) {
        self.note("end");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.note(if std::thread::panicking() { "panic" } else { "drop" });
    }
}

#[tokio::test(start_paused = true)]
async fn a_permit_of_ones_own_hears_how_the_stream_goes() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let place = || Place(Arc::clone(&heard));
    let take = || std::mem::take(&mut *heard.lock().unwrap());
    HeldStream::new(stream::iter([Ok("a"), Err("b"), Ok("c")]), place()).count().await;
    assert_eq!(take(), ["item", "error", "item", "end", "drop"]);
    let connection = place();
    let inside = stream::iter([Ok("a")]).inspect(move |_| connection.note("read"));
    let mut kept = HeldStream::new(inside, place());
    while kept.next().await.is_some() {}
    let heard_at_the_end = ["read", "item", "end", "drop", "drop"];
    assert_eq!(take(), heard_at_the_end, "the stream goes, then the permit");
    drop(kept);
    assert_eq!(take(), [""; 0]);
    let mut held = HeldStream::new(hanging(), place());
    assert!(held.next().await.is_some());
    assert!(held.next().now_or_never().is_none());
    drop(held);
    assert_eq!(take(), ["item", "drop"]);
    let mut panics = HeldStream::new(
        stream::poll_fn(|_| -> std::task::Poll<Option<Item>> { panic!("as planned") }),
        place(),
    );
    assert!(catch_unwind(AssertUnwindSafe(|| panics.next().now_or_never())).is_err());
    assert_eq!(take(), ["panic"]);
}

#[test]
fn held_streams_can_be_sent_and_named() {
    fn sent<T: Send + 'static>() {}
    type Answer = stream::Empty<Item>;
    sent::<
        GuardedStream<Answer, buttress::circuit_breaker::Permit<buttress::circuit_breaker::Owned>>,
    >();
    sent::<HeldStream<Answer, Place>>();
}
