//! Several buckets at once, all or nothing.

use super::{COARSE, Shared, Short, bucket::Bucket};
use crate::{ground::time, resilience::rate_limit::machine::LATE_UNITS};

impl Shared {
    /// Of every bucket, or of none.
    #[cold]
    #[inline(never)]
    pub(super) fn take_of_all(&self, tokens: u64, flags: u32) -> Result<(), Short> {
        let now = self.units(if flags & COARSE != 0 { time::recent() } else { time::now() });
        // Asked first: taking and giving back shows to others.
        let short = self.short_of_all(now, tokens);
        if short != Short(0) {
            return Err(short);
        }
        for (at, bucket) in self.buckets().enumerate() {
            if let Err(short) = bucket.spend(now, tokens, LATE_UNITS) {
                self.buckets().take(at).for_each(|bucket| bucket.give_back(tokens));
                return Err(Short(short));
            }
        }
        Ok(())
    }

    /// By how much too early a call comes, in the bucket that is slowest.
    pub(super) fn short_of_all(&self, now: u64, tokens: u64) -> Short {
        let short = |bucket: &Bucket| {
            let terms = bucket.terms();
            if terms.exceeds(terms.cost(tokens)) { u64::MAX } else { bucket.short(now, tokens) }
        };
        Short(self.buckets().map(short).max().unwrap_or(0))
    }

    /// Whether a call would be refused now.
    pub(in super::super) fn bars(&self, tokens: u64) -> Option<Short> {
        if self.is_shadow() {
            return None;
        }
        // What fits by an older time fits now.
        let coarse = self.short_of_all(self.units(time::recent()), tokens);
        if coarse == Short(0) {
            return None;
        }
        let short = match coarse {
            Short::NEVER => coarse,
            Short(short) if short > LATE_UNITS => coarse,
            _ => self.short_of_all(self.units(time::now()), tokens),
        };
        (short != Short(0)).then_some(short)
    }
}
