use std::{
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    attempt::{Attempt, Work},
    config::Plan,
    machine::{Ask, Machine},
    snapshot::{Snapshot, Totals},
    state::{State, Transition},
};
use crate::ground::{
    joint::{Bell, Place},
    mode::Mode,
    name::Name,
    random,
    refusal::Refusal,
    sync::{Journal, Mutex},
    telemetry::{self, Meter},
    time::{self, Deadline, Instant},
};

/// What the clones of a handle share.
#[expect(unnameable_types, reason = "named by a sealed trait only")]
pub struct Shared<C, E> {
    name: Name,
    connect: Box<dyn Fn(Duration) -> Work<C, E> + Send + Sync>,
    slot: Mutex<Slot<C, E>>,
    bell: Arc<Bell>,
    journal: Journal<Transition>,
    refused: Meters,
}

/// What counts refusals, by their kind.
struct Meters {
    disconnected: Meter,
    deadline: Meter,
    closed: Meter,
}

struct Slot<C, E> {
    machine: Machine,
    /// The connection, while the machine is up.
    live: Option<Arc<Live<C>>>,
    /// The attempt under way, unless somebody has it out to poll it.
    work: Option<Resting<C, E>>,
    last_error: Option<Arc<E>>,
}

/// An attempt that nobody polls. It is due if the bell has rung since.
struct Resting<C, E> {
    work: Work<C, E>,
    seen: u64,
}

/// A connection, and which it is.
pub(super) struct Live<C> {
    pub(super) connection: C,
    pub(super) era: u64,
}

/// What somebody finds who looks for a connection.
pub(super) enum Found<C> {
    /// There is one.
    Live(Arc<Live<C>>),
    /// Something has happened in this look; look again in another poll.
    Again,
    Closed,
    /// Not before then; or, without a moment, when the bell rings.
    Wait {
        due: Option<Instant>,
        down: bool,
    },
}

impl<C, E> Shared<C, E> {
    pub(super) fn new<F, Fut>(name: Name, plan: Plan, connect: F) -> Arc<Self>
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<C, E>> + Send + 'static,
    {
        let machine = Machine::new(plan);
        let slot = Slot { machine, live: None, work: None, last_error: None };
        Arc::new(Self {
            // Boxed, because it has to live where any caller may drive it, whatever it is.
            connect: Box::new(move |limit| Box::pin(Attempt::new(time::outside(&connect), limit))),
            slot: Mutex::new(slot),
            bell: Arc::new(Bell::new()),
            journal: Journal::new(),
            refused: Meters {
                disconnected: Meter::new(&name, "disconnected"),
                deadline: Meter::new(&name, "deadline_exceeded"),
                closed: Meter::new(&name, "shutting_down"),
            },
            name,
        })
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn bell(&self) -> &Arc<Bell> {
        &self.bell
    }

    pub(super) const fn journal(&self) -> &Journal<Transition> {
        &self.journal
    }

    pub(super) fn plan(&self) -> Plan {
        self.slot.lock().machine.plan().clone()
    }

    pub(super) fn reconfigure(&self, plan: Plan) {
        self.slot.lock().machine.reconfigure(plan);
    }

    pub(super) fn last_error(&self) -> Option<Arc<E>> {
        self.slot.lock().last_error.clone()
    }

    /// The connection, if there is one.
    #[inline]
    pub(super) fn live(&self) -> Option<Arc<Live<C>>> {
        self.slot.lock().live.clone()
    }

    /// Looks for a connection, and does for it what is to be done: begins an attempt, or polls the one
    /// under way. At most one attempt ends in one look, whatever the backend does.
    pub(super) fn look(&self, now: Instant, place: &mut Place) -> Found<C> {
        let (turn, change) = {
            let mut slot = self.slot.lock();
            let (ask, change) = slot.machine.ask(now);
            self.note(change);
            let turn = |era, work| Turn { shared: self, era, work };
            match ask {
                Ask::Begin(era) => (turn(era, None), change),
                Ask::Closed => return Found::Closed,
                Ask::Later { due, down } => return Found::Wait { due: Some(due), down },
                Ask::Up => return slot.live.clone().map_or(Found::Again, Found::Live),
                Ask::Wait(era) => {
                    match slot.work.take_if(|resting| resting.seen != self.bell.rung()) {
                        Some(resting) => (turn(era, Some(resting.work)), None),
                        None => return Found::Wait { due: None, down: false },
                    }
                }
            }
        };
        self.tell(change);
        turn.take(place)
    }

    /// The connection of this era is broken. Whether it is news.
    pub(super) fn lost(&self, era: u64) -> bool {
        let now = time::now();
        let (change, _gone) = {
            let mut slot = self.slot.lock();
            let change = slot.machine.lost(era, now, random::below);
            self.note(change);
            // Dropped once the lock is free: a connection is foreign code.
            (change, change.and_then(|_| slot.live.take()))
        };
        self.tell(change);
        change.is_some()
    }

    pub(super) fn reset(&self) {
        let now = time::now();
        let (change, _gone) = {
            let mut slot = self.slot.lock();
            let change = slot.machine.reset(now);
            self.note(change);
            (change, slot.work.take())
        };
        self.tell(change);
    }

    pub(super) fn close(&self) {
        let now = time::now();
        let (change, _gone) = {
            let mut slot = self.slot.lock();
            let change = slot.machine.close(now);
            self.note(change);
            (change, (slot.work.take(), slot.live.take()))
        };
        self.tell(change);
    }

    pub(super) fn state(&self) -> State {
        self.slot.lock().machine.state()
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let now = time::now();
        let slot = self.slot.lock();
        let machine = &slot.machine;
        Snapshot {
            name: self.name.clone(),
            state: machine.state(),
            failures: machine.failures(now),
            retry_after: machine.due().map(|due| due.since(now)),
            totals: Totals { made: machine.made, failed: machine.failed, lost: machine.lost },
        }
    }

    /// Counts a refusal that somebody gets.
    #[cold]
    pub(super) fn refuse(&self, refusal: Refusal) -> Refusal {
        let meter = match &refusal {
            Refusal::DeadlineExceeded { .. } => &self.refused.deadline,
            Refusal::ShuttingDown { .. } => &self.refused.closed,
            _ => &self.refused.disconnected,
        };
        meter.refused(Mode::Enforce);
        refusal
    }

    /// The refusal of a caller without a connection.
    #[cold]
    pub(super) fn disconnected(&self, due: Option<Instant>, now: Instant) -> Refusal {
        // Where nothing is due, the next try is being made.
        let retry_after = Some(due.map_or(Duration::ZERO, |due| due.since(now)));
        Refusal::Disconnected { name: self.name.clone(), retry_after }
    }

    /// Under the lock, so that the order is the order of events.
    fn note(&self, change: Option<Transition>) {
        if let Some(change) = change {
            self.journal.write(change);
        }
    }

    /// After the lock: whoever hears of it is foreign code.
    fn tell(&self, change: Option<Transition>) {
        let Some(change) = change else { return };
        telemetry::connection_changed(&self.name, change.from.as_str(), change.to.as_str());
        self.journal.wake();
        if change.to != State::Connecting {
            self.bell.ring();
        }
    }
}

/// The one who polls the attempt, which is out of its slot meanwhile. If the poll panics, the attempt
/// has failed, and the others go on with the next.
struct Turn<'a, C, E> {
    shared: &'a Shared<C, E>,
    era: u64,
    work: Option<Work<C, E>>,
}

impl<C, E> Turn<'_, C, E> {
    fn take(mut self, place: &mut Place) -> Found<C> {
        let shared = self.shared;
        let seen = shared.bell.rung();
        let waker = Waker::from(Arc::clone(&shared.bell));
        let mut cx = Context::from_waker(&waker);
        // It is everybody's work: the deadline of whoever polls it is not its deadline.
        let polled = Deadline::suspend(|| {
            let begin = || (shared.connect)(shared.plan().config().connect_within);
            self.work.get_or_insert_with(begin).as_mut().poll(&mut cx)
        });
        match polled {
            Poll::Pending => {
                self.put_back(seen);
                // Whoever came for it while it was out has found the slot empty.
                if shared.bell.rung() != seen {
                    shared.bell.ring();
                }
                Found::Wait { due: None, down: false }
            }
            Poll::Ready(outcome) => {
                self.work = None;
                place.leave();
                self.settle(Some(outcome))
            }
        }
    }

    fn put_back(&mut self, seen: u64) {
        let resting = self.work.take().map(|work| Resting { work, seen });
        let _stale = {
            let mut slot = self.shared.slot.lock();
            match slot.machine.is_current(self.era) {
                true => std::mem::replace(&mut slot.work, resting),
                false => resting,
            }
        };
        self.era = 0;
    }

    /// The attempt has ended; without an outcome, in a panic.
    fn settle(&mut self, outcome: Option<Result<C, Option<E>>>) -> Found<C> {
        let now = time::now();
        let shared = self.shared;
        let era = std::mem::take(&mut self.era);
        let (made, error) = match outcome {
            Some(Ok(connection)) => (Some(Arc::new(Live { connection, era })), None),
            Some(Err(error)) => (None, error.map(Arc::new)),
            None => (None, None),
        };
        let (change, _gone) = {
            let mut slot = shared.slot.lock();
            let change = match &made {
                Some(_) => slot.machine.connected(era, now),
                None => slot.machine.failed(era, now, random::below),
            };
            shared.note(change);
            let gone = change.map(|_| {
                slot.live = made.clone();
                std::mem::replace(&mut slot.last_error, error)
            });
            (change, gone)
        };
        shared.tell(change);
        match made {
            Some(live) if change.is_some() => Found::Live(live),
            _ => Found::Again,
        }
    }
}

impl<C, E> Drop for Turn<'_, C, E> {
    fn drop(&mut self) {
        if self.era != 0 {
            // The poll has panicked. What is left of the attempt goes before anybody hears of it.
            self.work = None;
            let _ = self.settle(None);
        }
    }
}

impl<C, E> Drop for Shared<C, E> {
    fn drop(&mut self) {
        // A heartbeat is to notice that it is alone.
        self.bell.ring();
    }
}

impl<C, E> fmt::Debug for Shared<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
