//! Whatever is done to a cache, it answers as a map with exact times: the model of `tests/properties`.
//!
//! ```text
//! cd tests && cargo +nightly fuzz run --fuzz-dir fuzz cache
//! ```
#![no_main]

#[path = "../../properties/cache/play.rs"]
mod play;
#[path = "../../properties/cache/steps.rs"]
mod steps;

use std::time::Duration;

use buttress::cache::{Bound, Config, Eviction};
use libfuzzer_sys::{arbitrary::Unstructured, fuzz_target};
use play::play;
use steps::{Put, Step};

/// As long as one hardly gets by with random numbers alone: nothing, edges, years.
fn time(byte: u8) -> Duration {
    match byte {
        0 => Duration::ZERO,
        1..=63 => Duration::from_millis(byte.into()),
        64..=191 => Duration::from_millis(u64::from(byte - 63) * 250),
        192..=247 => Duration::from_secs(1 << ((byte - 192) / 2)),
        _ => Duration::from_secs(10 * 365 * 86_400),
    }
}

fn rarely(byte: u8) -> Option<Duration> {
    (byte >= 128).then(|| time((byte - 128) * 2))
}

fn config(input: &mut Unstructured<'_>) -> Option<Config> {
    let [kind, bound, ttl, idle, grace, stale] = input.arbitrary().ok()?;
    let some = |byte| rarely(byte).filter(|time| !time.is_zero());
    let bound = u64::from(bound) + 1;
    let mut config = match kind & 1 {
        0 => Config::entries(bound * if kind & 2 == 0 { 1 } else { 8 }),
        _ => Config::weight(bound * 10),
    };
    if kind & 4 == 0 {
        config = config.with_eviction(Eviction::Lru);
    }
    (config.ttl, config.idle, config.stale_after) = (some(ttl), some(idle), some(stale));
    config.stale_after =
        config.stale_after.filter(|stale| config.ttl.is_none_or(|ttl| *stale < ttl));
    debug_assert!(matches!(config.bound, Bound::Entries(1..) | Bound::Weight(1..)));
    Some(config.with_grace(rarely(grace).unwrap_or_default()))
}

fn step(input: &mut Unstructured<'_>) -> Option<Step> {
    let [kind, key, number, own, ttl]: [u8; 5] = input.arbitrary().ok()?;
    let weight = u32::from(number);
    Some(match kind % 24 {
        0..=3 => Step::Get(key),
        4 => Step::GetMany(key, number),
        5 => Step::LookUp(key),
        6 => Step::LookUpStale(key),
        7 => Step::Peek(key),
        8 => Step::Contains(key),
        9..=14 => {
            let put = Put { weight, own: rarely(own), ttl: rarely(ttl) };
            Step::Insert(key, put)
        }
        15 => Step::Invalidate(key),
        16 => Step::Remove(key),
        17 => Step::Compute(key, (number < 128).then_some(weight)),
        18 => Step::InvalidateIf(weight % 7 + 2),
        19 if number < 32 => Step::Clear,
        19 => Step::Iterate,
        20 => Step::Maintain(number.into()),
        21 if number < 64 => Step::Reconfigure(config(input)?, u64::from(number) + 1),
        _ => Step::Advance(time(number)),
    })
}

fuzz_target!(|input: &[u8]| {
    let mut input = Unstructured::new(input);
    let Some(config) = config(&mut input) else { return };
    let steps = std::iter::from_fn(|| if input.is_empty() { None } else { step(&mut input) });
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let Ok(runtime) = runtime.enable_time().start_paused(true).build() else { return };
    runtime.block_on(play(config, steps));
});
