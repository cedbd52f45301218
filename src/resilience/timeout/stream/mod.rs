//! Give a stream so long to begin, and so long between one piece and the next.
//!
//! **The problem.** A model that streams its answer may be silent for a minute before the first
//! word and talk for ten minutes after it. A limit on the whole either cuts good answers off or
//! waits far too long for dead ones. And a dead one need not be silent: proxies send keep-alives on
//! behalf of a backend that hangs.
//!
//! **When.** Around every stream that comes from another process: tokens of a model, server-sent
//! events, rows of a query.
//!
//! **When not.** Around a stream that may be silent for as long as it likes, such as a subscription. Around
//! a future: that is a [`Timeout`](super::Timeout), as is the call that opens the stream.
//!
//! # How it decides
//!
//! Three clocks, each off unless it is set:
//!
//! | clock | runs | ends the stream as |
//! |---|---|---|
//! | [`first_content`](Config::first_content) | from the first time the stream has to wait, until the first content | `Stalled`, [`First`](crate::StallPhase::First) |
//! | [`gap`](Config::gap) | from the first time it has to wait after some content, until the next | `Stalled`, [`Gap`](crate::StallPhase::Gap) |
//! | [`total`](Config::total) | from the first poll to the end | `Stalled`, [`Total`](crate::StallPhase::Total) |
//!
//! **Only content counts.** What content is you say with [`content`](StreamTimeout::content); where
//! you do not, it is every item that is `Ok`. A keep-alive, a role without a word, an empty piece
//! satisfies neither of the first two clocks and starts none again: a stream that sends nothing else has stalled,
//! before its first content and after. Whoever wants every sign of life to count calls every item content.
//!
//! **A clock runs only while the stream is waited for**, in that it starts when the stream first has to
//! wait in its phase. What a consumer does with an item before it asks for the next is not the stream's
//! time. Items that are there at once, however late they are asked for, are passed on: when
//! content and its clock are ready together, the content wins. Errors and the end of the stream
//! always win, and an error is passed on and is no content.
//!
//! The total is different, as only the end can satisfy it: an item that is ready when the total is
//! up is not passed on. So a stream that is always ready, and never waits for a timer, ends too. The
//! same holds for the task's [`Deadline`](crate::time::Deadline), taken over when the stream is
//! handed in: it may be polled elsewhere, as the body of a response is. A stream whose deadline had
//! passed by then is not polled at all, and its only item is the refusal.
//!
//! When a clock is up, the stream inside is dropped, then and there; not when the late piece
//! arrives. The refusal is the last item. It says what was waited for and how much content had
//! passed, it [began](crate::Refusal::began), and a breaker outside counts it as a failure.
//!
//! # What it costs
//!
//! For an item that is ready at once: a few loads, and where there is a total or a deadline one coarse reading of the
//! clock. Each time the stream waits after content: one reading of the clock; the one timer is set
//! anew at most once in the time of the shortest limit, and may wake the task for nothing as often. One reference to the handle's state per stream; no
//! allocation. The stream is 200 bytes larger than the one inside, about half of them the timer. Figures: `benches/peers`.
//!
//! # What a drop does
//!
//! Dropping the stream drops the one inside and its timer; nothing is counted. When the timeout
//! itself drops it, permits inside know it and count a failure.
//!
//! # Example
//!
//! ```
//! use buttress::{Error, Refusal, StallPhase, timeout::stream::{Config, StreamTimeout}};
//! use futures::{Stream, StreamExt};
//! use std::time::Duration;
//!
//! # fn ask(prompt: &str) -> impl Stream<Item = Result<String, std::io::Error>> + use<> {
//! #     futures::stream::iter([Ok(prompt.to_owned())])
//! # }
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new()
//!     .with_first_content(Duration::from_secs(30))
//!     .with_gap(Duration::from_secs(20));
//! let timeout = StreamTimeout::new("model", config)?.content(|text: &String| !text.is_empty());
//!
//! let mut answer = std::pin::pin!(timeout.stream(ask("why?")));
//! while let Some(piece) = answer.next().await {
//!     match piece {
//!         Ok(text) => print!("{text}"),
//!         Err(Error::Refused(Refusal::Stalled { phase: StallPhase::Gap, items, .. })) => {
//!             println!("fell silent after {items} pieces");
//!         }
//!         Err(error) => println!("{error}"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Example (tower)
//!
//! There is no layer: a response has many shapes, and the stream is inside. It is wrapped where
//! the response is made or passed on, in the task that has the deadline:
//!
//! ```
//! use buttress::timeout::{DeadlineLayer, stream::{StreamTimeout, presets}};
//! use futures::stream::{self, BoxStream, StreamExt};
//! use std::{io, time::Duration};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let timeout = StreamTimeout::new("model", presets::REASONING)?;
//! let service = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(600))?)
//!     .map_response(move |answer: BoxStream<'static, io::Result<String>>| timeout.stream(answer))
//!     .service(service_fn(|prompt: String| async move {
//!         Ok::<_, io::Error>(stream::iter([Ok(prompt)]).boxed())
//!     }));
//! # let _ = tower::ServiceExt::oneshot(service, String::new());
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```

mod config;
mod content;
mod future;
mod handle;
mod machine;
pub mod presets;
mod shared;
mod snapshot;

pub use self::{
    config::{Config, Plan},
    content::{Content, EveryItem},
    future::TimedStream,
    handle::StreamTimeout,
    snapshot::{Snapshot, Totals},
};
