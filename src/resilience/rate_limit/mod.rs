//! Let so many through in so much time, and no more.
//!
//! **The problem.** A backend sells sixty calls a minute, a tenant has paid for ten a second, a stranger
//! sends ten thousand. What comes in faster than it may must be told so at once, cheaply, with the time
//! at which it is worth asking again; and who is willing to wait must be served in order.
//!
//! **When.** In front of a backend with a quota, so that it need not refuse; in front of your own work,
//! by caller ([`keyed`]); where calls cost tokens or money.
//!
//! **When not.** Against overload as such: a rate says nothing about how long calls take. To bound what
//! is in flight at once, use a bulkhead. The limit is one process's own: three processes let three times
//! as much through.
//!
//! # How it decides
//!
//! By a token bucket: it holds `burst` tokens, a call takes one (or what it costs), and they come back at
//! an even rate. All of it is one moment in one word, the one at which the bucket will be full again; no
//! task refills anything, and there is no window whose edge would let twice the limit through. A clock
//! that goes back mints nothing. Whatever the period, tokens come one by one: "60 per minute" is a burst of sixty
//! and then one a second. An interval is kept to an eighth of a nanosecond.
//!
//! A bucket of more than a thousand is not looked at by the clock for every token: what fits by an older
//! time fits, so whoever looks vouches for a thousandth of the bucket (at most 64 tokens). What was taken
//! so counts as taken at the next look. So after a pause a bucket of 10 000 may lack up to nine tokens for
//! as long as they take to come back; it never has one too many, and it is emptied to the last.
//!
//! Several quotas at once ([`also`](Config::also): per second *and* per day) are taken all or nothing, as
//! are several limiters ([`All`]: per user *and* per address).
//!
//! Who may wait ([`acquire`](RateLimiter::acquire), and calls by [`WhenLimited::Wait`]) is given a slot
//! of its own, in the order of asking; who could not be served within [`max_wait`](Config::max_wait), or before its
//! [`Deadline`](crate::time::Deadline), is refused at once and not after the wait. A faster quota makes those who
//! wait already wait less, never longer.
//!
//! A refusal says after how long the same call fits ([`Refusal::retry_after`](crate::Refusal::retry_after)); one that costs
//! more than the bucket holds never will, and says `None`. [`check`](RateLimiter::check) gives the whole [`Decision`], for headers.
//!
//! # Cost with settlement
//!
//! What a call costs may be known only afterwards: tokens of a model, bytes, money. [`reserve`](RateLimiter::reserve) takes
//! an estimate and [`settle`](Reservation::settle) corrects it: what was too much comes back, what was too little
//! becomes a debt that later callers wait for. Dropped without a word, a reservation keeps what it has
//! taken, because an error may hide what was used; [`refunding`](Reservation::refunding) says otherwise. So what is
//! admitted is within the quota, and what is used exceeds it by at most the debts of the reservations
//! that were open together.
//!
//! # What it costs
//!
//! Ratios in one run; `benches/peers/RESULTS.md` has the figures, machine and command. Nothing allocates
//! but waiting.
//!
//! | decision | costs |
//! |---|---|
//! | let through, bucket of more than a thousand | one compare-and-swap; in up to 64, one looks at the clock |
//! | let through, small bucket or several quotas | one exact reading of the clock and one compare-and-swap for each |
//! | let through, small bucket that is not nearly full | one *coarse* reading and one compare-and-swap: where the moment of being full again is ahead of the clock by more than a tick, the exact time changes nothing |
//! | let through, small bucket, [`Clock::Coarse`](crate::time::Clock) | the same; over any span up to one tick's worth of tokens more |
//! | let through, [`lease`](RateLimiter::lease) | a subtraction; one in so many takes some from the bucket |
//! | refused, with more than a tick to go | one coarse reading, nothing is written but a count; `retry_after` may be a tick too long |
//! | waiting | a lock on each side, one timer |
//!
//! # What a drop does
//!
//! A waiter gives its slot back, and those behind it move up. A service that has waited and is dropped
//! instead of called gives its token back. A call that was let through has spent its token when it was made,
//! whatever becomes of it. A lease gives back what it has not spent.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, rate_limit::{Rate, RateLimiter}};
//!
//! # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let model = RateLimiter::new("model", Rate::per_minute(60))?;
//! match model.call(|| complete("why?")).await {
//!     Ok(answer) => println!("{answer}"),
//!     Err(Error::Refused(refusal)) => println!("not before {:?}", refusal.retry_after()),
//!     Err(Error::Inner(error)) => println!("failed: {error}"),
//! }
//! // Without a call: now or not at all, or in turn.
//! model.try_acquire()?;
//! model.acquire().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::{Lift, rate_limit::{Config, Rate, RateLimiter}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let quota = Config::new(Rate::per_second(10).with_burst(20)).also(Rate::per_day(10_000));
//! let search = RateLimiter::new("search", quota)?;
//! let service = ServiceBuilder::new()
//!     .layer(search.layer())
//!     .layer(Lift::layer())
//!     .service(service_fn(|query: String| async move { Ok::<_, std::io::Error>(query) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod acquire;
mod all;
mod config;
mod decision;
mod future;
mod handle;
pub mod keyed;
#[cfg(feature = "tower")]
mod layer;
mod lease;
mod limiting;
mod machine;
#[cfg(feature = "redis")]
pub mod redis;
mod reservation;
mod shared;
mod snapshot;
mod unseen;
mod waiting;

#[cfg(feature = "tower")]
pub use self::layer::{RateLimitLayer, RateLimitService};
pub use self::{
    acquire::Acquire,
    all::All,
    config::{Config, Plan, Rate, WhenLimited},
    decision::{Decision, Verdict},
    future::Limited,
    handle::RateLimiter,
    lease::Lease,
    limiting::Limiting,
    reservation::Reservation,
    shared::{Borrowed, Owned},
    snapshot::{Level, Snapshot, Totals},
};

#[cfg(all(test, buttress_loom))]
#[path = "../../../tests/loom/rate_limit.rs"]
mod loom;
