//! What is done under the lock: for those who wait, and for those who wait for the last to leave.

use std::{collections::BTreeMap, task::Waker};

use super::{
    super::{
        config::Order,
        machine::Word,
        queue::{Queue, Rank, State},
    },
    Core,
    entry::Why,
    place::Place,
};
use crate::ground::{sync::atomic::Ordering, time::Instant};

/// What stands under the lock.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) queue: Queue<Waker>,
    /// Until when whoever closed it waits for those in flight.
    closing: Option<Instant>,
    /// Who waits for the last to leave.
    listeners: BTreeMap<u64, Waker>,
    next: u64,
}

/// So many are woken each time the lock is given back.
const AT_ONCE: usize = 8;

/// What is to be done once the lock is given back.
pub(super) struct After {
    /// One more than are let in, for somebody who is shed.
    wakers: [Option<Waker>; AT_ONCE + 1],
    len: usize,
    pub(super) shed: usize,
    closed: usize,
    /// There is more.
    more: bool,
    listeners: BTreeMap<u64, Waker>,
}

/// How the wait of somebody in the queue has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ended {
    Placed(Place),
    Refused(Why),
}

impl Desk {
    pub(super) const fn new() -> Self {
        Self { queue: Queue::new(), closing: None, listeners: BTreeMap::new(), next: 0 }
    }
}

impl After {
    const fn new() -> Self {
        Self {
            wakers: [const { None }; AT_ONCE + 1],
            len: 0,
            shed: 0,
            closed: 0,
            more: false,
            listeners: BTreeMap::new(),
        }
    }

    pub(super) fn wakes(&mut self, waker: Option<Waker>) {
        if let Some(place) = self.wakers.get_mut(self.len) {
            *place = waker;
            self.len += 1;
        }
    }

    const fn is_full(&self) -> bool {
        self.len >= AT_ONCE
    }

    /// Wakes who is to be woken: foreign code, under no lock. Whether there is more.
    fn settle(self, core: &Core) -> bool {
        core.refused(Why::Shed, self.shed);
        core.refused(Why::Closed, self.closed);
        self.wakers.into_iter().flatten().for_each(Waker::wake);
        self.listeners.into_values().for_each(Waker::wake);
        self.more
    }
}

impl Core {
    /// Does something under the lock, and then what follows from it.
    pub(super) fn at_desk<R>(&self, act: impl FnOnce(&mut Desk, &mut After) -> R) -> R {
        let mut after = After::new();
        let mut desk = self.desk.lock();
        let answer = act(&mut desk, &mut after);
        self.serve_some(&mut desk, &mut after);
        drop(desk);
        if after.settle(self) {
            self.serve();
        }
        answer
    }

    /// Lets in whoever may be let in of those who wait, and tells of the last to leave.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn serve(&self) {
        loop {
            let mut after = After::new();
            self.serve_some(&mut self.desk.lock(), &mut after);
            if !after.settle(self) {
                return;
            }
        }
    }

    /// The same, for as many as are woken at once.
    pub(super) fn serve_some(&self, desk: &mut Desk, after: &mut After) {
        let terms = self.terms();
        let mut word = self.word();
        loop {
            if word.is_closed() {
                send_away(desk, after, terms.order);
                if word.total() == 0 {
                    after.listeners.append(&mut desk.listeners);
                }
                break;
            }
            let Some((rank, at)) = terms.next(word, &desk.queue) else { break };
            if after.is_full() {
                after.more = true;
                break;
            }
            // In shadow mode there may be more than can be counted, and they wait for one to leave.
            if !word.has_room(rank) {
                break;
            }
            word = match self.count_in(word, rank) {
                Ok(then) => {
                    after.wakes(desk.queue.end(at, State::Placed));
                    then
                }
                Err(now) => now,
            }
        }
        if desk.queue.is_empty() && word.0 & Word::WAITING != 0 {
            self.word.fetch_and(!Word::WAITING, Ordering::AcqRel);
        }
    }

    /// How the wait in this slot has ended; if it has not, `waker` is told when it does.
    pub(in super::super) fn look(&self, at: usize, waker: Waker) -> Option<Ended> {
        let mut desk = self.desk.lock();
        if let Some(before) = desk.queue.listen(at, waker) {
            drop(desk);
            drop(before);
            return None;
        }
        let rank = desk.queue.rank(at);
        let state = desk.queue.leave(at);
        drop(desk);
        Some(self.ended(state, rank))
    }

    /// Its time is up, for this reason: unless its wait has ended meanwhile.
    pub(in super::super) fn give_up(&self, at: usize, why: Why) -> Ended {
        let (state, rank) = self.at_desk(|desk, _| {
            let rank = desk.queue.rank(at);
            (desk.queue.leave(at), rank)
        });
        match state {
            Some(State::Waiting(waker)) => {
                drop(waker);
                self.refused(why, 1);
                Ended::Refused(why)
            }
            state => self.ended(state, rank),
        }
    }

    /// Whoever waited in this slot has gone away.
    #[cold]
    pub(in super::super) fn abandon(&self, at: usize) {
        let (state, rank) = self.at_desk(|desk, _| {
            let rank = desk.queue.rank(at);
            (desk.queue.leave(at), rank)
        });
        if let Ended::Placed(mut place) = self.ended(state, rank) {
            // Nothing was done there.
            place.take_started();
            self.leave(place);
        }
    }

    /// Lets nobody in any more. Until when whoever waits for those in flight waits: as long as the
    /// first who closed it said.
    pub(in super::super) fn close(&self, until: Instant) -> (Instant, u64) {
        self.at_desk(|desk, _| {
            self.word.fetch_or(Word::CLOSED, Ordering::AcqRel);
            desk.next += 1;
            (*desk.closing.get_or_insert(until), desk.next)
        })
    }

    /// How many are in flight; unless none is, `waker` is told when the last leaves.
    pub(in super::super) fn listen(&self, number: u64, waker: Waker) -> u32 {
        let mut desk = self.desk.lock();
        let in_flight = self.word().total();
        let before = (in_flight > 0).then(|| desk.listeners.insert(number, waker));
        drop(desk);
        drop(before);
        in_flight
    }

    fn ended(&self, state: Option<State<Waker>>, rank: Option<Rank>) -> Ended {
        match state {
            Some(State::Placed) => Ended::Placed(self.place_of(rank)),
            Some(State::Shed) => Ended::Refused(Why::Shed),
            Some(State::Closed) => Ended::Refused(Why::Closed),
            // Nobody gives a slot back but its owner.
            Some(State::Waiting(_)) | None => Ended::Refused(Why::Expired),
        }
    }

    pub(in super::super) fn listen_no_more(&self, number: u64) {
        let waker = self.desk.lock().listeners.remove(&number);
        drop(waker);
    }
}

/// Ends the wait of those who wait for what will not come.
fn send_away(desk: &mut Desk, after: &mut After, order: Order) {
    for rank in Rank::ALL {
        while let Some(at) = desk.queue.next(rank, order) {
            if after.is_full() {
                after.more = true;
                return;
            }
            after.wakes(desk.queue.end(at, State::Closed));
            after.closed += 1;
        }
    }
}
