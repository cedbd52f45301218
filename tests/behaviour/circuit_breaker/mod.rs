//! The circuit breaker.

mod by_status;
mod config;
mod count_window;
mod drops;
mod half_open;
mod hints;
mod keyed;
mod lease;
mod manual;
mod opening;
mod permits;
mod presets;
mod ramp;
mod reconfigure;
mod refusals;
mod shadow;
mod slow_calls;
mod soft;
mod stale;
mod threads;
mod time_window;
mod watching;
