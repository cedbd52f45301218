use std::collections::VecDeque;

use super::{Places, Policy};
use crate::resilience::cache::sketch::Sketch;

/// New entries prove themselves in a window; what was not asked for there stays only if it was asked for
/// more often, lately, than the one that would have to go for it.
///
/// Two rings of places and hands that go round them: a hit only counts up in its place, up to three, and
/// is seen when a hand passes.
#[derive(Debug)]
pub(in crate::resilience::cache) struct Admission {
    window: Ring,
    main: Ring,
    sketch: Sketch,
    /// How much of the weight the window is to have, in 1024ths. All of it: nobody has to prove
    /// anything, and who was asked for lately stays.
    share: u32,
    /// The next of the main ring that was not asked for, already taken out, and how often its key was: who
    /// has won a contest mostly meets the next candidate too.
    champion: Option<(u32, u8)>,
    /// Moves on with every contest, so that a few are decided by lot.
    lot: u32,
    /// So many of the window came before counts were halved.
    overrated: usize,
}

#[derive(Debug, Default)]
struct Ring {
    /// The next to be looked at first. Some were emptied since, or belong to the other ring.
    places: VecDeque<u32>,
    weight: u64,
}

/// The window's usual share.
pub(in crate::resilience::cache) const WINDOW: u32 = 102;
/// The share of a window that is everything.
pub(in crate::resilience::cache) const RECENCY: u32 = 1024;

/// The level of half an estimate.
#[inline]
const fn half(level: u8) -> u8 {
    (0x5432_1100_u32 >> (level as u32 * 4)) as u8 & 7
}

/// How often it was asked for since a hand passed.
pub(in crate::resilience::cache) const HITS: u8 = 3;
/// It stands in the main ring, or is counted there.
const MAIN: u8 = 4;
/// It stands in a ring, be it filled or not.
const QUEUED: u8 = 8;
/// Filled while the place still stood in a ring, where the former entry had put it.
const FRESH: u8 = 16;
/// The bits above them: how often its key was asked for when it came, as a [`level`].
const LEVEL: u32 = 5;

/// So many are passed by for one that goes: nobody waits for a hand to go all the way round.
const PASSES: u32 = 256;

/// One contest in so many is won by a candidate that is asked for often, whatever it meets: nobody can
/// keep a place for ever by colliding with what is asked for most.
const LOTS: u32 = 128;
const OFTEN: u8 = 5;

/// An estimate in three bits: exact while it is low.
#[inline]
const fn level(estimate: u8) -> u8 {
    (0x7777_7666_6554_3210_u64 >> (estimate as u32 * 4)) as u8 & 7
}

impl Admission {
    pub(in crate::resilience::cache) fn new() -> Self {
        Self {
            window: Ring::default(),
            main: Ring::default(),
            sketch: Sketch::new(FIRST),
            share: WINDOW,
            champion: None,
            lot: 0,
            overrated: 0,
        }
    }

    /// Sets the window's share.
    #[inline]
    pub(in crate::resilience::cache) fn set_share(&mut self, share: u32) {
        self.share = share;
    }

    /// Puts it into the window, behind all others.
    #[inline]
    fn queue_in_window(&mut self, place: u32, estimate: u8, places: &mut impl Places) {
        places.set_mark(place, QUEUED | level(estimate) << LEVEL);
        self.window.places.push_back(place);
    }

    fn move_to_main(&mut self, place: u32, places: &mut impl Places) {
        let weight = places.weight(place);
        self.window.weight = self.window.weight.saturating_sub(weight);
        self.main.weight += weight;
        places.set_mark(place, QUEUED | MAIN);
        self.main.places.push_back(place);
    }

    fn back_to_window(&mut self, place: u32, estimate: u8, places: &mut impl Places) {
        let weight = places.weight(place);
        self.main.weight = self.main.weight.saturating_sub(weight);
        self.window.weight += weight;
        self.queue_in_window(place, estimate, places);
    }

    fn forget(&mut self, place: u32, places: &mut impl Places) {
        let mark = places.mark(place);
        let ring = if mark & MAIN == 0 { &mut self.window } else { &mut self.main };
        ring.weight = ring.weight.saturating_sub(places.weight(place));
        places.set_mark(place, 0);
    }

    /// Takes the next place out of a ring that has an entry to be judged; puts the others right.
    #[inline]
    fn next_of(&mut self, main: bool, places: &mut impl Places) -> Option<Next> {
        loop {
            let ring = if main { &mut self.main } else { &mut self.window };
            let place = ring.places.pop_front()?;
            match places.look(place) {
                Some((mark, hash)) if mark & FRESH == 0 => {
                    let mut level = mark >> LEVEL;
                    if !main && self.overrated > 0 {
                        self.overrated -= 1;
                        level = half(level);
                    }
                    return Some(Next { place, hits: mark & HITS, level, hash });
                }
                // It is newer than where it stands.
                Some((mark, _)) => {
                    places.set_mark(place, mark & !FRESH);
                    self.window.places.push_back(place);
                }
                None => places.set_mark(place, 0),
            }
        }
    }

    /// The next of the main ring that was not asked for, taken out of it.
    fn next_of_main(&mut self, passes: &mut u32, places: &mut impl Places) -> Option<Next> {
        loop {
            let next = self.next_of(true, places)?;
            let Next { place, hits, hash, .. } = next;
            if hits == 0 || *passes == 0 {
                return Some(next);
            }
            *passes -= 1;
            if self.share == RECENCY {
                let estimate = self.count(hash, hits);
                self.back_to_window(place, estimate, places);
            } else {
                self.count(hash, 1);
                places.set_mark(place, QUEUED | MAIN | (hits - 1));
                self.main.places.push_back(place);
            }
        }
    }

    /// The one in main who has to go next, and how often he was asked for.
    #[inline]
    fn champion(&mut self, passes: &mut u32, places: &mut impl Places) -> Option<(u32, u8)> {
        if let Some((place, estimate)) = self.champion {
            if places.look(place).is_some_and(|(mark, _)| mark & (HITS | FRESH) == 0) {
                return Some((place, estimate));
            }
        }
        self.next_champion(passes, places)
    }

    #[inline(never)]
    fn next_champion(&mut self, passes: &mut u32, places: &mut impl Places) -> Option<(u32, u8)> {
        if let Some((place, _)) = self.champion.take() {
            // He was asked for, or is gone: his turn is over.
            self.main.places.push_front(place);
        }
        let next = self.next_of_main(passes, places)?;
        self.champion = Some((next.place, self.sketch.estimate(next.hash)));
        self.champion
    }

    /// Counts a key, and says how often it was; what is known of the champion may have been halved.
    #[inline]
    fn count(&mut self, hash: u32, times: u8) -> u8 {
        let (estimate, halved) = self.sketch.add(hash, times);
        if halved {
            self.overrated = self.window.places.len();
            if let Some((_, estimate)) = &mut self.champion {
                *estimate /= 2;
            }
        }
        estimate
    }
}

/// An entry that is to be judged.
#[derive(Clone, Copy)]
struct Next {
    place: u32,
    hits: u8,
    level: u8,
    hash: u32,
}

/// So many 1024ths of it.
const fn part(weight: u64, share: u32) -> u64 {
    let share = share as u64;
    (weight >> 10) * share + (((weight & 1023) * share) >> 10)
}

/// How many keys the sketch has room for at first.
const FIRST: usize = 64;

impl Policy for Admission {
    #[inline(always)]
    fn filled(&mut self, place: u32, places: &mut impl Places) {
        if self.window.places.len() + self.main.places.len() >= self.sketch.keys() {
            // What it knew is soon known again; it doubles a few times in a cache's life.
            self.sketch = Sketch::new(self.sketch.keys() * 2);
        }
        // It is counted when it comes: whoever brings it has its hash at hand, so that looking for the
        // counters hinders nobody.
        let (mark, hash) = places.look(place).unwrap_or_default();
        let estimate = self.count(hash, 1);
        if mark & QUEUED == 0 {
            self.queue_in_window(place, estimate, places);
        } else {
            places.set_mark(place, QUEUED | FRESH | level(estimate) << LEVEL);
        }
        self.window.weight += places.weight(place);
    }

    #[inline]
    fn hit(&mut self, place: u32, places: &mut impl Places) {
        let mark = places.mark(place);
        if mark & HITS < HITS {
            places.set_mark(place, mark + 1);
        }
    }

    fn emptied(&mut self, place: u32, places: &mut impl Places) {
        let queued = places.mark(place) & QUEUED;
        self.forget(place, places);
        places.set_mark(place, queued);
    }

    fn evict(&mut self, places: &mut impl Places) -> Option<u32> {
        let mut passes = PASSES;
        // Passing by changes who weighs it, but not what all of them weigh.
        let all = self.window.weight.saturating_add(self.main.weight);
        let window = part(all, self.share);
        loop {
            let candidate = match self.window.weight >= window {
                true => self.next_of(false, places),
                false => None,
            };
            let Some(Next { place: candidate, hits, level, hash }) = candidate else {
                let gone = match self.champion(&mut passes, places) {
                    Some((place, _)) => place,
                    None => self.next_of(false, places)?.place,
                };
                self.champion = None;
                self.forget(gone, places);
                return Some(gone);
            };
            if passes > 0 && hits > 0 {
                passes -= 1;
                let estimate = self.count(hash, hits);
                match self.share == RECENCY {
                    true => self.queue_in_window(candidate, estimate, places),
                    false => self.move_to_main(candidate, places),
                }
                continue;
            }
            if passes > 0 && self.main.weight < all - window {
                passes -= 1;
                self.move_to_main(candidate, places);
                continue;
            }
            let mut gone = candidate;
            if self.share != RECENCY {
                if let Some((champion, often)) = self.champion(&mut passes, places) {
                    self.lot = (self.lot + 1) % LOTS;
                    if level > self::level(often) || (level >= OFTEN && self.lot == 0) {
                        self.champion = None;
                        self.move_to_main(candidate, places);
                        gone = champion;
                    }
                }
            }
            self.forget(gone, places);
            return Some(gone);
        }
    }

    fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        if let Some((place, _)) = self.champion.take() {
            self.main.places.push_front(place);
        }
        for ring in [&mut self.window, &mut self.main] {
            ring.places = ring.places.iter().filter_map(|place| new(*place)).collect();
        }
        let keys = self.window.places.len() + self.main.places.len();
        if keys < self.sketch.keys() / 8 {
            // Its memory comes back as that of the places does.
            self.sketch = Sketch::new(keys.max(FIRST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::cache::policy::tests::Numbers;

    fn fill(policy: &mut Admission, places: &mut Numbers, place: u32, weight: u64) {
        let number = &mut places.0[place as usize];
        (number.filled, number.weight) = (true, weight);
        policy.filled(place, places);
    }

    /// Whatever happens, it chooses among those that are there, all of them come to their turn, and it
    /// knows what they weigh.
    #[test]
    fn it_knows_who_is_there() {
        let (mut policy, mut places) = (Admission::new(), Numbers::new(64));
        let mut random = 1_u64;
        for turn in 0..200_000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn | 1);
            let place = (random >> 33) as u32 % 64;
            let filled = places.is_filled(place);
            match (filled, random >> 60) {
                (_, 0) => policy.set_share(if turn % 3 == 0 { RECENCY } else { WINDOW }),
                (_, 1..=4) => {
                    let gone = policy.evict(&mut places);
                    assert_eq!(gone.is_some(), places.0.iter().any(|number| number.filled));
                    if let Some(gone) = gone {
                        assert!(places.is_filled(gone), "{gone} was gone already");
                        places.0[gone as usize].filled = false;
                    }
                }
                (true, 5) => {
                    policy.emptied(place, &mut places);
                    places.0[place as usize].filled = false;
                }
                (true, _) => policy.hit(place, &mut places),
                (false, _) => fill(&mut policy, &mut places, place, ((random >> 55) & 15) | 1),
            }
            let filled = places.0.iter().filter(|number| number.filled);
            let weight: u64 = filled.map(|number| number.weight).sum();
            assert_eq!(policy.window.weight + policy.main.weight, weight);
            assert!(policy.window.places.len() + policy.main.places.len() <= 64);
        }
        let left = places.0.iter().filter(|number| number.filled).count();
        for _ in 0..left {
            let gone = policy.evict(&mut places).unwrap();
            assert!(std::mem::take(&mut places.0[gone as usize].filled));
        }
        assert_eq!(policy.evict(&mut places), None);
    }

    /// A window of a tenth, and a scan that is ten times as long as everything.
    #[test]
    fn who_was_asked_for_often_survives_a_scan() {
        let (mut policy, mut places) = (Admission::new(), Numbers::new(2000));
        for place in 0..100 {
            fill(&mut policy, &mut places, place, 1);
            for _ in 0..3 {
                policy.hit(place, &mut places);
            }
        }
        for place in 100..1100 {
            let gone = policy.evict(&mut places).unwrap();
            places.0[gone as usize].filled = false;
            fill(&mut policy, &mut places, place, 1);
        }
        let stayed = (0..100).filter(|place| places.is_filled(*place)).count();
        // What the sketch knew is forgotten twice while it grows.
        assert!(stayed >= 75, "{stayed}");
    }

    #[test]
    fn nobody_waits_for_a_hand_to_go_all_the_way_round() {
        let (mut policy, mut places) = (Admission::new(), Numbers::new(100_000));
        for place in 0..100_000 {
            fill(&mut policy, &mut places, place, 1);
            policy.hit(place, &mut places);
        }
        policy.evict(&mut places).unwrap();
        let passed = places.0.iter().filter(|number| number.mark & HITS == 0).count();
        assert!(passed <= PASSES as usize + 1, "{passed}");
    }
}
