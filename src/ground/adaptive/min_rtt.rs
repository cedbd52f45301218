use super::windowed::{FALLEN, Step};

/// As much as the time of a call allows, measured against the shortest, and as much more as the root of that.
///
/// Envoy's gradient controller; but where that keeps all but three calls out to measure how long one takes,
/// this lowers its limit a little, and only while calls take long.
#[derive(Clone, Debug)]
pub(crate) struct MinRtt {
    shortest: Option<f64>,
    buffer: f64,
}

impl MinRtt {
    /// By what share of the shortest time calls may take longer.
    pub(crate) const fn new(buffer: f64) -> Self {
        Self { shortest: None, buffer }
    }
}

impl Default for MinRtt {
    fn default() -> Self {
        Self::new(0.05)
    }
}

impl Step for MinRtt {
    fn step(&mut self, limit: f64, rtt: f64) -> f64 {
        let shortest = match self.shortest {
            None => rtt,
            Some(shortest) if rtt < shortest * FALLEN => shortest + (rtt - shortest) / 4.0,
            Some(shortest) => shortest,
        };
        self.shortest = Some(shortest);
        let next = limit * (shortest * (1.0 + self.buffer) / rtt).clamp(0.5, 2.0);
        next + next.sqrt()
    }

    fn idle(&mut self, rtt: f64) {
        let shortest = self.shortest.get_or_insert(rtt);
        *shortest += (rtt - *shortest) / 100.0;
    }

    fn baseline(&self) -> Option<f64> {
        self.shortest
    }

    fn set_baseline(&mut self, rtt: f64) {
        self.shortest = Some(rtt);
    }

    fn tolerance(&self) -> f64 {
        1.0 + self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_ratio_to_the_shortest_ad_16() {
        for (rtt, expected) in
            [(5.0, 136.18), (6.25, 110.0), (10.0, 70.41), (25.0, 57.07), (2.0, 214.14)]
        {
            let mut limit = MinRtt { shortest: Some(5.0), buffer: 0.25 };
            let next = limit.step(100.0, rtt);
            assert!((next - expected).abs() < 0.01, "{rtt}: {next}");
        }
    }
}
