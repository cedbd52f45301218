//! Clocks that real services run on, with the reason for each. None has a total: the length of an
//! answer says nothing about its health.

use std::time::Duration;

use super::config::Config;

/// An answer of a language model: 30 s to the first word, which is a long queue; then 20 s between
/// words, a hundred times what a slow model takes for one.
pub const COMPLETION: Config =
    Config::new().with_first_content(Duration::from_secs(30)).with_gap(Duration::from_secs(20));

/// A model that thinks before it speaks: 180 s to the first word, since a minute or two of thought is
/// usual; then 60 s, as it may think again between words.
pub const REASONING: Config =
    Config::new().with_first_content(Duration::from_secs(180)).with_gap(Duration::from_secs(60));
