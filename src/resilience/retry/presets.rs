//! Retries that real services run on, with the reason for each.

use std::time::Duration;

use super::config::Config;
use crate::ground::backoff::{Backoff, Jitter};

/// A hosted model: 4 attempts, from half a second to 8 s, full jitter. Overload lasts seconds there, and
/// the answer is worth waiting for. A wait of up to a minute that it asks for is honoured.
pub const HOSTED_MODEL: Config = Config::new()
    .with_max_attempts(4)
    .with_backoff(Backoff::exponential(Duration::from_millis(500), Duration::from_secs(8)))
    .with_max_retry_after(Duration::from_secs(60));

/// A neighbour in the same data centre: 3 attempts, from 25 ms to 250 ms, full jitter. What has not
/// recovered within a blink will not within the request.
pub const NEIGHBOUR: Config = Config::new()
    .with_backoff(Backoff::exponential(Duration::from_millis(25), Duration::from_millis(250)));

/// A database or a search behind a language model: 3 attempts, 100 ms, 200 ms, a tenth more or less, at
/// most 10 s. For schedules that people must be able to predict.
pub const PREDICTABLE: Config = Config::new()
    .with_backoff(Backoff::exponential(Duration::from_millis(100), Duration::from_secs(10)))
    .with_jitter(Jitter::Fraction(0.1));
