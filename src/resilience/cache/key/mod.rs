//! Keys made of data: the same for the same data, in every process, on every machine.

mod hashed;
#[cfg(feature = "serde")]
mod json;
mod wide;

pub use self::hashed::{Key, of};
#[cfg(feature = "serde")]
pub use self::json::{NotJson, of_json};
