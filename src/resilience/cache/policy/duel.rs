use super::{RECENCY, WINDOW, shadow::Shadow};

/// Finds out whether those who were asked for often are to stay, or those who were asked for lately.
///
/// Two small shadows see a part of the keys, one by each rule, and so does the cache itself. Which rule
/// a cache of this size wants can be told from them, whatever the traffic; and no hit of a key outside
/// that part pays for it.
#[derive(Debug)]
pub(in crate::resilience::cache) struct Duel {
    shadows: [Shadow; 2],
    /// Hits of the shadows; what was long ago counts for less.
    hits: [f32; 2],
    /// Hits of the cache itself, of the same keys.
    ours: f32,
    /// Which of the two the cache goes by.
    rule: usize,
    /// How many were seen since the rule was chosen, up to the last whole round.
    seen: u32,
    /// For so many entries in the cache.
    entries: usize,
    mask: u32,
}

const SHARES: [u32; 2] = [WINDOW, RECENCY];

impl Duel {
    /// The window's share where there was no duel yet.
    pub(in crate::resilience::cache) const FIRST: u32 = WINDOW;

    /// For a cache of so many entries.
    pub(in crate::resilience::cache) fn new(entries: usize) -> Self {
        let room = if entries < 2048 { 32 } else { 128 };
        let part = (entries / room).max(1);
        // The greatest power of two that leaves the shadows so much room.
        let part = 1_usize << part.ilog2().min(16);
        let room = (entries / part).max(8);
        Self {
            shadows: SHARES.map(|share| Shadow::new(room, share)),
            hits: [0.0; 2],
            ours: 0.0,
            rule: 0,
            seen: 0,
            entries,
            mask: part as u32 - 1,
        }
    }

    /// Of a hash, the bits that are to be nought for it to be seen.
    pub(in crate::resilience::cache) const fn mask(&self) -> u32 {
        self.mask
    }

    /// Whether it is time to look how many entries the cache has now.
    pub(in crate::resilience::cache) const fn wants_to_know_the_size(&self) -> bool {
        self.seen % 1024 == 0
    }

    /// Begins again, by the same rule, if it was made for a cache of quite another size.
    pub(in crate::resilience::cache) fn resize(&mut self, entries: usize) {
        if entries > self.entries * 2 || entries * 2 < self.entries {
            *self = Self { rule: self.rule, ..Self::new(entries) };
        }
    }

    /// The share of the window by the rule that is chosen.
    pub(in crate::resilience::cache) const fn share(&self) -> u32 {
        SHARES[self.rule]
    }

    /// A key was asked for, and the cache had it or not. Whether the rule was changed by it.
    pub(in crate::resilience::cache) fn see(&mut self, hash: u32, hit: bool) -> bool {
        let room = (self.entries as u32 / (self.mask + 1)).max(8);
        self.seen = self.seen.saturating_add(1);
        // The cache has to get used to a rule before it is judged by it.
        let settled = self.seen > room * 4;
        for (shadow, hits) in self.shadows.iter_mut().zip(&mut self.hits) {
            if shadow.ask(hash) && settled {
                *hits += 1.0;
            }
        }
        if !settled {
            return false;
        }
        self.ours += f32::from(u8::from(hit));
        if self.seen % (room / 2).max(16) != 0 {
            return false;
        }
        for hits in self.hits.iter_mut().chain([&mut self.ours]) {
            *hits *= 0.97;
        }
        let other = 1 - self.rule;
        let (own, theirs) = (self.hits[self.rule], self.hits[other]);
        // One and a half times what chance would do.
        let clear = theirs.sqrt().max(4.0) * 1.5;
        // The other rule is better where both are shadows, and better than what we have.
        let better = theirs - own > clear && theirs > own * 1.02 && theirs > self.ours;
        // A shadow of our own rule may do well where the cache, by that rule, is caught with the wrong
        // entries.
        let much_better = theirs - self.ours > clear * 2.0 && theirs > self.ours * 1.25;
        if !better && !much_better {
            return false;
        }
        (self.rule, self.seen, self.hits, self.ours) = (other, 0, [0.0; 2], 0.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays keys through a cache of the duel's rule, all of whose keys are seen.
    fn rule_after(keys: impl Iterator<Item = u32>, entries: usize) -> u32 {
        let mut duel = Duel::new(entries);
        let mut shadows = SHARES.map(|share| Shadow::new(entries, share));
        for key in keys {
            let hash = key.wrapping_mul(0x9e37_79b1) ^ (key >> 7);
            let hits = shadows.each_mut().map(|shadow| shadow.ask(hash));
            if hash.reverse_bits() & duel.mask() == 0 {
                duel.see(hash, hits[duel.rule]);
            }
        }
        duel.share()
    }

    #[test]
    fn a_loop_is_for_those_who_were_asked_for_often() {
        assert_eq!(rule_after((0..200_000).map(|at| at % 3000), 2048), WINDOW);
    }

    #[test]
    fn a_hot_set_that_moves_is_for_those_who_were_asked_for_lately() {
        let near = (0..400_000_u32).map(|at| at / 8 + (at.wrapping_mul(0x9e37_79b1) >> 21));
        assert_eq!(rule_after(near, 2048), RECENCY);
    }
}
