//! A store in memory that several processes share, fails when it is told to, and tells of its fences.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use buttress::{
    cache::tier::{Claim, Fence, Found, News, Put, Tier, TierFailure, TierValue},
    time::Deadline,
};
use tokio::{sync::mpsc, time::Instant};

pub(crate) type Key = u8;

/// One process' handle of the store.
#[derive(Clone, Debug)]
pub(crate) struct Shelf {
    store: Arc<Mutex<Store>>,
    process: usize,
    is_fenced: bool,
    listens: bool,
    /// How long every answer takes.
    slow: Duration,
}

#[derive(Debug, Default)]
struct Store {
    values: HashMap<Key, Kept>,
    guards: HashMap<Key, (u64, u64)>,
    number: u64,
    era: u64,
    processes: usize,
    failures: VecDeque<(&'static str, TierFailure)>,
    asked: Vec<&'static str>,
    /// What was left to whoever asked last.
    left: Option<Duration>,
    ears: Vec<(usize, mpsc::UnboundedSender<Option<Key>>)>,
}

#[derive(Clone, Debug)]
struct Kept {
    value: u32,
    born: Instant,
    until: Option<Instant>,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let store = Arc::new(Mutex::new(Store { era: 1, ..Store::default() }));
        Self { store, process: 0, is_fenced: true, listens: false, slow: Duration::ZERO }
    }

    pub(crate) fn listening() -> Self {
        Self { listens: true, ..Self::new() }
    }

    /// The same, but that every answer takes so long.
    pub(crate) fn slow(self, time: Duration) -> Self {
        Self { slow: time, ..self }
    }

    /// The same, whose fences say something or do not.
    pub(crate) fn fenced(self, is_fenced: bool) -> Self {
        Self { is_fenced, ..self }
    }

    /// The same store, as another process sees it.
    pub(crate) fn of_another_process(&self) -> Self {
        let process = {
            let mut store = self.lock();
            store.processes += 1;
            store.processes
        };
        Self { process, ..self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap()
    }

    /// The next time this is asked of it, it fails.
    pub(crate) fn fails(&self, what: &'static str, failure: TierFailure) {
        self.lock().failures.push_back((what, failure));
    }

    /// From now on it does not fail.
    pub(crate) fn recovers(&self) {
        self.lock().failures.clear();
    }

    /// What was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.lock().asked)
    }

    pub(crate) fn left(&self) -> Option<Duration> {
        self.lock().left
    }

    pub(crate) fn value(&self, key: Key) -> Option<u32> {
        let store = self.lock();
        let kept = store.values.get(&key)?;
        kept.until.is_none_or(|until| Instant::now() < until).then_some(kept.value)
    }

    /// How old the value of a key is.
    pub(crate) fn age(&self, key: Key) -> Option<Duration> {
        self.lock().values.get(&key).map(|kept| kept.born.elapsed())
    }

    /// As if it was there from before.
    pub(crate) fn set(&self, key: Key, value: u32, life: Option<Duration>) {
        let born = Instant::now();
        let until = life.map(|life| born + life);
        self.lock().values.insert(key, Kept { value, born, until });
    }

    /// Everybody has to begin to listen anew, and what is said meanwhile is lost.
    pub(crate) fn deafen(&self) {
        self.lock().ears.clear();
    }

    async fn ask(&self, what: &'static str) -> Result<(), TierFailure> {
        let failure = {
            let mut store = self.lock();
            store.asked.push(what);
            store.left = Deadline::current().map(Deadline::left);
            let due = store.failures.iter().position(|(which, _)| *which == what);
            due.and_then(|due| store.failures.remove(due))
        };
        if !self.slow.is_zero() {
            tokio::time::sleep(self.slow).await;
        }
        failure.map_or(Ok(()), |(_, failure)| Err(failure))
    }

    fn take(&self, keys: &[Key]) -> Fence {
        if !self.is_fenced {
            return Fence::NONE;
        }
        let mut store = self.lock();
        store.number += 1;
        let (era, number) = (store.era, store.number);
        for key in keys {
            store.guards.entry(*key).or_insert((number, number)).1 = number;
        }
        Fence::new(era, number)
    }

    fn tell(&self, removed: Option<Key>) {
        let mut store = self.lock();
        match removed {
            Some(key) => {
                store.values.remove(&key);
                store.guards.remove(&key);
            }
            None => {
                store.values.clear();
                store.era += 1;
            }
        }
        let others = store.ears.iter().filter(|(process, _)| *process != self.process);
        for (_, ear) in others {
            let _ = ear.send(removed);
        }
    }

    fn read(&self, key: Key) -> Found<u32> {
        let (store, now) = (self.lock(), Instant::now());
        let Some(kept) = store.values.get(&key) else { return Found::Nothing };
        if kept.until.is_some_and(|until| now >= until) {
            return Found::Nothing;
        }
        let left = kept.until.map(|until| until - now);
        Found::Value(TierValue { value: kept.value, age: now - kept.born, left })
    }
}

impl Tier<Key, u32> for Shelf {
    async fn get(&self, key: &Key) -> Result<Found<u32>, TierFailure> {
        self.ask("get").await?;
        Ok(self.read(*key))
    }

    async fn claim(
        &self,
        key: &Key,
        wanted_below: Option<Duration>,
    ) -> Result<Claim<u32>, TierFailure> {
        self.ask("claim").await?;
        match self.read(*key) {
            Found::Value(value) if wanted_below.is_none_or(|below| value.age < below) => {
                Ok(Claim::Value(value))
            }
            _ => Ok(Claim::Load { fence: self.take(&[*key]), gave_up: false }),
        }
    }

    async fn claim_many(&self, keys: &[Key]) -> Result<Fence, TierFailure> {
        self.ask("claim_many").await?;
        Ok(self.take(keys))
    }

    async fn put(
        &self,
        key: &Key,
        value: &u32,
        life: Option<Duration>,
        fence: Fence,
    ) -> Result<Put, TierFailure> {
        self.ask("put").await?;
        let mut store = self.lock();
        if self.is_fenced {
            let is_known = store.era == fence.era();
            let Some(guard) = store.guards.get_mut(key).filter(|_| is_known) else {
                return Ok(Put::Outdated);
            };
            if guard.0 > fence.number() {
                return Ok(Put::Outdated);
            }
            guard.0 = fence.number();
        }
        if *value == u32::MAX {
            store.values.remove(key);
            return Ok(Put::TooLarge);
        }
        let born = Instant::now();
        let until = life.map(|life| born + life);
        store.values.insert(*key, Kept { value: *value, born, until });
        Ok(Put::Stored { left: life })
    }

    async fn supersede(&self, key: &Key) -> Result<Fence, TierFailure> {
        self.ask("supersede").await?;
        self.tell(Some(*key));
        Ok(self.take(&[*key]))
    }

    async fn release(&self, _: &Key, _: Fence) {
        let _ = self.ask("release").await;
    }

    async fn remove(&self, key: &Key) -> Result<(), TierFailure> {
        self.ask("remove").await?;
        self.tell(Some(*key));
        Ok(())
    }

    async fn clear(&self) -> Result<(), TierFailure> {
        self.ask("clear").await?;
        self.tell(None);
        Ok(())
    }

    fn listens(&self) -> bool {
        self.listens
    }

    async fn listen(&self, hear: impl Fn(News<Key>) + Send + Sync) {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if self.ask("listen").await.is_err() {
                return pending().await;
            }
            let (ear, mut news) = mpsc::unbounded_channel();
            self.lock().ears.push((self.process, ear));
            hear(News::Listening);
            while let Some(removed) = news.recv().await {
                hear(removed.map_or(News::Cleared, News::Removed));
            }
            hear(News::Deaf);
        }
    }
}
