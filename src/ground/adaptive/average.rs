/// A mean of the last so many values, about: an exponential one that begins as an arithmetic one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Average {
    factor: f64,
    warm_up: u32,
    taken: u32,
    sum: f64,
    value: f64,
}

impl Average {
    pub(super) fn new(window: u32, warm_up: u32) -> Self {
        let factor = 2.0 / (f64::from(window) + 1.0);
        Self { factor, warm_up, taken: 0, sum: 0.0, value: 0.0 }
    }

    pub(super) fn add(&mut self, sample: f64) {
        if self.taken < self.warm_up.max(1) {
            self.taken += 1;
            self.sum += sample;
            self.value = self.sum / f64::from(self.taken);
        } else {
            self.value += (sample - self.value) * self.factor;
        }
    }

    /// Replaces what it has learned.
    pub(super) const fn set(&mut self, value: f64) {
        self.value = value;
        self.sum = value * self.taken as f64;
    }

    /// None before the first value.
    pub(super) fn value(&self) -> Option<f64> {
        (self.taken > 0).then_some(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_as_an_arithmetic_mean_ad_13() {
        let mut average = Average::new(100, 10);
        assert_eq!(average.value(), None);
        average.add(10.0);
        assert_eq!(average.value(), Some(10.0));
        (11..20).for_each(|sample| average.add(f64::from(sample)));
        assert_eq!(average.value(), Some(14.5));
        average.add(100.0);
        let value = average.value().unwrap();
        assert!((value - 16.2).abs() < 0.05, "{value}");
        average.set(3.0);
        assert_eq!(average.value(), Some(3.0));
    }
}
