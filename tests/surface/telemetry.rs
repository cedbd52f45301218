//! What metrics and events say.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Mode,
    budget::{self, Budget},
    circuit_breaker::{CircuitBreaker, Config},
    fallback::{self, Fallback},
    latency::{self, Ending, Latency},
    rate_limit::{self, Rate, RateLimiter, keyed::KeyedRateLimiter},
    reconnect::{self, Reconnect},
    timeout::Timeout,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use tracing_subscriber::{Layer, layer::SubscriberExt};

fn metrics(snapshotter: &Snapshotter) -> Vec<String> {
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
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_reconnect_transitions_total{from=connecting,name=db,to=down} 1",
            "buttress_reconnect_transitions_total{from=idle,name=db,to=connecting} 1",
            "buttress_refusals_total{kind=disconnected,mode=enforce,name=db} 3",
        ]
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
        falls_back(Mode::Enforce);
    });
    let described: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(_, _, help, _)| help.is_some())
        .collect();
    assert_eq!(described, [true; 9]);
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
    tracing::subscriber::with_default(subscriber, || {
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
        tracing::subscriber::with_default(subscriber, || {
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
    tracing::subscriber::with_default(subscriber, || {
        latency.record("op", Duration::from_secs(1), Ending::Ok);
    });
    assert_eq!(*seen.lock().unwrap(), [1]);
}
