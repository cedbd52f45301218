//! Hit ratios: the same traces through our cache and its peers, between the best that there is (Belady,
//! who knows the future) and plain LRU.
//!
//! ```text
//! buttress-peers hit_ratio                       # traces made up here
//! buttress-peers hit_ratio --size=1000 FILE...   # recorded ones
//! ```
//!
//! A recorded trace is a text file: a line holds a key (LIRS), or a first block, how many blocks, and
//! what else the ARC format has there. Lines that begin with neither are skipped.

use std::collections::{BinaryHeap, HashMap};
use std::io;

use buttress::cache::{Cache, Config, Eviction};

use crate::cache::{Random, zipf};

/// A name and the keys that are asked for, in order.
type Trace = (String, Vec<u64>);

/// Whom the traces go through.
const NAMES: [&str; 6] = ["optimal", "lru", "buttress", "buttress.lru", "quick_cache", "moka"];

/// Prints a line for each trace and size, and what is left of them in the end.
pub fn run(arguments: &[String]) -> io::Result<()> {
    let (flags, files): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|argument| argument.starts_with("--"));
    let sizes = flags.iter().filter_map(|flag| flag.strip_prefix("--size=")?.parse().ok());
    let mut sizes: Vec<usize> = sizes.collect();
    let traces = if files.is_empty() {
        made_up()
    } else {
        files.into_iter().map(|file| recorded(file)).collect::<io::Result<_>>()?
    };
    if sizes.is_empty() {
        sizes = vec![500, 2_000, 8_000];
    }
    println!("{:28}{}", "trace/size", NAMES.map(|name| format!("{name:>13}")).concat());
    let (mut sums, mut worst, mut count) = ([0.0; NAMES.len()], [0.0_f64; NAMES.len()], 0.0);
    for (name, keys) in &traces {
        for &size in &sizes {
            let ratios = ratios(keys, size);
            println!("{:28}{}", format!("{name}/{size}"), line(ratios));
            for at in 0..NAMES.len() {
                sums[at] += ratios[at];
                worst[at] = worst[at].min(ratios[at] - ratios[1]);
            }
            count += 1.0;
        }
    }
    println!("{:28}{}", "mean", line(sums.map(|sum| sum / count)));
    println!("{:28}{}", "worst against lru", line(worst));
    Ok(())
}

fn line(ratios: [f64; NAMES.len()]) -> String {
    ratios.map(|ratio| format!("{ratio:13.2}")).concat()
}

fn ratios(keys: &[u64], size: usize) -> [f64; NAMES.len()] {
    let ours = |eviction| {
        let config = Config::entries(size as u64).with_eviction(eviction);
        let cache = Cache::new("cache", config).expect("a size above nought");
        percent(keys, |key| {
            let hit = cache.get(&key).is_some();
            if !hit {
                cache.insert(key, ());
            }
            hit
        })
    };
    let mut lru = lru::LruCache::new(size.try_into().expect("a size above nought"));
    let lru = percent(keys, |key| {
        let hit = lru.get(&key).is_some();
        if !hit {
            lru.put(key, ());
        }
        hit
    });
    let quick = quick_cache::sync::Cache::new(size);
    let quick = percent(keys, |key| {
        let hit = quick.get(&key).is_some();
        if !hit {
            quick.insert(key, ());
        }
        hit
    });
    let moka = moka::sync::Cache::new(size as u64);
    let moka = percent(keys, |key| {
        let hit = moka.get(&key).is_some();
        if !hit {
            moka.insert(key, ());
        }
        hit
    });
    [optimal(keys, size), lru, ours(Eviction::Admission), ours(Eviction::Lru), quick, moka]
}

fn percent(keys: &[u64], mut ask: impl FnMut(u64) -> bool) -> f64 {
    let hits = keys.iter().filter(|key| ask(**key)).count();
    hits as f64 / keys.len() as f64 * 100.0
}

/// Whoever is needed last goes, be it the new one.
fn optimal(keys: &[u64], size: usize) -> f64 {
    let mut next = vec![usize::MAX; keys.len()];
    let mut last = HashMap::new();
    for (at, key) in keys.iter().enumerate().rev() {
        if let Some(later) = last.insert(*key, at) {
            next[at] = later;
        }
    }
    let (mut held, mut queue, mut hits) = (HashMap::new(), BinaryHeap::new(), 0);
    for (at, key) in keys.iter().enumerate() {
        hits += usize::from(held.insert(*key, next[at]).is_some());
        queue.push((next[at], *key));
        while held.len() > size {
            let Some((when, key)) = queue.pop() else { break };
            if held.get(&key) == Some(&when) {
                held.remove(&key);
            }
        }
    }
    hits as f64 / keys.len() as f64 * 100.0
}

fn recorded(file: &str) -> io::Result<Trace> {
    let mut keys = Vec::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let mut words = line.split_whitespace().map_while(|word| word.parse::<u64>().ok());
        match (words.next(), words.next()) {
            (Some(first), Some(blocks)) => {
                keys.extend((0..blocks.min(1 << 20)).map(|at| first + at))
            }
            (Some(key), None) => keys.push(key),
            (None, _) => {}
        }
    }
    Ok((file.rsplit('/').next().unwrap_or(file).to_owned(), keys))
}

/// A million requests each, of the kinds that policies have trouble with.
fn made_up() -> Vec<Trace> {
    const LENGTH: u64 = 1_000_000;

    let mut random = Random::new(7);
    let drawn = |keys, skew, seed| {
        let draws = zipf(keys, skew, seed);
        (0..LENGTH as usize).map(move |at| u64::from(draws[at]))
    };
    let mut traces: Vec<Trace> = Vec::new();
    for skew in [0.8, 0.99, 1.1] {
        traces.push((format!("zipf {skew}"), drawn(100_000, skew, 1).collect()));
    }
    let mut scanned = Vec::new();
    for (at, key) in drawn(100_000, 0.9, 2).enumerate() {
        scanned.push(key);
        if at % 40_000 == 39_999 {
            scanned.extend((0..20_000).map(|step| (1 << 40) + at as u64 * 20_000 + step));
        }
    }
    traces.push(("zipf 0.9 and scans".into(), scanned));
    let mut once = 1 << 41;
    let rare = drawn(100_000, 0.9, 3).map(|key| {
        once += 1;
        if random.below(3) == 0 { once } else { key }
    });
    traces.push(("zipf 0.9, a third once".into(), rare.collect()));
    for keys in [3_000, 10_000] {
        traces.push((format!("loop of {keys}"), (0..LENGTH).map(|at| at % keys).collect()));
    }
    let shifting = drawn(50_000, 0.9, 4).zip(0_u64..).map(|(key, at)| key + at / 100_000 * 50_000);
    traces.push(("hot set replaced".into(), shifting.collect()));
    let half = drawn(50_000, 0.9, 5).zip(0_u64..);
    let half = half.map(|(key, at)| if key % 2 == 0 { key } else { key + at / 50_000 * 1_000_003 });
    traces.push(("half of it replaced".into(), half.collect()));
    for (name, speed) in [("hot set drifting fast", 20), ("hot set drifting", 200)] {
        let drifting = drawn(20_000, 1.0, 6).zip(0_u64..).map(|(key, at)| key + at / speed);
        traces.push((name.into(), drifting.collect()));
    }
    let mut recent: Vec<u64> = vec![0];
    for at in 1..LENGTH {
        let back = (-(1.0 - random.unit()).ln() * 4_000.0) as usize;
        let key = recent[recent.len() - 1 - back.min(recent.len() - 1)];
        recent.push(if random.below(5) == 0 { at } else { key });
    }
    traces.push(("asked for lately".into(), recent));
    for lag in [400, 4_000] {
        let twice = (0..LENGTH / 2).flat_map(|at| [Some(at), at.checked_sub(lag)]).flatten();
        traces.push((format!("twice, {lag} apart"), twice.collect()));
    }
    let phases = drawn(30_000, 0.95, 8).zip(0_u64..).map(|(key, at)| match at / 100_000 % 3 {
        0 => key,
        1 => (1 << 42) + at % 6_000,
        phase => (1 << 43) + at / 100_000 * phase * 1_000_000 + key / 4 + at % 100_000 / 30,
    });
    traces.push(("phases".into(), phases.collect()));
    traces
}
