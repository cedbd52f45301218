use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Wake, Waker},
};

use crate::ground::sync::Mutex;

/// Wakes everybody who waits for the connection.
///
/// It is the waker that the shared work is polled with. Were that the waker of whoever happened to
/// poll it, the others would sleep on when that one goes away, or is not polled any longer.
#[derive(Debug)]
pub(super) struct Bell {
    listeners: Mutex<Listeners>,
}

#[derive(Debug)]
struct Listeners {
    wakers: BTreeMap<u64, Waker>,
    next: u64,
    /// How often the work itself has rung.
    rung: u64,
}

impl Bell {
    pub(super) fn new() -> Arc<Self> {
        let listeners = Listeners { wakers: BTreeMap::new(), next: 0, rung: 0 };
        Arc::new(Self { listeners: Mutex::new(listeners) })
    }

    /// Rings for everybody who listens; each has to listen again.
    pub(super) fn ring(&self) {
        let wakers = std::mem::take(&mut self.listeners.lock().wakers);
        // Foreign code: no lock is held.
        wakers.into_values().for_each(Waker::wake);
    }

    /// How often the work has rung, ever.
    pub(super) fn rung(&self) -> u64 {
        self.listeners.lock().rung
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.listeners.lock().rung += 1;
        self.ring();
    }
}

/// A place among those who listen; left when dropped.
#[derive(Debug)]
pub(super) struct Place {
    bell: Arc<Bell>,
    number: u64,
}

impl Place {
    pub(super) fn at(bell: &Arc<Bell>) -> Self {
        let mut listeners = bell.listeners.lock();
        listeners.next += 1;
        Self { bell: Arc::clone(bell), number: listeners.next }
    }

    /// Listens until it rings. Listen before looking, or what rings in between goes unheard.
    pub(super) fn listen(&self, waker: &Waker) {
        let waker = waker.clone();
        let old = self.bell.listeners.lock().wakers.insert(self.number, waker);
        drop(old);
    }

    /// Does not listen any longer.
    pub(super) fn leave(&self) {
        let old = self.bell.listeners.lock().wakers.remove(&self.number);
        drop(old);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}
