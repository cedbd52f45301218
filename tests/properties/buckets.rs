//! A time window at the very edges of its buckets, against a list of all calls.

use std::time::Duration;

use buttress::circuit_breaker::{CircuitBreaker, Config, Window};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::advance;

use crate::{LIFETIME, MILLISECOND, SECOND, TICK, YEAR, cases, paused};

/// A moment beside the edge of a bucket: how many edges on, and before, on or after it.
type Edge = (u64, i8);

fn width(span: Duration, buckets: u32) -> Duration {
    Duration::from_nanos((span.as_nanos() as u64).div_ceil(u64::from(buckets)))
}

/// Good and bad calls at these moments, which follow one another, each time compared with the list.
fn compare(span: Duration, buckets: u32, calls: &[(Edge, bool)]) -> Result<(), TestCaseError> {
    let config = Config::new()
        .with_failure_ratio(1.0)
        .with_min_calls(u32::MAX)
        .with_window(Window::Time { span, buckets });
    let width = width(span, buckets);
    let bucket = |at: Duration| at.as_nanos() / width.as_nanos();
    paused(async {
        let breaker = CircuitBreaker::new("backend", config).unwrap();
        let (mut now, mut edge, mut list) = (Duration::ZERO, 0, Vec::new());
        for ((edges, beside), good) in calls {
            edge += edges;
            let on = Duration::from_nanos((width.as_nanos() as u64).saturating_mul(edge));
            if on > LIFETIME {
                break; // the clock has room for no more
            }
            let at = match beside {
                -1 => on.saturating_sub(TICK),
                0 => on,
                _ => on + TICK,
            };
            advance(at.saturating_sub(now)).await;
            now = now.max(at);
            let check = |list: &[(Duration, bool)]| {
                let counting = |wanted| {
                    let counts = |(at, good): &&(Duration, bool)| {
                        *good == wanted && bucket(*at) + u128::from(buckets) > bucket(now)
                    };
                    list.iter().filter(counts).count() as u64
                };
                let counts = breaker.snapshot().counts;
                let got = (counts.calls - counts.failures, counts.failures);
                prop_assert_eq!(got, (counting(true), counting(false)), "at {:?}", now);
                Ok(())
            };
            check(&list)?;
            let permit = breaker.try_acquire().unwrap();
            if *good {
                permit.success()
            } else {
                permit.failure()
            }
            list.push((now, *good));
            check(&list)?;
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn window_and_list_agree_at_every_edge(
        span in prop_oneof![
            select(vec![32 * MILLISECOND, SECOND, 10 * SECOND, 30 * SECOND, 60 * SECOND, YEAR]),
            (32..100_000_u64).prop_map(Duration::from_millis),
        ],
        buckets in 1..=32_u32,
        calls in vec(((0..40_u64, -1..=1_i8), any::<bool>()), 1..60),
    ) {
        compare(span, buckets, &calls)?;
    }
}

#[test]
fn they_agree_on_round_numbers() {
    for (span, buckets) in [
        (SECOND, 1),
        (SECOND, 10),
        (SECOND, 32),
        (4 * SECOND, 4),
        (10 * SECOND, 3),
        (10 * SECOND, 10),
        (30 * SECOND, 10),
        (60 * SECOND, 12),
        (3600 * SECOND, 32),
        (32 * MILLISECOND, 32),
    ] {
        let whole = u64::from(buckets);
        for beside in [-1, 0, 1] {
            // One call in each bucket; then what is left a window later, and one edge on.
            let mut calls: Vec<_> = (0..whole).map(|at| ((at.min(1), 0), at % 2 == 0)).collect();
            for edges in [1, whole - 1, 1, whole, whole + 1, 31, 32, 33, 1 << 20] {
                calls.push(((edges, beside), edges % 2 == 0));
            }
            compare(span, buckets, &calls).unwrap();
        }
    }
}

/// The number of a bucket is kept in 32 bits; good calls of long ago must not come back for that.
#[test]
fn a_bucket_of_four_billion_buckets_ago_is_another_one() {
    for edges in [(1 << 32) - 1, 1 << 32, (1 << 32) + 1] {
        let calls = [((0, 0), true), ((0, 0), false), ((edges, 0), true)];
        compare(32 * MILLISECOND, 32, &calls).unwrap();
        compare(10 * SECOND, 1, &[((0, 0), true), ((1, 0), true)]).unwrap();
    }
}
