use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::KeyOf;

/// The address of whoever is connected: the `SocketAddr` or `IpAddr` among the request's extensions,
/// where the server puts it.
#[derive(Clone, Copy, Debug, Default)]
pub struct PeerAddress;

impl PeerAddress {
    /// One key for all IPv6 addresses that have so many bits in common; see [`ByPrefix`].
    #[must_use]
    pub const fn by_prefix(self, bits: u8) -> ByPrefix<Self> {
        ByPrefix::new(self, bits)
    }
}

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

/// Addresses, of which IPv6 ones with the same beginning are one key.
///
/// One customer of a provider has a network of 64 bits to itself at least, and so 2⁶⁴ addresses to ask
/// from: by whole addresses there would be no limit for it. IPv4 addresses stay whole.
#[derive(Clone, Copy, Debug)]
pub struct ByPrefix<X> {
    addresses: X,
    mask: u128,
}

impl<X> ByPrefix<X> {
    /// 128 bits or more are the whole address.
    pub(super) const fn new(addresses: X, bits: u8) -> Self {
        let mask = match bits {
            0 => 0,
            1..=127 => u128::MAX << (128 - bits),
            128.. => u128::MAX,
        };
        Self { addresses, mask }
    }
}

impl<X, Request> KeyOf<Request> for ByPrefix<X>
where
    X: KeyOf<Request, Key = IpAddr>,
{
    type Key = IpAddr;

    fn key_of(&self, request: &Request) -> Option<IpAddr> {
        self.addresses.key_of(request).map(|address| match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & self.mask).into(),
        })
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
