//! What needs a server: each test starts one of its own on a free loopback port, and stops it.
//!
//! Real time: the server knows no other. Nothing sleeps; what must come is polled for, with a bound.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]


mod connection;
mod counts;



mod script;
mod server;
