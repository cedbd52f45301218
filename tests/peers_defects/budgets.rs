//! Purses of retries.

use buttress::budget::{Budget, Config};

fn without_reserve(ratio: f64) -> Budget {
    Budget::new("purse", Config::new().with_ratio(ratio).with_per_second(0)).unwrap()
}

/// tower-resilience: a success pays in a whole token, a retried one too, so where every first
/// attempt fails and every second one succeeds nothing is ever limited. Ours pays in a share, for
/// the first attempt.
#[test]
fn d20_a_backend_that_always_succeeds_the_second_time_is_not_called_twice_as_often_for_ever() {
    let budget = without_reserve(0.2);
    let calls: u32 = (0..1000)
        .map(|_| {
            budget.deposit();
            1 + u32::from(budget.try_withdraw())
        })
        .sum();
    assert_eq!(calls, 1200);
}

/// tower: `1 / ratio` is truncated, so that 0.7 allows a retry for every request.
#[test]
fn d27_a_ratio_that_is_no_round_fraction_is_kept_to() {
    for (ratio, granted) in [(0.7, 700), (0.3, 300), (0.15, 150), (0.999, 999)] {
        let budget = without_reserve(ratio);
        let of_a_thousand = (0..1000).filter(|_| {
            budget.deposit();
            budget.try_withdraw()
        });
        assert_eq!(of_a_thousand.count(), granted, "{ratio}");
    }
}
