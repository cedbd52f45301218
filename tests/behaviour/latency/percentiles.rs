//! Percentiles against the exact ones.

use std::time::Duration;

use buttress::latency::{Config, Distribution, Ending};

use super::{SECOND, monitor};

const SAMPLES: usize = 100_000;
const ONE_PERCENT: f64 = 0.01;

/// Numbers from 0 to 1, the same on every run.
fn uniform() -> impl Iterator<Item = f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    })
}

/// Nanoseconds, from a number from 0 to 1.
type Law = fn(f64) -> f64;

const LAWS: [(&str, Law); 9] = [
    ("constant", |_| 123_456_789.0),
    ("uniform", |u| 1e6 + u * 1e9),
    ("exponential", |u| -(1.0 - u).ln() * 5e6),
    ("pareto", |u| 1e6 * (1.0 - u).powf(-1.0 / 1.5)),
    ("two humps", |u| if u < 0.9 { 1e5 + u * 1e5 } else { 4e9 + u * 1e9 }),
    ("nanoseconds", |u| u * 200.0),
    ("powers of two", |u| (u * 32.0).floor().exp2()),
    ("up to an hour", |u| u * 3.6e12),
    ("of all decades", |u| 10_f64.powf(u * 12.0)),
];

fn assert_close(seen: &Distribution, sorted: &[u64], law: &str) {
    for quantile in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0] {
        let rank = (quantile * sorted.len() as f64).ceil() as usize;
        let exact = sorted[rank.max(1) - 1] as f64;
        let got = seen.quantile(quantile).unwrap().as_nanos() as f64;
        assert!(
            (got - exact).abs() <= exact * ONE_PERCENT,
            "{law}: {quantile} is {exact}, and not {got}"
        );
    }
}

#[test]
fn they_are_within_one_percent_of_the_exact_ones_whatever_the_law_case_126_129() {
    for (law, of) in LAWS {
        let latency = monitor(Config::new().with_window(3600 * SECOND));
        let operation = latency.operation("query");
        let mut exact: Vec<u64> = uniform().take(SAMPLES).map(|u| of(u) as u64).collect();
        for nanos in &exact {
            operation.record(Duration::from_nanos(*nanos), Ending::Ok);
        }
        exact.sort_unstable();
        let seen = operation.snapshot();
        assert_eq!(seen.count(), SAMPLES as u64);
        assert_close(&seen, &exact, law);

        let sum: u128 = exact.iter().map(|nanos| u128::from(*nanos)).sum();
        let mean = Duration::from_nanos((sum / SAMPLES as u128) as u64);
        assert_eq!(seen.mean(), Some(mean), "{law}: the mean is exact");
        let max = exact.last().copied().map(Duration::from_nanos);
        assert_eq!((seen.max(), seen.quantile(1.0)), (max, max), "{law}: the maximum is exact");

        let summary = seen.summary();
        assert_eq!(
            [summary.p50, summary.p95, summary.p99],
            [0.5, 0.95, 0.99].map(|quantile| seen.quantile(quantile))
        );
    }
}

#[test]
fn percentiles_of_round_numbers() {
    for (count, p50, p95, p99) in
        [(1, 1, 1, 1), (2, 1, 2, 2), (10, 5, 10, 10), (100, 50, 95, 99), (1000, 500, 950, 990)]
    {
        let latency = monitor(Config::new());
        let operation = latency.operation("query");
        for millis in 1..=count {
            operation.record(Duration::from_millis(millis), Ending::Ok);
        }
        for (quantile, millis) in [(0.5, p50), (0.95, p95), (0.99, p99)] {
            let got = operation.snapshot().quantile(quantile).unwrap().as_secs_f64() * 1e3;
            let exact = millis as f64;
            assert!(
                (got - exact).abs() <= exact * ONE_PERCENT,
                "{quantile} of {count}: {got}, and not {exact}"
            );
        }
    }
}

#[test]
fn below_64_nanoseconds_every_one_is_exact() {
    let latency = monitor(Config::new());
    let operation = latency.operation("query");
    (0..64).for_each(|nanos| operation.record(Duration::from_nanos(nanos), Ending::Ok));
    let seen = operation.snapshot();
    for nanos in 0..64 {
        let quantile = (nanos as f64 + 1.0) / 64.0;
        assert_eq!(seen.quantile(quantile), Some(Duration::from_nanos(nanos)));
    }
}

#[test]
fn a_duration_beyond_all_measure_is_counted_and_the_maximum_knows_it() {
    let latency = monitor(Config::new());
    let operation = latency.operation("query");
    for _ in 0..3 {
        operation.record(Duration::MAX, Ending::Ok);
        operation.record(Duration::ZERO, Ending::Ok);
    }
    let seen = operation.snapshot();
    assert_eq!((seen.count(), seen.quantile(0.5)), (6, Some(Duration::ZERO)));
    assert_eq!(seen.max(), Some(Duration::from_nanos(u64::MAX)));
    assert!(seen.quantile(0.9) > Some(4000 * SECOND), "an hour and more");
}

#[test]
fn of_nothing_there_are_none() {
    let latency = monitor(Config::new());
    let seen = latency.operation("query").snapshot();
    assert_eq!((seen.count(), seen.max(), seen.mean(), seen.quantile(0.5)), (0, None, None, None));
    // A quantile that is none is taken as the nearest.
    latency.record("query", SECOND, Ending::Ok);
    let seen = latency.operation("query").snapshot();
    for quantile in [-1.0, 7.0, f64::NAN] {
        assert_eq!(seen.quantile(quantile), Some(SECOND));
    }
}
