//! A tier over Redis.

mod answers;
mod codec;
mod config;
mod handle;
mod listen;
mod names;
mod shared;

pub use self::{
    codec::{Codec, Json},
    config::{Config, Plan},
    handle::RedisTier,
};
