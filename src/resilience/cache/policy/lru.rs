use super::{Places, Policy};

/// The one that was not asked for the longest goes: exactly.
#[derive(Debug)]
pub(in crate::resilience::cache) struct Lru {
    /// By place: who was asked for just before, and just after. The ring closes at the first, which
    /// stands for nobody.
    links: Vec<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    before: u32,
    after: u32,
}

/// Links of place `n` stand at `n + 1`.
const NOBODY: u32 = 0;

impl Lru {
    pub(in crate::resilience::cache) fn new() -> Self {
        Self { links: vec![Link { before: NOBODY, after: NOBODY }] }
    }

    fn join(&mut self, at: u32) {
        if at as usize >= self.links.len() {
            self.links.resize(at as usize + 1, Link { before: at, after: at });
        }
        self.append(at);
    }

    fn unlink(&mut self, at: u32) {
        let Link { before, after } = self.links[at as usize];
        self.links[before as usize].after = after;
        self.links[after as usize].before = before;
    }

    /// Puts it behind everybody.
    fn append(&mut self, at: u32) {
        let last = self.links[NOBODY as usize].before;
        self.links[at as usize] = Link { before: last, after: NOBODY };
        self.links[last as usize].after = at;
        self.links[NOBODY as usize].before = at;
    }
}

impl Policy for Lru {
    fn filled(&mut self, place: u32, _: &mut impl Places) {
        self.join(place + 1);
    }

    #[inline]
    fn hit(&mut self, place: u32, _: &mut impl Places) {
        let at = place + 1;
        if self.links[NOBODY as usize].before != at {
            self.unlink(at);
            self.append(at);
        }
    }

    fn emptied(&mut self, place: u32, _: &mut impl Places) {
        self.unlink(place + 1);
    }

    fn evict(&mut self, _: &mut impl Places) -> Option<u32> {
        let first = self.links[NOBODY as usize].after;
        if first == NOBODY {
            return None;
        }
        self.unlink(first);
        Some(first - 1)
    }

    fn renumber(&mut self, new: impl Fn(u32) -> Option<u32>) {
        let former = std::mem::replace(self, Self::new());
        let mut at = former.links[NOBODY as usize].after;
        while at != NOBODY {
            if let Some(to) = new(at - 1) {
                self.join(to + 1);
            }
            at = former.links[at as usize].after;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::resilience::cache::policy::tests::Numbers;

    #[test]
    fn it_is_the_naive_one() {
        let (mut lru, mut places) = (Lru::new(), Numbers::new(40));
        let mut naive = VecDeque::new();
        let mut random = 1_u64;
        for turn in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn | 1);
            let place = (random >> 33) as u32 % 40;
            let at = naive.iter().position(|other| *other == place);
            match (at, random >> 60) {
                (Some(at), 0..=2) => {
                    naive.remove(at);
                    lru.emptied(place, &mut places);
                }
                (_, 3) => assert_eq!(lru.evict(&mut places), naive.pop_front()),
                (Some(at), _) => {
                    naive.remove(at);
                    naive.push_back(place);
                    lru.hit(place, &mut places);
                }
                (None, _) => {
                    naive.push_back(place);
                    lru.filled(place, &mut places);
                }
            }
        }
        // Those with odd numbers are gone, the others have half of theirs.
        lru.renumber(|place| (place % 2 == 0).then_some(place / 2));
        let kept = naive.into_iter().filter(|place| place % 2 == 0).map(|place| place / 2);
        let left: Vec<u32> = std::iter::from_fn(|| lru.evict(&mut places)).collect();
        assert_eq!(left, kept.collect::<Vec<_>>());
    }
}
