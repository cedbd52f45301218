//! Any list of operations on a cache, beside a map with exact times: every answer is told in advance.
//!
//! Who has to go for want of room is the policy's affair. Everything else is not: what the listener was
//! told of is gone, once and for the right cause, and whatever it was not told of is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::take,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::cache::{Bound, Cache, CacheMode, Change, Config, Eviction, Removal, Stored};
use tokio::time::{Instant, advance};

use super::{Put, Step};

/// No two are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    number: u64,
    weight: u32,
    own: Option<Duration>,
}

/// What was stored, and the listener was not told of.
#[derive(Clone, Copy, Debug)]
struct Entry {
    value: Value,
    born: Instant,
    /// Whether anybody took down when it came.
    is_timed: bool,
    /// When its time to live is over.
    until: Option<Instant>,
    touched: Instant,
    /// Who was asked for later has the greater number.
    turn: u64,
}

type Told = Arc<Mutex<Vec<(u8, Value, Removal)>>>;

struct Game {
    config: Config,
    cache: Cache<u8, Value>,
    told: Told,
    entries: BTreeMap<u8, Entry>,
    turn: u64,
    hits: u64,
    misses: u64,
    stale: u64,
}

/// Plays these steps, under a paused clock.
pub(crate) async fn play(config: Config, steps: impl IntoIterator<Item = Step>) {
    let told = Told::default();
    let notes = Arc::clone(&told);
    let cache = Cache::new("cache", config.clone()).unwrap();
    let cache = cache
        .with_weigher(|_, value: &Value| value.weight)
        .with_lifetime(|_, value| value.own)
        .with_listener(move |key, value, cause| notes.lock().unwrap().push((*key, *value, cause)));
    let entries = BTreeMap::new();
    let mut game = Game { config, cache, told, entries, turn: 0, hits: 0, misses: 0, stale: 0 };
    for step in steps {
        game.step(step).await;
        game.check();
    }
    while game.cache.maintain(1000) {
        game.hear(None, &[Removal::Expired]);
    }
    game.hear(None, &[Removal::Expired]);
    game.cache.clear();
    game.hear(None, &[Removal::Removed]);
    assert!(game.entries.is_empty(), "the listener was not told of {:?}", game.entries);
}

impl Game {
    /// When nobody gets it any more who does not make do with stale values.
    fn ends(&self, entry: &Entry) -> Option<Instant> {
        let idle = self.config.idle.map(|idle| entry.touched + idle);
        entry.until.into_iter().chain(idle).min()
    }

    fn is_live(&self, entry: &Entry) -> bool {
        self.ends(entry).is_none_or(|end| Instant::now() < end)
    }

    /// The entry of a key that whoever asks gets.
    fn live(&self, key: u8) -> Option<Entry> {
        self.entries.get(&key).copied().filter(|entry| self.is_live(entry))
    }

    /// Whether every entry has a time.
    fn always(&self) -> bool {
        self.config.ttl.or(self.config.idle).or(self.config.stale_after).is_some()
    }

    /// What nobody gets where nobody gets anything.
    fn given<T>(&self, there: Option<T>) -> Option<T> {
        there.filter(|_| self.config.mode == CacheMode::Enabled)
    }

    /// What asking for it gives, which makes it wanted.
    fn ask(&mut self, key: u8) -> Option<Entry> {
        if self.config.mode == CacheMode::Disabled {
            self.misses += 1;
            return None;
        }
        let entry = self.live(key);
        self.turn += 1;
        match self.entries.get_mut(&key) {
            Some(there) if entry.is_some() => {
                (there.touched, there.turn) = (Instant::now(), self.turn);
                self.hits += 1;
            }
            _ => self.misses += 1,
        }
        self.given(entry)
    }

    fn is_stale(&self, entry: &Entry) -> bool {
        let age = Instant::now() - entry.born;
        self.config.stale_after.is_some_and(|after| age > after) || !self.is_live(entry)
    }

    async fn step(&mut self, step: Step) {
        let gone_by_the_way = [Removal::Expired];
        match step {
            Step::Advance(time) => advance(time).await,
            Step::Clear => {
                self.cache.clear();
                self.hear(None, &[Removal::Removed]);
                assert!(self.entries.is_empty());
            }
            Step::Compute(key, weight) => self.compute(key, weight),
            Step::Contains(key) => {
                assert_eq!(self.cache.contains(&key), self.given(self.live(key)).is_some());
            }
            Step::Get(key) => {
                let entry = self.ask(key);
                assert_eq!(self.cache.get(&key), entry.map(|entry| entry.value));
            }
            Step::GetMany(first, second) => {
                let got = self.cache.get_many([&first, &second]);
                // The first look may have cleared the second away, and nobody could have told.
                self.hear(None, &gone_by_the_way);
                let expected = [first, second].map(|key| self.ask(key).map(|entry| entry.value));
                assert_eq!(got, expected);
            }
            Step::Insert(key, put) => self.insert(key, put),
            Step::Invalidate(key) => {
                let entry = self.live(key);
                assert_eq!(self.cache.invalidate(&key), entry.is_some());
                self.take_out(key, entry);
            }
            Step::InvalidateIf(by) => self.invalidate_if(by),
            Step::Iterate => {
                let seen = self.cache.iter().map(|(key, value)| (key, value.number));
                let seen: BTreeSet<_> = seen.collect();
                let live = self.entries.iter().filter(|(_, entry)| self.is_live(entry));
                assert_eq!(seen, live.map(|(key, entry)| (*key, entry.value.number)).collect());
            }
            Step::LookUp(key) => {
                let entry = self.ask(key);
                self.is_hit(self.cache.look_up(&key), entry);
            }
            Step::LookUpStale(key) => self.look_up_stale(key),
            Step::Maintain(most) => _ = self.cache.maintain(most),
            Step::Peek(key) => {
                let entry = self.given(self.live(key));
                assert_eq!(self.cache.peek(&key), entry.map(|entry| entry.value));
            }
            Step::Reconfigure(config, most) => self.reconfigure(config, most),
            Step::Remove(key) => {
                let entry = self.live(key);
                let given = self.given(entry).map(|entry| entry.value);
                assert_eq!(self.cache.remove(&key), given);
                self.take_out(key, entry);
            }
        }
        self.hear(None, &gone_by_the_way);
    }

    fn is_hit(&self, hit: Option<buttress::cache::Hit<Value>>, entry: Option<Entry>) {
        assert_eq!(hit.as_ref().map(|hit| hit.value), entry.map(|entry| entry.value));
        let (Some(hit), Some(entry)) = (hit, entry) else { return };
        assert_eq!(hit.is_stale, self.is_stale(&entry));
        // Where no time matters, nobody took it down.
        assert_eq!(hit.age, entry.is_timed.then(|| Instant::now() - entry.born));
    }

    /// What has expired stays so, and what had no time counts as written now if it has one.
    fn reconfigure(&mut self, config: Config, most: u64) {
        let bound = match self.config.bound {
            Bound::Entries(_) => Bound::Entries(most),
            _ => Bound::Weight(most),
        };
        let config = config.with_bound(bound).with_eviction(self.config.eviction);
        let ends: Vec<_> = self.entries.values().map(|entry| self.ends(entry)).collect();
        let former = std::mem::replace(&mut self.config, config.clone());
        let (now, always) = (Instant::now(), self.always());
        for (entry, end) in self.entries.values_mut().zip(ends) {
            if end.is_some_and(|end| end <= now) {
                entry.until = end;
            }
            if former.idle.is_none() && config.idle.is_some() {
                entry.touched = now;
            }
            if always && !entry.is_timed {
                (entry.born, entry.is_timed) = (now, true);
            }
        }
        self.cache.reconfigure(config).unwrap();
        self.hear(None, &[Removal::Evicted]);
    }

    fn look_up_stale(&mut self, key: u8) {
        let hit = self.cache.look_up_stale(&key);
        if self.config.mode != CacheMode::Enabled || self.live(key).is_some() {
            let entry = self.ask(key);
            return self.is_hit(hit, entry);
        }
        let kept = self.entries.get(&key).copied().filter(|entry| {
            let end = self.ends(entry).and_then(|end| end.checked_add(self.config.grace));
            end.is_none_or(|end| Instant::now() < end)
        });
        match kept {
            Some(_) => self.stale += 1,
            None => self.misses += 1,
        }
        self.is_hit(hit, kept);
    }

    fn value(&mut self, weight: u32, own: Option<Duration>) -> Value {
        self.turn += 1;
        Value { number: self.turn, weight, own }
    }

    fn insert(&mut self, key: u8, Put { weight, own, ttl }: Put) {
        let value = self.value(weight, own);
        let expected = self.expected(key, value, ttl);
        let stored = match ttl {
            Some(ttl) => self.cache.insert_with_ttl(key, value, ttl),
            None => self.cache.insert(key, value),
        };
        assert_eq!(stored, expected);
        self.stored(key, value, ttl, stored);
    }

    /// What becomes of it.
    fn expected(&self, key: u8, value: Value, ttl: Option<Duration>) -> Stored {
        let is_heavy = matches!(self.config.bound, Bound::Weight(most) if self.weigh(value) > most);
        match ttl.or(value.own) {
            _ if self.config.mode == CacheMode::Disabled => Stored::Disabled,
            _ if is_heavy => Stored::TooHeavy,
            Some(Duration::ZERO) => Stored::Expired,
            _ if self.live(key).is_some() => Stored::Replaced,
            _ => Stored::New,
        }
    }

    fn stored(&mut self, key: u8, value: Value, ttl: Option<Duration>, stored: Stored) {
        let causes = [Removal::Evicted, Removal::Expired, Removal::Replaced, Removal::TooHeavy];
        self.hear(Some((key, value, stored)), &causes);
        assert!(!self.entries.contains_key(&key), "{key} is there twice");
        if stored.is_stored() {
            let born = Instant::now();
            let ttl = ttl.or(value.own).or(self.config.ttl);
            let until = ttl.map(|ttl| born + ttl);
            let is_timed = self.always() || until.is_some();
            let turn = self.turn;
            let entry = Entry { value, born, is_timed, until, touched: born, turn };
            self.entries.insert(key, entry);
        }
    }

    fn compute(&mut self, key: u8, weight: Option<u32>) {
        let entry = self.live(key);
        let new = weight.map(|weight| self.value(weight, None));
        let given = self.given(entry).map(|entry| entry.value);
        let is_kept = given.is_some_and(|value| value.number % 2 == 1);
        let is_new = new.filter(|_| !is_kept);
        let expected = is_new.map(|value| self.expected(key, value, None));
        let seen = self.cache.compute(key, |value| {
            assert_eq!(value, given);
            match new {
                _ if is_kept => Change::Keep,
                Some(value) => Change::Put(value),
                None => Change::Remove,
            }
        });
        match (is_new, expected) {
            (Some(value), Some(stored)) => {
                assert_eq!(seen, stored.is_stored().then_some(value));
                self.stored(key, value, None, stored);
            }
            _ if is_kept => assert_eq!(seen, given),
            _ => {
                assert_eq!(seen, None);
                self.take_out(key, entry);
            }
        }
    }

    fn invalidate_if(&mut self, by: u32) {
        let is_meant = |value: &Value| value.weight % by == 0;
        let live = self.entries.values().filter(|entry| self.is_live(entry));
        let expected = live.filter(|entry| is_meant(&entry.value)).count();
        assert_eq!(self.cache.invalidate_if(|_, value| is_meant(value)), expected);
        self.hear(None, &[Removal::Removed, Removal::Expired]);
        let left = self.entries.values().filter(|entry| self.is_live(entry));
        assert!(left.into_iter().all(|entry| !is_meant(&entry.value)));
    }

    /// A key was taken out, of which this was the live entry.
    fn take_out(&mut self, key: u8, entry: Option<Entry>) {
        self.hear(None, &[if entry.is_some() { Removal::Removed } else { Removal::Expired }]);
        assert!(!self.entries.contains_key(&key), "{key} is there still");
    }

    /// Believes the listener, as far as he may have been told that.
    fn hear(&mut self, new: Option<(u8, Value, Stored)>, causes: &[Removal]) {
        let mut was_told_of_new = false;
        let told = take(&mut *self.told.lock().unwrap());
        for (key, value, cause) in told {
            assert!(causes.contains(&cause), "{key} is not to be {cause:?}");
            if new.is_some_and(|(_, new, _)| new == value) {
                let stored = new.map(|(_, _, stored)| stored);
                let refused = match cause {
                    Removal::TooHeavy => Stored::TooHeavy,
                    _ if self.config.mode == CacheMode::Disabled => Stored::Disabled,
                    _ => Stored::Expired,
                };
                assert_eq!((stored, was_told_of_new), (Some(refused), false));
                was_told_of_new = true;
                continue;
            }
            let entry = self.entries.get(&key).copied().filter(|entry| entry.value == value);
            let entry = entry.unwrap_or_else(|| panic!("{key} was not there, or is told of twice"));
            match cause {
                Removal::Expired => assert!(!self.is_live(&entry), "{key} is alive"),
                Removal::Replaced => {
                    assert!(self.is_live(&entry), "{key} had expired");
                    assert_eq!(new.map(|(key, ..)| key), Some(key));
                }
                Removal::Evicted if self.config.eviction == Eviction::Lru => {
                    let first = self.entries.values().map(|entry| entry.turn).min();
                    assert_eq!(Some(entry.turn), first, "{key} was asked for after another");
                }
                _ => {}
            }
            self.entries.remove(&key);
        }
        let is_refused = new.is_some_and(|(_, _, stored)| !stored.is_stored());
        assert_eq!(is_refused, was_told_of_new, "a refused value is told of");
    }

    fn weigh(&self, value: Value) -> u64 {
        match self.config.bound {
            Bound::Weight(_) => u64::from(value.weight.max(1)),
            _ => 1,
        }
    }

    fn check(&self) {
        let weight: u64 = self.entries.values().map(|entry| self.weigh(entry.value)).sum();
        let snapshot = self.cache.snapshot();
        assert_eq!((snapshot.total_weight, self.cache.weight()), (weight, weight));
        let entries = self.entries.len() as u64;
        assert_eq!((snapshot.total_entries, self.cache.len() as u64), (entries, entries));
        let live = self.entries.values().filter(|entry| self.is_live(entry)).count() as u64;
        assert_eq!(snapshot.active_entries, live);
        match self.config.bound {
            Bound::Entries(most) => assert!(entries <= most),
            Bound::Weight(most) => assert!(weight <= most),
            _ => unreachable!("there are two"),
        }
        let totals = snapshot.totals;
        assert_eq!(
            (totals.hits, totals.misses, totals.stale),
            (self.hits, self.misses, self.stale)
        );
    }
}
