//! Coming in and going out.

use std::time::Duration;

use super::{
    super::{
        class::Class,
        machine::{Room, Word},
        queue::{Rank, State},
    },
    Core, Until,
    place::Place,
    tuning::{is_measuring, limit_of},
};
use crate::ground::{
    mode::Mode,
    sync::atomic::Ordering,
    time::{self, Deadline, Instant},
};

/// What becomes of a call that asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Entry {
    Placed(Place),
    /// It waits in this slot, until then.
    Queued(usize, Until),
    Refused(Why),
}

/// Why a call is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Why {
    /// No place, and none in the queue.
    Full,
    /// It has waited long enough.
    Expired,
    /// Somebody more important waits in its stead.
    Shed,
    /// Its deadline has passed, this long ago.
    Late(Duration),
    /// Nobody is let in any more.
    Closed,
}

impl Core {
    /// Lets a call in if there is a place and nobody waits.
    #[inline]
    pub(in super::super) fn place_at_once(&self, class: Class) -> Option<Place> {
        let Some(rank) = Rank::of(class) else { return Some(Place::NONE) };
        let hot = self.hot();
        let limit = limit_of(hot);
        let mut word = Word(self.word.load(Ordering::Relaxed));
        while word.is_calm() && word.total() < limit {
            match self.replace(word, word.0 + Word::one(rank)) {
                Ok(()) => {
                    self.peaks(word.total() + 1);
                    return Some(self.place(rank, hot));
                }
                Err(now) => word = now,
            }
        }
        None
    }

    /// A place that was taken just now.
    #[inline]
    fn place(&self, rank: Rank, hot: u32) -> Place {
        let place = Place::of(rank);
        if is_measuring(hot) { self.stamp(place, hot) } else { place }
    }

    /// One that was taken for somebody else, who has come for it now.
    pub(super) fn place_of(&self, rank: Option<Rank>) -> Place {
        rank.map_or(Place::NONE, |rank| self.place(rank, self.hot()))
    }

    #[inline]
    fn replace(&self, word: Word, by: u64) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(word.0, by, Ordering::Acquire, Ordering::Relaxed)
            .map_or_else(|now| Err(Word(now)), |_| Ok(()))
    }

    #[inline]
    fn peaks(&self, in_flight: u32) {
        if in_flight > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(in_flight, Ordering::Relaxed);
        }
    }

    /// Gives a place back.
    #[inline]
    pub(in super::super) fn leave(&self, place: Place) {
        if let Some(rank) = place.rank() {
            let before = Word(self.word.fetch_sub(Word::one(rank), Ordering::AcqRel));
            if !before.is_calm() {
                self.serve();
            }
            if place.is_timed() {
                self.abandoned(place, before);
            }
        }
    }

    /// Lets a call in, or into the queue.
    #[inline]
    pub(in super::super) fn enter(&self, class: Class) -> Entry {
        match self.place_at_once(class) {
            Some(place) => Entry::Placed(place),
            None => self.enter_slowly(class),
        }
    }

    #[cold]
    #[inline(never)]
    pub(in super::super) fn enter_slowly(&self, class: Class) -> Entry {
        match self.try_place_slowly(class) {
            Ok(place) => Entry::Placed(place),
            Err(Why::Full) if self.queue.load(Ordering::Relaxed) > 0 => self.queue_up(class),
            Err(why) => {
                self.refused(why, 1);
                Entry::Refused(why)
            }
        }
    }

    /// Lets a call in that does not wait.
    #[inline]
    pub(in super::super) fn try_place(&self, class: Class) -> Result<Place, Why> {
        match self.place_at_once(class) {
            Some(place) => Ok(place),
            None => {
                let place = self.try_place_slowly(class);
                if let Err(why) = place {
                    self.refused(why, 1);
                }
                place
            }
        }
    }

    /// What keeps a call out for now, as far as one can tell without asking for good.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(in super::super) fn bars(&self, class: Class) -> Option<Why> {
        let rank = Rank::of(class)?;
        let word = self.word();
        if word.is_closed() {
            return Some(Why::Closed);
        }
        let terms = self.terms();
        (terms.queue == 0 && !terms.admits(word, rank)).then_some(Why::Full)
    }

    /// Refuses a call that was not to be let in when it was made ready.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(in super::super) fn refuse(&self, why: Why) -> Why {
        self.refused(why, 1);
        why
    }

    /// Counts nothing but the place.
    #[cold]
    #[inline(never)]
    fn try_place_slowly(&self, class: Class) -> Result<Place, Why> {
        let Some(rank) = Rank::of(class) else { return Ok(Place::NONE) };
        let mut word = self.word();
        let terms = self.terms();
        loop {
            if word.is_closed() {
                return Err(Why::Closed);
            }
            if !terms.admits(word, rank) {
                return Err(Why::Full);
            }
            if !word.is_calm() {
                break;
            }
            if !word.has_room(rank) {
                return self.over_the_top();
            }
            match self.replace(word, word.0 + Word::one(rank)) {
                Ok(()) => {
                    self.placed(word, terms.limit, terms.queue);
                    return Ok(self.place_of(Some(rank)));
                }
                Err(now) => word = now,
            }
        }
        self.at_desk(|desk, after| {
            self.serve_some(desk, after);
            let terms = self.terms();
            let mut word = self.word();
            loop {
                if word.is_closed() {
                    return Err(Why::Closed);
                }
                if !terms.seats(word, rank, &desk.queue) || !word.has_room(rank) {
                    return Err(Why::Full);
                }
                match self.count_in(word, rank) {
                    Ok(_) => return Ok(self.place_of(Some(rank))),
                    Err(now) => word = now,
                }
            }
        })
    }

    /// Somebody was let in; in shadow mode perhaps somebody who should not have been.
    fn placed(&self, before: Word, limit: u32, queue: u32) {
        self.peaks(before.total() + 1);
        let over = before.total().saturating_sub(limit);
        if before.total() >= limit && self.mode() == Mode::Shadow {
            if over < queue {
                self.counts.queued.add_one();
            } else {
                self.refused(Why::Full, 1);
            }
        }
    }

    /// More than a word can count, which only shadow mode lets in.
    fn over_the_top(&self) -> Result<Place, Why> {
        self.refused(Why::Full, 1);
        Ok(Place::NONE)
    }

    /// Counts one more in: the word then. Or the word if it has changed since.
    pub(super) fn count_in(&self, word: Word, rank: Rank) -> Result<Word, Word> {
        let by = word.0 + Word::one(rank);
        self.replace(word, by)?;
        self.peaks(word.total() + 1);
        Ok(Word(by))
    }

    /// Waits, unless there is a place after all.
    fn queue_up(&self, class: Class) -> Entry {
        let Some(rank) = Rank::of(class) else { return Entry::Placed(Place::NONE) };
        let now = time::now();
        let deadline = Deadline::current().map_or(Instant::FOREVER, Deadline::moment);
        let own = now.after(self.wait());
        let until = Until { moment: own.min(deadline), deadline: deadline <= own };
        let entry = self.at_desk(|desk, after| {
            self.serve_some(desk, after);
            let (terms, word) = (self.terms(), self.word());
            if word.is_closed() {
                return Entry::Refused(Why::Closed);
            }
            if now >= deadline {
                return Entry::Refused(Why::Late(now.since(deadline)));
            }
            match terms.room(rank, &desk.queue) {
                Room::None => return Entry::Refused(Why::Full),
                Room::InsteadOf(least) => {
                    after.wakes(desk.queue.end(least, State::Shed));
                    after.shed += 1;
                }
                Room::Free => {}
            }
            let at = desk.queue.push(rank);
            // From here on, whoever leaves sees to the queue. Whoever left before, has left a place.
            self.word.fetch_or(Word::WAITING, Ordering::AcqRel);
            self.serve_some(desk, after);
            if desk.queue.is_placed(at) {
                desk.queue.leave(at);
                Entry::Placed(self.place_of(Some(rank)))
            } else {
                Entry::Queued(at, until)
            }
        });
        match entry {
            Entry::Refused(why) => self.refused(why, 1),
            Entry::Queued(..) => self.counts.queued.add_one(),
            Entry::Placed(_) => {}
        }
        entry
    }
}
