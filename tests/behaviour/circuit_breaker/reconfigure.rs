//! Another config while it is running.

use buttress::{
    Mode,
    circuit_breaker::{Config, Counts, Reason, State, Window},
    testing::Step,
};
use tokio::time::advance;

use crate::doors::{Circuit, Down, SECOND, changes, circuits, news};

/// Three failures in a row, five seconds, one probe.
fn config() -> Config {
    Config::off().with_consecutive_failures(3).with_fixed_interval(5 * SECOND).with_probes(1)
}

fn half() -> Config {
    Config::new().with_window(Window::Count(10)).with_min_calls(10)
}

async fn probing<C>(circuit: &Circuit<C>) {
    circuit.breaker.open_for(SECOND);
    advance(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn closed_it_goes_by_the_new_rules_with_what_it_counted_by_the_old() {
    for circuit in circuits(config()) {
        circuit.play("FF").await;
        circuit.breaker.reconfigure(config().with_consecutive_failures(5)).unwrap();
        circuit.play("FF").await;
        circuit.is(State::Closed);
        circuit.play("F").await;
        circuit.is(State::Open);
        assert_eq!(circuit.refused_for().await, 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_cut_as_before_keeps_its_calls() {
    for window in [Window::Count(10), Window::Time { span: 10 * SECOND, buckets: 10 }] {
        let half = half().with_window(window);
        for circuit in circuits(half.clone()) {
            circuit.play("SFFF").await;
            circuit.breaker.reconfigure(half.clone().with_min_calls(5)).unwrap();
            assert_eq!(circuit.tally(), (1, 3));
            circuit.play("F").await;
            circuit.is(State::Open);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_cut_differently_starts_again() {
    let windows = [
        Window::Count(10),
        Window::Count(20),
        Window::Time { span: 10 * SECOND, buckets: 10 },
        Window::Time { span: 10 * SECOND, buckets: 5 },
        Window::Time { span: 20 * SECOND, buckets: 10 },
    ];
    for from in windows {
        for to in windows.into_iter().filter(|to| *to != from) {
            for circuit in circuits(half().with_window(from)) {
                circuit.play("SSFF").await;
                circuit.breaker.reconfigure(half().with_window(to)).unwrap();
                assert_eq!(circuit.tally(), (0, 0), "{from:?} to {to:?}");
                circuit.play("SF").await;
                assert_eq!(circuit.tally(), (1, 1), "{from:?} to {to:?}");
            }
        }
    }
}

/// Good calls and bad ones start again together, or the share would be wrong.
#[tokio::test(start_paused = true)]
async fn a_window_that_was_off_in_between_starts_again_as_a_whole() {
    for window in [Window::Count(10), Window::Time { span: 100 * SECOND, buckets: 10 }] {
        let half = half().with_window(window);
        for circuit in circuits(half.clone()) {
            circuit.play("SSSSSFFF").await;
            circuit.breaker.reconfigure(config().with_window(window)).unwrap();
            circuit.breaker.reconfigure(half.clone()).unwrap();
            assert_eq!(circuit.tally(), (0, 0), "{window:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn open_it_stays_until_the_end_it_was_given() {
    for circuit in circuits(config()) {
        let mut seen = circuit.breaker.subscribe();
        circuit.play("FFF").await;
        advance(SECOND).await;
        circuit.breaker.reconfigure(config().with_fixed_interval(60 * SECOND)).unwrap();
        circuit.is(State::Open);
        assert_eq!(circuit.refused_for().await, 4 * SECOND);
        assert_eq!(changes(&mut seen), [(State::Closed, State::Open)]);
        advance(4 * SECOND).await;
        circuit.play("F").await;
        assert_eq!(circuit.refused_for().await, 60 * SECOND, "the next one is the new one");
    }
}

#[tokio::test(start_paused = true)]
async fn half_open_it_keeps_its_probes_and_judges_by_the_new_rules() {
    for circuit in circuits(config().with_probes(5)) {
        probing(&circuit).await;
        let out = circuit.start(Step::ok("up").after(SECOND));
        circuit.play("S").await;
        circuit.breaker.reconfigure(config().with_probes(2)).unwrap();
        circuit.is(State::HalfOpen);
        circuit.refusal().await;
        out.await.unwrap();
        circuit.is(State::Closed);
    }
    for circuit in circuits(config()) {
        probing(&circuit).await;
        let out = circuit.start(Step::ok("up").after(SECOND));
        circuit.refusal().await;
        circuit.breaker.reconfigure(config().with_probes(2)).unwrap();
        circuit.play("S").await;
        circuit.is(State::HalfOpen);
        out.await.unwrap();
        circuit.is(State::Closed);
    }
}

/// Fewer probes than have come back already: whoever asks next finds it decided.
#[tokio::test(start_paused = true)]
async fn half_open_with_enough_probes_in_it_is_judged_by_the_next_call() {
    for circuit in circuits(config().with_probes(5)) {
        probing(&circuit).await;
        circuit.play("SS").await;
        circuit.breaker.reconfigure(config().with_probes(2)).unwrap();
        circuit.play("S").await;
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_counts_under_the_new_config() {
    for circuit in circuits(config()) {
        circuit.play("FF").await;
        let late = circuit.start(Step::err(Down::Broken).after(SECOND));
        circuit.breaker.reconfigure(half().with_consecutive_failures(3)).unwrap();
        late.await.unwrap_err();
        circuit.is(State::Open);
    }
}

/// A call that began before slow calls were of interest: nobody knows how long it took.
#[tokio::test(start_paused = true)]
async fn a_call_in_flight_when_slow_calls_are_switched_on_is_not_slow() {
    advance(3600 * SECOND).await; // the process has been up for a while
    let slow = half().with_slow_calls(10 * SECOND, 0.5);
    for circuit in circuits(half()) {
        let good = circuit.start(Step::ok("up").after(SECOND));
        let bad = circuit.start(Step::err(Down::Broken).after(SECOND));
        let abandoned = circuit.start(Step::hang());
        circuit.breaker.reconfigure(slow.clone()).unwrap();
        good.await.unwrap();
        bad.await.unwrap_err();
        drop(abandoned);
        let counts = circuit.counts();
        assert_eq!((counts.calls, counts.failures, counts.slow), (2, 1, 0), "{counts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight_when_slow_calls_are_switched_off_is_not_slow() {
    for circuit in circuits(half().with_slow_calls(SECOND, 0.5).with_min_calls(1)) {
        let late = circuit.start(Step::ok("up").after(5 * SECOND));
        circuit.breaker.reconfigure(half().with_min_calls(1)).unwrap();
        late.await.unwrap();
        assert_eq!((circuit.counts().calls, circuit.counts().slow), (1, 0));
        circuit.is(State::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_that_cannot_work_changes_nothing() {
    for circuit in circuits(config()) {
        circuit.play("FF").await;
        let before = circuit.breaker.snapshot();
        let error = circuit.breaker.reconfigure(config().with_probes(0)).unwrap_err();
        assert_eq!(error.flaws()[0].field, "probes");
        assert_eq!(circuit.breaker.snapshot(), before);
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}

/// In shadow mode nothing is refused, so a circuit that refuses cannot stay as it is.
#[tokio::test(start_paused = true)]
async fn put_into_shadow_mode_an_open_circuit_closes() {
    for half_open in [false, true] {
        for circuit in circuits(config()) {
            circuit.play("FFF").await;
            if half_open {
                advance(5 * SECOND).await;
                drop(circuit.start(Step::hang()));
                circuit.is(State::HalfOpen);
            }
            let mut seen = circuit.breaker.subscribe();
            circuit.breaker.reconfigure(config().with_mode(Mode::Shadow)).unwrap();
            let news = news(&mut seen);
            assert_eq!(news.len(), 1);
            assert_eq!((news[0].to, news[0].reason), (State::Closed, Reason::Reconfigured));
            assert_eq!(circuit.counts(), Counts::default());
            circuit.play("FFFF").await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_ramp_a_ramping_circuit_is_closed() {
    for circuit in circuits(config().with_ramp(100 * SECOND)) {
        probing(&circuit).await;
        circuit.play("S").await;
        circuit.is(State::Ramping);
        circuit.breaker.reconfigure(config()).unwrap();
        circuit.is(State::Closed);
        assert_eq!(circuit.breaker.snapshot().reason, Some(Reason::RampOver));
        circuit.play("SSSSSSSSSSSS").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_outlasts_a_config() {
    for circuit in circuits(config()) {
        circuit.breaker.isolate();
        circuit.breaker.reconfigure(half()).unwrap();
        circuit.is(State::Isolated);
        circuit.refusal().await;
    }
}

/// One handle of many: the config is the circuit's, not the handle's.
#[tokio::test(start_paused = true)]
async fn a_config_reaches_every_handle_and_layer() {
    for circuit in circuits(config()) {
        circuit.breaker.clone().reconfigure(config().with_consecutive_failures(1)).unwrap();
        circuit.play("F").await;
        circuit.is(State::Open);
    }
}
