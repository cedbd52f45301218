//! What metrics and events say.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Error, Mode,
    backoff::Backoff,
    batch::{self, Batcher},
    budget::{self, Budget},
    bulkhead::{self, Bulkhead},
    cache::{self, Cache},
    circuit_breaker::{CircuitBreaker, Config},
    fallback::{self, Fallback},
    hedge::{self, Hedge},
    latency::{self, Ending, Latency},
    outcome::Standard,
    rate_limit::{self, Rate, RateLimiter, keyed::KeyedRateLimiter},
    reconnect::{self, Reconnect},
    retry::{self, Retry},
    single_flight::{self, SingleFlight},
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};
use futures::FutureExt;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing_subscriber::{Layer, layer::SubscriberExt};

pub(crate) fn metrics(snapshotter: &Snapshotter) -> Vec<String> {
    let mut lines: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let mut labels: Vec<_> = key
                .key()
                .labels()
                .map(|label| format!("{}={}", label.key(), label.value()))
                .collect();
            labels.sort();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Gauge(gauge) => gauge.to_string(),
                DebugValue::Histogram(_) => unreachable!("there are none"),
            };
            format!("{}{{{}}} {value}", key.key().name(), labels.join(","))
        })
        .collect();
    lines.sort();
    lines
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

#[test]
fn refusals_and_transitions_are_counted_and_the_state_is_one_hot() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            // Made before anything is told, as guards in statics are.
            let breaker =
                CircuitBreaker::new("db", Config::off().with_consecutive_failures(1)).unwrap();
            let _ = breaker.call(|| async { Err::<(), _>("down") }).await;
            for _ in 0..3 {
                let _ = breaker.call(|| async { Ok::<_, &str>(()) }).await;
            }
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_circuit_breaker_state{name=db,state=closed} 0",
            "buttress_circuit_breaker_state{name=db,state=open} 1",
            "buttress_circuit_breaker_transitions_total{from=closed,name=db,reason=consecutive_failures,to=open} 1",
            "buttress_refusals_total{kind=circuit_open,mode=enforce,name=db} 3",
        ]
    );
}

#[test]
fn a_limit_is_shown_once_it_changes_and_no_change_of_one_of_many_is() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let adaptive = bulkhead::Adaptive::aimd(Duration::MAX);
            let config = bulkhead::Config::new().with_limit(20).with_adaptive(adaptive);
            let plan = config.clone().parse().unwrap();
            let db = Bulkhead::new("db", config).unwrap();
            let many = buttress::Keyed::new("tenant", 8, move |_: &u8| plan.clone()).unwrap();
            assert!(metrics(&snapshotter).is_empty());
            db.try_acquire().unwrap().failure();
            many.get(&1).try_acquire().unwrap().failure();
            assert_eq!((db.snapshot().limit, many.get(&1).snapshot().limit), (18, 18));
        });
    });
    assert_eq!(metrics(&snapshotter), ["buttress_bulkhead_limit{name=db} 18"]);
    metrics::with_local_recorder(&recorder, || {
        let db = Bulkhead::new("db", bulkhead::Config::new()).unwrap();
        db.set_limit(7).unwrap();
    });
    assert_eq!(metrics(&snapshotter), ["buttress_bulkhead_limit{name=db} 7"]);
}

#[test]
fn a_bulkhead_tells_apart_who_finds_no_place_who_is_late_and_who_comes_after_the_end() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let second = Duration::from_secs(1);
            let config = bulkhead::Config::new().with_limit(1).with_queue(1, second);
            let db = Bulkhead::new("db", config).unwrap();
            let _permit = db.try_acquire().unwrap();
            assert!(db.try_acquire().is_err());
            assert!(db.acquire().await.is_err());
            let deadline = buttress::time::Deadline::within(second / 2);
            assert!(deadline.scope(async { db.acquire().await.is_err() }).await);
            let waiting = db.acquire();
            drop(db.close(deadline));
            assert!(waiting.await.is_err());
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_refusals_total{kind=deadline_exceeded,mode=enforce,name=db} 1",
            "buttress_refusals_total{kind=full,mode=enforce,name=db} 2",
            "buttress_refusals_total{kind=shutting_down,mode=enforce,name=db} 1",
        ]
    );
}

#[test]
fn refusals_of_limiters_are_counted_and_no_key_becomes_a_label() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let limiter = RateLimiter::new("api", Rate::per_day(1)).unwrap();
        let shadow = rate_limit::Config::new(Rate::per_day(1)).with_mode(Mode::Shadow);
        let watching = RateLimiter::new("watching", shadow).unwrap();
        let keys = KeyedRateLimiter::<str>::new("users", Rate::per_day(1)).unwrap();
        for _ in 0..3 {
            let _ = limiter.try_acquire();
            watching.try_acquire().unwrap();
            let _ = keys.try_acquire("secret");
        }
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_refusals_total{kind=rate_limited,mode=enforce,name=api} 2",
            "buttress_refusals_total{kind=rate_limited,mode=enforce,name=users} 2",
            "buttress_refusals_total{kind=rate_limited,mode=shadow,name=watching} 2",
        ]
    );
}

#[test]
fn what_becomes_of_a_connection_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let config = reconnect::Config::new().with_max_attempts(1);
            let db = Reconnect::new("db", config, || async { Err::<(), _>("down") }).unwrap();
            for _ in 0..3 {
                assert!(db.connected().await.is_err());
            }
            let late = Deadline::within(Duration::ZERO);
            assert!(late.scope(db.connected()).await.is_err());
            db.close();
            assert!(db.call(|()| async { Ok::<_, ()>(()) }).await.is_err());
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_reconnect_transitions_total{from=connecting,name=db,to=down} 1",
            "buttress_reconnect_transitions_total{from=down,name=db,to=closed} 1",
            "buttress_reconnect_transitions_total{from=idle,name=db,to=connecting} 1",
            "buttress_refusals_total{kind=deadline_exceeded,mode=enforce,name=db} 1",
            "buttress_refusals_total{kind=disconnected,mode=enforce,name=db} 3",
            "buttress_refusals_total{kind=shutting_down,mode=enforce,name=db} 1",
        ]
    );
}

/// Whose call broke its connection, and finds no other, has the answer of that call: nobody was refused.
#[test]
fn a_refusal_that_nobody_gets_is_not_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let config = reconnect::Config::new().with_max_attempts(1);
            let db = Reconnect::new("db", config, || async { Ok::<_, ()>(()) }).unwrap();
            let db = db.classify(Standard::default());
            assert_eq!(
                db.call(|()| async { Err::<(), _>("down") }).await,
                Err(Error::Inner("down"))
            );
        });
    });
    let refusals = metrics(&snapshotter).into_iter().filter(|line| line.contains("refusals"));
    assert_eq!(refusals.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn loads_of_a_cache_are_counted_at_once_and_what_is_gone_when_somebody_looks() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let second = Duration::from_secs(1);
            let config = cache::Config::weight(2).with_ttl(second).with_grace(second);
            let pages = Cache::<u8, u8>::new("pages", config).unwrap();
            let pages = pages.with_weigher(|_, weight| u32::from(*weight));
            for load in [Ok(1), Err("down")] {
                let _ = pages.try_get_or_load(&1, || async move { load }).await;
                tokio::time::advance(second).await;
            }
            let _ = pages.try_get_or_load(&2, || async { Err("down") }).await;
            for (key, weight) in [(3, 1), (4, 1), (4, 1), (5, 1), (6, 3)] {
                pages.insert(key, weight);
            }
            pages.invalidate(&5);
            assert_eq!(
                metrics(&snapshotter),
                [
                    "buttress_cache_loads_total{name=pages,outcome=failed} 2",
                    "buttress_cache_loads_total{name=pages,outcome=loaded} 1",
                    "buttress_cache_stale_total{name=pages} 1",
                ]
            );
            let totals = pages.snapshot().totals;
            assert_eq!((totals.loads, totals.load_failures, totals.stale), (1, 2, 1));
            let cache::Totals { evicted, expired, removed, replaced, too_heavy, .. } = totals;
            assert_eq!((evicted + expired, removed, replaced, too_heavy), (2, 1, 1, 1));
            let told = [("evicted", evicted), ("expired", expired), ("removed", 1)];
            let told = told.into_iter().chain([("replaced", 1), ("too_heavy", 1)]);
            let told: Vec<_> = told
                .filter(|(_, count)| *count > 0)
                .map(|(cause, count)| {
                    format!("buttress_cache_removals_total{{cause={cause},name=pages}} {count}")
                })
                .collect();
            let now = metrics(&snapshotter);
            assert!(now.into_iter().filter(|line| line.contains("removals")).eq(told));
        });
    });
}

/// How a load failed is remembered beside the entries, and is none of them.
#[test]
fn failures_that_are_forgotten_are_no_removals() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let config = cache::Config::entries(9).with_negative_ttl(Duration::from_secs(60));
        let pages = Cache::<u8, u8>::new("pages", config).unwrap();
        for _ in 0..3 {
            let failed = pages.try_get_or_load(&1, || async { Err::<u8, _>("down") });
            assert!(failed.now_or_never().is_some());
            assert!(!pages.invalidate(&1));
        }
        pages.maintain(9);
        assert_eq!(pages.snapshot().totals.removed, 0);
    });
    assert_eq!(metrics(&snapshotter), ["buttress_cache_loads_total{name=pages,outcome=failed} 3"]);
}

/// What is told by one who looks is not told again by the next.
#[test]
fn what_is_gone_of_a_cache_is_told_once() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let pages = Cache::<u8, u8>::new("pages", cache::Config::entries(1)).unwrap();
        for key in 0..3 {
            pages.insert(key, key);
            drop(pages.snapshot());
            pages.maintain(9);
            drop(pages.clone().snapshot());
        }
    });
    assert_eq!(
        metrics(&snapshotter),
        ["buttress_cache_removals_total{cause=evicted,name=pages} 2"]
    );
}

#[test]
fn a_guard_made_before_the_recorder_is_heard_by_it() {
    let timeout = Timeout::new("slow", Duration::from_secs(1)).unwrap();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let _ = paused().block_on(timeout.call(std::future::pending::<Result<(), ()>>));
    });
    assert_eq!(
        metrics(&snapshotter),
        ["buttress_refusals_total{kind=timed_out,mode=enforce,name=slow} 1"]
    );
}

#[test]
fn shadow_mode_is_a_label() {
    let timeout = timeout_in_shadow();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let answer = paused().block_on(timeout.call(|| async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok::<_, ()>(7)
        }));
        assert_eq!(answer, Ok(7));
    });
    assert_eq!(
        metrics(&snapshotter),
        ["buttress_refusals_total{kind=timed_out,mode=shadow,name=slow} 1"]
    );
}

#[test]
fn a_stream_that_stalls_is_a_refusal() {
    use buttress::{
        time::Deadline,
        timeout::stream::{Config, StreamTimeout},
    };
    use futures::{StreamExt, stream};

    let config = Config::new().with_first_content(Duration::from_secs(2));
    let timeout = StreamTimeout::new("model", config).unwrap();
    let silent = stream::pending::<Result<(), ()>>;
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            assert_eq!(timeout.stream(silent()).count().await, 1);
            let deadline = Deadline::within(Duration::from_secs(1));
            let stream = deadline.scope(async { timeout.stream(silent()) }).await;
            assert_eq!(stream.count().await, 1);
            timeout
                .reconfigure(Config::new().with_gap(Duration::from_secs(1)).with_mode(Mode::Shadow))
                .unwrap();
            let words = stream::iter([Ok(()), Ok(())]).then(|word: Result<(), ()>| async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                word
            });
            assert_eq!(timeout.stream(words).count().await, 2);
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_refusals_total{kind=deadline_exceeded,mode=enforce,name=model} 1",
            "buttress_refusals_total{kind=stalled,mode=enforce,name=model} 1",
            "buttress_refusals_total{kind=stalled,mode=shadow,name=model} 1",
        ]
    );
}

fn timeout_in_shadow() -> Timeout {
    let config = buttress::timeout::Config::new(Duration::from_secs(1)).with_mode(Mode::Shadow);
    Timeout::new("slow", config).unwrap()
}

fn falls_back(mode: Mode) {
    let config = fallback::Config::new().with_mode(mode);
    let fallback = Fallback::new("menu", config).unwrap().to_value(7);
    let _ = paused().block_on(fallback.call(|| async { Err::<u8, _>("down") }));
    let open = buttress::Refusal::Throttled { name: "t".into() };
    let _ = paused().block_on(fallback.run(|| async { Err::<u8, _>(open) }));
}

#[test]
fn fallbacks_are_counted_by_cause_and_mode() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        falls_back(Mode::Enforce);
        falls_back(Mode::Shadow);
        falls_back(Mode::Enforce);
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_fallbacks_total{cause=error,mode=enforce,name=menu} 2",
            "buttress_fallbacks_total{cause=error,mode=shadow,name=menu} 1",
            "buttress_fallbacks_total{cause=rejected,mode=enforce,name=menu} 2",
            "buttress_fallbacks_total{cause=rejected,mode=shadow,name=menu} 1",
        ]
    );
}

#[test]
fn every_metric_is_described_once_asked() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        buttress::telemetry::describe();
        let breaker = CircuitBreaker::new("db", Config::new()).unwrap();
        breaker.force_open();
        drop(breaker.try_acquire());
        let budget = budget::Config::new().with_per_second(0);
        assert!(!Budget::new("db", budget).unwrap().try_withdraw());
        monitor().record("op", Duration::from_secs(1), Ending::Ok);
        let config = reconnect::Config::new();
        let db = Reconnect::new("db", config, || async { Ok::<_, ()>(()) }).unwrap();
        db.close();
        let pages = Cache::<u8, u8>::new("pages", cache::Config::entries(1)).unwrap();
        paused().block_on(pages.get_or_load(&1, async || 1)).unwrap();
        pages.clear();
        drop(pages.snapshot());
        falls_back(Mode::Enforce);
        paused().block_on(try_in_vain(&retry_at_once(3)));
        let failing = Script::new([Step::err("down"), Step::ok(1)]);
        assert_eq!(paused().block_on(hedge().call(|| failing.call())), Ok(1));
    });
    let described: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(_, _, help, _)| help.is_some())
        .collect();
    assert_eq!(described, [true; 14]);
}

fn retry_at_once(attempts: u32) -> Retry {
    let config = retry::Config::new().with_backoff(Backoff::Immediate);
    Retry::new("db", config.with_max_attempts(attempts)).unwrap()
}

async fn try_in_vain(retry: &Retry) {
    assert!(retry.call(async || Err::<(), _>("down")).await.is_err());
}

#[test]
fn retries_are_counted_and_calls_given_up_by_the_reason() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            // Made before anything is told, as guards in statics are.
            let retry = retry_at_once(3);
            try_in_vain(&retry).await; // of three tokens of this second, two
            try_in_vain(&retry).await; // and the third
            let free = retry.without_budget();
            for _ in 0..5 {
                try_in_vain(&free).await;
            }
            let hinted = free.retry_after(|_: &Result<(), _>| Some(Duration::from_secs(3600)));
            assert!(hinted.call(async || Err::<(), _>("down")).await.is_err());
            let deadline = buttress::time::Deadline::at(buttress::time::now());
            deadline.scope(try_in_vain(&free)).await;
            // Nothing to tell: a success, and one that was tried again and recovered.
            assert_eq!(free.call(async || Ok::<_, ()>(7)).await, Ok(7));
            let mut answers = [Err("down"), Ok(7)].into_iter();
            let operation = || std::future::ready(answers.next().unwrap());
            assert_eq!(free.call(operation).await, Ok(7));
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_budget_exhausted_total{name=db} 1",
            "buttress_retries_given_up_total{name=db,reason=attempts} 6",
            "buttress_retries_given_up_total{name=db,reason=budget} 1",
            "buttress_retries_given_up_total{name=db,reason=deadline} 1",
            "buttress_retries_given_up_total{name=db,reason=pushback} 1",
            "buttress_retries_total{name=db} 14",
        ]
    );
}

#[test]
fn one_event_tells_one_retry_and_one_that_it_was_given_up() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    listening(subscriber, || {
        paused().block_on(try_in_vain(&retry_at_once(2)));
    });
    assert_eq!(
        *events.0.lock().unwrap(),
        [
            r#"DEBUG message=tries again retry="db" attempt=1 delay=0ns"#,
            r#"DEBUG message=gave up retry="db" reason="attempts" attempts=2"#,
        ]
    );
}

/// Runs `f` where this subscriber hears. Somebody listens everywhere from now on: where nobody does, an
/// event that another test tells first may be switched off for good while this one subscribes.
fn listening(subscriber: impl tracing::Subscriber + Send + Sync, f: impl FnOnce()) {
    static SOMEBODY: std::sync::Once = std::sync::Once::new();
    SOMEBODY.call_once(|| {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    });
    tracing::subscriber::with_default(subscriber, f);
}

/// Writes every event down.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> Layer<S> for Events {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                let _ = write!(self.0, " {}={value:?}", field.name());
            }
        }
        let mut fields = Fields(event.metadata().level().to_string());
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}

#[test]
fn one_event_tells_one_transition() {
    let events = Events::default();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    listening(subscriber, || {
        let breaker = CircuitBreaker::new("db", Config::new()).unwrap();
        breaker.isolate();
        breaker.isolate();
        drop(breaker.try_acquire());
        breaker.reset();
    });
    assert_eq!(
        *events.0.lock().unwrap(),
        [
            r#"INFO message=circuit changed state guard="db" from="closed" to="isolated" reason="isolated""#,
            r#"DEBUG message=refused guard="db" kind="circuit_open" shadow=false"#,
            r#"INFO message=circuit changed state guard="db" from="isolated" to="closed" reason="reset""#,
        ]
    );
}

#[test]
fn what_shared_work_refuses_is_counted() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let config = single_flight::Config::new().with_max_callers(3);
            let loads = SingleFlight::<u8, u8, ()>::new("loads", config).unwrap();
            let panics = || async { std::panic::panic_any("in the load") };
            let [driver, one, two, full] = [(); 4].map(|()| loads.call(7, panics));
            assert!(full.await.is_err());
            assert!(tokio::spawn(driver).await.is_err());
            assert!(one.await.is_err() && two.await.is_err());
            let late = Deadline::within(Duration::ZERO);
            assert!(late.scope(async { loads.call(7, panics).await }).await.is_err());

            let config = batch::Config::new().with_max_weight(5).with_max_waiting(2);
            let none = |_: Vec<u8>| async { Ok::<Vec<u8>, ()>(Vec::new()) };
            let items = Batcher::new("items", config, none).unwrap();
            let items = items.weigh(|item: &u8| u64::from(*item));
            let answers = items.load_many([1, 6, 2, 3]).await;
            assert!(answers.iter().all(Result::is_err));
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_refusals_total{kind=deadline_exceeded,mode=enforce,name=loads} 1",
            "buttress_refusals_total{kind=full,mode=enforce,name=items} 1",
            "buttress_refusals_total{kind=full,mode=enforce,name=loads} 1",
            "buttress_refusals_total{kind=invalid,mode=enforce,name=items} 1",
            "buttress_refusals_total{kind=mismatched,mode=enforce,name=items} 2",
            "buttress_refusals_total{kind=panicked,mode=enforce,name=loads} 2",
        ]
    );
}

#[test]
fn hedges_are_counted_by_what_they_were_started_for() {
    let (events, recorder) = (Events::default(), DebuggingRecorder::new());
    let snapshotter = recorder.snapshotter();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    metrics::with_local_recorder(&recorder, || {
        listening(subscriber, || {
            paused().block_on(async {
                let hedge = hedge();
                let slow = Script::<_, &str>::new([Step::hang(), Step::hang(), Step::ok(1)]);
                hedge.call(|| slow.call()).await.unwrap();
                let failing = Script::new([Step::err("down"), Step::ok(1)]);
                hedge.call(|| failing.call()).await.unwrap();
                let up = Script::<_, &str>::new([Step::ok(1)]);
                hedge.call(|| up.call()).await.unwrap();
            });
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_hedges_total{cause=failed,mode=enforce,name=search} 1",
            "buttress_hedges_total{cause=slow,mode=enforce,name=search} 2",
        ]
    );
    let slow = r#"DEBUG message=hedged hedge="search" cause="slow" shadow=false"#;
    let failed = r#"DEBUG message=hedged hedge="search" cause="failed" shadow=false"#;
    assert_eq!(*events.0.lock().unwrap(), [slow, slow, failed]);
}

/// What is only counted is not load.
#[test]
fn a_hedge_in_shadow_mode_is_told_from_one_that_was_started() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let config = hedge::Config::after(Duration::from_millis(10)).with_mode(Mode::Shadow);
            let failing = Script::new([Step::err("down"), Step::ok(1)]);
            let hedge = Hedge::new("search", config).unwrap();
            assert!(hedge.call(|| failing.call()).await.is_err());
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        ["buttress_hedges_total{cause=failed,mode=shadow,name=search} 1"]
    );
}

#[test]
fn a_hedge_without_money_is_told_by_the_purse() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        paused().block_on(async {
            let empty = budget::Config::new().with_ratio(0.0).with_per_second(0);
            let hedge = hedge().paying_from(&Budget::new("purse", empty).unwrap());
            let failing = Script::new([Step::err("down"), Step::ok(1)]);
            assert!(hedge.call(|| failing.call()).await.is_err());
        });
    });
    assert_eq!(metrics(&snapshotter), ["buttress_budget_exhausted_total{name=purse} 1"]);
}

/// Two hedges, 10 ms apart, that cost nothing.
fn hedge() -> Hedge {
    let config = hedge::Config::after(Duration::from_millis(10)).with_max_hedges(2);
    Hedge::new("search", config).unwrap().without_budget()
}

/// Slow is what takes longer than 100 ms; there is an alert every ten seconds.
fn monitor() -> Latency {
    let config = latency::Config::new()
        .with_window(Duration::from_secs(10))
        .with_slices(10)
        .with_slow_after(Duration::from_millis(100));
    Latency::new("rag", config).unwrap()
}

/// Case 130.
#[test]
fn the_first_slow_operation_of_a_window_raises_an_alert_and_all_are_counted() {
    let (events, recorder) = (Events::default(), DebuggingRecorder::new());
    let snapshotter = recorder.snapshotter();
    let subscriber = tracing_subscriber::registry().with(events.clone());
    let told = || std::mem::take(&mut *events.0.lock().unwrap());
    let took = |latency: &Latency, operation: &'static str, millis| {
        latency.record(operation, Duration::from_millis(millis), Ending::Ok);
    };
    let alert = |operation: &str, took: u32, p99: u32, suppressed: u32| {
        format!(
            "WARN message=slow operation monitor=\"rag\" operation=\"{operation}\" \
             took_ms={took}.0 slow_after_ms=100.0 p99_ms={p99}.0 suppressed={suppressed}"
        )
    };
    metrics::with_local_recorder(&recorder, || {
        listening(subscriber, || {
            paused().block_on(async {
                let latency = monitor();
                (0..50).for_each(|_| took(&latency, "select", 10));
                assert_eq!(told(), [""; 0]);
                took(&latency, "select", 250);
                assert_eq!(told(), [alert("select", 250, 250, 0)]);
                (0..7).for_each(|_| took(&latency, "select", 300));
                assert_eq!(told(), [""; 0], "one a window");
                took(&latency, "complete", 900);
                assert_eq!(told(), [alert("complete", 900, 900, 0)], "and operation");
                tokio::time::advance(Duration::from_secs(10)).await;
                took(&latency, "select", 400);
                assert_eq!(told(), [alert("select", 400, 400, 7)]);
                let wrapped = latency.wrap("complete", async {
                    tokio::time::sleep(Duration::from_millis(101)).await;
                    Ok::<_, ()>(())
                });
                wrapped.await.unwrap();
                assert_eq!(told(), [alert("complete", 101, 101, 0)]);
            });
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_latency_slow_total{name=rag,operation=complete} 2",
            "buttress_latency_slow_total{name=rag,operation=select} 9",
        ]
    );
}

/// A subscriber may be slow itself, and look at what it is told of.
#[test]
fn an_alert_is_told_without_a_lock() {
    struct Looks(Latency, Arc<Mutex<Vec<u64>>>);
    impl<S: tracing::Subscriber> Layer<S> for Looks {
        fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.1.lock().unwrap().push(self.0.operation("op").snapshot().summary().slow);
        }
    }

    let (latency, seen) = (monitor(), Arc::default());
    let subscriber = tracing_subscriber::registry().with(Looks(latency.clone(), Arc::clone(&seen)));
    listening(subscriber, || {
        latency.record("op", Duration::from_secs(1), Ending::Ok);
    });
    assert_eq!(*seen.lock().unwrap(), [1]);
}
