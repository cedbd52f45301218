//! Two processes, one store, loads and removals in any order, failures wherever they hurt: nobody ends
//! with a value of before a removal that he has made, or that the store was told.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use buttress::cache::{
    Cache, Config,
    tier::{TierFailure, Tiered},
};
use proptest::{collection::vec, prelude::*, test_runner::TestCaseResult};

#[path = "../behaviour/cache/tier/shelf.rs"]
#[allow(dead_code, reason = "behaviour asks more of it")]
mod shelf;

use crate::cases;
use shelf::{Key, Shelf};

const KEYS: u8 = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Who, what, and how long the loader takes.
    Load(usize, Key, u64),
    LoadMany(usize, u64),
    /// What is loaded from now on is another value, and this one says so.
    Change(usize, Key),
    ChangeAll(usize),
    /// The store fails the next time it is asked this.
    Fail(&'static str),
    /// Nothing is heard for a while.
    Deafen,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let what = prop::sample::select(vec!["get", "claim", "claim_many", "put", "remove", "clear"]);
    let step = prop_oneof![
        6 => (0..2_usize, 0..KEYS, 0..40_u64).prop_map(|(who, key, time)| Step::Load(who, key, time)),
        1 => (0..2_usize, 0..40_u64).prop_map(|(who, time)| Step::LoadMany(who, time)),
        4 => (0..2_usize, 0..KEYS).prop_map(|(who, key)| Step::Change(who, key)),
        1 => (0..2_usize).prop_map(Step::ChangeAll),
        2 => what.prop_map(Step::Fail),
        1 => Just(Step::Deafen),
    ];
    vec((0..30_u64, step), 1..40)
}

/// What is true, and what was said of it.
#[derive(Default)]
struct World {
    /// The value of each key.
    truth: RefCell<[u32; KEYS as usize]>,
    /// The value that each process at least knows of.
    known: RefCell<[[u32; KEYS as usize]; 2]>,
    /// The value that the store was told of.
    told: RefCell<[u32; KEYS as usize]>,
    /// What is under way.
    busy: Cell<usize>,
}

impl World {
    fn change(&self, who: usize, key: Key) -> u32 {
        let at = usize::from(key);
        let value = self.truth.borrow()[at] + 1;
        self.truth.borrow_mut()[at] = value;
        self.known.borrow_mut()[who][at] = value;
        value
    }

    fn tell(&self, key: Key, value: u32) {
        let told = &mut self.told.borrow_mut()[usize::from(key)];
        *told = value.max(*told);
    }
}

/// Loaders are sent to wherever the load is; what they ask of the world they ask of this.
#[derive(Clone)]
struct Oracle(std::sync::Arc<[std::sync::atomic::AtomicU32; KEYS as usize]>);

impl Oracle {
    async fn load(self, key: Key, time: u64) -> u32 {
        let value = self.0[usize::from(key)].load(std::sync::atomic::Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(time)).await;
        value
    }
}

type Numbers = Tiered<Key, u32, Shelf>;

async fn play(steps: Vec<(u64, Step)>, slow: [u64; 2]) -> TestCaseResult {
    let shelf = Shelf::listening();
    let oracle = Oracle(std::sync::Arc::default());
    let process = |shelf: Shelf| -> Rc<Numbers> {
        Rc::new(Cache::new("numbers", Config::new()).unwrap().over(shelf))
    };
    let [first, second] = slow.map(Duration::from_millis);
    let processes =
        [process(shelf.clone().slow(first)), process(shelf.of_another_process().slow(second))];
    let world = Rc::new(World::default());
    for (pause, step) in steps {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let (world, oracle, processes) = (Rc::clone(&world), oracle.clone(), processes.clone());
        world.busy.set(world.busy.get() + 1);
        let publish = {
            let (world, oracle) = (Rc::clone(&world), oracle.clone());
            move |key: Key| {
                let truth = world.truth.borrow()[usize::from(key)];
                oracle.0[usize::from(key)].store(truth, std::sync::atomic::Ordering::SeqCst);
            }
        };
        match step {
            Step::Fail(what) => shelf.fails(what, TierFailure::TimedOut),
            Step::Deafen => shelf.deafen(),
            Step::Change(who, key) => {
                let value = world.change(who, key);
                publish(key);
                let world = Rc::clone(&world);
                tokio::task::spawn_local(async move {
                    if processes[who].invalidate(&key).await.is_ok() {
                        world.tell(key, value);
                    }
                    world.busy.set(world.busy.get() - 1);
                });
                continue;
            }
            Step::ChangeAll(who) => {
                let values: Vec<u32> = (0..KEYS).map(|key| world.change(who, key)).collect();
                (0..KEYS).for_each(publish);
                let world = Rc::clone(&world);
                tokio::task::spawn_local(async move {
                    if processes[who].clear().await.is_ok() {
                        (0..KEYS).zip(values).for_each(|(key, value)| world.tell(key, value));
                    }
                    world.busy.set(world.busy.get() - 1);
                });
                continue;
            }
            Step::Load(who, key, time) => {
                let world = Rc::clone(&world);
                tokio::task::spawn_local(async move {
                    let load = move || oracle.load(key, time);
                    let _ = processes[who].get_or_load(&key, load).await;
                    world.busy.set(world.busy.get() - 1);
                });
                continue;
            }
            Step::LoadMany(who, time) => {
                let world = Rc::clone(&world);
                tokio::task::spawn_local(async move {
                    let load = move |keys: Vec<Key>| async move {
                        let mut loaded = Vec::new();
                        for key in keys {
                            loaded.push((key, oracle.clone().load(key, time / 3).await));
                        }
                        Ok::<_, ()>(loaded)
                    };
                    let _ = processes[who].load_many(0..KEYS, load).await;
                    world.busy.set(world.busy.get() - 1);
                });
                continue;
            }
        }
        world.busy.set(world.busy.get() - 1);
    }
    while world.busy.get() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    shelf.recovers();
    // Who was deaf hears again by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for key in 0..KEYS {
        let at = usize::from(key);
        let told = world.told.borrow()[at];
        if let Some(value) = shelf.value(key) {
            prop_assert!(value >= told, "the store has {value} of {key}, and was told {told}");
        }
        for (who, process) in processes.iter().enumerate() {
            let least = told.max(world.known.borrow()[who][at]);
            if let Some(value) = process.cache().peek(&key) {
                prop_assert!(value >= least, "{who} has {value} of {key} where {least} is known");
            }
            if let Some(value) = process.get(&key).await {
                prop_assert!(value >= least, "{who} finds {value} of {key} where {least} is known");
            }
        }
    }
    for process in &processes {
        prop_assert_eq!(process.snapshot().cache.loading, 0);
    }
    Ok(())
}

fn run(steps: Vec<(u64, Step)>, slow: [u64; 2]) -> TestCaseResult {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, play(steps, slow))
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn nothing_is_found_that_is_older_than_what_was_said(
        steps in steps(),
        slow in [0..25_u64, 0..25_u64],
    ) {
        run(steps, slow)?;
    }
}

/// Round numbers: each moment of a load, and a removal by either at that moment.
#[test]
fn a_removal_at_every_moment_of_a_load() {
    for slow in [[0, 0], [10, 10], [10, 1], [1, 10]] {
        for many in [false, true] {
            for who in 0..2 {
                for moment in 0..60 {
                    let load = if many { Step::LoadMany(0, 10) } else { Step::Load(0, 1, 10) };
                    let steps = [
                        // Both hear from here on.
                        (0, Step::Load(0, 2, 0)),
                        (0, Step::Load(1, 2, 0)),
                        (200, load),
                        (moment, Step::Change(who, 1)),
                        (0, Step::Load(1, 1, 10)),
                    ];
                    run(steps.to_vec(), slow).unwrap();
                }
            }
        }
    }
}
