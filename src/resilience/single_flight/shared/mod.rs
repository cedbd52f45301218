use std::{
    borrow::Borrow,
    fmt,
    hash::{BuildHasher, Hash, RandomState},
    ptr,
    sync::Arc,
    time::Duration,
};

mod caller;

pub(crate) use self::caller::Caller;
use self::caller::{board, runtime};
use super::{
    config::{Config, Plan},
    machine::{Ask, Counts, Table},
    snapshot::{Snapshot, Totals},
};
use crate::ground::{
    joint::{Joint, Retire, Work},
    mode::Mode,
    name::Name,
    refusal::Refusal,
    sync::{
        Mutex, Padded,
        atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering},
        shards,
    },
    telemetry::{self, Meter},
    time,
};

/// What the clones of a handle share: the keys that are under way. Whatever is shared by the callers of
/// one is an `O`, each of whom gets a clone.
pub(crate) struct Flights<K, O> {
    name: Name,
    max_in_flight: AtomicU32,
    max_callers: AtomicU32,
    detached: AtomicBool,
    hasher: RandomState,
    shards: Box<[Shard<K, O>]>,
    in_flight: AtomicUsize,
    refused: AtomicU64,
    meters: Meters,
}

/// What counts refusals, by their kind.
struct Meters {
    full: Meter,
    invalid: Meter,
    late: Meter,
    panicked: Meter,
}

type Shard<K, O> = Padded<Mutex<Table<K, Arc<Flight<K, O>>>>>;

/// One key's work, and those who wait for it.
type Flight<K, O> = Joint<O, Berth<K, O>>;

/// Where a flight is entered.
struct Berth<K, O> {
    flights: Arc<Flights<K, O>>,
    hash: u64,
}

/// So many keys are under way, or so many wait for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full(u32);

impl<K, O> Flights<K, O> {
    pub(crate) fn new(name: Name, plan: &Plan) -> Arc<Self> {
        let config = plan.config();
        Arc::new(Self {
            max_in_flight: AtomicU32::new(config.max_in_flight),
            max_callers: AtomicU32::new(config.max_callers),
            detached: AtomicBool::new(config.detached),
            hasher: RandomState::new(),
            shards: (0..shards()).map(|_| Padded(Mutex::new(Table::new()))).collect(),
            in_flight: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            meters: Meters {
                full: Meter::new(&name, "full"),
                invalid: Meter::new(&name, "invalid"),
                late: Meter::new(&name, "deadline_exceeded"),
                panicked: Meter::new(&name, "panicked"),
            },
            name,
        })
    }

    pub(crate) const fn name(&self) -> &Name {
        &self.name
    }

    pub(crate) fn reconfigure(&self, plan: &Plan) {
        let Config { max_in_flight, max_callers, detached } = *plan.config();
        self.max_in_flight.store(max_in_flight, Ordering::Relaxed);
        self.max_callers.store(max_callers, Ordering::Relaxed);
        self.detached.store(detached, Ordering::Relaxed);
    }

    fn shard(&self, hash: u64) -> &Shard<K, O> {
        // The table inside a shard uses the low bits and the top seven.
        &self.shards[(hash >> 32) as usize & (self.shards.len() - 1)]
    }

    /// Whoever asks for this key next begins anew. Whether it was under way.
    pub(crate) fn forget<Q>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let hash = self.hasher.hash_one(key);
        self.shard(hash).lock().forget(hash, key)
    }

    /// Forgets whatever is under way for keys of which this is true; `told` is shown each.
    #[cfg_attr(not(feature = "cache"), expect(dead_code, reason = "for a cache"))]
    pub(crate) fn forget_each(&self, hash: u64, is: impl Fn(&K) -> bool, told: impl Fn(&K)) {
        let mut table = self.shard(hash).lock();
        while table.forget_one(hash, &is, &told) {}
    }

    /// Forgets everything that is under way; `told` is shown each key.
    #[cfg_attr(not(feature = "cache"), expect(dead_code, reason = "for a cache"))]
    pub(crate) fn forget_all(&self, told: impl Fn(&K)) {
        for shard in &self.shards {
            shard.lock().forget_all(&told);
        }
    }

    /// Whether newcomers would join what is under way for a key.
    #[cfg_attr(not(feature = "cache"), expect(dead_code, reason = "for a cache"))]
    pub(crate) fn is_under_way(&self, hash: u64, is: impl Fn(&K) -> bool) -> bool {
        self.shard(hash).lock().is_under_way(hash, is)
    }

    /// Keys under way.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let (mut in_flight, mut callers) = (0, 0);
        let mut counts = Counts::default();
        for shard in &self.shards {
            let table = shard.lock();
            let (keys, waiting) = table.count();
            in_flight += keys;
            callers += waiting;
            counts += table.counts;
        }
        let refused = self.refused.load(Ordering::Relaxed);
        let Counts { led, followed, panicked, abandoned } = counts;
        let totals = Totals { led, followed, panicked, abandoned, refused };
        Snapshot { name: self.name.clone(), in_flight, callers, totals }
    }

    #[cold]
    pub(crate) fn full(&self, full: Full) -> Refusal {
        self.refused.fetch_add(1, Ordering::Relaxed);
        self.meters.full.refused(Mode::Enforce);
        Refusal::Full { name: self.name.clone(), limit: full.0.into() }
    }

    #[cold]
    pub(crate) fn late(&self, began: bool, late: Duration) -> Refusal {
        self.meters.late.refused(Mode::Enforce);
        Refusal::DeadlineExceeded { name: self.name.clone(), began, late }
    }

    #[cold]
    fn circular(&self) -> Refusal {
        self.meters.invalid.refused(Mode::Enforce);
        let rule = "work must not wait for its own key";
        Refusal::Invalid { name: self.name.clone(), rule }
    }

    #[cold]
    fn panicked(&self) -> Refusal {
        self.meters.panicked.refused(Mode::Enforce);
        Refusal::Panicked { name: self.name.clone() }
    }
}

impl<K, O> Flights<K, O>
where
    K: Eq + Hash + Send + 'static,
    O: Send + Sync + 'static,
{
    /// Waits for the work of this key, and begins it if it is not under way.
    #[inline]
    pub(crate) fn join(
        self: &Arc<Self>,
        key: K,
        make: impl FnOnce() -> Work<O>,
    ) -> Result<Caller<K, O>, Full> {
        let hash = self.hasher.hash_one(&key);
        let max_callers = self.max_callers.load(Ordering::Relaxed);
        let runtime = runtime(self.detached.load(Ordering::Relaxed));
        let (flight, spare) = {
            let mut table = self.shard(hash).lock();
            match table.ask(hash, &key, max_callers) {
                Ask::Follow(flight) => (flight, Some(key)),
                Ask::Full => return Err(Full(max_callers)),
                Ask::Lead => {
                    self.enter()?;
                    (self.lead(&mut table, hash, key, runtime.is_some()), None)
                }
            }
        };
        Ok(board(flight, spare, runtime, make))
    }
}

impl<K, O> Flights<K, O>
where
    K: Send + 'static,
    O: Send + Sync + 'static,
{
    /// Waits for the work of a key, and begins it if it is not under way. The key is made when it is
    /// needed, and its hash is known already. Work that is `detached` is run to its end by a task of its own.
    #[cfg_attr(not(feature = "cache"), expect(dead_code, reason = "for a cache"))]
    pub(crate) fn join_as(
        self: &Arc<Self>,
        hash: u64,
        is: impl Fn(&K) -> bool,
        own: impl FnOnce() -> K,
        detached: bool,
        make: impl FnOnce() -> Work<O>,
    ) -> Result<Caller<K, O>, Full> {
        let max_callers = self.max_callers.load(Ordering::Relaxed);
        let runtime = runtime(detached);
        let shard = self.shard(hash);
        let asked = shard.lock().ask_for(hash, &is, max_callers);
        let (flight, spare) = match asked {
            Ask::Follow(flight) => (flight, Some(None)),
            Ask::Full => return Err(Full(max_callers)),
            Ask::Lead => {
                // Foreign code; somebody may lead meanwhile.
                let key = time::outside(own);
                let mut table = shard.lock();
                match table.ask_for(hash, &is, max_callers) {
                    Ask::Follow(flight) => (flight, Some(Some(key))),
                    Ask::Full => return Err(Full(max_callers)),
                    Ask::Lead => {
                        self.enter()?;
                        (self.lead(&mut table, hash, key, runtime.is_some()), None)
                    }
                }
            }
        };
        Ok(board(flight, spare, runtime, make))
    }

    fn lead(
        self: &Arc<Self>,
        table: &mut Table<K, Arc<Flight<K, O>>>,
        hash: u64,
        key: K,
        steward: bool,
    ) -> Arc<Flight<K, O>> {
        let flight = Arc::new(Joint::new(Berth { flights: Arc::clone(self), hash }));
        table.lead(hash, key, Arc::clone(&flight), steward);
        flight
    }

    /// A place for one more key.
    fn enter(&self) -> Result<(), Full> {
        let max_in_flight = self.max_in_flight.load(Ordering::Relaxed);
        let enter = |keys| (keys < max_in_flight as usize).then_some(keys + 1);
        // Not counted before there is room: whoever is refused must not keep the next one out.
        let entered = self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter);
        entered.map_or(Err(Full(max_in_flight)), |_| Ok(()))
    }
}

impl<K, O> Retire for Berth<K, O> {
    fn retire(&self, panicked: bool) -> bool {
        let is = |flight: &Arc<Flight<K, O>>| ptr::eq(flight.owner(), self);
        let ended = self.flights.shard(self.hash).lock().end(self.hash, panicked, is);
        let Some(ended) = ended else { return false };
        if panicked {
            telemetry::work_panicked(&self.flights.name);
        }
        self.flights.in_flight.fetch_sub(1, Ordering::Relaxed);
        ended.is_alone()
    }
}

impl<K, O> fmt::Debug for Flights<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights")
            .field("name", &self.name)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
