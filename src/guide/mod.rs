//! The guide: longer texts, one subject each.

#[doc = include_str!("architecture.md")]
pub mod architecture {}
