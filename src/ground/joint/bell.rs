use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use crate::ground::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

/// Wakes everybody who waits for the same thing.
///
/// It is what shared work is woken through. Were that the waker of whoever happened to poll it, the
/// others would sleep on when that one goes away, or is not polled any longer.
#[derive(Debug)]
pub(crate) struct Bell {
    listeners: Mutex<Listeners>,
    /// How often the work itself has rung.
    rung: AtomicU64,
}

#[derive(Debug)]
struct Listeners {
    wakers: Vec<Option<Waker>>,
    /// Seats that somebody has left.
    free: Vec<u32>,
    /// Counts the times that everybody was woken: seats are given anew after each.
    round: u64,
}

/// Where somebody's waker is kept until the bell rings.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    at: u32,
    /// 0 before the first time.
    round: u64,
}

impl Bell {
    pub(crate) fn new() -> Self {
        let listeners = Listeners { wakers: Vec::new(), free: Vec::new(), round: 1 };
        Self { listeners: Mutex::new(listeners), rung: AtomicU64::new(0) }
    }

    /// Listens until it rings. Listen before looking, or what rings in between goes unheard.
    pub(crate) fn listen(&self, seat: &mut Seat, waker: &Waker) {
        // Foreign code: no lock is held while it is cloned, or an old one dropped.
        let waker = waker.clone();
        let _old = {
            let mut listeners = self.listeners.lock();
            if seat.round != listeners.round {
                *seat = listeners.seat();
            }
            listeners.wakers.get_mut(seat.at as usize).and_then(|place| place.replace(waker))
        };
    }

    /// Does not listen any longer.
    pub(crate) fn leave(&self, seat: &mut Seat) {
        let round = std::mem::take(&mut seat.round);
        if round == 0 {
            return;
        }
        let _old = {
            let mut listeners = self.listeners.lock();
            if round != listeners.round {
                return;
            }
            listeners.free.push(seat.at);
            listeners.wakers.get_mut(seat.at as usize).and_then(Option::take)
        };
    }

    /// Rings for everybody who listens; each has to listen again.
    pub(crate) fn ring(&self) {
        let mut wakers = {
            let mut listeners = self.listeners.lock();
            listeners.round += 1;
            listeners.free.clear();
            std::mem::take(&mut listeners.wakers)
        };
        if wakers.capacity() == 0 {
            return;
        }
        // Foreign code: no lock is held.
        wakers.drain(..).flatten().for_each(Waker::wake);
        let _smaller = {
            let mut listeners = self.listeners.lock();
            let empty = listeners.wakers.is_empty();
            if empty { std::mem::replace(&mut listeners.wakers, wakers) } else { wakers }
        };
    }

    /// The work rings: notes that it did.
    pub(crate) fn knock(&self) {
        self.rung.fetch_add(1, Ordering::AcqRel);
    }

    /// How often the work has rung, ever.
    pub(crate) fn rung(&self) -> u64 {
        self.rung.load(Ordering::Acquire)
    }
}

impl Listeners {
    fn seat(&mut self) -> Seat {
        let at = self.free.pop().unwrap_or_else(|| {
            self.wakers.push(None);
            u32::try_from(self.wakers.len() - 1).unwrap_or(u32::MAX)
        });
        Seat { at, round: self.round }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.knock();
        self.ring();
    }
}

/// A seat that is left when it is dropped, for who has a share in the bell.
#[derive(Debug)]
pub(crate) struct Place {
    bell: Arc<Bell>,
    seat: Seat,
}

impl Place {
    pub(crate) fn at(bell: &Arc<Bell>) -> Self {
        Self { bell: Arc::clone(bell), seat: Seat::default() }
    }

    /// Listens until it rings. Listen before looking, or what rings in between goes unheard.
    pub(crate) fn listen(&mut self, waker: &Waker) {
        self.bell.listen(&mut self.seat, waker);
    }

    /// Does not listen any longer.
    pub(crate) fn leave(&mut self) {
        self.bell.leave(&mut self.seat);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering as Order};

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicU32);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Order::Relaxed);
        }
    }

    #[test]
    fn who_listens_hears_it_once_and_who_has_left_does_not() {
        let bell = Bell::new();
        let counts: Vec<Arc<Count>> = (0..4).map(|_| Arc::default()).collect();
        let mut seats: Vec<Seat> = (0..4).map(|_| Seat::default()).collect();
        for (seat, count) in seats.iter_mut().zip(&counts) {
            bell.listen(seat, &Waker::from(Arc::clone(count)));
        }
        bell.leave(&mut seats[1]);
        bell.leave(&mut seats[1]);
        bell.ring();
        bell.ring();
        let heard = || counts.iter().map(|count| count.0.load(Order::Relaxed)).collect::<Vec<_>>();
        assert_eq!(heard(), [1, 0, 1, 1]);
        // A seat of an earlier round is nobody's.
        bell.listen(&mut seats[2], &Waker::from(Arc::clone(&counts[2])));
        bell.leave(&mut seats[0]);
        bell.ring();
        assert_eq!(heard(), [1, 0, 2, 1]);
    }

    #[test]
    fn seats_are_used_again_while_nobody_rings() {
        let bell = Bell::new();
        for _ in 0..1000 {
            let mut seat = Seat::default();
            bell.listen(&mut seat, Waker::noop());
            bell.listen(&mut seat, Waker::noop());
            bell.leave(&mut seat);
        }
        assert_eq!(bell.listeners.lock().wakers.len(), 1);
    }

    #[test]
    fn a_waker_may_use_the_bell_that_wakes_it() {
        struct Back(Arc<Bell>);
        impl Wake for Back {
            fn wake(self: Arc<Self>) {
                self.0.listen(&mut Seat::default(), Waker::noop());
                self.0.ring();
            }
        }
        let bell = Arc::new(Bell::new());
        bell.listen(&mut Seat::default(), &Waker::from(Arc::new(Back(Arc::clone(&bell)))));
        bell.ring();
        assert_eq!(bell.rung(), 0, "only the work counts");
    }
}
