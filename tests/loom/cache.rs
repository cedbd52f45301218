//! Models of a shard that many use at once: what is said of a key while it is being loaded has the last
//! word, and nothing is counted twice.

use std::{
    any::TypeId,
    sync::{Arc, atomic::AtomicUsize},
    task::{Context, Poll, Waker},
};

use loom::thread;

use super::{
    config::{Config, Eviction, Plan},
    loading::{Begun, Waiting, Wanted},
    removal::Removal,
    shared::{Shared, Told, Weigher},
    stored::{Loaded, Stored},
};
use crate::ground::{name::Name, sync::atomic::Ordering};

const KEY: u8 = 7;
const HASH: u64 = 7;

/// What the models share: a cache of one shard, and how many values are gone.
#[derive(Clone)]
struct Model {
    cache: Arc<Shared<u8, u8>>,
    gone: Arc<AtomicUsize>,
    began: Arc<AtomicUsize>,
}

impl Model {
    fn new(config: Config) -> Self {
        let gone = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&gone);
        let told = Told {
            listener: Some(Arc::new(move |_: &u8, _: &u8, _: Removal| {
                counter.fetch_add(1, Ordering::Relaxed);
            })),
            ..Told::nothing()
        };
        let plan: Plan = config.parse().expect("it is right");
        let cache = Arc::new(Shared::new(Name::Static("model"), plan, told));
        // Made once by whoever is first, which loom cannot see.
        cache.loads();
        Self { cache, gone, began: Arc::default() }
    }

    /// Asks for the key. Its load is over when it is polled first, and gives this.
    fn load(&self, value: u8) -> Waiting<u8, u8> {
        self.cache.get(HASH, |key| *key == KEY);
        let wanted = Wanted { hash: HASH, key: &KEY, kind: TypeId::of::<()>() };
        let load = || {
            self.began.fetch_add(1, Ordering::Relaxed);
            async move { Ok::<_, ()>(Loaded::new(value)) }
        };
        match self.cache.load(&wanted, || KEY, load) {
            Begun::Waits(waiting) => waiting,
            _ => unreachable!("there is room"),
        }
    }

    fn get(&self) -> Option<u8> {
        self.cache.get(HASH, |key| *key == KEY)
    }

    fn insert(&self, value: u8) -> Stored {
        self.cache.insert(HASH, KEY, value, None)
    }

    fn invalidate(&self) -> bool {
        let mut removed = super::removal::Removed::new();
        self.cache.void(HASH, |key| *key == KEY);
        let was_there =
            self.cache.take_out(HASH, |key| *key == KEY, Removal::Removed, &mut removed);
        self.cache.tell(removed);
        was_there
    }

    /// Everybody has gone: what was written is there or was told of, and no load is left.
    fn check(&self) {
        let shard = self.cache.shard(HASH).lock();
        let (len, written) = (shard.len(), shard.counts().inserted);
        drop(shard);
        assert_eq!(len as u64 + self.gone.load(Ordering::Relaxed) as u64, written);
        assert_eq!(self.cache.room.taken(), len as u64);
        assert_eq!(self.cache.loads().flights.in_flight(), 0);
    }
}

/// Polls a load whose work never waits.
fn drive(mut waiting: Waiting<u8, u8>) -> Option<u8> {
    match waiting.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(Ok(hit))) => Some(hit.value),
        _ => None,
    }
}

/// Where more than two are preempted nothing new happens, and it takes minutes.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(run);
}

/// A load that began before is over while somebody takes the key out.
#[test]
fn what_is_taken_out_does_not_come_back_from_a_load() {
    model(|| {
        let model = Model::new(Config::entries(2));
        let load = model.load(1);
        let other = model.clone();
        let driver = thread::spawn(move || drive(load));
        other.invalidate();
        assert_eq!(model.get(), None, "it was on its way before");
        assert_eq!(driver.join().expect("no panic"), Some(1));
        assert_eq!(model.get(), None);
        model.check();
    });
}

/// A load begins, and ends, while somebody writes the key: he has the last word wherever it begins.
#[test]
fn what_is_written_is_not_undone_by_a_load() {
    model(|| {
        let model = Model::new(Config::entries(2));
        let other = model.clone();
        let driver = thread::spawn(move || {
            let load = other.load(1);
            drive(load)
        });
        model.insert(9);
        assert_eq!(model.get(), Some(9));
        let loaded = driver.join().expect("no panic");
        assert!(matches!(loaded, Some(1 | 9)));
        assert_eq!(model.get(), Some(9));
        model.check();
    });
}

/// One writes, one takes out and one looks: each value is told of once.
#[test]
fn a_value_goes_once() {
    model(|| {
        let model = Model::new(Config::entries(1));
        model.insert(1);
        let (writes, takes) = (model.clone(), model.clone());
        let writes = thread::spawn(move || writes.insert(2));
        let takes = thread::spawn(move || takes.invalidate());
        let seen = model.get();
        let stored = writes.join().expect("no panic");
        let was_there = takes.join().expect("no panic");
        assert!(was_there, "one of the two");
        assert!(matches!(seen, None | Some(1 | 2)));
        assert!(stored.is_stored());
        assert!(matches!(model.get(), None | Some(2)));
        model.check();
    });
}

/// Two ask for what is not there, and drive what they find.
#[test]
fn two_who_miss_at_once_load_once_and_have_the_same() {
    model(|| {
        let model = Model::new(Config::entries(2));
        let other = model.clone();
        let theirs = thread::spawn(move || {
            let load = other.load(1);
            drive(load)
        });
        let mine = drive(model.load(2));
        let theirs = theirs.join().expect("no panic");
        // Who is polled while the other drives waits to be woken: here he goes away.
        let mut answers = mine.into_iter().chain(theirs);
        let first = answers.next();
        assert!(first.is_some() && answers.all(|answer| Some(answer) == first));
        assert_eq!(model.began.load(Ordering::Relaxed), 1);
        assert_eq!(model.get(), first);
        model.check();
    });
}

/// Two new keys, and room for one.
#[test]
fn there_is_never_more_than_there_is_room_for() {
    model(|| {
        let model = Model::new(Config::entries(1));
        let other = model.clone();
        let theirs = thread::spawn(move || other.cache.insert(9, 9, 9, None));
        let mine = model.insert(1);
        assert!(mine.is_stored() && theirs.join().expect("no panic").is_stored());
        assert_eq!(model.cache.len(), 1);
        model.check();
    });
}

/// Somebody has more room in his hand than he needs, and the bound falls to less than that.
#[test]
fn a_bound_that_falls_holds_whoever_has_room_in_his_hand() {
    model(|| {
        let config = |weight| Config::weight(weight).with_eviction(Eviction::Lru);
        let weigher: Arc<Weigher<u8, u8>> = Arc::new(|_: &u8, weight: &u8| u32::from(*weight));
        let told = Told { weigher: Some(weigher), ..Told::nothing() };
        let plan = |weight| config(weight).parse().expect("it is right");
        let cache = Arc::new(Shared::new(Name::Static("model"), plan(5), told));
        cache.insert(9, 9, 5, None);
        let other = Arc::clone(&cache);
        let writes = thread::spawn(move || other.insert(HASH, KEY, 2, None));
        cache.reconfigure(plan(1)).expect("it may be changed so");
        writes.join().expect("no panic");
        assert!(cache.room.taken() <= 1, "{}", cache.room.taken());
    });
}
