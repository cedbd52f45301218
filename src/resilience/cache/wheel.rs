/// When to look at which place again: a timer wheel of four levels.
///
/// A place is in it once, at the earliest moment that matters, and is not moved when its entry is
/// replaced, prolonged or removed: when its moment comes, somebody looks whether the entry that stands
/// there then has really expired, and if not, it is put in again. So an insert or an eviction writes
/// nothing here as a rule.
#[derive(Debug)]
pub(super) struct Wheel {
    /// Places by level and slot.
    slots: Box<[Vec<u32>]>,
    /// By place: the earliest tick at which it will be looked at.
    planned: Vec<u32>,
    /// Moments came for these: they are to be looked at.
    due: Vec<Vec<u32>>,
    /// How many stand in all of these lists: places are left behind in a slot when they are planned again
    /// for earlier.
    listed: usize,
    /// Every slot before this tick has been emptied.
    tick: u32,
    /// When it was made, and ticks are counted from.
    origin: u64,
}

const LEVELS: usize = 4;
const SLOTS: usize = 64;
/// log₂ of the slots of a level.
const BITS: u32 = 6;
/// A tick is 2²⁷ nanoseconds, an eighth of a second; the wheel goes round in 26 days.
const TICK: u32 = 27;

const NEVER: u32 = u32::MAX;
/// No moment has a later tick.
const LAST: u32 = NEVER - 2;

impl Wheel {
    pub(super) fn new(now: u64) -> Self {
        Self {
            slots: (0..LEVELS * SLOTS).map(|_| Vec::new()).collect(),
            planned: Vec::new(),
            due: Vec::new(),
            listed: 0,
            tick: 0,
            origin: now,
        }
    }

    /// When there is something to do: now, or when the next tick has come.
    pub(super) fn due_at(&self) -> u64 {
        if !self.due.is_empty() {
            return 0;
        }
        self.origin.saturating_add((u64::from(self.tick) + 1) << TICK)
    }

    /// The entry in this place is to be looked at by then, at the latest some ticks after.
    pub(super) fn plan(&mut self, place: u32, at: u64) {
        if at == u64::MAX {
            return;
        }
        if self.planned.len() <= place as usize {
            self.planned.resize(place as usize + 1, NEVER);
        }
        if self.tick_of(at) < self.tick {
            // Its tick is over already.
            self.planned[place as usize] = self.tick;
            self.listed += 1;
            match self.due.last_mut() {
                Some(due) => due.push(place),
                None => self.due.push(vec![place]),
            }
            return;
        }
        // Rounded up: at the start of its tick it has not expired yet.
        let tick = self.tick_of(at).saturating_add(1).max(self.tick.saturating_add(1));
        let planned = &mut self.planned[place as usize];
        if *planned <= tick && *planned > self.tick {
            return;
        }
        let ahead = tick - self.tick;
        let level = ((u32::BITS - 1 - ahead.leading_zeros()) / BITS).min(LEVELS as u32 - 1);
        // Beyond the last level: as far as it goes, and again from there.
        let furthest = (1 << (BITS * LEVELS as u32)) - (1 << (BITS * (LEVELS as u32 - 1)));
        let tick = self.tick.saturating_add(ahead.min(furthest));
        // Looked at when its slot begins; if that is early, it goes into a finer one from there.
        let slot = tick >> (BITS * level);
        *planned = slot << (BITS * level);
        let slot = slot as usize & (SLOTS - 1);
        self.slots[level as usize * SLOTS + slot].push(place);
        self.listed += 1;
    }

    /// Whether most of what stands in it was left behind: plan it all anew then.
    #[inline]
    pub(super) fn is_crowded(&self) -> bool {
        self.listed > self.planned.len() * 4 + SLOTS * LEVELS
    }

    /// Whether there is no tick for this moment, eighteen years after it was made.
    pub(super) fn has_run_out(&self, now: u64) -> bool {
        self.tick_of(now) == LAST
    }

    /// Turns the wheel up to now. The work does not depend on how many entries there are.
    pub(super) fn turn(&mut self, now: u64) {
        let to = self.tick_of(now);
        if to <= self.tick {
            return;
        }
        for level in 0..LEVELS {
            let shift = BITS * level as u32;
            let (from, to) = (self.tick >> shift, to >> shift);
            for slot in (from + 1..=to).take(SLOTS) {
                let slot = &mut self.slots[level * SLOTS + (slot as usize & (SLOTS - 1))];
                if !slot.is_empty() {
                    self.due.push(std::mem::take(slot));
                }
            }
            if from == to {
                break;
            }
        }
        self.tick = to;
    }

    /// When its tick began: a moment that has come, whoever asks.
    pub(super) fn began(&self) -> u64 {
        self.origin.saturating_add(u64::from(self.tick) << TICK)
    }

    /// The next place that is to be looked at.
    pub(super) fn next(&mut self) -> Option<u32> {
        loop {
            let due = self.due.last_mut()?;
            let Some(place) = due.pop() else {
                self.due.pop();
                continue;
            };
            self.listed -= 1;
            // It may be planned once more, for earlier than this: then that is enough.
            match self.planned.get_mut(place as usize) {
                Some(planned) if *planned <= self.tick => {
                    *planned = NEVER;
                    return Some(place);
                }
                _ => {}
            }
        }
    }

    /// Forgets every place.
    pub(super) fn clear(&mut self) {
        self.slots.iter_mut().for_each(|slot| *slot = Vec::new());
        (self.planned, self.due, self.listed) = (Vec::new(), Vec::new(), 0);
    }

    fn tick_of(&self, at: u64) -> u32 {
        u32::try_from(at.saturating_sub(self.origin) >> TICK).unwrap_or(LAST).min(LAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// Turns to `now` and gives everything that is due.
    fn due(wheel: &mut Wheel, now: u64) -> Vec<u32> {
        wheel.turn(now);
        let mut due: Vec<u32> = std::iter::from_fn(|| wheel.next()).collect();
        due.sort_unstable();
        due
    }

    #[test]
    fn a_place_is_due_soon_after_its_moment_and_not_before() {
        for after in [0, 1, 7, 8, 9, 60, 544, 545, 3600, 34_000, 36_000, 86_400, 2_000_000] {
            for start in [0, 3, 1_000_003] {
                let mut wheel = Wheel::new(5);
                wheel.turn(5 + start * SECOND);
                let at = 5 + (start + after) * SECOND;
                wheel.plan(0, at);
                let (mut now, mut looked) = (5 + start * SECOND, 0);
                let found = loop {
                    if !due(&mut wheel, now).is_empty() {
                        looked += 1;
                        if now >= at {
                            break now;
                        }
                        // Too early: as the cache does.
                        wheel.plan(0, at);
                    }
                    now += SECOND / 2 + after * SECOND / 50;
                    assert!(now < at + SECOND * 60 + after * SECOND / 4, "{after} from {start}");
                };
                assert!(found >= at);
                assert!(looked <= 8, "{after} from {start}: looked at {looked} times");
            }
        }
    }

    #[test]
    fn a_place_that_is_planned_again_for_later_stands_in_it_once() {
        let mut wheel = Wheel::new(0);
        for second in 1..1000 {
            wheel.plan(3, second * SECOND);
        }
        assert_eq!(wheel.slots.iter().map(Vec::len).sum::<usize>(), 1);
        // For earlier: that is when it is looked at, and once.
        wheel.plan(3, SECOND / 2);
        assert_eq!(due(&mut wheel, SECOND), [3]);
        assert!(due(&mut wheel, 100_000 * SECOND).is_empty());
    }

    /// A place whose entries live long and short by turns leaves the long ones' slots behind it.
    #[test]
    fn places_that_are_planned_far_and_near_by_turns_do_not_pile_up() {
        let mut wheel = Wheel::new(0);
        let mut now = 0;
        for _ in 0..10_000 {
            wheel.plan(3, now + 3600 * SECOND);
            wheel.plan(3, now + SECOND / 8);
            now += SECOND / 2;
            assert_eq!(due(&mut wheel, now), [3]);
            if wheel.is_crowded() {
                wheel.clear();
            }
            assert!(wheel.slots.iter().map(Vec::len).sum::<usize>() < 1000);
        }
    }

    #[test]
    fn a_long_sleep_costs_no_more_than_a_short_one() {
        let mut wheel = Wheel::new(0);
        for place in 0..1000 {
            wheel.plan(place, u64::from(place) * 50 * SECOND);
        }
        // Ten years.
        assert_eq!(due(&mut wheel, 315_000_000 * SECOND).len(), 1000);
        wheel.plan(7, u64::MAX - 1);
        assert!(wheel.due_at() > 315_000_000 * SECOND);
        wheel.plan(8, u64::MAX);
        assert_eq!(due(&mut wheel, u64::MAX), [7]);
    }
}
