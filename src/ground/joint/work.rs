use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll, Wake, Waker},
};

use super::{Bell, Seat};
use crate::ground::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        here,
    },
    time::{self, Deadline},
};

/// The work, wherever it is: in its slot, or out of it to be polled. Boxed, because it has to live where
/// any of those who wait may drive it.
pub(crate) type Work<O> = Pin<Box<dyn Future<Output = O> + Send>>;

/// One piece of work, and whoever waits for it. `R` is what its owner keeps with it.
///
/// Whoever is polled drives it, if it has been woken since it was polled last; the others listen. When
/// it wakes, all of them are woken: one who is chosen might be the one that is never polled again, and
/// nobody can tell. It is polled once for that, by the first of them to come. It is out of its
/// slot meanwhile: no lock is held, and a wake waits until it is back.
pub(crate) struct Joint<O, R> {
    owner: R,
    bell: Bell,
    slot: Mutex<Slot<O>>,
    /// The thread that polls or makes it; zero while none does.
    polled: AtomicUsize,
    /// None if it has panicked.
    outcome: OnceLock<Option<O>>,
}

enum Slot<O> {
    /// Nobody polls it. Due if the bell has rung since `seen`, or if it was never polled.
    Resting {
        work: Work<O>,
        seen: Option<u64>,
    },
    /// Somebody has it, or is about to make it.
    Out,
    Over,
}

/// Who owns the work.
pub(crate) trait Retire {
    /// It has ended, perhaps in a panic, and nobody joins it any more. Whether there is but one who waits
    /// for it.
    fn retire(&self, panicked: bool) -> bool;
}

/// What work came to.
#[derive(Debug)]
pub(crate) enum Found<'a, O> {
    /// Nobody else waits for it.
    Mine(O),
    /// None if it has panicked.
    Everybodys(Option<&'a O>),
    /// It waits for itself: who asked is a part of the work, which is being polled.
    Own,
}

impl<O, R> Joint<O, R> {
    /// Work that is about to be [made](Self::begin).
    pub(crate) fn new(owner: R) -> Self {
        let (bell, slot) = (Bell::new(), Mutex::new(Slot::Out));
        Self { owner, bell, slot, polled: AtomicUsize::new(0), outcome: OnceLock::new() }
    }

    pub(crate) const fn owner(&self) -> &R {
        &self.owner
    }

    /// Does not wait for it any longer.
    pub(crate) fn leave(&self, seat: &mut Seat) {
        self.bell.leave(seat);
    }

    /// It is to be polled, as when it wakes.
    pub(crate) fn wake(&self) {
        self.bell.knock();
        let resting = matches!(*self.slot.lock(), Slot::Resting { .. });
        // Whoever has it out rings when it is back; after its end nobody waits.
        if resting {
            self.bell.ring();
        }
    }

    /// Runs a part of the work.
    fn run<T>(&self, part: impl FnOnce() -> T) -> T {
        // Relaxed: each thread looks for what it has written itself.
        self.polled.store(here(), Ordering::Relaxed);
        // It is everybody's work: the deadline of whoever runs it is not its deadline.
        let ran = Deadline::suspend(|| time::outside(part));
        self.polled.store(0, Ordering::Relaxed);
        ran
    }

    /// Takes it out of its slot, if it rests there and is due.
    fn take(&self) -> Taken<O> {
        let mut slot = self.slot.lock();
        match &*slot {
            Slot::Resting { seen, .. } if *seen != Some(self.bell.rung()) => {
                match std::mem::replace(&mut *slot, Slot::Out) {
                    Slot::Resting { work, .. } => Taken::Work(work),
                    _ => Taken::Nothing,
                }
            }
            Slot::Resting { .. } | Slot::Out => Taken::Nothing,
            Slot::Over => Taken::Over,
        }
    }

    /// Puts it into its slot.
    fn put(&self, work: Work<O>, seen: Option<u64>) {
        {
            let mut slot = self.slot.lock();
            if let Slot::Over = &*slot {
                drop(slot);
                return drop(work);
            }
            *slot = Slot::Resting { work, seen };
        }
        if seen != Some(self.bell.rung()) {
            // Whoever came for it while it was out has found nothing.
            self.bell.ring();
        }
    }

    /// Takes it away from all who do not wait for it any longer. To be dropped where no lock is held.
    #[must_use]
    pub(crate) fn abandon(&self) -> Option<Work<O>> {
        match std::mem::replace(&mut *self.slot.lock(), Slot::Over) {
            Slot::Resting { work, .. } => Some(work),
            Slot::Out | Slot::Over => None,
        }
    }
}

enum Taken<O> {
    Work(Work<O>),
    Nothing,
    Over,
}

impl<O, R: Retire> Joint<O, R> {
    /// Makes the work, to be driven by those who wait. If that panics, so has the work.
    pub(crate) fn begin(&self, make: impl FnOnce() -> Work<O>) {
        let work = self.make(make);
        self.put(work, None);
    }

    /// Makes the work, to be driven by one who does not wait, with a waker of their own: those who do are
    /// woken once, at its end.
    pub(crate) fn begin_with_steward(
        self: &Arc<Self>,
        make: impl FnOnce() -> Work<O>,
    ) -> Steward<O, R> {
        Steward { work: Some(self.make(make)), joint: Arc::clone(self) }
    }

    fn make(&self, make: impl FnOnce() -> Work<O>) -> Work<O> {
        let mut turn = Turn { joint: self, work: None, over: false };
        let work = self.run(make);
        turn.over = true;
        work
    }

    /// Waits for the outcome, and drives the work meanwhile.
    pub(crate) fn poll(
        self: &Arc<Self>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Found<'_, O>>
    where
        Self: Send + Sync + 'static,
    {
        let mut taken = self.take();
        if let Taken::Nothing = taken {
            self.bell.listen(seat, cx.waker());
            taken = self.take();
        }
        match taken {
            Taken::Work(work) => self.drive(work, seat, cx),
            Taken::Nothing if self.polled.load(Ordering::Relaxed) == here() => {
                self.bell.leave(seat);
                Poll::Ready(Found::Own)
            }
            Taken::Nothing => Poll::Pending,
            Taken::Over => {
                self.bell.leave(seat);
                // Said before the slot said that it is over.
                Poll::Ready(Found::Everybodys(self.outcome.get().and_then(Option::as_ref)))
            }
        }
    }

    fn drive(
        self: &Arc<Self>,
        work: Work<O>,
        seat: &mut Seat,
        cx: &mut Context<'_>,
    ) -> Poll<Found<'_, O>>
    where
        Self: Send + Sync + 'static,
    {
        let seen = self.bell.rung();
        let waker = Waker::from(Arc::clone(self));
        let mut turn = Turn { joint: self, work: Some(work), over: false };
        match turn.poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                self.bell.listen(seat, cx.waker());
                turn.put_back(Some(seen));
                Poll::Pending
            }
            Poll::Ready(outcome) => {
                self.bell.leave(seat);
                Poll::Ready(match turn.end(outcome) {
                    Some(mine) => Found::Mine(mine),
                    None => Found::Everybodys(self.outcome.get().and_then(Option::as_ref)),
                })
            }
        }
    }

    /// Says what it came to, unless there is but one to be told: they get it back.
    fn settle(&self, outcome: Option<O>) -> Option<O> {
        if self.owner.retire(outcome.is_none()) && outcome.is_some() {
            // Nobody listens, and nobody looks into the slot any more.
            return outcome;
        }
        let _ = self.outcome.set(outcome);
        *self.slot.lock() = Slot::Over;
        self.bell.ring();
        None
    }
}

/// One poll of the work. If it panics, the work is over.
struct Turn<'a, O, R: Retire> {
    joint: &'a Joint<O, R>,
    work: Option<Work<O>>,
    over: bool,
}

impl<O, R: Retire> Turn<'_, O, R> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<O> {
        let Some(work) = &mut self.work else { return Poll::Pending };
        self.joint.run(|| work.as_mut().poll(cx))
    }

    fn put_back(mut self, seen: Option<u64>) {
        self.over = true;
        if let Some(work) = self.work.take() {
            self.joint.put(work, seen);
        }
    }

    fn end(mut self, outcome: O) -> Option<O> {
        // What is left of it goes before anybody hears of its end.
        self.work = None;
        let mine = self.joint.settle(Some(outcome));
        self.over = true;
        mine
    }
}

impl<O, R: Retire> Drop for Turn<'_, O, R> {
    fn drop(&mut self) {
        if !self.over {
            self.work = None;
            self.joint.settle(None);
        }
    }
}

/// Drives work alone, in a task of its own. Dropped before the end, it leaves it to those who wait.
pub(crate) struct Steward<O, R: Retire> {
    joint: Arc<Joint<O, R>>,
    work: Option<Work<O>>,
}

impl<O, R: Retire> Future for Steward<O, R> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut turn = Turn { joint: &this.joint, work: this.work.take(), over: false };
        if let Poll::Ready(outcome) = turn.poll(cx) {
            turn.end(outcome);
            return Poll::Ready(());
        }
        turn.over = true;
        this.work = turn.work.take();
        Poll::Pending
    }
}

impl<O, R: Retire> Drop for Steward<O, R> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.joint.put(work, None);
        }
    }
}

impl<O, R> Wake for Joint<O, R>
where
    Self: Send + Sync + 'static,
{
    fn wake(self: Arc<Self>) {
        Self::wake(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        Self::wake(self);
    }
}

impl<O, R: fmt::Debug> fmt::Debug for Joint<O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Joint").field("owner", &self.owner).finish_non_exhaustive()
    }
}
