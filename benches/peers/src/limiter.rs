//! The limiter against governor, ratelimit, leaky-bucket and tower-resilience's.
//!
//! Everybody has the same rate, chosen so that one side of a decision is all there is: *idle* buckets are
//! full, or nearly, whenever they are asked, *busy* ones have a second's worth missing and are let through
//! all the same, *empty* ones refuse. *Small* is a bucket for which ours looks at the clock each time; of
//! a large one it need not.
//!
//! governor reads the CPU's time stamp counter, ours the clock of the operating system, whose price
//! relative to a compare-and-swap differs from machine to machine: what an exact reading costs stands
//! beside.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use buttress::Lift;
use buttress::rate_limit::{Config, Rate, RateLimiter};
use buttress::time::Clock;
use governor::{DefaultDirectRateLimiter, Quota};
use tower::Layer;

use crate::calls::{accepted, answer, call_now, service};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    report.hold(idle());
    report.hold(small());
    report.hold(busy());
    report.hold(coarse());
    report.hold(leased());
    report.hold(refused());
    report.hold(shared());
    report.hold(shared_leased());
    report.hold(layer());
}

/// A token a nanosecond: as good as full before anybody asks.
const IDLE: Rate = Rate::per_second(1_000_000_000);

/// Twenty thousand million, of which so many come back in a month that none is back in a run.
const BUSY: Rate =
    Rate::new(1_000_000_000, Duration::from_secs(86_400 * 30)).with_burst(20_000_000_000);

fn ours(config: impl Into<Config>) -> RateLimiter {
    RateLimiter::new("peers", config).expect("a sound config")
}

fn try_acquire(name: &'static str, limiter: RateLimiter) -> Side {
    Side::new(name, move || assert!(limiter.try_acquire().is_ok()))
}

fn governors(quota: Quota) -> DefaultDirectRateLimiter {
    governor::RateLimiter::direct(quota)
}

fn idle_quota() -> Quota {
    Quota::per_second(NonZeroU32::new(1_000_000_000).expect("not zero"))
}

fn idle_governor() -> Side {
    let governor = governors(idle_quota());
    Side::new("governor.direct", move || assert!(governor.check().is_ok()))
}

fn ratelimits() -> Side {
    let ratelimit = ratelimit::Ratelimiter::builder(1_000_000_000)
        .max_tokens(1_000_000_000)
        .initial_available(1_000_000_000)
        .build()
        .expect("a sound config");
    while ratelimit.try_wait().is_err() {}
    Side::new("ratelimit.direct", move || assert!(ratelimit.try_wait().is_ok()))
}

fn leaky(fair: bool) -> Side {
    let limiter = leaky_bucket::RateLimiter::builder()
        .initial(usize::MAX >> 2)
        .max(usize::MAX >> 2)
        .refill(1_000_000)
        .interval(Duration::from_millis(1))
        .fair(fair)
        .build();
    let name = if fair { "leaky_bucket.fair" } else { "leaky_bucket.unfair" };
    Side::new(name, move || assert!(limiter.try_acquire(1)))
}

/// Let through, by the exact clock.
fn idle() -> Contest {
    Contest::new("limiter.idle", try_acquire("buttress.exact", ours(IDLE)))
        .against(idle_governor(), Gate::at_most(1.2).aim(1.0))
        .against(ratelimits(), Gate::at_most(0.95))
        .beside(leaky(true))
        .beside(leaky(false))
        .beside(Side::new("bare.exact_clock", buttress::time::now))
        .beside(Side::new("bare.std_clock", std::time::Instant::now))
        .beside(Side::new("bare.coarse_clock", buttress::time::recent))
}

/// The same of a bucket of a thousand.
fn small() -> Contest {
    let limiter = ours(IDLE.with_burst(1000));
    Contest::new("limiter.small", try_acquire("buttress.exact", limiter))
        .against(ratelimits(), Gate::at_most(1.2).aim(0.95))
        .beside(idle_governor())
}

/// Let through where many tokens are missing: exact still, by the coarse clock.
fn busy() -> Contest {
    let limiter = ours(BUSY);
    limiter.try_acquire_n(1_000_000).expect("there are more");
    Contest::new("limiter.busy", try_acquire("buttress.busy", limiter))
        .against(idle_governor(), Gate::at_most(0.6).aim(0.45))
        .against(leaky(false), Gate::at_most(1.2))
}

/// Let through, by the coarse clock.
fn coarse() -> Contest {
    // Between two ticks of that clock nothing comes back.
    let rate = Rate::per_second(1_000_000_000);
    let limiter = ours(Config::new(rate).with_clock(Clock::Coarse));
    Contest::new("limiter.coarse", try_acquire("buttress.coarse", limiter))
        .against(idle_governor(), Gate::at_most(0.6).aim(0.45))
}

/// So many tokens at a time.
const LEASE: u32 = 16;

/// Let through, of tokens that were taken sixteen at a time.
fn leased() -> Contest {
    // Whatever is held is held to the end of the process, as is every side of a contest.
    let mut lease = ours(BUSY).lease_owned(LEASE);
    let ours = Side::new("buttress.lease", move || assert!(lease.try_acquire().is_ok()));
    Contest::new("limiter.leased", ours)
        .against(idle_governor(), Gate::at_most(0.25).aim(0.1))
        .against(leaky(false), Gate::at_most(0.5))
}

/// Refused, with hours to go.
fn refused() -> Contest {
    let limiter = ours(Rate::every(Duration::from_secs(3600)));
    limiter.try_acquire().expect("the first");
    let ours = Side::new("buttress.refused", move || limiter.try_acquire().is_err());
    let quota = Quota::per_hour(NonZeroU32::MIN);
    let governor = governors(quota);
    assert!(governor.check().is_ok());
    let theirs = Side::new("governor.refused", move || governor.check().is_err());
    Contest::new("limiter.refused", ours).against(theirs, Gate::at_most(1.1).aim(0.6))
}

/// A limiter that both threads ask.
fn governor_pair() -> Side {
    let governor = Arc::new(governors(idle_quota()));
    let pair = [Arc::clone(&governor), governor];
    Side::pair("governor.direct", pair.map(|governor| move || assert!(governor.check().is_ok())))
}

/// One limiter on two threads.
fn shared() -> Contest {
    let limiter = ours(BUSY);
    limiter.try_acquire_n(1_000_000).expect("there are more");
    let pair =
        [limiter.clone(), limiter].map(|limiter| move || assert!(limiter.try_acquire().is_ok()));
    Contest::new("limiter.shared", Side::pair("buttress.busy", pair))
        .against(governor_pair(), Gate::at_most(1.2))
}

/// Two leases of one limiter on two threads.
fn shared_leased() -> Contest {
    let limiter = ours(BUSY);
    let pair = [limiter.lease_owned(LEASE), limiter.lease_owned(LEASE)];
    let pair = pair.map(|mut lease| move || assert!(lease.try_acquire().is_ok()));
    Contest::new("limiter.shared_leased", Side::pair("buttress.lease", pair))
        .against(governor_pair(), Gate::at_most(0.25).aim(0.1))
}

/// The layer over a service that is ready.
fn layer() -> Contest {
    let limiter = ours(BUSY);
    limiter.try_acquire_n(1_000_000).expect("there are more");
    let mut guarded = limiter.layer().layer(Lift::layer().layer(service(|| async { answer() })));
    let ours = Side::new("buttress.layer", move || accepted(call_now(&mut guarded)));
    let layer = tower_resilience_ratelimiter::RateLimiterLayer::builder()
        .limit_for_period(usize::MAX >> 1)
        .refresh_period(Duration::from_secs(86_400))
        .build()
        .expect("a sound config");
    let mut guarded = layer.layer(service(|| async { answer() }));
    let theirs =
        Side::new("tower_resilience.ratelimiter", move || accepted(call_now(&mut guarded)));
    Contest::new("limiter.layer", ours).against(theirs, Gate::at_most(0.25))
}
