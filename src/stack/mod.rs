//! The roof: guards put together.

mod pipeline;

pub use self::pipeline::{Chain, Nothing, Pipeline};
