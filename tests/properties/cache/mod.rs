//! The cache against naive models.

mod loads;
mod play;
mod steps;

use std::time::Duration;

use buttress::cache::{Bound, CacheMode, Config, Eviction};
use proptest::prelude::*;

use self::{
    play::play,
    steps::{Put, Step},
};
use crate::{MILLISECOND, SECOND, cases, paused};

fn times() -> impl Strategy<Value = Duration> + Clone {
    prop_oneof![
        Just(Duration::ZERO),
        Just(MILLISECOND),
        Just(SECOND),
        Just(Duration::from_secs(600)),
        (0..20_000_u64).prop_map(Duration::from_millis),
        // As far as a process gets, and further.
        Just(10 * crate::YEAR),
    ]
}

fn puts() -> impl Strategy<Value = Put> {
    let rarely = |share| proptest::option::weighted(share, times());
    (0..40_u32, rarely(0.1), rarely(0.2)).prop_map(|(weight, own, ttl)| Put { weight, own, ttl })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few, so that they meet, and some that are alone.
    let key = || prop_oneof![4 => 0..12_u8, 1 => any::<u8>()];
    let step = prop_oneof![
        8 => key().prop_map(Step::Get),
        2 => (key(), key()).prop_map(|(first, second)| Step::GetMany(first, second)),
        2 => key().prop_map(Step::LookUp),
        2 => key().prop_map(Step::LookUpStale),
        1 => key().prop_map(Step::Peek),
        1 => key().prop_map(Step::Contains),
        10 => (key(), puts()).prop_map(|(key, put)| Step::Insert(key, put)),
        2 => key().prop_map(Step::Invalidate),
        1 => key().prop_map(Step::Remove),
        2 => (key(), proptest::option::of(0..40_u32)).prop_map(|(key, new)| Step::Compute(key, new)),
        1 => (2..9_u32).prop_map(Step::InvalidateIf),
        1 => Just(Step::Clear),
        1 => Just(Step::Iterate),
        3 => times().prop_map(Step::Advance),
        1 => (0..40_usize).prop_map(Step::Maintain),
        1 => (configs(), modes(), 1..300_u64).prop_map(|(config, mode, most)| {
            Step::Reconfigure(config.with_mode(mode), most)
        }),
    ];
    proptest::collection::vec(step, 1..400)
}

fn modes() -> impl Strategy<Value = CacheMode> {
    prop_oneof![
        3 => Just(CacheMode::Enabled),
        1 => Just(CacheMode::Shadow),
        1 => Just(CacheMode::Disabled),
    ]
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
    let time = || proptest::option::of(prop_oneof![Just(SECOND), Just(Duration::from_secs(5))]);
    let grace = prop_oneof![Just(Duration::ZERO), Just(3 * SECOND), Just(Duration::from_secs(600))];
    let stale = proptest::option::weighted(0.3, Just(SECOND / 2));
    (bounds, evictions, time(), time(), grace, stale).prop_map(
        |(bound, eviction, ttl, idle, grace, stale)| {
            let mut config =
                Config::new().with_bound(bound).with_eviction(eviction).with_grace(grace);
            (config.ttl, config.idle, config.stale_after) = (ttl, idle, stale);
            config
        },
    )
}

/// Times that are about as long as loads take.
fn times_of_loads() -> impl Strategy<Value = Config> {
    let time = |most: u32| proptest::option::of((1..most).prop_map(|time| time * MILLISECOND));
    (time(100), time(50), time(60), 0..80_u32, any::<bool>()).prop_map(
        |(ttl, stale, negative, grace, detached)| {
            let mut config = Config::new().with_grace(grace * MILLISECOND).with_detached(detached);
            config.stale_after = stale.filter(|stale| ttl.is_none_or(|ttl| *stale < ttl));
            (config.ttl, config.negative_ttl) = (ttl, negative);
            config
        },
    )
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn every_answer_is_that_of_a_map_with_exact_times(config in configs(), steps in steps()) {
        paused(play(config, steps));
    }
}
