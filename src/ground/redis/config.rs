use std::{fmt, time::Duration};

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use crate::ground::config::{Check, ConfigError};

/// Where the server is, and how long it may take.
#[derive(Clone, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// `redis://[user][:password@]host[:port][/database]`, or `unix:///path`. What is printed of it has
    /// no password; what is serialised has.
    pub url: String,
    /// What every key begins with; a colon follows. At most 64 characters, without spaces. On a cluster
    /// behind one address, give it a hash tag: `{shop}`, and all keys are in one slot. Default:
    /// `buttress`.
    #[cfg_attr(feature = "serde", serde(default = "prefix"))]
    pub prefix: String,
    /// The longest that a call may take, connecting included. Default: 50 ms.
    #[cfg_attr(
        feature = "serde",
        serde(default = "timeout", with = "crate::ground::config::human")
    )]
    pub timeout: Duration,
    /// How often a server that is down is asked whether it is back. Default: 100 ms.
    #[cfg_attr(
        feature = "serde",
        serde(default = "probe_every", with = "crate::ground::config::human")
    )]
    pub probe_every: Duration,
    /// The most calls that may wait to be written to the connection; more wait longer. Default: 1000.
    #[cfg_attr(feature = "serde", serde(default = "max_queued"))]
    pub max_queued: u32,
}

fn prefix() -> String {
    "buttress".to_owned()
}

const fn timeout() -> Duration {
    Duration::from_millis(50)
}

const fn probe_every() -> Duration {
    Duration::from_millis(100)
}

const fn max_queued() -> u32 {
    1000
}

/// A checked [`Config`]; a handle made from it cannot fail to be made.
#[derive(Clone)]
pub struct Plan {
    config: Config,
    client: Client,
}

impl Config {
    /// This server, and the defaults.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            prefix: prefix(),
            timeout: timeout(),
            probe_every: probe_every(),
            max_queued: max_queued(),
        }
    }

    /// Sets [`prefix`](Self::prefix).
    #[must_use]
    pub fn with_prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`probe_every`](Self::probe_every).
    #[must_use]
    pub fn with_probe_every(self, probe_every: Duration) -> Self {
        Self { probe_every, ..self }
    }

    /// Sets [`max_queued`](Self::max_queued).
    #[must_use]
    pub fn with_max_queued(self, calls: u32) -> Self {
        Self { max_queued: calls, ..self }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, all at once; never a part of the URL.
    pub fn parse(self) -> Result<Plan, ConfigError> {
        let mut check = Check::new("redis");
        let client = self.client();
        check.require(
            client.is_some(),
            "url",
            "must be redis://[user][:password@]host[:port][/database] or unix:///path",
        );
        let short = (1..=64).contains(&self.prefix.chars().count());
        let plain = !self.prefix.chars().any(|of| of.is_whitespace() || of.is_control());
        check.require(short && plain, "prefix", "must be 1 to 64 characters without spaces");
        check.positive("timeout", self.timeout);
        check.positive("probe_every", self.probe_every);
        check.require(
            (1..=1_000_000).contains(&self.max_queued),
            "max_queued",
            "must be 1 to 1000000",
        );
        match client {
            Some(client) => check.finish(Plan { config: self, client }),
            None => Err(check.into_error()),
        }
    }

    fn client(&self) -> Option<Client> {
        let info: ConnectionInfo = self.url.as_str().into_connection_info().ok()?;
        // One round trip less to connect, and nothing here needs the newer protocol.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        let nodelay = info.tcp_settings().clone().set_nodelay(true);
        Client::open(info.set_redis_settings(settings).set_tcp_settings(nodelay)).ok()
    }

    /// Where the server is, without who may log in; nothing of a URL that cannot be read.
    fn address(&self) -> String {
        let client = self.client();
        client.map_or_else(
            || "?".to_owned(),
            |client| client.get_connection_info().addr().to_string(),
        )
    }
}

impl Plan {
    /// The config it was parsed from.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }
}

impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.config == other.config
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("url", &self.address())
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("probe_every", &self.probe_every)
            .field("max_queued", &self.max_queued)
            .finish()
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Plan").field(&self.config).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed_whatever_the_url_is() {
        for url in [
            "redis://user:pa55@host:6379/1",
            "redis://:pa55@host",
            "redis://user:p@pa55@host",
            "redis://host?pass=pa55",
            "unix:///tmp/socket?pass=pa55",
            "pa55@host",
            "redis://us er:pa55@",
            "http://user:pa55@host",
        ] {
            let config = Config::new(url);
            assert!(!format!("{config:?}").contains("pa55"), "{config:?}");
            match config.parse() {
                Ok(plan) => assert!(!format!("{plan:?}").contains("pa55"), "{plan:?}"),
                Err(error) => {
                    let told = format!("{error} {error:?}");
                    assert!(told.contains("url") && !told.contains("pa55"), "{told}");
                }
            }
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = Config::new("nothing")
            .with_prefix("a b")
            .with_timeout(Duration::ZERO)
            .with_probe_every(Duration::ZERO)
            .with_max_queued(0);
        let error = wrong.parse().unwrap_err();
        let fields: Vec<_> = error.flaws().iter().map(|flaw| flaw.field).collect();
        assert_eq!(fields, ["url", "prefix", "timeout", "probe_every", "max_queued"]);
        assert!(Config::new("redis://127.0.0.1").parse().is_ok());
    }
}
