use super::Shard;
use crate::resilience::cache::{stamp::Stamp, wheel::Wheel};

/// By which rules the entries of a shard last.
#[derive(Clone, Copy, Debug)]
pub(in crate::resilience::cache) struct Lasting {
    /// An entry that is not asked for in this many nanoseconds is gone.
    pub(in crate::resilience::cache) idle: u64,
    /// How long an entry is kept after it has expired.
    pub(in crate::resilience::cache) grace: u64,
    /// Whether every entry has a time.
    pub(in crate::resilience::cache) is_timed: bool,
    /// About how long one lives.
    pub(in crate::resilience::cache) life: u64,
}

impl<K, V> Shard<K, V> {
    /// Entries last by other rules from now on. Where every entry has a time, those that had none so far
    /// count as written now; and where idleness begins to matter, all count as asked for now.
    pub(in crate::resilience::cache) fn retime(&mut self, lasting: Lasting, now: u64) {
        let Lasting { idle, grace, is_timed, life } = lasting;
        let begins = self.idle == u64::MAX && idle != u64::MAX;
        if self.idle != u64::MAX && self.slab.is_stamped() {
            self.end_the_idle(now);
        }
        (self.idle, self.grace) = (idle, grace);
        if !is_timed && !self.slab.is_stamped() {
            return;
        }
        let mut wheel = Wheel::new(now);
        for place in 0..self.slab.places() as u32 {
            let mut stamp = self.slab.stamp(place);
            if self.slab.entry(place).is_none() || stamp.born == 0 && !is_timed {
                continue;
            }
            if stamp.born == 0 {
                stamp = Stamp { born: now, until: u64::MAX, touched: now };
            }
            if begins {
                stamp.touched = now;
            }
            self.slab.set_stamp(place, Some(stamp));
            wheel.plan(place, self.gone_at(place));
        }
        if self.slab.is_stamped() {
            self.slab.set_ticks(now, life);
            self.is_plain = false;
            self.due_at = wheel.due_at();
            self.wheel = Some(Box::new(wheel));
        }
    }

    /// Whoever was idle for too long by the former rules is gone by any other as well.
    fn end_the_idle(&mut self, now: u64) {
        for place in 0..self.slab.places() as u32 {
            let stamp = self.stamp(place);
            if stamp.until <= now && self.slab.entry(place).is_some() {
                self.slab.set_stamp(place, Some(stamp));
            }
        }
    }
}
