//! What the clones of a tiered cache share: the cache, the store, and what is known of both.

mod counts;

use std::{
    hash::{BuildHasher, Hash},
    sync::Arc,
    time::Duration,
};

use tokio::{runtime::Handle, sync::watch, task::JoinHandle};

use self::counts::Counts;
use super::{
    owed::{Due, Owed},
    snapshot::Snapshot,
    store::{News, Put, Tier, TierFailure},
};
use crate::{
    ground::{
        sync::{
            Mutex,
            atomic::{AtomicBool, AtomicU64, Ordering},
        },
        time::{Deadline, within},
    },
    resilience::cache::{Cache, CacheMode},
};

/// The cache, the tier under it, and what is known of both.
pub(super) struct Shared<K, V, T, S> {
    pub(super) cache: Cache<K, V, S>,
    pub(super) tier: T,
    pub(super) counts: Counts,
    owed: Mutex<Owed<K>>,
    /// Whoever tells the store to forget everything, because somebody owed it.
    turn: tokio::sync::Mutex<()>,
    /// How often he did in vain.
    vain: AtomicU64,
    /// How often something was said of the keys of a part: whoever has begun before stores nothing.
    marks: Box<[AtomicU64]>,
    ear: watch::Sender<Ear>,
    /// Whether the cache may have something of which was said meanwhile that it is out of date.
    missed: AtomicBool,
}

/// Whether news are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ear {
    Starting,
    Open,
    Deaf,
}

/// So many parts: two keys of one part disturb each other, which costs a store and nothing else.
const PARTS: usize = 256;

/// The longest that the first ones wait until news are heard. Whoever waits no longer goes on, and what
/// he has loaded is dropped once they are.
const FIRST: Duration = Duration::from_millis(250);

impl<K, V, T, S> Shared<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    pub(super) fn new(cache: Cache<K, V, S>, tier: T) -> Self {
        Self {
            counts: Counts::new(cache.name()),
            owed: Mutex::new(Owed::new()),
            turn: tokio::sync::Mutex::new(()),
            vain: AtomicU64::new(0),
            marks: (0..PARTS).map(|_| AtomicU64::new(0)).collect(),
            ear: watch::Sender::new(Ear::Deaf),
            missed: AtomicBool::new(false),
            cache,
            tier,
        }
    }

    pub(super) fn hash(&self, key: &K) -> u64 {
        self.cache.hasher.hash_one(key)
    }

    fn part(&self, hash: u64) -> &AtomicU64 {
        &self.marks[hash as usize % PARTS]
    }

    /// How much was said of keys like this so far.
    pub(super) fn mark(&self, hash: u64) -> u64 {
        self.part(hash).load(Ordering::Acquire)
    }

    /// Something is said of this key: to be called before it is done.
    fn say(&self, hash: u64) {
        self.part(hash).fetch_add(1, Ordering::AcqRel);
    }

    fn say_all(&self) {
        for part in &self.marks {
            part.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Whether what the store has of this key may be believed: it is told first what it was not told yet.
    pub(super) async fn settle(&self, key: &K) -> bool {
        loop {
            let vain = self.vain.load(Ordering::Acquire);
            let due = self.owed.lock().due(key);
            let _turn = match due {
                Due::Nothing => return true,
                Due::Key(_) => None,
                // All who wait would tell it the same.
                Due::All(_) => Some(self.turn.lock().await),
            };
            if self.owed.lock().due(key) != due {
                continue;
            }
            if self.vain.load(Ordering::Acquire) != vain {
                // Whoever had his turn meanwhile was not heard.
                return false;
            }
            if self.tell(Some(key), due).await.is_err() {
                if matches!(due, Due::All(_)) {
                    self.vain.fetch_add(1, Ordering::AcqRel);
                }
                return false;
            }
        }
    }

    /// Whether the store is still to be told something of this key.
    pub(super) fn owes(&self, key: &K) -> bool {
        self.owed.lock().due(key) != Due::Nothing
    }

    pub(super) fn owes_nothing(&self) -> bool {
        self.owed.lock().is_empty()
    }

    pub(super) fn owe(&self, key: &K) -> Due {
        self.owed.lock().owe(key)
    }

    /// Takes an entry out, here, in the store and in other processes.
    pub(super) async fn invalidate(&self, key: &K) -> Result<(), TierFailure> {
        // Owed until it is done: whoever drops this has said it all the same.
        let due = self.owe(key);
        self.say(self.hash(key));
        self.cache.invalidate(key);
        self.tell(Some(key), due).await
    }

    /// Takes everything out.
    pub(super) async fn clear(&self) -> Result<(), TierFailure> {
        let due = self.owed.lock().owe_all();
        self.say_all();
        self.cache.clear();
        self.tell(None, due).await
    }

    /// Puts an entry in, here and in the store; other processes hear that what they have is out of date.
    pub(super) async fn insert(&self, key: K, value: V) -> Result<(), TierFailure> {
        let due = self.owe(&key);
        let hash = self.hash(&key);
        self.say(hash);
        let mark = self.mark(hash);
        self.cache.insert(key.clone(), value.clone());
        if self.cache.shared.terms.mode() == CacheMode::Disabled {
            // Nothing new is put in, and what there was is out of date.
            return self.tell(Some(&key), due).await;
        }
        if matches!(due, Due::All(_)) {
            self.tell(Some(&key), due).await?;
        }
        let put = async {
            let fence = self.tier.supersede(&key).await?;
            let gone = self.owed.lock().paid(Some(&key), due);
            drop(gone);
            let life = self.cache.shared.own_life(&key, &value);
            self.tier.put(&key, &value, life, fence).await
        };
        match put.await {
            Ok(Put::Stored { .. }) => self.counts.stored.add_one(),
            Ok(Put::TooLarge | Put::Unfit) => self.counts.too_large.add_one(),
            Ok(Put::Outdated) => {
                self.counts.outdated.add_one();
                // Somebody else had the last word, unless it was one of us.
                if self.mark(hash) == mark {
                    self.cache.invalidate(&key);
                }
            }
            Err(failure) => {
                self.counts.failed(failure);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Tells the store what is due.
    async fn tell(&self, key: Option<&K>, due: Due) -> Result<(), TierFailure> {
        let told = match (key, due) {
            (Some(key), Due::Key(_) | Due::Nothing) => self.tier.remove(key).await,
            (_, Due::All(_)) | (None, _) => self.tier.clear().await,
        };
        match told {
            Ok(()) => {
                let gone = self.owed.lock().paid(key, due);
                drop(gone);
            }
            Err(failure) => self.counts.failed(failure),
        }
        told
    }

    /// What the store tells.
    fn hear(&self, news: News<K>) {
        match news {
            News::Listening => {
                self.counts.connected.add_one();
                if self.missed.swap(false, Ordering::AcqRel) {
                    self.counts.gaps.add_one();
                    self.say_all();
                    self.cache.clear();
                }
                self.ear.send_replace(Ear::Open);
            }
            News::Deaf => self.deafen(),
            News::Removed(key) => {
                self.counts.heard.add_one();
                self.say(self.hash(&key));
                self.cache.invalidate(&key);
            }
            News::Cleared => {
                self.counts.heard.add_one();
                self.say_all();
                self.cache.clear();
            }
        }
    }

    /// Waits a little until news are heard, so that nothing is read of which they would tell. Whoever has a
    /// deadline keeps half of his time for all the rest.
    pub(super) async fn hear_first(&self, deadline: Option<Deadline>) {
        if !self.tier.listens() {
            return;
        }
        let mut ear = *self.ear.borrow();
        if ear == Ear::Starting {
            let mut news = self.ear.subscribe();
            let started = news.wait_for(|ear| *ear != Ear::Starting);
            let patience = deadline.map_or(FIRST, |deadline| FIRST.min(deadline.left() / 2));
            if let Some(Ok(now)) = within(patience, started).await {
                ear = *now;
            }
        }
        if ear != Ear::Open {
            self.missed.store(true, Ordering::Release);
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            name: self.cache.name().clone(),
            cache: self.cache.snapshot(),
            listening: self.tier.listens().then(|| *self.ear.borrow() == Ear::Open),
            owed: self.owed.lock().count(),
            totals: self.counts.totals(),
        }
    }
}

impl<K, V, T, S> Shared<K, V, T, S> {
    /// From now on everything is missed.
    fn deafen(&self) {
        self.missed.store(true, Ordering::Release);
        self.ear.send_replace(Ear::Deaf);
    }
}

/// The task that hears the news. It ends with the last handle.
pub(super) struct Listening<K, V, T, S> {
    pub(super) shared: Arc<Shared<K, V, T, S>>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl<K, V, T, S> Listening<K, V, T, S> {
    pub(super) fn new(shared: Arc<Shared<K, V, T, S>>) -> Self {
        Self { shared, task: Mutex::new(None) }
    }
}

impl<K, V, T, S> Listening<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Begins to listen, if nobody does: the runtime that did may be gone.
    pub(super) fn begin(&self) {
        if !self.shared.tier.listens() {
            return;
        }
        let mut task = self.task.lock();
        if task.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        if task.is_some() {
            self.shared.missed.store(true, Ordering::Release);
        }
        self.shared.ear.send_replace(Ear::Starting);
        *task = Some(runtime.spawn(listen(Arc::clone(&self.shared))));
    }
}

async fn listen<K, V, T, S>(shared: Arc<Shared<K, V, T, S>>)
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    let _deafens = Deafens(&shared);
    shared.tier.listen(|news| shared.hear(news)).await;
}

/// Whatever ends the listening, and be it a panic of whom the cache tells what is gone: nothing is heard after it.
struct Deafens<'a, K, V, T, S>(&'a Shared<K, V, T, S>);

impl<K, V, T, S> Drop for Deafens<'_, K, V, T, S> {
    fn drop(&mut self) {
        self.0.deafen();
    }
}

impl<K, V, T, S> Drop for Listening<K, V, T, S> {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}
