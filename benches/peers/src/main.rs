//! Buttress against its peers: the same workload on both, in one process, as ratios.
//!
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml                     # every room
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- breaker          # one room
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- breaker.refused  # one contest
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- --check          # gates matter
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- hit_ratio [FILE]... # caches only
//! ```
//!
//! A room's contests stand in a file of their own and are listed in [`ROOMS`]. `harness.rs` says
//! how a contest is judged and what its lines mean, `sampling.rs` how it is measured; `calls.rs`
//! holds what both sides of every contest share.

mod alloc;
mod breaker;
mod budget;
mod bulkhead;
mod cache;
mod calls;
mod fallback;
mod harness;
mod hedge;
mod hit_ratio;
mod keyed;
mod latency;
mod limiter;
mod logs;
mod pace;
mod redact;
mod redact_rules;
mod redis_limiter;
mod redis_tier;
mod retry;
mod sampling;
mod sharing;
mod streams;
mod throttle;
mod timeout;

use std::process::{ExitCode, abort};

use harness::Report;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// A room's name, and what holds its contests.
type Room = (&'static str, fn(&mut Report));

/// Every room with contests, in the order in which they run.
const ROOMS: &[Room] = &[
    ("breaker", breaker::run),
    ("timeout", timeout::run),
    ("streams", streams::run),
    ("budget", budget::run),
    ("bulkhead", bulkhead::run),
    ("cache", cache::run),
    ("retry", retry::run),
    ("latency", latency::run),
    ("limiter", limiter::run),
    ("keyed", keyed::run),
    ("redis_limiter", redis_limiter::run),
    ("redis_tier", redis_tier::run),
    ("fallback", fallback::run),
    ("hedge", hedge::run),
    ("throttle", throttle::run),
    ("single_flight", sharing::run_flights),
    ("batch", sharing::run_batches),
    ("redact", redact::run),
    ("redact", logs::run),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("hit_ratio", others)) = arguments.split_first().map(|(a, b)| (a.as_str(), b)) {
        return match hit_ratio::run(others) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }

    let (flags, wanted): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let check = flags.iter().any(|flag| flag == "--check");
    if flags.len() > usize::from(check) || !wanted.iter().all(|name| is_known(name)) {
        eprintln!("usage: buttress-peers [--check] [room | room.contest]...");
        eprintln!("rooms: {}", ROOMS.iter().map(|(room, _)| *room).collect::<Vec<_>>().join(", "));
        return ExitCode::from(2);
    }

    // The other threads of a contest would wait for one that has panicked.
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        print(info);
        abort();
    }));

    let mut report = Report::new(wanted, check);
    for &(room, run) in ROOMS {
        if report.wants_room(room) {
            run(&mut report);
        }
    }
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether an argument names a room or a contest of one.
fn is_known(name: &str) -> bool {
    let room = name.split('.').next();
    ROOMS.iter().any(|(known, _)| Some(*known) == room)
}
