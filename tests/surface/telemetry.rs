//! What metrics and events say.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Mode,
    backoff::Backoff,
    budget::{self, Budget},
    circuit_breaker::{CircuitBreaker, Config},
    retry::{self, Retry},
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

fn timeout_in_shadow() -> Timeout {
    let config = buttress::timeout::Config::new(Duration::from_secs(1)).with_mode(Mode::Shadow);
    Timeout::new("slow", config).unwrap()
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
        paused().block_on(try_in_vain(&retry_at_once(3)));
    });
    let described: Vec<_> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(_, _, help, _)| help.is_some())
        .collect();
    assert_eq!(described, [true; 7]);
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
    tracing::subscriber::with_default(subscriber, || {
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
