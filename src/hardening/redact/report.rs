//! What was found, without what it was.

use std::ops::Range;

use crate::ground::name::Name;

/// How sure it is that something is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Confidence {
    /// A name that may be harmless, and a value that looks like a secret.
    Possible,
    /// A name that promises a secret, or the shape of one.
    Likely,
    /// A check digit holds, a block of a private key, a literal of the user's own.
    Certain,
}

/// A secret that was found. It holds no byte of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// Its kind, such as `github-pat` or `password`.
    pub kind: Name,
    /// Where it stood in the text, in bytes.
    pub span: Range<usize>,
    /// How sure it is.
    pub confidence: Confidence,
}
