use std::{
    any::TypeId,
    borrow::Borrow,
    future::{Future, ready},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

use crate::{
    ground::{
        joint::Work,
        sync::atomic::{AtomicBool, Ordering},
        time,
    },
    resilience::{
        cache::{
            config::CacheMode,
            given::Given,
            loads::{Asked, Failure, Loads, Outcome, failures},
            removal::{Removal, Removed},
            shared::{Shared, Told},
            stored::{Hit, Loaded},
        },
        single_flight::{Caller, Full},
    },
};

pub(super) type Waiting<K, V> = Caller<Asked<K>, Outcome<V>>;

/// Which key is to be loaded: its hash, and whoever expects errors of the same type.
pub(super) struct Wanted<'a, Q: ?Sized> {
    pub(super) hash: u64,
    pub(super) key: &'a Q,
    pub(super) kind: TypeId,
}

/// What came of asking for what is not there.
pub(super) enum Begun<K, V> {
    Waits(Waiting<K, V>),
    /// What is remembered of the last load.
    Knows(Outcome<V>),
    Full(Full),
}

impl<K, V> Shared<K, V> {
    pub(super) fn loads(&self) -> &Loads<K, V> {
        self.loads.get_or_init(|| Box::new(Loads::new(&self.name)))
    }

    /// Something else is said of this key: what is on its way for it is out of date, and how it failed
    /// last. Before the shard is locked to do it.
    #[inline]
    pub(super) fn void(&self, hash: u64, is: impl Fn(&K) -> bool) {
        self.void_load(hash, &is);
        self.forget_failure(hash, is);
    }

    /// What is on its way for this key is out of date.
    #[inline]
    pub(super) fn void_load(&self, hash: u64, is: impl Fn(&K) -> bool) {
        if let Some(loads) = self.loads.get() {
            loads.void(hash, is);
        }
    }

    /// How this key's load failed last is out of date.
    #[inline]
    pub(super) fn forget_failure(&self, hash: u64, is: impl Fn(&K) -> bool) {
        if let Some(failed) = self.failed.get() {
            let mut removed = Removed::new();
            failed.take_out(hash, is, Removal::Removed, &mut removed);
            failed.tell(removed);
        }
    }

    /// The same of every key.
    pub(super) fn void_all(&self) {
        if let Some(loads) = self.loads.get() {
            loads.void_all();
        }
        if let Some(failed) = self.failed.get() {
            failed.clear();
        }
    }

    /// Whether stale values are to be loaded anew.
    #[inline]
    pub(super) fn refreshes(&self) -> bool {
        self.terms.refreshes()
    }

    /// The value of a key that is good as long as there is no better one: if it is not in its place, and its
    /// grace is not over. It was asked for already.
    fn look_back(&self, hash: u64, is: impl Fn(&K) -> bool) -> Option<Hit<V>>
    where
        V: Clone,
    {
        let grace = self.terms.grace();
        // What is stale has not expired: it needs no grace.
        if grace == 0 && !self.refreshes() || self.terms.is_aside() {
            return None;
        }
        let (hit, is_fresh) = self.look_aside(hash, is, grace)?;
        if !is_fresh {
            self.loads().gave_stale();
        }
        Some(hit)
    }

    /// The value of a key and its age, and whether it has not expired; asking counts as nothing.
    pub(super) fn look_aside(
        &self,
        hash: u64,
        is: impl Fn(&K) -> bool,
        grace: u64,
    ) -> Option<(Hit<V>, bool)>
    where
        V: Clone,
    {
        let now = self.now();
        let shard = self.shard(hash).lock();
        let place = shard.find(hash as u32, is)?;
        let (_, value) = shard.entry(place)?;
        if !shard.is_stamped() {
            return Some((Hit { value: value.clone(), age: None, is_stale: false }, true));
        }
        let stamp = shard.stamp(place);
        if !Self::is_ahead(stamp.until.saturating_add(grace), now) {
            return None;
        }
        let age = stamp.age(now);
        let is_old = age.is_some_and(|age| age > self.terms.stale_after());
        let is_fresh = Self::is_ahead(stamp.until, now);
        let is_stale = is_old || !is_fresh;
        Some((Hit { value: value.clone(), age, is_stale }, is_fresh))
    }

    /// A value as it has just come.
    pub(super) fn fresh(&self, value: V) -> Hit<V> {
        Hit { value, age: self.terms.always().then_some(Duration::ZERO), is_stale: false }
    }

    /// What is remembered of a load that has failed.
    pub(super) fn known<Q>(&self, wanted: &Wanted<'_, Q>) -> Option<Outcome<V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        V: Clone,
    {
        if self.terms.is_aside() {
            return None;
        }
        let is = |theirs: &K| theirs.borrow() == wanted.key;
        let failure = self.failed.get()?.look(wanted.hash, is, |_, failure| Arc::clone(failure))?;
        if (*failure).type_id() != wanted.kind {
            return None;
        }
        Some(self.look_back(wanted.hash, is).ok_or(failure))
    }
}

impl<K, V> Shared<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Waits for a load of a key that was not there, and begins it if it is not under way.
    #[cold]
    #[inline(never)]
    pub(super) fn load<Q, F, Fut, E>(
        self: &Arc<Self>,
        wanted: &Wanted<'_, Q>,
        own: impl FnOnce() -> K,
        loader: F,
    ) -> Begun<K, V>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        if let Some(known) = self.known(wanted) {
            return Begun::Knows(known);
        }
        let detached = self.terms.is_detached();
        match self.join(wanted, own, detached, |ticket| self.work(ticket, loader)) {
            Ok(caller) => Begun::Waits(caller),
            Err(full) => Begun::Full(full),
        }
    }

    /// Begins to load a stale value anew, unless somebody has. Without a runtime whoever begins it has to
    /// wait for it.
    #[cold]
    #[inline(never)]
    pub(super) fn refresh<Q, F, Fut, E>(
        self: &Arc<Self>,
        wanted: &Wanted<'_, Q>,
        own: impl FnOnce() -> K,
        loader: F,
    ) -> Option<Waiting<K, V>>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let is = |asked: &Asked<K>| asked.kind == wanted.kind && asked.key.borrow() == wanted.key;
        if self.loads().flights.is_under_way(wanted.hash, is) || self.known(wanted).is_some() {
            return None;
        }
        let mut leads = false;
        let caller = self.join(wanted, own, true, |ticket| {
            leads = true;
            self.loads().counts.refreshes.fetch_add(1, Ordering::Relaxed);
            self.work(ticket, loader)
        });
        let has_runtime = tokio::runtime::Handle::try_current().is_ok();
        caller.ok().filter(|_| leads && !has_runtime)
    }

    /// Joins the load of a key, or begins it.
    pub(super) fn join<Q>(
        self: &Arc<Self>,
        wanted: &Wanted<'_, Q>,
        own: impl FnOnce() -> K,
        detached: bool,
        make: impl FnOnce(Ticket<K>) -> Work<Outcome<V>>,
    ) -> Result<Waiting<K, V>, Full>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        let Wanted { hash, key, kind } = *wanted;
        let ticket = std::cell::Cell::new(None);
        let asked = || {
            let (key, void) = (own(), Arc::new(AtomicBool::new(false)));
            ticket.set(Some(Ticket { hash, key: key.clone(), void: Arc::clone(&void) }));
            Asked { key, kind, void }
        };
        let is = |asked: &Asked<K>| asked.kind == kind && asked.key.borrow() == key;
        self.loads().flights.join_as(hash, is, asked, detached, || match ticket.take() {
            None => Box::pin(std::future::pending()),
            // It may have come since it was found missing.
            Some(ticket) => match self.came(&ticket) {
                Some(hit) => Box::pin(ready(Ok(hit))),
                None => make(ticket),
            },
        })
    }

    fn came(&self, ticket: &Ticket<K>) -> Option<Hit<V>> {
        if self.terms.is_aside() {
            return None;
        }
        let (hit, _) = self.look_aside(ticket.hash, |theirs| *theirs == ticket.key, 0)?;
        (!hit.is_stale).then_some(hit)
    }

    fn work<F, Fut, E>(self: &Arc<Self>, ticket: Ticket<K>, loader: F) -> Work<Outcome<V>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let (shared, loading) = (Arc::clone(self), loader());
        Box::pin(async move {
            match loading.await {
                Ok(loaded) => Ok(shared.came_in(ticket, loaded)),
                Err(error) => shared.came_to_nothing(ticket, Arc::new(error)),
            }
        })
    }

    /// A load has succeeded.
    pub(super) fn came_in(&self, ticket: Ticket<K>, loaded: Loaded<V>) -> Hit<V> {
        self.loads().loaded();
        let Loaded { value, ttl, is_stored, carried } = loaded;
        if is_stored && !self.is_watched(&ticket) {
            let copy = time::outside(|| value.clone());
            let given = Given::Carried(&ticket.void, carried);
            self.insert_if(ticket.hash, ticket.key, copy, ttl, given);
        }
        Hit { age: self.terms.always().then_some(carried.age), ..self.fresh(value) }
    }

    /// In the shadow, what is there stays, so that it grows as old as it would for those who got it.
    fn is_watched(&self, ticket: &Ticket<K>) -> bool {
        self.terms.mode() == CacheMode::Shadow
            && self.look(ticket.hash, |theirs| *theirs == ticket.key, |_, _| ()).is_some()
    }

    /// A load has failed.
    pub(super) fn came_to_nothing(&self, ticket: Ticket<K>, failure: Failure) -> Outcome<V> {
        self.loads().failed();
        let former = self.look_back(ticket.hash, |theirs| *theirs == ticket.key);
        if let Some(ttl) = self.terms.negative_ttl() {
            let failed = self.failed.get_or_init(|| {
                Box::new(Shared::new(self.name.clone(), failures(ttl), Told::nothing()))
            });
            let given = Given::Valid(&ticket.void);
            failed.insert_if(ticket.hash, ticket.key, Arc::clone(&failure), Some(ttl), given);
        }
        former.ok_or(failure)
    }
}

/// What a load needs to say what it came to.
pub(super) struct Ticket<K> {
    pub(super) hash: u64,
    pub(super) key: K,
    pub(super) void: Arc<AtomicBool>,
}
