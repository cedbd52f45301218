//! Loads, as they come and go: whoever waits has an answer in the end, and nobody has an old one.

use std::{
    collections::HashMap,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use buttress::{
    Error, Refusal,
    cache::{Cache, Config, Hit, Loaded},
    testing::Polls,
};
use futures::FutureExt;
use proptest::prelude::*;
use tokio::{
    task::{JoinHandle, yield_now},
    time::{Instant, sleep},
};

use super::times_of_loads;
use crate::{MILLISECOND, cases, paused};

const KEYS: u8 = 4;

#[derive(Clone, Debug)]
enum Step {
    Ask(u8, Load, How),
    AskMany(Vec<u8>, Load, How),
    Clear,
    /// Whoever asked that long ago goes away.
    Drop(usize),
    Insert(u8),
    Invalidate(u8),
    InvalidateNone,
    Sleep(u32),
    Yield,
}

/// What a load comes to, if it is begun, and after how many milliseconds.
#[derive(Clone, Copy, Debug)]
struct Load {
    takes: u32,
    ends: End,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Good,
    /// Good for those who wait, or nothing is said of it.
    Unsaid,
    Fails,
    Panics,
}

/// Whether whoever asks is polled, or only kept for later.
#[derive(Clone, Copy, Debug)]
enum How {
    Polled,
    Kept,
}

/// A value says which load or insert it came of; so does an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Value {
    key: u8,
    number: u64,
}

type Down = Error<u64>;
type Pages = Cache<u8, Value>;
/// Those who ask for one key share loads, and those who ask for many.
const KINDS: usize = 2;

#[derive(Default)]
struct World {
    number: u64,
    /// What was said of a key last: whatever has a lesser number is out of date.
    valid_from: [u64; KEYS as usize],
    under_way: [[Option<u64>; KINDS]; KEYS as usize],
    failed: [Option<Instant>; KEYS as usize],
    born: HashMap<u64, Instant>,
    begun: u64,
    alive: u64,
    panics: u64,
    drops: u64,
}

#[derive(Clone)]
struct Game {
    config: Config,
    world: Arc<Mutex<World>>,
    work: Polls,
    callers: Polls,
}

/// The load of a key, from its beginning to whatever end it has.
struct Running {
    game: Game,
    key: u8,
    kind: usize,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut world = self.game.world();
        world.alive -= 1;
        let slot = &mut world.under_way[usize::from(self.key)][self.kind];
        if *slot == Some(self.number) {
            *slot = None;
        }
    }
}

impl Running {
    /// It ends so.
    fn end(&self, end: End) -> Result<Value, u64> {
        let Self { key, kind, number, .. } = *self;
        let mut world = self.game.world();
        let at = usize::from(key);
        match end {
            End::Good | End::Unsaid => {
                world.born.insert(number, Instant::now());
                Ok(Value { key, number })
            }
            End::Fails => {
                if world.under_way[at][kind] == Some(number) {
                    world.failed[at] = Some(Instant::now());
                }
                Err(number)
            }
            End::Panics => {
                world.panics += 1;
                drop(world);
                panic!("as planned");
            }
        }
    }
}

impl Game {
    fn world(&self) -> MutexGuard<'_, World> {
        // A panic that is planned is none of the world's.
        self.world.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn begin(&self, key: u8, kind: usize) -> Running {
        let mut world = self.world();
        let (at, now) = (usize::from(key), Instant::now());
        (world.number, world.begun, world.alive) =
            (world.number + 1, world.begun + 1, world.alive + 1);
        let number = world.number;
        let former = world.under_way[at][kind].replace(number);
        assert_eq!(former, None, "{key} is loaded twice at a time");
        if let (Some(failed), Some(ttl)) = (world.failed[at], self.config.negative_ttl) {
            assert!(now >= failed + ttl, "{key} has failed only just");
        }
        drop(world);
        Running { game: self.clone(), key, kind, number }
    }

    /// Something is said of a key; the number of it.
    fn say(&self, key: u8) -> u64 {
        let (mut world, at) = (self.world(), usize::from(key));
        world.number += 1;
        (world.valid_from[at], world.failed[at]) = (world.number, None);
        world.under_way[at] = [None; KINDS];
        world.number
    }

    fn valid_from(&self, key: u8) -> u64 {
        self.world().valid_from[usize::from(key)]
    }

    /// A value that somebody gets who asked when this was what is valid.
    fn is_good(&self, key: u8, value: Value, valid_from: u64) {
        assert_eq!(value.key, key);
        assert!(value.number >= valid_from, "{key} is out of date");
    }

    fn is_good_hit(&self, key: u8, hit: &Hit<Value>, valid_from: u64) {
        self.is_good(key, hit.value, valid_from);
        let Some(age) = hit.age else { return assert!(!hit.is_stale) };
        let born = self.world().born[&hit.value.number];
        assert!(age <= Instant::now() - born);
        let Config { ttl, stale_after, grace, .. } = self.config;
        assert!(ttl.is_none_or(|ttl| age < ttl + grace), "past its grace: {age:?}");
        let is_old = stale_after.is_some_and(|after| age > after);
        assert_eq!(hit.is_stale, is_old || ttl.is_some_and(|ttl| age >= ttl));
    }

    fn is_good_error(&self, error: &Down, valid_from: u64) {
        match error {
            Error::Inner(number) => assert!(*number >= valid_from, "an error that is out of date"),
            Error::Refused(Refusal::Panicked { .. }) => assert!(self.world().panics > 0),
            Error::Refused(other) => panic!("{other}"),
        }
    }
}

/// Somebody who waits.
struct Waiter {
    kept: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    task: Option<JoinHandle<()>>,
    /// The keys it asked for in one call.
    many: Vec<u8>,
}

impl Waiter {
    fn new(waits: impl Future<Output = ()> + Send + 'static, how: How) -> Self {
        // A planned panic is whoever's who drove the load.
        let waits = AssertUnwindSafe(waits).catch_unwind().map(|ended| {
            if let Err(panic) = ended {
                let is_planned = panic.downcast_ref::<&str>() == Some(&"as planned");
                assert!(is_planned, "{:?}", panic.downcast_ref::<String>());
            }
        });
        let mut waiter = Self { kept: Some(Box::pin(waits)), task: None, many: Vec::new() };
        if matches!(how, How::Polled) {
            waiter.go();
        }
        waiter
    }

    fn go(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.task = Some(tokio::spawn(kept));
        }
    }
}

fn ask(game: &Game, cache: &Pages, key: u8, Load { takes, ends }: Load, how: How) -> Waiter {
    let valid_from = game.valid_from(key);
    let asked = cache.look_up_or_load(&key, || {
        let running = game.begin(key, 0);
        game.work.of(async move {
            sleep(takes * MILLISECOND).await;
            let loaded = Loaded::new(running.end(ends)?);
            Ok(if matches!(ends, End::Unsaid) { loaded.not_stored() } else { loaded })
        })
    });
    let (game, asked) = (game.clone(), game.callers.of(asked));
    let waits = async move {
        match asked.await {
            Ok(hit) => game.is_good_hit(key, &hit, valid_from),
            Err(error) => game.is_good_error(&error, valid_from),
        }
    };
    Waiter::new(waits, how)
}

fn ask_many(game: &Game, cache: &Pages, keys: &[u8], load: Load, how: How) -> Waiter {
    let Load { takes, ends } = load;
    let valid_from: Vec<u64> = keys.iter().map(|key| game.valid_from(*key)).collect();
    let asked = cache.load_many(keys.iter().copied(), |missing| {
        let running: Vec<_> = missing.into_iter().map(|key| game.begin(key, 1)).collect();
        game.work.of(async move {
            sleep(takes * MILLISECOND).await;
            let mut values = HashMap::new();
            for (at, running) in running.iter().enumerate() {
                if !(matches!(ends, End::Unsaid) && at % 2 == 0) {
                    values.insert(running.key, running.end(ends)?);
                }
            }
            Ok::<_, u64>(values)
        })
    });
    let many = keys.to_vec();
    let (game, keys, asked) = (game.clone(), many.clone(), game.callers.of(asked));
    let waits = async move {
        match asked.await {
            Ok(values) => {
                assert_eq!(values.len(), keys.len());
                for ((key, value), valid_from) in keys.into_iter().zip(values).zip(valid_from) {
                    if let Some(value) = value {
                        game.is_good(key, value, valid_from);
                    }
                }
            }
            Err(error) => {
                game.is_good_error(&error, valid_from.into_iter().min().unwrap_or_default());
            }
        }
    };
    Waiter { many, ..Waiter::new(waits, how) }
}

async fn nobody_is_forgotten(config: Config, steps: Vec<Step>) {
    let (work, callers) = (Polls::new(), Polls::new());
    let game = Game { config: config.clone(), world: Arc::default(), work, callers };
    let cache = Pages::new("pages", config).unwrap();
    let (mut waiters, mut asked) = (Vec::new(), 0);
    for step in steps {
        match step {
            Step::Ask(key, load, how) => waiters.push(ask(&game, &cache, key, load, how)),
            Step::AskMany(keys, load, how) => {
                waiters.push(ask_many(&game, &cache, &keys, load, how));
            }
            Step::Clear => {
                (0..KEYS).for_each(|key| _ = game.say(key));
                cache.clear();
            }
            Step::Drop(at) if !waiters.is_empty() => {
                let at = waiters.len().saturating_sub(1 + at % 8);
                let gone = waiters.swap_remove(at);
                let mut world = game.world();
                world.drops += 1;
                // With the last who waits for it a key of many is nobody's, though the call goes on for
                // the others: who asks for it next begins anew, and how it failed nobody knows.
                for key in gone.many {
                    world.under_way[usize::from(key)][1] = None;
                }
                drop(world);
                if let Some(task) = gone.task {
                    task.abort();
                }
            }
            Step::Drop(_) => {}
            Step::Insert(key) => {
                let number = game.say(key);
                game.world().born.insert(number, Instant::now());
                cache.insert(key, Value { key, number });
            }
            Step::Invalidate(key) => {
                game.say(key);
                cache.invalidate(&key);
                assert!(!cache.contains(&key));
            }
            Step::InvalidateNone => {
                // Nothing is out of date that is there; what is on its way may be.
                let mut world = game.world();
                world.under_way = Default::default();
                world.failed = Default::default();
                drop(world);
                assert_eq!(cache.invalidate_if(|_, _| false), 0);
            }
            Step::Sleep(time) => sleep(time * MILLISECOND).await,
            Step::Yield => yield_now().await,
        }
        asked = asked.max(waiters.len() as u64 + game.world().drops);
        for key in 0..KEYS {
            if let Some(value) = cache.peek(&key) {
                game.is_good(key, value, game.valid_from(key));
            }
        }
    }
    // Whoever was kept comes to life, and everybody who stayed has an answer.
    waiters.iter_mut().for_each(Waiter::go);
    sleep(Duration::from_secs(3600)).await;
    for waiter in waiters {
        let task = waiter.task.unwrap();
        assert!(task.is_finished(), "somebody waits for ever");
        task.await.unwrap();
    }
    assert_eq!((cache.snapshot().loading, game.world().alive), (0, 0));
    let World { begun, drops, .. } = *game.world();
    // One poll at the beginning, one when it wakes, and those of whoever came late or took over.
    game.work.assert_at_most(3 * begun + drops);
    game.callers.assert_at_most(4 * asked + drops);
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = || 0..KEYS;
    let ends = prop_oneof![
        5 => Just(End::Good),
        1 => Just(End::Unsaid),
        3 => Just(End::Fails),
        1 => Just(End::Panics),
    ];
    let load = (0..30_u32, ends).prop_map(|(takes, ends)| Load { takes, ends });
    let how = || prop_oneof![4 => Just(How::Polled), 1 => Just(How::Kept)];
    let keys = proptest::collection::vec(key(), 0..5);
    let step = prop_oneof![
        12 => (key(), load.clone(), how()).prop_map(|(key, load, how)| Step::Ask(key, load, how)),
        4 => (keys, load, how()).prop_map(|(keys, load, how)| Step::AskMany(keys, load, how)),
        1 => Just(Step::Clear),
        3 => any::<usize>().prop_map(Step::Drop),
        2 => key().prop_map(Step::Insert),
        2 => key().prop_map(Step::Invalidate),
        1 => Just(Step::InvalidateNone),
        6 => (0..40_u32).prop_map(Step::Sleep),
        4 => Just(Step::Yield),
    ];
    proptest::collection::vec(step, 1..80)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn whoever_waits_has_an_answer_and_nobody_an_old_one(config in times_of_loads(), steps in steps()) {
        paused(nobody_is_forgotten(config, steps));
    }
}
