use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{
    KeyOf,
    network::Network,
    peer::{ByPrefix, PeerAddress},
};

/// The address of the client behind proxies, by `X-Forwarded-For`: the last in it that is none of the
/// trusted ones, and only if whoever is connected is trusted. Anybody can send the header; who is not
/// trusted is its own client.
///
/// Every proxy writes down whom it has talked to, so that the list is read from its end; what cannot be
/// read hides who came before, and the client is whoever has written it.
///
/// ```
/// use buttress::rate_limit::keyed::{ForwardedFor, Network};
///
/// let proxies: Network = "10.0.0.0/8".parse()?;
/// let clients = ForwardedFor::through([proxies]).by_prefix(64);
/// # Ok::<_, buttress::rate_limit::keyed::NotANetwork>(())
/// ```
#[derive(Clone, Debug)]
pub struct ForwardedFor {
    trusted: Trusted,
}

/// The same by the standard header, `Forwarded` (RFC 7239). Use the one that your proxies write: another
/// is the client's own invention.
#[derive(Clone, Debug)]
pub struct Forwarded {
    trusted: Trusted,
}

/// The proxies whose word counts.
#[derive(Clone, Debug)]
struct Trusted(Vec<Network>);

impl ForwardedFor {
    /// Behind these proxies: addresses, or networks of them.
    #[must_use]
    pub fn through(trusted: impl IntoIterator<Item = impl Into<Network>>) -> Self {
        Self { trusted: Trusted::of(trusted) }
    }

    /// One key for all IPv6 clients whose addresses have so many bits in common; see [`ByPrefix`].
    #[must_use]
    pub const fn by_prefix(self, bits: u8) -> ByPrefix<Self> {
        ByPrefix::new(self, bits)
    }
}

impl Forwarded {
    /// Behind these proxies: addresses, or networks of them.
    #[must_use]
    pub fn through(trusted: impl IntoIterator<Item = impl Into<Network>>) -> Self {
        Self { trusted: Trusted::of(trusted) }
    }

    /// One key for all IPv6 clients whose addresses have so many bits in common; see [`ByPrefix`].
    #[must_use]
    pub const fn by_prefix(self, bits: u8) -> ByPrefix<Self> {
        ByPrefix::new(self, bits)
    }
}

impl<B> KeyOf<http::Request<B>> for ForwardedFor {
    type Key = IpAddr;

    fn key_of(&self, request: &http::Request<B>) -> Option<IpAddr> {
        self.trusted.client(request, "x-forwarded-for", |hop| address(hop.trim()))
    }
}

impl<B> KeyOf<http::Request<B>> for Forwarded {
    type Key = IpAddr;

    fn key_of(&self, request: &http::Request<B>) -> Option<IpAddr> {
        self.trusted.client(request, "forwarded", forwarded_for)
    }
}

impl Trusted {
    fn of(networks: impl IntoIterator<Item = impl Into<Network>>) -> Self {
        Self(networks.into_iter().map(Into::into).collect())
    }

    /// Goes back from whoever is connected, for as long as it is trusted and can be read.
    fn client<B>(
        &self,
        request: &http::Request<B>,
        header: &'static str,
        read: impl Fn(&str) -> Option<IpAddr>,
    ) -> Option<IpAddr> {
        let mut client = PeerAddress.key_of(request)?;
        // Several lines are one list.
        for line in request.headers().get_all(header).iter().rev() {
            // Nobody writes anything but ASCII here, and a proxy adds to what it was sent: what is
            // wrong in front does not take the proxy's own word away.
            let mut rest = line.as_bytes();
            loop {
                if !self.0.iter().any(|network| network.contains(client)) {
                    return Some(client);
                }
                let (before, hop) = last_after(b',', rest);
                let Some(address) = std::str::from_utf8(hop).ok().and_then(&read) else {
                    return Some(client);
                };
                client = address;
                match before {
                    Some(before) => rest = before,
                    None => break,
                }
            }
        }
        Some(client)
    }
}

/// What stands behind the last of these that is not inside quotes, and what stands before it.
///
/// Looked for from the end: quotes that somebody has left open in front, so as to hide what a proxy
/// has added, hide nothing. Nor do those that somebody has made a proxy quote, say in the name of a host.
fn last_after(separator: u8, list: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let mut quoted = false;
    let mut at = list.len();
    while let Some((&byte, before)) = list[..at].split_last() {
        at = before.len();
        if byte == b'"' {
            let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
            quoted ^= escapes % 2 == 0;
            at -= escapes;
        } else if byte == separator && !quoted {
            return (Some(before), &list[at + 1..]);
        }
    }
    (None, list)
}

/// An address, with or without a port. IPv6 with a port has brackets.
fn address(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || {
        let inside = text.strip_prefix('[')?.strip_suffix(']')?;
        inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    address.or_else(with_port).or_else(in_brackets).map(|address| address.to_canonical())
}

/// Of `for=192.0.2.60;proto=http`, or `For="[2001:db8::1]:4711"`. None for `unknown` and `_hidden`, or
/// if it says so twice.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let (mut rest, mut found) = (Some(element.as_bytes()), None);
    while let Some(pairs) = rest {
        let pair;
        (rest, pair) = last_after(b';', pairs);
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("for") {
            continue;
        }
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        if found.replace(address(bare.unwrap_or(value))?).is_some() {
            return None;
        }
    }
    found
}
