//! Those who wait: a slab of slots, and a list through it for each class.

use super::{class::Class, config::Order};

/// How many classes wait.
pub(super) const CLASSES: usize = 3;

/// A class that is counted: its number, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank(u8);

impl Rank {
    pub(super) const ALL: [Self; CLASSES] = [Self(0), Self(1), Self(2)];

    /// None of what is not counted.
    #[inline]
    pub(super) const fn of(class: Class) -> Option<Self> {
        match class {
            Class::Exempt => None,
            Class::Critical => Some(Self(0)),
            Class::Normal => Some(Self(1)),
            Class::Sheddable => Some(Self(2)),
        }
    }

    #[inline]
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What has become of somebody in the queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum State<W> {
    /// Waits, and is woken by this once it has said how.
    Waiting(Option<W>),
    /// A place was taken for it.
    Placed,
    /// Somebody more important has come, and the queue was full.
    Shed,
    /// Nobody is let in any more.
    Closed,
}

#[derive(Debug)]
struct Slot<W> {
    state: State<W>,
    rank: Rank,
    /// In the list of its rank, or of those that are free.
    before: usize,
    after: usize,
}

/// The end of a list.
const NONE: usize = usize::MAX;

#[derive(Clone, Copy, Debug)]
struct List {
    first: usize,
    last: usize,
    len: usize,
}

/// Everybody who waits, and those who no longer do and have not noticed yet. Whoever has a slot gives
/// it back by itself, so no slot has two owners.
#[derive(Debug)]
pub(super) struct Queue<W> {
    slots: Vec<Slot<W>>,
    /// The first slot that is free.
    free: usize,
    /// Slots that are not.
    taken: usize,
    lists: [List; CLASSES],
}

impl<W> Queue<W> {
    pub(super) const fn new() -> Self {
        let list = List { first: NONE, last: NONE, len: 0 };
        Self { slots: Vec::new(), free: NONE, taken: 0, lists: [list; CLASSES] }
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.lists.iter().map(|list| list.len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lists.iter().all(|list| list.len == 0)
    }

    pub(super) const fn len_of(&self, rank: Rank) -> usize {
        self.lists[rank.index()].len
    }

    /// Takes a slot at the end of a rank's list.
    pub(super) fn push(&mut self, rank: Rank) -> usize {
        let list = &mut self.lists[rank.index()];
        let slot = Slot { state: State::Waiting(None), rank, before: list.last, after: NONE };
        let at = if self.free == NONE { self.slots.len() } else { self.free };
        match self.slots.get_mut(at) {
            Some(free) => {
                self.free = free.after;
                *free = slot;
            }
            None => self.slots.push(slot),
        }
        self.taken += 1;
        let last = std::mem::replace(&mut list.last, at);
        list.len += 1;
        match self.slots.get_mut(last) {
            Some(last) => last.after = at,
            None => list.first = at,
        }
        at
    }

    /// Who of a rank is served next.
    pub(super) fn next(&self, rank: Rank, order: Order) -> Option<usize> {
        let list = &self.lists[rank.index()];
        let at = if order == Order::Fifo { list.first } else { list.last };
        (at != NONE).then_some(at)
    }

    /// Who of a rank would be served last.
    pub(super) fn least(&self, rank: Rank, order: Order) -> Option<usize> {
        let list = &self.lists[rank.index()];
        let at = if order == Order::Fifo { list.last } else { list.first };
        (at != NONE).then_some(at)
    }

    /// Ends somebody's wait: what wakes it.
    pub(super) fn end(&mut self, at: usize, state: State<W>) -> Option<W> {
        self.unlink(at);
        match std::mem::replace(&mut self.slots.get_mut(at)?.state, state) {
            State::Waiting(wake) => wake,
            State::Closed | State::Placed | State::Shed => None,
        }
    }

    /// Says how to wake the owner of a slot, if it waits: none if it does not, else what it said before.
    pub(super) fn listen(&mut self, at: usize, wake: W) -> Option<Option<W>> {
        match &mut self.slots.get_mut(at)?.state {
            State::Waiting(old) => Some(old.replace(wake)),
            State::Closed | State::Placed | State::Shed => None,
        }
    }

    pub(super) fn rank(&self, at: usize) -> Option<Rank> {
        self.slots.get(at).map(|slot| slot.rank)
    }

    /// Whether a place was taken for the owner of a slot.
    pub(super) fn is_placed(&self, at: usize) -> bool {
        self.slots.get(at).is_some_and(|slot| matches!(slot.state, State::Placed))
    }

    /// Gives a slot back: what had become of its owner.
    pub(super) fn leave(&mut self, at: usize) -> Option<State<W>> {
        self.unlink(at);
        let free = self.free;
        let slot = self.slots.get_mut(at)?;
        slot.after = free;
        // Whatever it says now, nobody asks.
        let state = std::mem::replace(&mut slot.state, State::Closed);
        self.free = at;
        self.taken -= 1;
        if self.taken == 0 {
            self.tidy();
        }
        Some(state)
    }

    /// Nobody is here: a queue that was long keeps little of its memory.
    fn tidy(&mut self) {
        const KEPT: usize = 64;

        self.slots.clear();
        self.free = NONE;
        if self.slots.capacity() > KEPT {
            self.slots.shrink_to(KEPT);
        }
    }

    /// Takes somebody who waits out of its list.
    fn unlink(&mut self, at: usize) {
        let Some(slot) = self.slots.get(at) else { return };
        if !matches!(slot.state, State::Waiting(_)) {
            return;
        }
        let (rank, before, after) = (slot.rank, slot.before, slot.after);
        let list = &mut self.lists[rank.index()];
        list.len -= 1;
        match self.slots.get_mut(before) {
            Some(before) => before.after = after,
            None => list.first = after,
        }
        match self.slots.get_mut(after) {
            Some(after) => after.before = before,
            None => list.last = before,
        }
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    const CRITICAL: Rank = Rank(0);
    const NORMAL: Rank = Rank(1);
    const SHEDDABLE: Rank = Rank(2);

    fn served(queue: &mut Queue<u8>, rank: Rank, order: Order) -> Vec<usize> {
        std::iter::from_fn(|| {
            let at = queue.next(rank, order)?;
            queue.end(at, State::Placed);
            Some(at)
        })
        .collect()
    }

    #[test]
    fn each_rank_is_a_list_of_its_own() {
        let mut queue = Queue::new();
        let mine: Vec<usize> = (0..3).map(|_| queue.push(NORMAL)).collect();
        let other = queue.push(SHEDDABLE);
        assert_eq!((queue.len(), queue.len_of(NORMAL), queue.len_of(CRITICAL)), (4, 3, 0));
        assert_eq!(queue.least(NORMAL, Order::Fifo), Some(mine[2]));
        assert_eq!(queue.least(NORMAL, Order::Lifo), Some(mine[0]));
        assert_eq!(served(&mut queue, NORMAL, Order::Fifo), mine);
        assert_eq!(served(&mut queue, SHEDDABLE, Order::Lifo), [other]);
        assert!(queue.is_empty());
    }

    #[test]
    fn whoever_leaves_from_the_middle_leaves_the_others_in_order() {
        for leaving in 0..4 {
            let mut queue = Queue::new();
            let mut all: Vec<usize> = (0..4).map(|_| queue.push(NORMAL)).collect();
            assert_eq!(queue.leave(all[leaving]), Some(State::Waiting(None)));
            all.remove(leaving);
            assert_eq!(queue.len(), 3);
            assert_eq!(served(&mut queue, NORMAL, Order::Fifo), all);
        }
    }

    #[test]
    fn slots_are_used_again_and_memory_is_given_back() {
        let mut queue = Queue::<u8>::new();
        for round in 0..3 {
            let all: Vec<usize> = (0..1000).map(|_| queue.push(NORMAL)).collect();
            assert_eq!(queue.slots.len(), 1000, "round {round}");
            for at in all {
                queue.end(at, State::Shed);
                assert_eq!(queue.leave(at), Some(State::Shed));
            }
        }
        assert!(queue.slots.capacity() <= 64);
        let one = queue.push(NORMAL);
        let two = queue.push(NORMAL);
        queue.leave(one);
        assert_eq!(queue.push(NORMAL), one);
        assert_eq!(served(&mut queue, NORMAL, Order::Fifo), [two, one]);
    }

    #[test]
    fn only_who_waits_is_listened_to() {
        let mut queue = Queue::new();
        let at = queue.push(NORMAL);
        assert_eq!(queue.listen(at, 1), Some(None));
        assert_eq!(queue.listen(at, 2), Some(Some(1)));
        assert_eq!(queue.end(at, State::Placed), Some(2));
        assert_eq!(queue.listen(at, 3), None);
        assert_eq!(queue.leave(at), Some(State::Placed));
    }
}
