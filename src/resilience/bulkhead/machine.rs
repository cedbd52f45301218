use super::{
    config::{Config, MOST, Order},
    queue::{CLASSES, Queue, Rank},
};
use crate::ground::mode::Mode;

/// How many are in flight of each class, and what stands in the way of letting one in without a look
/// at the queue: all that a call has to know, in one word.
///
/// ```text
///   63 62 61     60      59 … 40     39 … 20    19 … 0
///        closed  waiting  sheddable   normal     critical
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

const BITS: u32 = 20;
const FIELD: u64 = MOST as u64;
const FLAGS: u32 = BITS * CLASSES as u32;

impl Word {
    /// Somebody waits.
    pub(super) const WAITING: u64 = 1 << FLAGS;
    /// Nobody is let in any more.
    pub(super) const CLOSED: u64 = 1 << (FLAGS + 1);

    /// One in flight.
    #[inline]
    pub(super) const fn one(rank: Rank) -> u64 {
        1 << (BITS * rank.index() as u32)
    }

    #[inline]
    pub(super) const fn total(self) -> u32 {
        ((self.0 & FIELD) + (self.0 >> BITS & FIELD) + (self.0 >> (2 * BITS) & FIELD)) as u32
    }

    #[inline]
    pub(super) const fn of(self, rank: Rank) -> u32 {
        (self.0 >> (BITS * rank.index() as u32) & FIELD) as u32
    }

    /// Neither waits anybody nor is it closed.
    #[inline]
    pub(super) const fn is_calm(self) -> bool {
        self.0 >> FLAGS == 0
    }

    #[inline]
    pub(super) const fn is_closed(self) -> bool {
        self.0 & Self::CLOSED != 0
    }

    /// Whether one more can be counted. More than the limit is only counted in shadow mode.
    pub(super) const fn has_room(self, rank: Rank) -> bool {
        self.of(rank) < MOST
    }
}

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) limit: u32,
    /// What each class is sure of.
    pub(super) sure: [u32; CLASSES],
    /// The most who wait.
    pub(super) queue: u32,
    pub(super) order: Order,
    pub(super) mode: Mode,
}

/// Where somebody who finds no place waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// At the end of the queue.
    Free,
    /// In the stead of this one.
    InsteadOf(usize),
    /// Nowhere.
    None,
}

impl Terms {
    /// Those of a config, with a limit that may be another than the config's.
    pub(super) fn new(config: &Config, limit: u32) -> Self {
        let &Config { queue, order, mode, .. } = config;
        Self { limit, sure: shares(config, limit), queue, order, mode }
    }

    /// Whether one more of a class may be in flight, if nobody waits.
    pub(super) fn admits(&self, word: Word, rank: Rank) -> bool {
        self.mode == Mode::Shadow || word.total() < self.limit || self.is_sure(word, rank)
    }

    /// Whether a class has less than it is sure of.
    pub(super) const fn is_sure(&self, word: Word, rank: Rank) -> bool {
        word.of(rank) < self.sure[rank.index()]
    }

    /// Whether a newcomer may be in flight at once, without overtaking anybody: those of its own class,
    /// and, for a place that is nobody's share, all others.
    pub(super) fn seats<W>(&self, word: Word, rank: Rank, queue: &Queue<W>) -> bool {
        queue.len_of(rank) == 0
            && (self.is_sure(word, rank) || (queue.is_empty() && self.admits(word, rank)))
    }

    /// Who of those who wait is let in next, if anybody: first who is sure of a place, then the most
    /// important.
    pub(super) fn next<W>(&self, word: Word, queue: &Queue<W>) -> Option<(Rank, usize)> {
        let next = |rank: &Rank| queue.next(*rank, self.order).map(|at| (*rank, at));
        let sure = Rank::ALL.iter().filter(|rank| self.is_sure(word, **rank)).find_map(next);
        sure.or_else(|| Rank::ALL.iter().filter(|rank| self.admits(word, **rank)).find_map(next))
    }

    /// Where a newcomer waits.
    pub(super) fn room<W>(&self, rank: Rank, queue: &Queue<W>) -> Room {
        if queue.len() < self.queue as usize {
            return Room::Free;
        }
        if self.queue == 0 {
            return Room::None;
        }
        let below = Rank::ALL.iter().rev().take_while(|other| **other > rank);
        let least = below.filter_map(|other| queue.least(*other, self.order)).next();
        least.map_or(Room::None, Room::InsteadOf)
    }
}

/// How many places each class is sure of: at least one, if it has a share at all.
fn shares(config: &Config, limit: u32) -> [u32; CLASSES] {
    config.shares.by_class().map(|share| {
        if share > 0.0 { ((f64::from(limit) * share).round() as u32).max(1) } else { 0 }
    })
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::{super::config::Shares, *};

    const CRITICAL: Rank = Rank::ALL[0];
    const NORMAL: Rank = Rank::ALL[1];
    const SHEDDABLE: Rank = Rank::ALL[2];

    fn terms(config: Config) -> Terms {
        Terms::new(&config, config.limit)
    }

    fn word(critical: u64, normal: u64, sheddable: u64) -> Word {
        let of = |rank, count| Word::one(rank) * count;
        Word(of(CRITICAL, critical) + of(NORMAL, normal) + of(SHEDDABLE, sheddable))
    }

    #[test]
    fn a_word_counts_each_class_and_all_of_them() {
        let full = word(u64::from(MOST), u64::from(MOST), u64::from(MOST));
        for counts in [word(1, 2, 3), Word(word(1, 2, 3).0 | Word::WAITING | Word::CLOSED)] {
            assert_eq!(Rank::ALL.map(|rank| counts.of(rank)), [1, 2, 3]);
            assert_eq!(counts.total(), 6);
        }
        assert!(full.is_calm() && !full.has_room(SHEDDABLE));
        assert_eq!(full.total(), 3 * MOST);
        assert!(!Word(Word::WAITING).is_calm() && !Word(Word::CLOSED).is_calm());
        assert!(Word(Word::CLOSED).is_closed() && !Word(Word::WAITING).is_closed());
    }

    #[test]
    fn shares_are_whole_places_and_at_least_one() {
        let config = |critical, sheddable| {
            Config::new().with_shares(Shares { critical, normal: 0.0, sheddable })
        };
        assert_eq!(shares(&config(0.7, 0.3), 10), [7, 0, 3]);
        assert_eq!(shares(&config(0.7, 0.3), 20), [14, 0, 6]);
        assert_eq!(shares(&config(0.01, 0.99), 10), [1, 0, 10]);
        assert_eq!(shares(&config(1.0 / 3.0, 2.0 / 3.0), 3), [1, 0, 2]);
    }

    #[test]
    fn who_is_sure_of_a_place_comes_before_who_is_more_important() {
        let shares = Shares { sheddable: 0.2, ..Shares::NONE };
        let terms = terms(Config::new().with_limit(10).with_shares(shares));
        let mut queue = Queue::<()>::new();
        let critical = queue.push(CRITICAL);
        let sheddable = queue.push(SHEDDABLE);
        assert_eq!(terms.next(word(9, 0, 0), &queue), Some((SHEDDABLE, sheddable)));
        assert_eq!(terms.next(word(9, 0, 1), &queue), Some((SHEDDABLE, sheddable)));
        assert_eq!(terms.next(word(8, 0, 2), &queue), None);
        assert_eq!(terms.next(word(7, 0, 2), &queue), Some((CRITICAL, critical)));
    }

    #[test]
    fn a_newcomer_overtakes_nobody() {
        let shares = Shares { critical: 0.5, ..Shares::NONE };
        let terms = terms(Config::new().with_limit(10).with_shares(shares));
        let mut queue = Queue::<()>::new();
        assert!(terms.seats(word(0, 9, 0), NORMAL, &queue));
        assert!(!terms.seats(word(0, 10, 0), NORMAL, &queue));
        assert!(terms.seats(word(0, 10, 0), CRITICAL, &queue), "it is sure of five");
        queue.push(NORMAL);
        assert!(!terms.seats(word(0, 9, 0), NORMAL, &queue));
        assert!(!terms.seats(word(5, 4, 0), CRITICAL, &queue), "that place is not its share");
        assert!(terms.seats(word(4, 6, 0), CRITICAL, &queue));
    }

    #[test]
    fn a_full_queue_sheds_the_least_important_and_of_those_the_one_served_last() {
        for (order, shed) in [(Order::Fifo, 1), (Order::Lifo, 0)] {
            let terms = terms(
                Config::new().with_queue(3, std::time::Duration::from_secs(1)).with_order(order),
            );
            let mut queue = Queue::<()>::new();
            let sheddable = [queue.push(SHEDDABLE), queue.push(SHEDDABLE)];
            assert_eq!(terms.room(SHEDDABLE, &queue), Room::Free);
            queue.push(NORMAL);
            assert_eq!(terms.room(SHEDDABLE, &queue), Room::None);
            assert_eq!(terms.room(NORMAL, &queue), Room::InsteadOf(sheddable[shed]));
            assert_eq!(terms.room(CRITICAL, &queue), Room::InsteadOf(sheddable[shed]));
        }
    }
}
