use std::time::Duration;

use crate::ground::time::Instant;

/// A mean that forgets: a sample's weight halves every `half_life`, or with the 44 samples that follow,
/// whichever is sooner. Told the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ewma {
    half_life: f64,
    mean: Option<(f64, Instant)>,
}

impl Ewma {
    pub(crate) fn new(half_life: Duration) -> Self {
        Self { half_life: half_life.as_secs_f64().max(f64::MIN_POSITIVE), mean: None }
    }

    /// Takes a sample in. What is not a number is left out.
    pub(crate) fn add(&mut self, now: Instant, sample: f64) {
        if !sample.is_finite() {
            return;
        }
        self.mean = Some(match self.mean {
            None => (sample, now),
            Some((mean, at)) => {
                let kept = (-now.since(at).as_secs_f64() / self.half_life).exp2();
                // A sample counts a 64th at least: were time all that counts, those of the moment of
                // the first would be lost.
                let kept = kept.min(1.0 - 1.0 / 64.0);
                (sample + (mean - sample) * kept, now.max(at))
            }
        });
    }

    /// The mean; none before the first sample.
    pub(crate) fn mean(&self) -> Option<f64> {
        self.mean.map(|(mean, _)| mean)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_weighs_half_after_a_half_life() {
        let mut ewma = Ewma::new(Duration::from_secs(10));
        assert_eq!(ewma.mean(), None);
        ewma.add(Instant::ORIGIN, 100.0);
        ewma.add(Instant::ORIGIN + Duration::from_secs(10), 0.0);
        assert_eq!(ewma.mean(), Some(50.0));
        ewma.add(Instant::ORIGIN + Duration::from_secs(20), f64::NAN);
        assert_eq!(ewma.mean(), Some(50.0));
    }

    #[test]
    fn it_stays_between_the_samples_whatever_the_clock_does() {
        let mut ewma = Ewma::new(Duration::ZERO);
        for (now, sample) in [(5, 1.0), (3, 2.0), (3, 9.0), (0, 4.0)] {
            ewma.add(Instant::from_nanos(now), sample);
            assert!(ewma.mean().is_some_and(|mean| (1.0..=9.0).contains(&mean)));
        }
    }
}
