//! What is logged, without secrets: events and spans of `tracing`, records of `log`, panics, requests.
//!
//! **The problem.** A log is where secrets get out, and where what strangers have sent comes in: a user agent
//! with a line feed writes a line of its own, an escape colours the terminal that shows it, a mark that turns
//! text around hides what it is. And a net that only sees finished lines must guess where a value ends.
//!
//! **When.** Around whatever writes the logs of a service, once, where they are set up.
//!
//! **When not.** For documents: there is [`Redactor`](super::Redactor), and for data that is serialized what stands
//! beside it. A layer shows what is inside of it clean events, and not its neighbours: each that writes
//! something wants its own.
//!
//! # How it decides
//!
//! [`Logs`] is a handle, and each of its doors goes around something that is there:
//!
//! * [`layer`](Logs::layer), of `tracing-subscriber`: the one to use. It sees values before they are
//!   written, so a field that is called `password` is a secret whatever it says, and JSON stays JSON. It covers
//!   messages, fields of events and of spans, at once and recorded later, what prints itself, errors and
//!   all that they came from, whichever format or exporter is inside.
//! * [`fields`](Logs::fields), [`lines`](Logs::lines) and [`writers`](Logs::writers): formats of fields, finished lines, and
//!   all that an event writes, for where no layer can be put around, or behind one as a last net.
//! * [`logger`](Logs::logger) around a logger of the crate `log`, [`hook_panics`](Logs::hook_panics) for what panics say,
//!   [`http_layer`](Logs::http_layer) for requests and responses, [`scrub`](Logs::scrub) for errors that leave the service,
//!   [`value`](Logs::value) and [`text`](Logs::text) for everything else.
//!
//! First the *name*, and the paths that lead to it: is it one of a secret, by the rules of the redactor and the names
//! that were added, nothing is left of the value but what stands for none (`null`, `${X}`), counts (`retry_token=5`)
//! and the scheme of a header. Names that may be harmless (`key`, `session`) are decided by name and value together,
//! cookies one by one, as [`redact_field`](super::Redactor::redact_field) decides. Then what the value *says*. Only then is
//! it made [visible](Config::neutralize) and [cut](Config::max_field), never inside of a mask, with the number of bytes
//! that are missing. What a format adds, its colours and line feeds, is not touched. For the same reason
//! `lines` and `writers`, which cannot tell the one from the other, take secrets out and
//! [cut](Config::max_line), and leave line feeds and colours be.
//!
//! # What it costs
//!
//! A clean event: some ten nanoseconds for each value and two to three for each byte, no allocation; with four
//! fields about a quarter of what the format itself takes. What prints itself is printed a second time, to be looked
//! at. What a name says is asked once for each. An event with a secret is built anew. The nets look at every byte
//! of the line, colours and time included: 60 to 80 % of the format. Figures: `benches/peers/RESULTS.md`.
//!
//! A handle remembers some thousand names, in 16 KiB.
//!
//! # What a drop does
//!
//! An [`EventWriter`] that is dropped passes on what it holds. A request whose future is dropped is told of as
//! cancelled. What was written to be looked at, and had a secret in it, is overwritten.
//!
//! # Example
//!
//! ```
//! use buttress::redact::logs::Logs;
//! use tracing_subscriber::{fmt, prelude::*};
//!
//! let logs = Logs::default();
//! tracing_subscriber::registry().with(logs.layer(fmt::layer())).init();
//! logs.hook_panics();
//!
//! // INFO signed in user="bob" password="[REDACTED:password]"
//! tracing::info!(user = "bob", password = "correct horse", "signed in");
//! ```
//!
//! # Example (rules of your own)
//!
//! ```
//! use buttress::redact::{Redactor, RuleSet, logs::{Config, Logs}};
//!
//! let redactor = Redactor::new(RuleSet::builder().key("x-internal-ticket"))?;
//! let logs = Logs::new(&redactor, Config::new().with_max_field(1024))?;
//! assert_eq!(logs.value("x-internal-ticket", "any words"), "[REDACTED:secret]");
//! assert_eq!(logs.text("a\nb \u{202e}"), r"a\nb \u{202e}");
//! # Ok::<_, buttress::config::ConfigError>(())
//! ```
//!
//! # Example (tower)
//!
//! ```
//! use buttress::redact::logs::Logs;
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, service_fn};
//!
//! let service = ServiceBuilder::new()
//!     .layer(Logs::default().http_layer())
//!     .service(service_fn(|request: Request<String>| async move {
//!         Ok::<_, std::io::Error>(Response::new(request.into_body()))
//!     }));
//! // INFO buttress::http: answered method="GET" path="/a" query="token=[REDACTED:token]" status=200 ..
//! ```

mod chain;
mod config;
#[cfg(all(feature = "http", feature = "tracing"))]
mod exchange;
#[cfg(feature = "tracing-subscriber")]
mod format;
#[cfg(all(feature = "http", feature = "tracing"))]
mod future;
mod handle;
#[cfg(all(feature = "http", feature = "tracing"))]
mod layer;
mod names;
mod neutral;
mod panics;
#[cfg(feature = "log")]
mod record;
mod scratch;
mod scrubbed;
mod shared;
#[cfg(feature = "tracing-subscriber")]
mod subscriber;
#[cfg(feature = "tracing-subscriber")]
mod substitute;
#[cfg(feature = "tracing-subscriber")]
mod values;
#[cfg(feature = "tracing-subscriber")]
mod writers;

#[cfg(feature = "log")]
pub use self::record::RedactLogger;
pub use self::{
    config::{Config, Plan},
    handle::Logs,
    scrubbed::Scrubbed,
};
#[cfg(feature = "tracing-subscriber")]
pub use self::{
    format::{RedactFields, RedactLines},
    subscriber::RedactLayer,
    writers::{EventWriter, RedactWriters},
};
#[cfg(all(feature = "http", feature = "tracing"))]
pub use self::{
    future::HttpLogged,
    layer::{HttpLogLayer, HttpLogService},
};
