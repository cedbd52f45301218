//! What needs a server: each test starts one of its own on a free loopback port, and stops it.
//!
//! Real time: the server knows no other. What must come is polled for, with a bound.
#![allow(clippy::unwrap_used, reason = "a test that fails may as well panic")]
#![allow(clippy::expect_used, reason = "a test that fails may as well panic")]

mod all;
mod answers;
mod connection;
mod counts;
mod doors;
mod fake;
mod leases;
mod limits;
mod outages;
mod script;
mod server;
mod spans;
mod tier;
mod tier_news;
mod tier_processes;
mod tier_rights;
