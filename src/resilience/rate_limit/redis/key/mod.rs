//! What keys are called in the store.

#[cfg(feature = "http")]
mod of_http;

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// What calls are limited by: something with a text that means the same in every process.
///
/// In the store a key is called `prefix:limiter:text`: whatever the text is, it stands behind both. A text
/// that is longer than 64 bytes, has a brace in it (which would choose the slot of a cluster) or begins
/// with `#`, stands there as `#` and its SHA-1.
pub trait RedisKey: Sync {
    /// The text.
    fn text(&self) -> Cow<'_, [u8]>;
}

/// One bucket for everybody.
impl RedisKey for () {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(b"")
    }
}

impl RedisKey for str {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl RedisKey for String {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self.as_bytes())
    }
}

impl RedisKey for [u8] {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

impl RedisKey for Vec<u8> {
    fn text(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

impl<K: RedisKey + ?Sized> RedisKey for &K {
    fn text(&self) -> Cow<'_, [u8]> {
        K::text(self)
    }
}

macro_rules! printed {
    ($($key:ty)*) => { $(
        impl RedisKey for $key {
            fn text(&self) -> Cow<'_, [u8]> {
                Cow::Owned(self.to_string().into_bytes())
            }
        }
    )* };
}

printed! { IpAddr Ipv4Addr Ipv6Addr u16 u32 u64 u128 i32 i64 }

/// The longest text that is not hashed.
const LONGEST: usize = 64;

/// The full name of a key.
pub(super) fn name_of(prefix: &[u8], text: &[u8]) -> Vec<u8> {
    let plain = text.len() <= LONGEST
        && text.first() != Some(&b'#')
        && !text.iter().any(|byte| matches!(byte, b'{' | b'}'));
    if plain {
        return [prefix, text].concat();
    }
    let hash = sha1_smol::Sha1::from(text).digest().to_string();
    [prefix, b"#", hash.as_bytes()].concat()
}

/// What the names of a limiter's keys begin with. A colon in the limiter's own name would make two
/// limiters' keys one.
pub(super) fn prefix_of(prefix: &str, limiter: &str) -> Vec<u8> {
    let limiter = limiter.replace('%', "%25").replace(':', "%3A");
    format!("{prefix}:{limiter}:").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_leaves_its_limiter() {
        let prefix = prefix_of("shop", "user");
        let name = |text: &str| String::from_utf8(name_of(&prefix, text.as_bytes())).unwrap();
        assert_eq!(name("ann"), "shop:user:ann");
        assert_eq!(name("a:b\r\nDEL x"), "shop:user:a:b\r\nDEL x", "lengths, not quotes, end it");
        let braced = name("{a}");
        assert!(braced.starts_with("shop:user:#") && braced.len() == 11 + 40, "{braced}");
        assert_eq!(name(&"x".repeat(64)).len(), 10 + 64);
        assert_eq!(name(&"x".repeat(65)).len(), 11 + 40);
        assert_ne!(
            name(&name(&"x".repeat(65))[10..]),
            name(&"x".repeat(65)),
            "a hash is not forged"
        );
    }

    #[test]
    fn no_two_limiters_share_a_key() {
        let name = |limiter, text: &str| name_of(&prefix_of("p", limiter), text.as_bytes());
        assert_ne!(name("a", "b:c"), name("a:b", "c"));
        assert_ne!(name("a%3Ab", ""), name("a:b", ""));
    }

    #[test]
    fn keys_have_the_text_that_they_print() {
        assert_eq!(&*IpAddr::from([192, 0, 2, 1]).text(), b"192.0.2.1");
        assert_eq!(&*7_u64.text(), b"7");
        assert_eq!(
            (&*().text(), &*"ann".text(), &*b"ann"[..].text()),
            (&b""[..], &b"ann"[..], &b"ann"[..])
        );
    }
}
