//! Composable resilience and hardening primitives for services that call what fails and take input
//! from strangers.
//!
//! Each primitive is one cheap handle with three doors: [`call`](circuit_breaker::CircuitBreaker::call) wraps an
//! async operation, [`layer`](circuit_breaker::CircuitBreaker::layer) a tower service, and
//! [`snapshot`](circuit_breaker::CircuitBreaker::snapshot) shows what it is doing. Clones and layers of a handle share one
//! state. [`Pipeline`] puts several around one operation.
//!
//! However many guards stand around it, an operation's error `E` becomes one flat [`Error<E>`]: its own
//! error, or the [`Refusal`] of a guard, which says who refused, why, and when to come back. An
//! error type that has room for a refusal (a [`Fault`]) stays what it is.
//!
//! # Rooms
//!
//! | room | for | feature |
//! |---|---|---|
//! | [`circuit_breaker`] | a backend that keeps failing | `circuit-breaker` |
//! | [`bulkhead`] | so many calls at once, and who waits | `bulkhead` |
//! | [`retry`] | a call that may succeed if it is made again | `retry` |
//! | [`budget`] | the sum of retries and hedges | `budget` |
//! | [`hedge`] | the slowest calls of a backend that answers twice as well | `hedge` |
//! | [`fallback`] | what to answer when the answer is not to be had | `fallback` |
//! | [`single_flight`] | many who ask for the same thing at once | `single-flight` |
//! | [`batch`] | many calls for one item each | `batch` |
//! | [`reconnect`] | something that must be connected | `reconnect` |
//! | [`cache`] | an answer that was worked out before | `cache` |
//! | [`cache::http`] | answers to HTTP requests, as long as they say that they may be kept | `cache`, `http` |
//! | [`cache::tier`] | the same for several processes together, over Redis or a store of your own | `cache`, `redis` |
//! | [`timeout`] | a call that may hang, a caller who has only so long | `timeout` |
//! | [`rate_limit`] | so many calls in so much time, alone, in turn, by key or by cost | `rate-limit` |
//! | [`rate_limit::redis`] | the same for several processes together | `redis` |
//! | [`throttle`] | a backend that turns calls away | `throttle` |
//! | [`timeout::stream`] | a stream that may fall silent | `timeout` |
//! | [`redact`] | secrets on their way to a log | `redact` |
//! | [`redact::logs`] | events, records, panics and requests that are logged | `redact` |
//! | [`latency`] | how long operations take, and which are slow | `latency` |
//! | [`Keyed`] | one guard per tenant, host or user, in bounded memory | |
//! | [`Pipeline`] | several guards around one operation | |
//! | [`testing`] | services, scripts and checks for tests of your own | `test-util` |
//!
//! # Features
//!
//! `resilience` is all rooms of that kind, `full` everything that needs no server of its own. `tower`
//! adds the layers, `http` those for HTTP, `serde` configs and snapshots as data, `tracing` events,
//! `tracing-subscriber` and `log` what goes around those who write logs, `metrics` counters and gauges, `anyhow`
//! refusals inside `anyhow::Error`, `test-util` the module [`testing`]. `redis` needs a server ([`redis`]), so no group has it. Features only add: none changes what the others do.
//!
//! # What it asks of you
//!
//! A tokio runtime with time enabled, wherever something waits. Nothing else: no macro, and no background task
//! but those whose config says so (a cache that loads stale values anew, a tier that listens). The library
//! has no `unsafe`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// Rooms that are switched off leave parts of the ground unused.
#[cfg_attr(
    not(all(feature = "full", feature = "redis")),
    allow(dead_code, unused_imports, reason = "used by other rooms")
)]
mod ground;
mod hardening;
mod resilience;
mod service;
mod stack;

pub mod guide;
#[cfg(feature = "test-util")]
pub mod testing;

#[cfg(feature = "tower")]
pub use self::ground::refusal::{Lift, LiftLayer};
#[cfg(feature = "redact")]
pub use self::hardening::redact;
#[cfg(feature = "batch")]
pub use self::resilience::batch;
#[cfg(feature = "budget")]
pub use self::resilience::budget;
#[cfg(feature = "bulkhead")]
pub use self::resilience::bulkhead;
#[cfg(feature = "cache")]
pub use self::resilience::cache;
#[cfg(feature = "circuit-breaker")]
pub use self::resilience::circuit_breaker;
#[cfg(feature = "fallback")]
pub use self::resilience::fallback;
#[cfg(feature = "hedge")]
pub use self::resilience::hedge;
#[cfg(feature = "rate-limit")]
pub use self::resilience::rate_limit;
#[cfg(feature = "reconnect")]
pub use self::resilience::reconnect;
#[cfg(feature = "retry")]
pub use self::resilience::retry;
#[cfg(feature = "single-flight")]
pub use self::resilience::single_flight;
#[cfg(feature = "throttle")]
pub use self::resilience::throttle;
#[cfg(feature = "timeout")]
pub use self::resilience::timeout;
#[cfg(feature = "latency")]
pub use self::service::latency;
pub use self::{
    ground::{
        keyed::Keyed,
        mode::Mode,
        name::Name,
        refusal::{Error, Fault, Lifted, OpenReason, Refusal, StallPhase},
        time,
    },
    stack::Pipeline,
};

/// How long to wait before trying again.
pub mod backoff {
    pub use crate::ground::backoff::{Backoff, Jitter};
}

/// What is wrong with a config.
pub mod config {
    pub use crate::ground::config::{ConfigError, Flaw};
}

/// How calls hold their guards.
pub mod hold {
    pub use crate::ground::hold::{Borrowed, Hold, Owned};
}

/// What the guards of a [`Keyed`] family have in common.
pub mod keyed {
    pub use crate::ground::keyed::{Member, Plan, Snapshot};
}

/// How an operation's error reaches its caller.
pub mod manner {
    pub use crate::ground::refusal::{Manner, Unchanged, Wrapped};
}

/// What a finished call says about the backend, and who tells.
pub mod outcome {
    #[cfg(feature = "http")]
    pub use crate::ground::outcome::ByStatus;
    pub use crate::ground::outcome::{Classify, Hinted, Outcome, Standard};
}

/// The links of a [`Pipeline`].
pub mod policy {
    pub use crate::{
        ground::policy::Policy,
        stack::{Chain, Nothing},
    };
}

/// What a backend asks of whoever calls it again.
pub mod pushback {
    pub use crate::ground::pushback::Pushback;
}

/// Randomness that can be repeated.
pub mod random {
    pub use crate::ground::random::seed;
}

/// A Redis server that several processes share.
#[cfg(feature = "redis")]
pub mod redis {
    #[doc(inline)]
    pub use crate::ground::redis::{
        Config, Failure, OnStoreFailure, Plan, Redis, Snapshot, Totals,
    };
}

/// Work that can be started again, and how its requests are.
pub mod source {
    #[cfg(feature = "http")]
    pub use crate::ground::source::ByMethod;
    #[cfg(feature = "tower")]
    pub use crate::ground::source::{ByClone, Replay, Resend, Sending};
    pub use crate::ground::source::{Lifting, Plain, Source};
}

/// Guards around streams.
#[cfg(any(
    feature = "bulkhead",
    feature = "circuit-breaker",
    feature = "fallback",
    feature = "timeout"
))]
pub mod stream {
    #[cfg(feature = "http")]
    pub use crate::ground::stream::HeldBody;
    pub use crate::ground::stream::{GuardedStream, HeldStream, Settle};
}

/// The metrics this crate writes.
pub mod telemetry {
    pub use crate::ground::telemetry::describe;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
