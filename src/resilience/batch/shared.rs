use std::{
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    answers::Answers,
    config::Plan,
    machine::{Added, Book, Limits},
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    joint::{Joint, Retire},
    mode::Mode,
    name::Name,
    refusal::Refusal,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    telemetry::Meter,
};

/// What the clones of a handle share: the batch that gathers, and counts.
pub(super) struct Shared<K, V, E> {
    name: Name,
    hasher: RandomState,
    desk: Mutex<Desk<K, V, E>>,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    meters: Meters,
}

/// What counts refusals, by their kind.
struct Meters {
    full: Meter,
    invalid: Meter,
    late: Meter,
    mismatched: Meter,
    panicked: Meter,
}

struct Desk<K, V, E> {
    plan: Plan,
    /// The batch that gathers.
    open: Option<Arc<Batch<K, V, E>>>,
    /// Whose turn it is to be sent.
    turns: Arc<Semaphore>,
    /// So many turns are out that there should not be any more.
    owed: usize,
    totals: Totals,
}

/// One batch, and those who wait for it.
pub(super) type Batch<K, V, E> = Joint<Answers<V, E>, Stub<K>>;

/// What the work of a batch and its callers have in common.
pub(super) struct Ticket<K> {
    pub(super) book: Mutex<Book<K>>,
    /// Wakes the work while it gathers.
    waker: Mutex<Option<Waker>>,
    sent: AtomicBool,
}

/// A batch's part of its ticket.
pub(super) struct Stub<K>(pub(super) Arc<Ticket<K>>);

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// So many wait.
    Full(u32),
    /// It is heavier than a batch may be.
    Heavy,
}

impl<K, V, E> Shared<K, V, E> {
    pub(super) fn new(name: Name, plan: Plan) -> Arc<Self> {
        let turns = Arc::new(Semaphore::new(turns(&plan)));
        let desk = Desk { plan, open: None, turns, owed: 0, totals: Totals::default() };
        let meter = |kind| Meter::new(&name, kind);
        Arc::new(Self {
            hasher: RandomState::new(),
            desk: Mutex::new(desk),
            in_flight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            meters: Meters {
                full: meter("full"),
                invalid: meter("invalid"),
                late: meter("deadline_exceeded"),
                mismatched: meter("mismatched"),
                panicked: meter("panicked"),
            },
            name,
        })
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn reconfigure(&self, plan: Plan) {
        let (turns, more) = {
            let mut desk = self.desk.lock();
            let (had, has) = (turns(&desk.plan), turns(&plan));
            // More turns settle first what is owed; of fewer, those that are out are taken back later.
            let settled = desk.owed.min(has.saturating_sub(had));
            desk.owed -= settled;
            let fewer = had.saturating_sub(has);
            desk.owed += fewer - desk.turns.forget_permits(fewer);
            desk.plan = plan;
            (Arc::clone(&desk.turns), has.saturating_sub(had) - settled)
        };
        // That wakes those who wait, and what wakes them may look at the desk.
        turns.add_permits(more);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let (open, totals) = {
            let desk = self.desk.lock();
            let open = desk.open.as_ref().map_or(0, |open| open.owner().0.book.lock().gathered());
            (open, desk.totals)
        };
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let (in_flight, waiting) = (count(&self.in_flight), count(&self.waiting));
        Snapshot { name: self.name.clone(), open, in_flight, waiting, totals }
    }

    pub(super) fn max_wait(&self) -> Duration {
        self.desk.lock().plan.config().max_wait
    }

    /// A turn to be sent. It is given back when it is dropped.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            let turns = Arc::clone(&self.desk.lock().turns);
            // Nobody closes it.
            let turn = turns.acquire_owned().await.ok()?;
            let mut desk = self.desk.lock();
            if desk.owed == 0 {
                return Some(turn);
            }
            desk.owed -= 1;
            turn.forget();
        }
    }

    pub(super) const fn in_flight(&self) -> &AtomicUsize {
        &self.in_flight
    }

    /// One who entered is there no more.
    pub(super) fn left(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Totals)) {
        count(&mut self.desk.lock().totals);
    }

    /// The batch of this ticket gathers no more.
    pub(super) fn shut(&self, ticket: &Arc<Ticket<K>>) {
        let _shut = {
            let mut desk = self.desk.lock();
            let is = desk.open.as_ref().is_some_and(|open| Arc::ptr_eq(&open.owner().0, ticket));
            if is { desk.open.take() } else { None }
        };
    }

    #[cold]
    pub(super) fn denied(&self, denied: Denied) -> Refusal {
        self.count(|totals| totals.refused += 1);
        let name = self.name.clone();
        let (meter, refusal) = match denied {
            Denied::Full(limit) => (&self.meters.full, Refusal::Full { name, limit: limit.into() }),
            Denied::Heavy => {
                let rule = "an item must not be heavier than a batch may be";
                (&self.meters.invalid, Refusal::Invalid { name, rule })
            }
        };
        meter.refused(Mode::Enforce);
        refusal
    }

    #[cold]
    pub(super) fn late(&self, began: bool, late: Duration) -> Refusal {
        self.meters.late.refused(Mode::Enforce);
        Refusal::DeadlineExceeded { name: self.name.clone(), began, late }
    }

    #[cold]
    pub(super) fn panicked(&self) -> Refusal {
        self.meters.panicked.refused(Mode::Enforce);
        Refusal::Panicked { name: self.name.clone() }
    }

    #[cold]
    pub(super) fn mismatched(&self, answers: u32, items: u32) -> Refusal {
        self.meters.mismatched.refused(Mode::Enforce);
        Refusal::Mismatched { name: self.name.clone(), answers, items }
    }
}

fn turns(plan: &Plan) -> usize {
    (plan.config().max_in_flight as usize).min(Semaphore::MAX_PERMITS)
}

impl<K, V, E> Shared<K, V, E>
where
    K: Eq + Hash + Send + 'static,
    V: Send + Sync + 'static,
    E: Send + Sync + 'static,
{
    /// A place in the batch that gathers, or in the next, which is to be begun then.
    pub(super) fn enter(&self, key: K, weight: u64) -> Result<Joined<K, V, E>, Denied> {
        let hash = self.hasher.hash_one(&key);
        let mut desk = self.desk.lock();
        let config = desk.plan.config();
        let limits = Limits { items: config.max_items, weight: config.max_weight };
        if limits.weight.is_some_and(|most| weight > most) {
            return Err(Denied::Heavy);
        }
        let max_waiting = config.max_waiting;
        let detached = config.detached;
        if self.waiting.load(Ordering::Relaxed) >= max_waiting as usize {
            return Err(Denied::Full(max_waiting));
        }
        let mut key = key;
        let mut left_behind = None;
        if let Some(batch) = desk.open.clone() {
            let added = batch.owner().0.book.lock().add(hash, key, weight, limits);
            match added {
                Added::At { place, spare, full } => {
                    if full {
                        batch.owner().0.book.lock().close();
                        desk.open = None;
                    }
                    self.waiting.fetch_add(1, Ordering::Relaxed);
                    desk.totals.loads += 1;
                    desk.totals.folded += u64::from(spare.is_some());
                    let (fresh, left_behind) = (None, None);
                    return Ok(Joined { batch, place, spare, fresh, full, left_behind });
                }
                Added::Next(back) => {
                    batch.owner().0.book.lock().close();
                    (key, left_behind) = (back, Some(batch));
                }
            }
        }
        // Without a runtime it is run by those who wait.
        let runtime = if detached { tokio::runtime::Handle::try_current().ok() } else { None };
        let mut book = Book::new(runtime.is_some());
        let (place, full) = match book.add(hash, key, weight, limits) {
            Added::At { place, full, .. } => (place, full),
            Added::Next(_) => (0, true),
        };
        if full {
            book.close();
        }
        let (waker, sent) = (Mutex::new(None), AtomicBool::new(false));
        let ticket = Arc::new(Ticket { book: Mutex::new(book), waker, sent });
        let batch = Arc::new(Joint::new(Stub(ticket)));
        desk.open = (!full).then(|| Arc::clone(&batch));
        self.waiting.fetch_add(1, Ordering::Relaxed);
        desk.totals.loads += 1;
        Ok(Joined { batch, place, spare: None, fresh: Some(runtime), full, left_behind })
    }
}

/// What somebody found who came with a key.
pub(super) struct Joined<K, V, E> {
    pub(super) batch: Arc<Batch<K, V, E>>,
    pub(super) place: u32,
    /// A key that was there already.
    pub(super) spare: Option<K>,
    /// The batch is to be begun, by a task of its own if there is a runtime for it.
    pub(super) fresh: Option<Option<tokio::runtime::Handle>>,
    pub(super) full: bool,
    /// A batch that the key did not fit in: it is sent.
    pub(super) left_behind: Option<Arc<Batch<K, V, E>>>,
}

impl<K> Ticket<K> {
    /// Wakes the work: it gathers no more.
    pub(super) fn wake(&self) {
        // Foreign code: no lock is held.
        if let Some(waker) = self.forget() {
            waker.wake();
        }
    }

    /// The work does not listen any longer.
    fn forget(&self) -> Option<Waker> {
        self.waker.lock().take()
    }

    /// Ready once nothing more goes in.
    pub(super) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Listen before looking.
        let waker = cx.waker().clone();
        let _old = self.waker.lock().replace(waker);
        let open = self.book.lock().is_open();
        if open { Poll::Pending } else { Poll::Ready(()) }
    }

    pub(super) fn sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent.load(Ordering::Relaxed)
    }
}

/// The work listens to its ticket. Once this is dropped it does not: a waker holds the batch, whose
/// ticket this is.
pub(super) struct Ear<'a, K>(pub(super) &'a Ticket<K>);

impl<K> Drop for Ear<'_, K> {
    fn drop(&mut self) {
        drop(self.0.forget());
    }
}

impl<K> Retire for Stub<K> {
    fn retire(&self, _: bool) -> bool {
        let mut book = self.0.book.lock();
        book.close();
        book.is_alone()
    }
}

impl<K, V, E> fmt::Debug for Shared<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
