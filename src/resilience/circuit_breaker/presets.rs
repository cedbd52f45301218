//! Numbers that real services run on, with the reason for each.

use std::time::Duration;

use super::config::Config;

/// A model on a machine of your own (Ollama, vLLM): it is there or it is not, and it takes minutes
/// to come back.
///
/// 3 failures in a row: one may be a bad prompt, three are an outage. 300 s, always the same:
/// loading the weights takes that long, and probing earlier only slows it down. One probe, because
/// a model that has just loaded serves one request at a time.
pub const LOCAL_MODEL: Config = Config::off()
    .with_consecutive_failures(3)
    .with_fixed_interval(Duration::from_secs(300))
    .with_probes(1)
    .with_probe_lease(Duration::from_secs(120))
    .with_half_open_for(Duration::from_secs(300));

/// A remote API or database behind a gateway.
///
/// 5 failures in a row; 30 s for a failover or a deploy to be over, doubling to two minutes while it
/// is not; 5 probes so that one unlucky node of several does not decide; 2 successes close, any
/// failure opens again.
pub const GATEWAY: Config = Config::off()
    .with_consecutive_failures(5)
    .with_growing_interval(Duration::from_secs(30), 2.0, Duration::from_secs(120))
    .with_probes(5)
    .with_successes_to_close(2);

/// A plain internal service.
///
/// 5 failures in a row, 60 s, always the same: about what a restart takes. One probe.
pub const SERVICE: Config = Config::off()
    .with_consecutive_failures(5)
    .with_fixed_interval(Duration::from_secs(60))
    .with_probes(1);
