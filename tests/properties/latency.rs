//! A monitor against a list of all records.

use std::time::Duration;

use buttress::{
    latency::{Config, Ending, Latency},
    time,
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{MILLISECOND, SECOND, TICK, YEAR, cases, paused};

const ENDINGS: [Ending; 4] = [Ending::Ok, Ending::Err, Ending::Cancelled, Ending::Panicked];

/// How much time passes first, what it took, how it ended.
type Record = (Duration, Duration, Ending);

/// The rank's value of those in the list, by definition.
fn exact(sorted: &[Duration], quantile: f64) -> Option<Duration> {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

fn within_one_percent(got: Option<Duration>, exact: Option<Duration>) -> bool {
    match (got, exact) {
        (Some(got), Some(exact)) => {
            got.as_nanos().abs_diff(exact.as_nanos()) * 100 <= exact.as_nanos()
        }
        (None, None) => true,
        _ => false,
    }
}

/// Records these, and compares after each with the list.
fn compare(
    window: Duration,
    slices: u32,
    slow_after: Duration,
    records: &[Record],
) -> Result<(), TestCaseError> {
    let config = Config::new().with_window(window).with_slices(slices).with_slow_after(slow_after);
    let width = (window.as_nanos()).div_ceil(u128::from(slices));
    paused(async {
        let latency = Latency::new("model", config).unwrap();
        let operation = latency.operation("op");
        let start = time::now();
        let mut list = Vec::new();
        let (mut alerts, mut quiet_until) = (0, Duration::ZERO);
        let span = Duration::from_nanos((width * u128::from(slices)) as u64);
        for (passes, took, ending) in records {
            advance(*passes).await;
            let now = time::now().since(start);
            operation.record(*took, *ending);
            list.push((now, *took, *ending));
            if *took > slow_after && (alerts == 0 || now >= quiet_until) {
                alerts += 1;
                quiet_until = now + span;
            }

            let slice = |at: Duration| at.as_nanos() / width;
            let counting: Vec<_> = list
                .iter()
                .filter(|(at, ..)| slice(*at) + u128::from(slices) > slice(now))
                .collect();
            let mut sorted: Vec<Duration> = counting.iter().map(|(_, took, _)| *took).collect();
            sorted.sort_unstable();
            let seen = operation.snapshot();
            prop_assert_eq!(seen.count(), sorted.len() as u64);
            for ending in ENDINGS {
                let ended = counting.iter().filter(|(.., as_this)| *as_this == ending).count();
                prop_assert_eq!(seen.count_of(ending), ended as u64);
            }
            prop_assert_eq!(seen.max(), sorted.last().copied());
            let sum: u128 = sorted.iter().map(Duration::as_nanos).sum();
            let mean = sum.checked_div(sorted.len() as u128);
            prop_assert_eq!(seen.mean().map(|mean| mean.as_nanos()), mean);
            for quantile in [0.0, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0] {
                let (got, exact) = (seen.quantile(quantile), exact(&sorted, quantile));
                prop_assert!(
                    within_one_percent(got, exact),
                    "{} of {:?} is {:?}, and not {:?}",
                    quantile,
                    sorted,
                    exact,
                    got
                );
            }
            let summary = seen.summary();
            let slow = sorted.iter().filter(|took| **took > slow_after).count() as u64;
            let ever_slow = list.iter().filter(|(_, took, _)| *took > slow_after).count() as u64;
            prop_assert_eq!((summary.slow, summary.alerts), (slow, alerts));
            prop_assert_eq!(summary.suppressed, ever_slow - alerts);
            prop_assert_eq!(summary.total, list.len() as u64);
        }
        Ok(())
    })
}

/// From nothing to an hour, all magnitudes alike.
fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..42_u32, 0.5..1.0_f64)
            .prop_map(|(bits, part)| Duration::from_nanos((part * f64::from(bits).exp2()) as u64)),
        select(vec![Duration::ZERO, TICK, MILLISECOND, SECOND, 60 * SECOND, 3600 * SECOND]),
    ]
}

fn pauses() -> impl Strategy<Value = Duration> {
    prop_oneof![
        4 => Just(Duration::ZERO),
        4 => (0..3000_u64).prop_map(Duration::from_millis),
        1 => select(vec![TICK, SECOND, 9 * SECOND, 10 * SECOND, 11 * SECOND, 60 * SECOND, YEAR]),
    ]
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn monitor_and_list_agree(
        window in select(vec![32 * MILLISECOND, SECOND, 10 * SECOND, 60 * SECOND, YEAR]),
        slices in 1..=32_u32,
        slow_after in select(vec![TICK, MILLISECOND, SECOND, 3600 * SECOND]),
        records in vec((pauses(), durations(), select(ENDINGS.to_vec())), 1..60),
    ) {
        compare(window, slices, slow_after, &records)?;
    }

    #[test]
    fn what_is_merged_is_what_one_would_have_seen(
        records in vec((durations(), any::<bool>()), 0..200),
    ) {
        let [left, right, both] =
            [(); 3].map(|()| Latency::new("half", Config::new()).unwrap().operation("op"));
        for (took, to_left) in records {
            (if to_left { &left } else { &right }).record(took, Ending::Ok);
            both.record(took, Ending::Ok);
        }
        let (mut there, mut back) = (left.snapshot(), right.snapshot());
        there.merge(&right.snapshot());
        back.merge(&left.snapshot());
        prop_assert_eq!(there.summary(), both.snapshot().summary());
        prop_assert_eq!(back.summary(), both.snapshot().summary());
    }
}

#[test]
fn they_agree_on_round_numbers() {
    for (window, slices) in
        [(SECOND, 1), (10 * SECOND, 10), (60 * SECOND, 6), (60 * SECOND, 32), (3600 * SECOND, 12)]
    {
        let width = window / slices;
        for beside in [width - TICK, width, width + TICK] {
            let records: Vec<Record> = (0..3 * slices)
                .map(|at| (beside, at * MILLISECOND, ENDINGS[at as usize % 4]))
                .collect();
            compare(window, slices, 10 * MILLISECOND, &records).unwrap();
        }
    }
}
