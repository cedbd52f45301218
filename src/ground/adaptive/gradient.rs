use super::{
    average::Average,
    windowed::{FALLEN, Step},
};

/// As much as the time of a call allows, measured against what it takes in the long run, and a little more.
///
/// Netflix's *Gradient2*, with three differences: drops shrink it; the long run learns of longer times only
/// where they are not our own doing; and while calls take long, the few that may wait are few of a small limit as
/// well, or that of a backend that can serve ten would be fifteen.
#[derive(Clone, Debug)]
pub(crate) struct Gradient {
    long: Average,
    tolerance: f64,
    smoothing: f64,
    queue: f64,
}

impl Gradient {
    /// By how much calls may take longer than in the long run before the limit shrinks: a factor.
    pub(crate) fn new(tolerance: f64) -> Self {
        Self { long: Average::new(600, 10), tolerance, smoothing: 0.2, queue: 4.0 }
    }
}

impl Default for Gradient {
    fn default() -> Self {
        Self::new(1.1)
    }
}

impl Step for Gradient {
    fn step(&mut self, limit: f64, short: f64) -> f64 {
        let long = match self.long.value() {
            None => {
                self.long.add(short);
                short
            }
            Some(long) if long > 2.0 * short => {
                self.long.set(long * 0.95);
                long
            }
            Some(long) if long * FALLEN > short => {
                self.long.add(short);
                long
            }
            Some(long) => long,
        };
        let gradient = (self.tolerance * long / short).clamp(0.5, 1.0);
        let queue = if gradient < 1.0 { self.queue.min(limit / 20.0) } else { self.queue };
        (1.0 - self.smoothing) * limit + self.smoothing * (limit * gradient + queue)
    }

    fn idle(&mut self, rtt: f64) {
        self.long.add(rtt);
    }

    fn baseline(&self) -> Option<f64> {
        self.long.value()
    }

    fn set_baseline(&mut self, rtt: f64) {
        self.long.set(rtt);
    }

    fn tolerance(&self) -> f64 {
        self.tolerance
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(long: f64, short: f64) -> f64 {
        let mut gradient = Gradient::new(1.5);
        gradient.idle(long);
        gradient.step(100.0, short)
    }

    #[test]
    fn the_limit_follows_the_ratio_of_short_and_long_ad_09() {
        for (short, expected) in
            [(100.0, 100.8), (150.0, 100.8), (200.0, 95.8), (300.0, 90.8), (400.0, 90.8)]
        {
            let limit = after(100.0, short);
            assert!((limit - expected).abs() < 1e-9, "{short}: {limit}");
        }
    }

    #[test]
    fn a_long_run_that_has_become_too_long_is_unlearned_ad_10() {
        let mut gradient = Gradient::new(1.5);
        gradient.idle(100.0);
        gradient.step(10.0, 49.0);
        assert_eq!(gradient.baseline(), Some(95.0));
        gradient.step(10.0, 49.0);
        assert!(gradient.baseline().is_some_and(|long| (long - 72.0).abs() < 1e-9));
    }

    #[test]
    fn what_takes_longer_teaches_the_long_run_nothing() {
        let mut gradient = Gradient::default();
        gradient.idle(100.0);
        for _ in 0..1000 {
            gradient.step(10.0, 109.0);
        }
        assert_eq!(gradient.baseline(), Some(100.0));
    }
}
