//! draft

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
#[cfg(feature = "log")]
pub use self::record::RedactLogger;
pub use self::{
    config::{Config, Plan},
    handle::Logs,
    scrubbed::Scrubbed,
};
