//! The cache against a map that never forgets: what it gives out is what was last written, no older than
//! it may be, and never more of it than there is room for.

use std::{collections::HashMap, future::Future, time::Duration};

use buttress::cache::{Bound, Cache, Config, Eviction};
use proptest::prelude::*;
use tokio::time::{Instant, advance};

use crate::{MILLISECOND, SECOND, cases};

#[derive(Clone, Debug)]
enum Step {
    Advance(Duration),
    Clear,
    Get(u8),
    Insert(u8, u32, Option<Duration>),
    Invalidate(u8),
    InvalidateIf(u32),
    Maintain(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let times = prop_oneof![
        Just(Duration::ZERO),
        Just(MILLISECOND),
        Just(SECOND),
        Just(Duration::from_secs(600)),
        (0..20_000_u64).prop_map(Duration::from_millis),
    ];
    let step = prop_oneof![
        8 => any::<u8>().prop_map(Step::Get),
        8 => (any::<u8>(), 1..40_u32, proptest::option::weighted(0.2, times.clone()))
            .prop_map(|(key, weight, ttl)| Step::Insert(key, weight, ttl)),
        2 => any::<u8>().prop_map(Step::Invalidate),
        1 => (2..9_u32).prop_map(Step::InvalidateIf),
        1 => Just(Step::Clear),
        2 => times.prop_map(Step::Advance),
        1 => (0..40_usize).prop_map(Step::Maintain),
    ];
    proptest::collection::vec(step, 1..400)
}

fn configs() -> impl Strategy<Value = Config> {
    let bounds = prop_oneof![
        (1..300_u64).prop_map(Bound::Entries),
        Just(Bound::Entries(1)),
        Just(Bound::Entries(1024)),
        (1..3000_u64).prop_map(Bound::Weight),
        Just(Bound::Weight(1 << 20)),
    ];
    let evictions = prop_oneof![Just(Eviction::Admission), Just(Eviction::Lru)];
    let times = || proptest::option::of(prop_oneof![Just(SECOND), Just(Duration::from_secs(5))]);
    (bounds, evictions, times(), times()).prop_map(|(bound, eviction, ttl, idle)| {
        let mut config = Config::new().with_bound(bound).with_eviction(eviction);
        (config.ttl, config.idle) = (ttl, idle);
        config
    })
}

/// What was written, until when it may be given out, and when it was last asked for.
type Model = HashMap<u8, (u32, Option<Instant>, Instant)>;

async fn agrees(config: Config, steps: Vec<Step>) {
    let cache = Cache::<u8, u32>::new("cache", config.clone()).unwrap();
    let cache = cache.with_weigher(|_, weight| *weight);
    let mut model = Model::new();
    for step in steps {
        let now = Instant::now();
        let live = |(_, until, touched): &(u32, Option<Instant>, Instant)| {
            until.is_none_or(|until| now < until)
                && config.idle.is_none_or(|idle| now < *touched + idle)
        };
        match step {
            Step::Advance(time) => advance(time).await,
            Step::Clear => {
                cache.clear();
                model.clear();
                assert_eq!((cache.len(), cache.weight()), (0, 0));
            }
            Step::Get(key) => match (cache.get(&key), model.get_mut(&key)) {
                (None, _) => {}
                (Some(value), Some(entry)) => {
                    assert!(live(entry), "{key} should have expired");
                    assert_eq!(value, entry.0);
                    entry.2 = now;
                }
                (Some(_), None) => panic!("{key} was never written, or was taken out"),
            },
            Step::Insert(key, value, ttl) => {
                let stored = cache.insert_opt(key, value, ttl);
                let until = ttl.or(config.ttl).map(|ttl| now + ttl);
                model.insert(key, (value, until, now));
                let fits = !matches!(config.bound, Bound::Weight(most) if u64::from(value) > most);
                assert_eq!(stored, fits && ttl != Some(Duration::ZERO));
                assert_eq!(cache.peek(&key), stored.then_some(value), "written is there");
            }
            Step::Invalidate(key) => {
                let was_there = cache.invalidate(&key);
                assert!(!was_there || live(&model[&key]));
                model.remove(&key);
            }
            Step::InvalidateIf(by) => {
                cache.invalidate_if(|_, value| value % by == 0);
                model.retain(|_, entry| entry.0 % by != 0 || !live(entry));
                assert!(cache.iter().all(|(_, value)| value % by != 0));
            }
            Step::Maintain(most) => drop(cache.maintain(most)),
        }
        let snapshot = cache.snapshot();
        let totals = snapshot.totals;
        let gone = totals.evicted + totals.removed + totals.replaced;
        assert!(snapshot.total_entries <= totals.inserted - gone);
        match config.bound {
            Bound::Entries(most) => assert!(snapshot.total_entries <= most),
            Bound::Weight(most) => assert!(cache.weight() <= most),
            _ => unreachable!("there are two"),
        }
        if totals.evicted == 0 {
            // Nobody went for want of room: everybody who may be there is.
            let now = Instant::now();
            for (key, (value, until, touched)) in &model {
                let live = until.is_none_or(|until| now < until)
                    && config.idle.is_none_or(|idle| now < *touched + idle);
                let fits = !matches!(config.bound, Bound::Weight(most) if u64::from(*value) > most);
                assert_eq!(cache.peek(key), (live && fits).then_some(*value), "{key}");
            }
        }
    }
}

trait InsertOpt {
    fn insert_opt(&self, key: u8, value: u32, ttl: Option<Duration>) -> bool;
}

impl InsertOpt for Cache<u8, u32> {
    fn insert_opt(&self, key: u8, value: u32, ttl: Option<Duration>) -> bool {
        match ttl {
            Some(ttl) => self.insert_with_ttl(key, value, ttl).is_stored(),
            None => self.insert(key, value).is_stored(),
        }
    }
}

fn paused(run: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(run);
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn what_is_given_out_is_what_was_last_written(config in configs(), steps in steps()) {
        paused(agrees(config, steps));
    }
}
