//! Tokens taken without a look at the clock.
//!
//! What fits by an older time fits. So whoever looks vouches for a little more than it takes itself, and
//! until that is taken nobody needs to look.

use super::machine::{BUSY, Terms, written};

impl Terms {
    /// What may be taken without a look at the clock before somebody has to look: a thousandth of what
    /// the bucket holds, and no more than 64 tokens.
    pub(super) fn slack(self) -> u64 {
        self.interval.saturating_mul((self.limit() / 1024).min(64))
    }
}

/// As far as the word may be moved on without a look at the clock, once somebody has looked and left it
/// like this: what fits by an older time fits.
#[inline]
pub(super) const fn vouched(word: u64, now: u64, capacity: u64, slack: u64) -> u64 {
    let most = now.saturating_add(capacity);
    let far = (word & !BUSY).saturating_add(slack);
    // The lowest bit of the word that this is compared with counts for nothing.
    (if far < most { far } else { most }) | BUSY
}

/// How far the word may still be moved without a look at the clock, if that is no more than the slack. More is
/// none: below the word that somebody has vouched from, where a refund may put it, what is taken would not count
/// as taken unseen, and a bucket that has been full since would not lack it.
#[inline]
pub(super) const fn room(word: u64, vouched: u64) -> u64 {
    vouched.wrapping_sub(word | BUSY)
}

/// The word as it is now: nobody knows when that was taken which was taken without a look at the clock. It
/// counts as taken just now, so that the bucket may lack it for a moment, and never has too much.
#[inline]
pub(super) const fn settled(word: u64, vouched: u64, slack: u64, now: u64) -> u64 {
    let (full, vouched) = (word & !BUSY, vouched & !BUSY);
    if full > vouched {
        return word;
    }
    let unseen = full.saturating_sub(vouched.saturating_sub(slack));
    let latest = now.saturating_add(unseen);
    if unseen > 0 && latest > full { written(latest, word & BUSY) } else { word }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{
            config::Rate,
            machine::{spend, units},
        },
        *,
    };

    const SECOND: u64 = units(1_000_000_000);
    const LATE: u64 = SECOND / 50;

    fn terms(amount: u64, seconds: u64, burst: u64) -> Terms {
        Terms::of(Rate::new(amount, Duration::from_secs(seconds)).with_burst(burst))
    }

    /// Takes a token without a look at the clock where that is vouched for, and with one where not.
    struct Seldom {
        terms: Terms,
        word: u64,
        vouched: u64,
        looks: u64,
    }

    impl Seldom {
        fn take(&mut self, now: u64) -> bool {
            let (interval, capacity, slack) =
                (self.terms.interval, self.terms.capacity, self.terms.slack());
            if self.word + interval <= self.vouched {
                self.word += interval;
                return true;
            }
            self.looks += 1;
            let word = settled(self.word, self.vouched, slack, now);
            let next = spend(word, now, interval, capacity, LATE);
            if let Ok(next) = next {
                self.vouched = vouched(next, now, capacity, slack);
                self.word = next;
            }
            next.is_ok()
        }
    }

    fn seldom(terms: Terms) -> Seldom {
        Seldom { terms, word: 0, vouched: 0, looks: 0 }
    }

    #[test]
    fn a_large_bucket_is_emptied_to_the_last_token_with_few_looks() {
        for burst in [1023, 1024, 1200, 4096, 100_000] {
            let terms = terms(burst, 3600, burst);
            let mut bucket = seldom(terms);
            assert_eq!((0..2 * burst).filter(|_| bucket.take(SECOND / 1000)).count() as u64, burst);
            let apart = (burst / 1024).min(64) + 1;
            // It looks for every refusal too, and more often near the end.
            let most = burst.div_ceil(apart) + burst + apart;
            assert!(bucket.looks <= most, "{burst}: {}", bucket.looks);
        }
    }

    #[test]
    fn what_was_taken_unseen_counts_as_taken_at_the_next_look() {
        let terms = terms(10_240, 1, 10_240);
        assert_eq!(terms.slack(), terms.cost(10));
        for unseen in 0..=10 {
            let mut bucket = seldom(terms);
            assert!(bucket.take(0), "with a look");
            (0..unseen).for_each(|_| assert!(bucket.take(0)));
            assert_eq!(bucket.looks, 1);
            // An hour later the bucket is full but for those; whether they came then or now is not known.
            let later = 3600 * SECOND;
            let admitted = (0..20_000).filter(|_| bucket.take(later)).count() as u64;
            assert!((10_240 - 10..=10_240).contains(&(admitted + unseen)), "{unseen}: {admitted}");
            assert!(admitted <= 10_240);
        }
    }

    #[test]
    fn small_buckets_are_looked_at_each_time() {
        let mut bucket = seldom(terms(1000, 1, 1000));
        (0..10).for_each(|_| assert!(bucket.take(0)));
        assert_eq!(bucket.looks, 10);
        assert_eq!(settled(5 | BUSY, 4, 0, 100), 5 | BUSY);
        assert_eq!(settled(0, 0, 0, 100), 0);
    }
}
