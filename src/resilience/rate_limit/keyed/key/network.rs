use std::{fmt, net::IpAddr, str::FromStr};

/// Addresses with the same beginning: `10.0.0.0/8`, `fd00::/8`; or one: `192.0.2.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Those that have the first so many bits of this address. All of them if there are not so many.
    #[must_use]
    pub const fn new(address: IpAddr, bits: u8) -> Self {
        let all = length(address);
        // An IPv4 address in the clothes of IPv6 loses what it wears.
        let (address, worn) = match address {
            IpAddr::V6(six) => match six.to_ipv4_mapped() {
                Some(four) if bits >= 96 => (IpAddr::V4(four), 96),
                _ => (address, 0),
            },
            IpAddr::V4(_) => (address, 0),
        };
        let bits = if bits > all { all } else { bits };
        Self { address, bits: bits - worn }
    }

    /// Whether this address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address.to_canonical()) {
            // Shifted by its whole length, a number has no bits that could differ.
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

const fn length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self::new(address, 128)
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let Some((address, bits)) = text.split_once('/') else {
            return text.parse().map(|address: IpAddr| address.into()).map_err(|_| NotANetwork);
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let is_number = !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit());
        match bits.parse() {
            Ok(bits) if is_number && bits <= length(address) => Ok(Self::new(address, bits)),
            _ => Err(NotANetwork),
        }
    }
}

/// It is neither an address nor an address, a slash and how many bits of it count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network: neither an address nor an address, a slash and a number of bits")]
pub struct NotANetwork;

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}
