//! Limits that real services run on, with the reason for each.

use std::time::Duration;

use super::config::Config;

/// A whole answer of a language model, not streamed: 30 s. Longer answers than that should stream.
pub const COMPLETION: Config = Config::new(Duration::from_secs(30));

/// An embedding: 15 s. One forward pass, but of a batch, and behind a queue.
pub const EMBEDDING: Config = Config::new(Duration::from_secs(15));

/// A database or a search: 10 s. What takes longer will be asked again anyway.
pub const DEPENDENCY: Config = Config::new(Duration::from_secs(10));

/// A request as a whole, at the door of a service: 120 s, as the proxies in front of it allow.
pub const REQUEST: Config = Config::new(Duration::from_secs(120));
