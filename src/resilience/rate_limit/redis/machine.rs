//! The decisions: what a quota comes to in numbers that the scripts can count with, and what a lease is
//! still worth.

use std::time::Duration;

use crate::{
    ground::time::Instant,
    resilience::rate_limit::{
        config::Rate,
        decision::{Decision, Verdict},
    },
};

/// A quota, counted in parts of a microsecond of which a token takes a whole number to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// The parts that a token takes to come back.
    interval: u128,
    /// The parts in a microsecond.
    parts: u128,
    burst: u64,
}

/// So many parts, as whole microseconds and the rest.
pub(super) type Mixed = [u64; 2];

impl Terms {
    pub(super) fn of(quota: Rate) -> Self {
        let (per, amount) = (quota.per.as_nanos().max(1), u128::from(quota.amount.max(1)) * 1000);
        let common = common(per, amount);
        Self { interval: per / common, parts: amount / common, burst: quota.at_once() }
    }

    /// The most tokens there are at once.
    pub(super) const fn limit(self) -> u64 {
        self.burst
    }

    pub(super) fn parts(self) -> u64 {
        whole(self.parts)
    }

    /// What so many tokens take to come back.
    pub(super) fn cost(self, tokens: u64) -> Mixed {
        self.mixed(self.interval * u128::from(tokens))
    }

    /// What an empty bucket takes to be full.
    pub(super) fn capacity(self) -> Mixed {
        self.cost(self.burst)
    }

    /// No longer than a token takes to come back, in nanoseconds.
    pub(super) fn nanos(self) -> u64 {
        whole(self.interval * 1000 / self.parts).max(1)
    }

    /// What to tell about a call for so many tokens, `taken` or not, where the bucket will be full after
    /// this.
    pub(super) fn decision(self, ahead: Mixed, tokens: u64, taken: bool) -> Decision {
        let ahead = u128::from(ahead[0]) * self.parts + u128::from(ahead[1]);
        let capacity = self.interval * u128::from(self.burst);
        let spent = ahead + self.interval * u128::from(tokens);
        let short = if taken { 0 } else { spent.saturating_sub(capacity) };
        let verdict = match short {
            0 => Verdict::Admitted,
            _ if tokens > self.burst => Verdict::NeverFits,
            _ => Verdict::Limited,
        };
        Decision {
            verdict,
            limit: self.burst,
            remaining: whole(capacity.saturating_sub(ahead) / self.interval),
            reset_after: self.duration(ahead),
            retry_after: (verdict == Verdict::Limited).then(|| self.duration(short)),
        }
    }

    fn mixed(self, units: u128) -> Mixed {
        [whole(units / self.parts), whole(units % self.parts)]
    }

    /// Never shorter than it is.
    fn duration(self, units: u128) -> Duration {
        Duration::from_nanos(whole((units * 1000).div_ceil(self.parts)))
    }
}

fn whole(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

const fn common(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Tokens of one key that were taken out of the bucket and not spent yet, and what else is known of it.
///
/// A lease is one moment: the one at which its last token is given up. It holds as many tokens as there are
/// intervals until then, begun ones included: one is given up whenever the bucket may have earned another
/// in its place, and not later. Being granted tokens moves the moment on, spending one moves it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lease {
    /// In nanoseconds; past: there is nothing.
    empty_at: u64,
    /// When the newest of it was asked for. Whoever has read the clock before that, and comes after, must
    /// not find an interval that has begun.
    since: u64,
    /// The size of the last one, and how much of it was spent.
    granted: u64,
    spent: u64,
    /// A call for as many tokens does not fit before this moment.
    barred: Option<(u64, Instant)>,
}

impl Lease {
    /// Spends so many tokens, if they are there.
    pub(super) fn spend(&mut self, tokens: u64, interval: u64, now: Instant) -> bool {
        if tokens > self.left(interval, now) {
            return false;
        }
        // Below zero there is no moment, and none that is not past.
        self.empty_at = self.empty_at.saturating_sub(interval.saturating_mul(tokens));
        self.spent += tokens;
        true
    }

    /// Tokens were granted by a request that was sent then, and so many of them are spent already.
    pub(super) fn grant(&mut self, granted: u64, spent: u64, interval: u64, sent: Instant) {
        self.since = self.since.max(sent.as_nanos());
        let from = self.empty_at.max(self.since);
        self.empty_at = from.saturating_add(interval.saturating_mul(granted - spent));
        (self.granted, self.spent) = (granted, spent);
        self.barred = None;
    }

    /// So many tokens are worth asking for: twice as many as last time if those were spent, and no more
    /// than were spent if they were not.
    pub(super) fn next(&self, most: u64) -> u64 {
        let used = if self.spent >= self.granted { self.granted * 2 } else { self.spent };
        used.clamp(1, most)
    }

    /// Tokens there are.
    pub(super) fn left(&self, interval: u64, now: Instant) -> u64 {
        let now = now.as_nanos().max(self.since);
        self.empty_at.saturating_sub(now).div_ceil(interval.max(1))
    }

    /// There was no room for so many tokens, and will not be before `until`.
    pub(super) fn bar(&mut self, tokens: u64, until: Instant) {
        self.barred = Some((tokens, until));
    }

    /// Tokens were given back: what was known is not so any longer.
    pub(super) fn unbar(&mut self) {
        self.barred = None;
    }

    /// After how long so many tokens may fit, if they are known not to fit now.
    pub(super) fn bars(&self, tokens: u64, now: Instant) -> Option<Duration> {
        let (least, until) = self.barred?;
        (tokens >= least && now < until).then(|| until.since(now))
    }

    /// Whether nothing is lost with it but its size.
    pub(super) fn is_idle(&self, interval: u64, now: Instant) -> bool {
        self.left(interval, now) == 0 && self.barred.is_none_or(|(_, until)| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ORIGIN.after(Duration::from_millis(millis))
    }

    #[test]
    fn quotas_keep_their_rate_to_the_letter_rl_28() {
        let terms = Terms::of(Rate::per_minute(7));
        assert_eq!((terms.interval, terms.parts), (60_000_000, 7));
        assert_eq!(terms.cost(1), [8_571_428, 4]);
        assert_eq!(terms.capacity(), [60_000_000, 0]);
        let terms = Terms::of(Rate::per_second(3000));
        assert_eq!((terms.cost(1), terms.cost(3), terms.parts()), ([333, 1], [1000, 0], 3));
        let terms = Terms::of(Rate::per_second(1_000_000_000));
        assert_eq!((terms.cost(1), terms.cost(1000), terms.nanos()), ([0, 1], [1, 0], 1));
        let terms = Terms::of(Rate::new(1, Duration::from_nanos(1500)));
        assert_eq!((terms.cost(1), terms.cost(2), terms.parts()), ([1, 1], [3, 0], 2));
    }

    #[test]
    fn decisions_carry_what_is_left_rl_10_rl_11() {
        let terms = Terms::of(Rate::per_second(1).with_burst(5));
        let told = |millis: u64, tokens, taken| {
            let told = terms.decision([millis * 1000, 0], tokens, taken);
            (told.verdict, told.remaining, told.reset_after.as_millis(), told.retry_after)
        };
        assert_eq!(told(3000, 1, true), (Verdict::Admitted, 2, 3000, None));
        assert_eq!(told(3900, 1, true), (Verdict::Admitted, 1, 3900, None));
        let limited = (Verdict::Limited, 2, 3000, Some(Duration::from_secs(3)));
        assert_eq!(told(3000, 5, false), limited);
        assert_eq!(told(0, 6, false), (Verdict::NeverFits, 5, 0, None));
        assert_eq!(told(3000, 0, false), (Verdict::Admitted, 2, 3000, None));
    }

    #[test]
    fn a_lease_gives_up_what_the_bucket_earns() {
        let (mut lease, second) = (Lease::default(), 1_000_000_000);
        assert!(!lease.spend(1, second, at(0)));
        lease.grant(10, 1, second, at(0));
        assert_eq!(lease.left(second, at(0)), 9);
        assert_eq!(lease.left(second, at(999)), 9);
        assert_eq!(lease.left(second, at(1000)), 8, "the bucket has earned one");
        assert!(lease.spend(2, second, at(2500)));
        assert_eq!((lease.left(second, at(2500)), lease.left(second, at(3000))), (5, 4));
        assert!(lease.spend(1, second, at(6000)) && !lease.spend(1, second, at(6000)));
        assert!(!lease.spend(1, second, at(60_000)));
        lease.grant(3, 0, second, at(60_000));
        assert_eq!(lease.left(second, at(60_000)), 3, "nothing is left of the older one");
        lease.grant(3, 0, second, at(61_500));
        assert_eq!(lease.left(second, at(61_500)), 5, "and what is left adds up");
        assert_eq!(lease.left(second, at(62_000)), 4, "and is given up when it would have been");
    }

    /// What processes with leases let through, at whatever moments, with answers that take any time or are
    /// lost, one bucket in the server would have let through at the same moments: the call that asks counts
    /// from when the server decides, as it does without leases.
    #[test]
    fn leases_let_through_what_one_bucket_would_have() {
        use crate::ground::random;

        for round in 0..400 {
            random::seed(round);
            let interval = [1_000, 7_919, 1_000_000][random::below(3) as usize];
            let burst = 1 + random::below(60);
            let (most, processes) = (1 + random::below(40), 1 + random::below(4) as usize);
            let mut leases = vec![Lease::default(); processes];
            // The moments at which the server's bucket and the one to compare with are full.
            let (mut server, mut compared, mut now) = (0, 0, Instant::ORIGIN.as_nanos());
            let (mut granted, mut admitted) = (0, 0);
            let spend = |full: &mut u64, tokens: u64, now: u64| {
                let next = (*full).max(now) + tokens * interval;
                let fits = next <= now + burst * interval;
                if fits {
                    *full = next;
                }
                fits
            };
            // Answers on their way: whose, how many tokens, asked when, and when they come.
            let mut answers: Vec<(usize, u64, u64, u64, u64)> = Vec::new();
            for _ in 0..400 {
                let step = [1, interval / 4, interval * 3, interval * 20];
                now += random::below(step[random::below(4) as usize]);
                answers.retain(|&(whose, take, tokens, sent, due)| {
                    if due <= now {
                        leases[whose].grant(take, tokens, interval, Instant::from_nanos(sent));
                    }
                    due > now
                });
                let whose = random::below(processes as u64) as usize;
                let tokens = 1 + random::below(most.min(3));
                if leases[whose].spend(tokens, interval, Instant::from_nanos(now)) {
                    admitted += tokens;
                    assert!(spend(&mut compared, tokens, now), "round {round}");
                    continue;
                }
                let sent = now.saturating_sub(random::below(interval * 2));
                let room = (now + burst * interval).saturating_sub(server.max(now)) / interval;
                let take = leases[whose].next(most).max(tokens).min(room);
                if take < tokens || answers.iter().any(|answer| answer.0 == whose) {
                    continue;
                }
                assert!(spend(&mut server, take, now));
                granted += take;
                if random::below(10) == 0 {
                    continue; // the answer is lost, with whoever asked
                }
                admitted += tokens;
                assert!(spend(&mut compared, tokens, now), "round {round}");
                answers.push((whose, take, tokens, sent, now + random::below(interval * 2)));
            }
            assert!(admitted <= granted, "round {round}");
        }
    }

    /// Threads read the clock, and then wait for each other.
    #[test]
    fn whoever_has_read_the_clock_before_it_was_asked_for_gets_no_more_of_it() {
        let (mut lease, second) = (Lease::default(), 1_000_000_000);
        lease.grant(3, 1, second, at(1));
        assert_eq!(lease.left(second, at(0)), 2);
        assert!(lease.spend(2, second, at(1)) && !lease.spend(1, second, at(0)));
    }

    #[test]
    fn leases_grow_while_they_are_spent_and_shrink_to_what_was() {
        let (mut lease, second) = (Lease::default(), 1_000_000_000);
        let mut sizes = Vec::new();
        for _ in 0..7 {
            let size = lease.next(32);
            sizes.push(size);
            lease.grant(size, 1, second, at(0));
            assert!(size == 1 || lease.spend(size - 1, second, at(0)));
        }
        assert_eq!(sizes, [1, 2, 4, 8, 16, 32, 32]);
        lease.grant(32, 1, second, at(0));
        assert!(lease.spend(4, second, at(10)));
        assert_eq!(lease.next(32), 5);
    }

    #[test]
    fn what_did_not_fit_is_known_until_it_may() {
        let mut lease = Lease::default();
        lease.bar(3, at(100));
        assert_eq!(lease.bars(3, at(40)), Some(Duration::from_millis(60)));
        assert_eq!((lease.bars(2, at(40)), lease.bars(4, at(100))), (None, None));
        assert!(!lease.is_idle(1, at(99)) && lease.is_idle(1, at(100)));
        lease.unbar();
        assert_eq!(lease.bars(3, at(40)), None);
    }
}
