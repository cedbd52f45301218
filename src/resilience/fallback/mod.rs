//! Have something to answer when the answer is not to be had.
//!
//! **The problem.** A page fails because its least important part did. A model is down, and the
//! service that asks it is down with it, although another model would have answered, or yesterday's
//! answer would have done.
//!
//! **When.** There is a second-best answer: an empty list, the last good one, another provider.
//! Outermost, around retries, breakers and timeouts, so that what it sees is what remains of the call
//! once they have given up.
//!
//! **When not.** Where a wrong answer is worse than none: a balance, a permission. For a load that the
//! second backend cannot bear: a fallback that is overloaded fails twice. To ask the same backend
//! again, which is a retry.
//!
//! # How it decides
//!
//! | what came back | then |
//! |---|---|
//! | a refusal of a guard further in: open circuit, limit, timeout, … | the fallback |
//! | `Failure` or `SoftFailure`, in the eyes of the classifier; an `Ok` may be one | the fallback |
//! | such a failure that asks to be left alone no longer than [`patience`](Config::patience) | as it is, for whoever waits and calls again |
//! | `Ignore` (the caller's own mistake), `Refusal::Invalid` | as it is |
//! | `Success`, `Slow` | as it is |
//! | anything, after the task's [`Deadline`](crate::time::Deadline) | as it is, if the fallback takes time |
//!
//! What to fall back to is said once, and the handle remembers it:
//! [`to_value`](Fallback::to_value), [`to_fn`](Fallback::to_fn) of what came back,
//! [`to_operation`](Fallback::to_operation), [`to_last_good`](Fallback::to_last_good), and for
//! layers `to_service`; or with each call, by [`call_or`](Fallback::call_or).
//!
//! A fallback may fail too. Then its own error is the answer, and nothing is lost for it: a function or
//! an operation is *given* what came back, by value, and can attach it or give it back; a backup service
//! gets both errors together in `on_both_failed`.
//!
//! # Several providers
//!
//! A [`Failover`] is a list of whatever you call, in order, each behind its own guards. The same rules
//! decide about the next. The first good answer comes back as [`Served`], which says by whom. When
//! nobody has one, [`Failed`] has the error of each; but an `Ok` that means failure (a response with
//! status 503) stays an `Ok`: the last of those is the answer, and `Served::outcome` says what it is.
//!
//! When *every* provider refused without having begun (all circuits open, all limits reached), what
//! happens is [`when_all_open`](FailoverConfig::when_all_open):
//!
//! * `Fail`: that is the end. The error of the whole is the first refusal.
//! * `Probe`: the provider that will be ready soonest is asked once more, if that is now or within
//!   20 ms (a tick of the clock by which circuits refuse). An open circuit cannot be forced: its
//!   refusal says when it lets a probe through, and before that moment it is not asked.
//! * `WaitUpTo(limit)`: waits for the soonest, if that is within `limit` and before the task's deadline;
//!   otherwise fails at once. Then asks that provider, and after it the others in order, once.
//!
//! A provider whose refusal does not say when to come back is never the soonest.
//!
//! [`Failover::stream`] does the same for streams. A stream is handed out with its first *content*, not
//! before: until then it may fail and the next provider is asked, for some providers fail with the first
//! poll only. Afterwards never: an error is then an item like any other, and
//! [`Streamed::items`] says how many there were before it. What comes before the content (keep-alives,
//! headers) is held and handed on by the provider that serves, at most
//! [`max_held`](FailoverConfig::max_held) items; one that sends more is taken at its word, and handed out. A
//! stream that ends without any content has ended well. How long to wait for the first content is for
//! the provider's own guards to say: a failover has no timer.
//!
//! # What it costs
//!
//! A call that succeeds: one look at its result. No allocation, no lock, no clock, no count. A
//! [`Failover`] counts one success, of the thread's own. [`LastGood`] copies the answer and puts the
//! copy in a box, with every success, or as often as [`every`](LastGood::every) allows. In the tower
//! door each call counts a reference; a request is copied only for a backup *service*, once, and never
//! where the layer only watches.
//!
//! What fails takes a short lock. `benches/peers/RESULTS.md` has figures.
//!
//! # What a drop does
//!
//! Dropping the call drops what runs, be it the operation, its fallback, or a wait for readiness.
//! A fallback is not begun for a caller who is gone.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, fallback::{Failover, FailoverConfig, Config, Fallback}};
//!
//! # type Res<T> = Result<T, std::io::Error>;
//! # struct Model;
//! # impl Model { async fn complete(&self, prompt: &str) -> Res<String> { Ok(prompt.into()) } }
//! # async fn suggest(_: &str) -> Res<Vec<String>> { Ok(vec![]) }
//! # async fn example(large: Model, small: Model, prompt: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let suggestions = Fallback::new("suggestions", Config::new())?.to_value(Vec::new());
//! let words = suggestions.call(|| suggest("but")).await?;
//!
//! // For one call, something of its own to fall back to; it is given what came back.
//! let models = Fallback::new("models", Config::new())?;
//! let answer = models
//!     .call_or(|| large.complete(prompt), async |_| small.complete(prompt).await.map_err(Error::Inner))
//!     .await?;
//!
//! // Any number of providers.
//! let models = Failover::new("models", FailoverConfig::new(), [("large", large), ("small", small)])?;
//! let served = models.call(|model| model.complete(prompt)).await?;
//! println!("{} (by {})", served.value, served.by);
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! The response stays what it is; a mark on it says that it is second best.
//!
//! ```
//! use buttress::{Lift, fallback::{Config, Degraded, Fallback}};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let menu = Fallback::new("menu", Config::new())?
//!     .mark(|menu: &mut String, why: &Degraded| menu.push_str(why.cause.as_str()))
//!     .to_value(String::from("soup; "));
//! let service = ServiceBuilder::new()
//!     .layer(menu.layer())
//!     .layer(Lift::layer())
//!     .service(service_fn(|day: String| async move { Ok::<_, std::io::Error>(day) }));
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod answer;
#[cfg(feature = "tower")]
mod backup;
mod config;
mod failed;
mod failover;
mod future;
mod handle;
mod hold;
mod last_good;
#[cfg(feature = "tower")]
mod layer;
mod machine;
mod served;
mod shared;
mod snapshot;

pub use self::{
    answer::{Answer, Function, Given, Never, Operation, Recalled, Unsaid, Value},
    config::{Config, FailoverConfig, FailoverPlan, Plan, WhenAllOpen},
    failed::{Failed, Tried},
    failover::{Failover, Streamed},
    future::Backed,
    handle::Fallback,
    hold::{Borrowed, Hold, Lent, Mark, Owned, Unmarked},
    last_good::LastGood,
    served::{Cause, Degraded, Served},
    snapshot::{FailoverSnapshot, FailoverTotals, Provider, Snapshot, Totals},
};
#[cfg(feature = "tower")]
pub use self::{
    backup::{Backup, JoinErrors, Keeps, Kept, OwnError},
    layer::{FallbackLayer, FallbackService},
};
