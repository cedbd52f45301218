//! How large a share of the calls is refused, from what became of those before.

use super::config::Plan;

/// What became of the calls of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) accepted: u64,
    pub(super) failed: u64,
    /// Refused here.
    pub(super) refused: u64,
    /// In flight, for too long.
    pub(super) unanswered: u64,
}

impl Seen {
    pub(super) const fn requests(self) -> u64 {
        self.accepted
            .saturating_add(self.failed)
            .saturating_add(self.refused)
            .saturating_add(self.unanswered)
    }
}

/// By what the share is worked out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    multiplier: f64,
    min_requests: u64,
    exponent: f64,
    most: f64,
}

impl Terms {
    pub(super) fn new(plan: &Plan) -> Self {
        let config = plan.config();
        Self {
            multiplier: config.multiplier,
            min_requests: u64::from(config.min_requests),
            exponent: 1.0 / config.aggression,
            most: config.max_refused_share,
        }
    }

    /// The share of calls to refuse, 0 to 1, by what became of those of a window and of the recent ones
    /// among them.
    ///
    /// The smaller of both. What is refused counts as a request, and while four in five are
    /// refused a backend that takes everything again is hardly seen to do so: by the whole window alone it
    /// would take one and a half of them until nothing is refused.
    pub(super) fn share(&self, seen: Seen, lately: Seen) -> f64 {
        let share = self.share_of(seen);
        if share > 0.0 && lately.requests() >= self.min_requests {
            share.min(self.share_of(lately))
        } else {
            share
        }
    }

    fn share_of(&self, seen: Seen) -> f64 {
        let requests = seen.requests();
        if requests < self.min_requests {
            return 0.0;
        }
        let (requests, accepts) = (requests as f64, seen.accepted as f64);
        let share = (requests - self.multiplier * accepts) / (requests + 1.0);
        // Below zero has no power that is a number.
        share.max(0.0).powf(self.exponent).min(self.most)
    }
}

/// How much more must go wrong before the share is worth working out again: it is never off by more
/// than one in 64, and adding up costs no more with many calls than with few.
pub(super) const fn patience(seen: Seen) -> u64 {
    let patience = seen.requests() / 64;
    if patience == 0 { 1 } else { patience }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::throttle::config::Config;

    fn terms(config: Config) -> Terms {
        Terms::new(&config.parse().unwrap())
    }

    fn seen(requests: u64, accepted: u64) -> Seen {
        Seen { accepted, failed: requests - accepted, ..Seen::default() }
    }

    #[track_caller]
    fn assert_shares(config: Config, shares: &[(u64, u64, f64)]) {
        let terms = terms(config);
        for &(requests, accepts, expected) in shares {
            let share = terms.share_of(seen(requests, accepts));
            assert!((share - expected).abs() < 5e-4, "{requests}/{accepts}: {share}");
        }
    }

    #[test]
    fn the_share_by_the_book_ad_31() {
        let literal = Config::new().with_min_requests(1).with_max_refused_share(1.0);
        assert_shares(
            literal,
            &[
                (100, 100, 0.0),
                (100, 50, 0.0),
                (100, 40, 20.0 / 101.0),
                (100, 10, 0.792),
                (100, 0, 0.990),
                (0, 0, 0.0),
                (1, 0, 0.5),
            ],
        );
    }

    #[test]
    fn what_was_refused_here_is_a_request_ad_32() {
        let terms = terms(Config::new());
        let without = Seen { accepted: 20, failed: 30, ..Seen::default() };
        let with = Seen { refused: 50, ..without };
        assert!((terms.share_of(without) - 10.0 / 51.0).abs() < 1e-9);
        assert!((terms.share_of(with) - 60.0 / 101.0).abs() < 1e-9);
        let hanging = Seen { accepted: 20, unanswered: 80, ..Seen::default() };
        assert_eq!(terms.share_of(hanging), terms.share_of(with));
    }

    #[test]
    fn a_threshold_an_aggression_and_a_cap_ad_34() {
        let threshold = Config::new().with_multiplier(1.0 / 0.95);
        assert_shares(threshold.clone(), &[(100, 95, 0.0), (100, 80, 0.1563), (100, 0, 0.8)]);
        assert_shares(threshold.clone().with_aggression(2.0), &[(100, 80, 0.3954), (100, 96, 0.0)]);
        assert_shares(threshold.with_min_requests(101), &[(100, 0, 0.0), (101, 0, 0.8)]);
    }

    #[test]
    fn a_success_threshold_of_nine_in_ten_ad_35() {
        let nine = Config::new().with_multiplier(1.0 / 0.9).with_max_refused_share(0.9);
        assert_shares(nine.clone(), &[(120, 90, 0.1653), (100, 95, 0.0), (100, 0, 0.9)]);
        assert_shares(nine.with_max_refused_share(0.8), &[(100, 0, 0.8)]);
    }

    #[test]
    fn the_recent_calls_make_the_share_smaller_and_never_larger() {
        let terms = terms(Config::new());
        let (bad, good) = (seen(1000, 100), seen(100, 100));
        assert_eq!(terms.share(bad, good), 0.0);
        assert_eq!(terms.share(bad, seen(19, 19)), terms.share_of(bad), "too few to tell");
        assert_eq!(terms.share(seen(1000, 900), seen(100, 0)), 0.0);
        assert_eq!(terms.share(bad, seen(100, 30)), 40.0 / 101.0);
    }

    #[test]
    fn a_share_stays_a_share_whatever_was_counted() {
        let extremes = [0, 1, 19, 20, u64::MAX / 2, u64::MAX];
        for multiplier in [1.0, 2.0, 100.0] {
            for aggression in [1.0, 10.0] {
                let terms = terms(
                    Config::new()
                        .with_multiplier(multiplier)
                        .with_aggression(aggression)
                        .with_max_refused_share(1.0),
                );
                for accepted in extremes {
                    for failed in extremes {
                        let seen = Seen { accepted, failed, refused: failed, unanswered: accepted };
                        let share = terms.share(seen, seen);
                        assert!((0.0..=1.0).contains(&share), "{share} of {seen:?}");
                        assert!(patience(seen) >= 1);
                    }
                }
            }
        }
    }
}
