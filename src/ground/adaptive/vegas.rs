use super::windowed::{FALLEN, Step};

/// As many as wait nowhere, and a few more that do: by how much longer calls take than when none waits, one can
/// tell how many wait.
#[derive(Clone, Debug)]
pub(crate) struct Vegas {
    no_load: Option<f64>,
    smoothing: f64,
    decrease: Decrease,
}

/// By how much a limit shrinks under which too many wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decrease {
    /// By one, two from 100 on, three from 1000 on.
    Log,
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever finds that too slow"))]
    Half,
}

impl Vegas {
    pub(crate) const fn new(smoothing: f64, decrease: Decrease) -> Self {
        Self { no_load: None, smoothing, decrease }
    }
}

impl Default for Vegas {
    fn default() -> Self {
        Self::new(1.0, Decrease::Log)
    }
}

/// The whole part of the decimal logarithm, at least 1.
fn log10(limit: f64) -> f64 {
    // Of nought or less there is none, and the maximum of none and 1 is 1.
    limit.log10().floor().max(1.0)
}

impl Step for Vegas {
    fn step(&mut self, limit: f64, rtt: f64) -> f64 {
        let no_load = match self.no_load {
            None => {
                self.no_load = Some(rtt);
                return limit;
            }
            Some(no_load) if rtt < no_load * FALLEN => no_load + (rtt - no_load) / 4.0,
            Some(no_load) => no_load,
        };
        self.no_load = Some(no_load);
        let (log, waiting) = (log10(limit), (limit * (1.0 - no_load / rtt)).ceil());
        let next = if waiting <= log {
            limit + 6.0 * log
        } else if waiting < 3.0 * log {
            limit + log
        } else if waiting <= 6.0 * log {
            return limit;
        } else {
            match self.decrease {
                Decrease::Log => limit - log,
                Decrease::Half => limit / 2.0,
            }
        };
        limit + (next - limit) * self.smoothing
    }

    fn idle(&mut self, rtt: f64) {
        let no_load = self.no_load.get_or_insert(rtt);
        *no_load += (rtt - *no_load) / 100.0;
    }

    fn baseline(&self) -> Option<f64> {
        self.no_load
    }

    fn set_baseline(&mut self, rtt: f64) {
        self.no_load = Some(rtt);
    }

    fn tolerance(&self) -> f64 {
        // Of a limit of 50 that is two and a half that wait.
        1.05
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What it makes of this limit by these times.
    fn after(vegas: &mut Vegas, limit: f64, rtts: &[f64]) -> Vec<f64> {
        let mut limit = limit;
        let mut step = |rtt: &f64| {
            limit = vegas.step(limit, *rtt);
            limit.floor()
        };
        rtts.iter().map(&mut step).collect()
    }

    #[test]
    fn the_first_says_what_a_call_takes_and_where_none_waits_it_grows_ad_04() {
        assert_eq!(after(&mut Vegas::default(), 10.0, &[0.010, 0.010]), [10.0, 16.0]);
    }

    #[test]
    fn it_shrinks_where_many_wait_and_stays_where_some_do_ad_05() {
        assert_eq!(after(&mut Vegas::default(), 10.0, &[0.010, 0.050]), [10.0, 9.0]);
        assert_eq!(after(&mut Vegas::default(), 10.0, &[0.010, 0.014]), [10.0, 10.0]);
    }

    #[test]
    fn it_may_halve_and_go_half_the_way_ad_06() {
        let rtts = [0.010, 0.020, 0.020];
        let mut smooth = Vegas::new(0.5, Decrease::Half);
        assert_eq!(after(&mut smooth, 100.0, &rtts), [100.0, 75.0, 56.0]);
        let mut rough = Vegas::new(1.0, Decrease::Half);
        assert_eq!(after(&mut rough, 100.0, &rtts), [100.0, 50.0, 25.0]);
    }

    #[test]
    fn a_large_limit_takes_larger_steps_ad_07() {
        assert_eq!(after(&mut Vegas::default(), 10_000.0, &[10.0, 10.0]), [10_000.0, 10_024.0]);
    }

    #[test]
    fn logarithms_are_whole_and_at_least_one_ad_12() {
        for (limit, log) in [(0.0, 1.0), (10.0, 1.0), (99.0, 1.0), (100.0, 2.0), (10_000.0, 4.0)] {
            assert_eq!(log10(limit), log, "{limit}");
        }
        assert!([-1.0, f64::NAN].iter().all(|&limit| log10(limit) == 1.0));
    }
}
