use std::net::{IpAddr, SocketAddr};

use super::KeyOf;

/// The address of whoever is connected: the `SocketAddr` or `IpAddr` among the request's extensions,
/// where the server puts it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerAddress;

impl<B> KeyOf<http::Request<B>> for PeerAddress {
    type Key = IpAddr;

    fn key_of(&self, request: &http::Request<B>) -> Option<IpAddr> {
        let found = request.extensions();
        found
            .get::<SocketAddr>()
            .map(SocketAddr::ip)
            .or_else(|| found.get::<IpAddr>().copied())
            .map(|address| address.to_canonical())
    }
}

/// The address of the client behind proxies: the last in `X-Forwarded-For` that is not one of the
/// trusted ones, and only if whoever is connected is trusted. Anybody can send the header; who is not
/// trusted is its own client.
#[derive(Clone, Debug)]
pub struct ForwardedFor {
    trusted: Vec<IpAddr>,
}

impl ForwardedFor {
    /// Behind these proxies.
    #[must_use]
    pub fn through(trusted: impl IntoIterator<Item = IpAddr>) -> Self {
        Self { trusted: trusted.into_iter().map(|proxy| proxy.to_canonical()).collect() }
    }
}

impl<B> KeyOf<http::Request<B>> for ForwardedFor {
    type Key = IpAddr;

    fn key_of(&self, request: &http::Request<B>) -> Option<IpAddr> {
        let mut client = PeerAddress.key_of(request)?;
        let headers = request.headers().get_all("x-forwarded-for");
        let mut lines: Vec<&str> = Vec::new();
        for line in headers {
            // What cannot be read hides who came before.
            match line.to_str() {
                Ok(line) => lines.push(line),
                Err(_) => lines.clear(),
            }
        }
        for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusted.contains(&client) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(address) => client = address.to_canonical(),
                Err(_) => break,
            }
        }
        Some(client)
    }
}

/// The value of a header, such as one that names a tenant. Whoever sends it chooses it: put what checks it
/// outside.
#[derive(Clone, Debug)]
pub struct Header(http::HeaderName);

impl Header {
    /// Of this name.
    #[must_use]
    pub const fn named(name: http::HeaderName) -> Self {
        Self(name)
    }
}

impl<B> KeyOf<http::Request<B>> for Header {
    type Key = http::HeaderValue;

    fn key_of(&self, request: &http::Request<B>) -> Option<http::HeaderValue> {
        request.headers().get(&self.0).cloned()
    }
}
