//! draft

mod chain;
mod config;
#[cfg(feature = "tracing-subscriber")]
mod format;
mod handle;
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
#[cfg(feature = "log")]
pub use self::record::RedactLogger;
pub use self::{
    config::{Config, Plan},
    handle::Logs,
    scrubbed::Scrubbed,
};
