//! Whether the server is up, told the time: a pure machine.

use std::time::Duration;

use crate::ground::time::Instant;

/// What is known of the server.
#[derive(Debug)]
pub(super) struct Health {
    down: Option<Outage>,
    probe_every: Duration,
    timeout: Duration,
    /// How long callers have waited in vain since anybody was answered, and until when.
    silent: (Duration, Instant),
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    /// When it is to be asked again.
    due: Instant,
    probing: bool,
}

/// Whether a call may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// As any other.
    Ask,
    /// Alone, to see whether it is back.
    Probe,
    /// Not before so long.
    Wait(Duration),
}

impl Health {
    /// Nothing speaks against it yet.
    pub(super) const fn new(probe_every: Duration, timeout: Duration) -> Self {
        Self { down: None, probe_every, timeout, silent: (Duration::ZERO, Instant::ORIGIN) }
    }

    pub(super) fn ask(&mut self, now: Instant) -> Leave {
        if self.must_wait(now) {
            return Leave::Wait(self.due_after(now));
        }
        let Some(outage) = &mut self.down else { return Leave::Ask };
        outage.probing = true;
        outage.due = now.after(self.probe_every);
        Leave::Probe
    }

    /// Whether it would be told to wait.
    pub(super) fn must_wait(&self, now: Instant) -> bool {
        // A probe that is out answers within a timeout; whoever is told to come back then is told so.
        self.down.as_ref().is_some_and(|outage| outage.probing || now < outage.due)
    }

    /// A call has failed, perhaps the probe. Whether that is news.
    pub(super) fn failed(&mut self, now: Instant, probing: bool) -> bool {
        if self.down.is_some() && !probing {
            return false; // it was made before that was known
        }
        self.silent.0 = Duration::ZERO;
        let since = self.down.as_ref().map_or(now, |outage| outage.since);
        let due = now.after(self.probe_every);
        self.down.replace(Outage { since, due, probing: false }).is_none()
    }

    /// A caller has given up earlier than the timeout. Whether as long has been waited in vain by now, by
    /// one after the other, with nobody answered in between.
    pub(super) fn unanswered(&mut self, from: Instant, now: Instant) -> bool {
        let (waited, until) = self.silent;
        let longer = now.since(from.max(until));
        self.silent = (waited.saturating_add(longer), until.max(now));
        self.silent.0 >= self.timeout
    }

    /// A probe ended without a word; the next call is one.
    pub(super) fn probe_lost(&mut self, now: Instant) {
        if let Some(outage) = &mut self.down {
            (outage.probing, outage.due) = (false, now);
        }
    }

    /// A call has succeeded. After how long, if that is news.
    pub(super) fn succeeded(&mut self, now: Instant) -> Option<Duration> {
        self.silent.0 = Duration::ZERO;
        self.down.take().map(|outage| now.since(outage.since))
    }

    /// After how long it is to be asked again.
    pub(super) fn due_after(&self, now: Instant) -> Duration {
        self.down.as_ref().map_or(Duration::ZERO, |outage| outage.due.since(now))
    }

    /// Since when it is down.
    pub(super) fn down_since(&self) -> Option<Instant> {
        self.down.as_ref().map(|outage| outage.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(100);

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN.after(Duration::from_millis(millis))
    }

    #[test]
    fn one_call_at_a_time_asks_a_server_that_is_down() {
        let mut health = Health::new(EVERY, 5 * EVERY);
        assert_eq!(health.ask(at(0)), Leave::Ask);
        assert!(health.failed(at(10), false));
        assert!(!health.failed(at(20), false), "known already");
        assert_eq!(health.ask(at(30)), Leave::Wait(Duration::from_millis(80)));
        assert_eq!(health.ask(at(120)), Leave::Probe);
        assert_eq!(health.ask(at(121)), Leave::Wait(Duration::from_millis(99)));
        assert_eq!(health.ask(at(500)), Leave::Wait(Duration::ZERO), "the probe is still out");
        assert!(!health.failed(at(505), false));
        assert_eq!(health.ask(at(505)), Leave::Wait(Duration::ZERO), "and nobody beside it");
        assert!(!health.failed(at(510), true));
        assert_eq!(health.ask(at(610)), Leave::Probe);
        assert_eq!(health.succeeded(at(611)), Some(Duration::from_millis(601)));
        assert_eq!(health.ask(at(612)), Leave::Ask);
        assert_eq!(health.succeeded(at(613)), None);
    }

    #[test]
    fn a_probe_that_is_lost_is_followed_by_another() {
        let mut health = Health::new(EVERY, 5 * EVERY);
        health.failed(at(0), false);
        assert_eq!(health.ask(at(100)), Leave::Probe);
        health.probe_lost(at(110));
        assert_eq!(health.ask(at(110)), Leave::Probe);
        assert_eq!(health.down_since(), Some(at(0)));
    }

    #[test]
    fn those_who_give_up_early_find_out_together() {
        let mut health = Health::new(EVERY, 5 * EVERY);
        assert!(!health.unanswered(at(0), at(200)));
        assert!(!health.unanswered(at(100), at(300)), "the same time is not counted twice");
        assert!(!health.unanswered(at(50), at(250)));
        assert!(!health.unanswered(at(9000), at(9199)), "nor is that in which nobody waited");
        assert!(health.unanswered(at(9199), at(9200)));
        health.succeeded(at(9201));
        assert!(!health.unanswered(at(9100), at(9300)), "somebody was answered");
        assert!(health.unanswered(at(9300), at(9800)));
        health.failed(at(9800), false);
        assert!(!health.unanswered(at(9700), at(9900)));
    }
}
