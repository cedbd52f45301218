//! What keys are called in the store, and what stands there beside a value.

use serde::{Serialize, de::DeserializeOwned};

/// The names of one cache's keys, of one version.
#[derive(Clone, Debug)]
pub(super) struct Names {
    prefix: String,
    /// Every version's.
    pub(super) channel: Vec<u8>,
    /// What is known of all keys.
    pub(super) meta: Vec<u8>,
}

/// A key as text, and what it is called.
pub(super) struct Named {
    pub(super) value: Vec<u8>,
    /// Where it begins in that name, after what says that it is that of a value.
    start: usize,
    /// The text, where it is not a part of the name.
    proof: Vec<u8>,
}

/// What stands before a key in the name of its value, and of its guard.
const VALUE: u8 = b'=';
const GUARD: u8 = b'+';
/// Longer ones are hashed.
const LONGEST: usize = 128;
/// Before the key's text and the value: the era, when it was written, and how long it is good for.
pub(super) const HEAD: usize = 48;

impl Names {
    pub(super) fn new(prefix: &str, name: &str, version: u32) -> Self {
        let name = name.replace('%', "%25").replace(':', "%3A");
        let all = format!("{prefix}:{name}:");
        Self {
            channel: format!("{all}removed").into_bytes(),
            meta: format!("{all}v{version}").into_bytes(),
            prefix: format!("{all}v{version}:"),
        }
    }

    /// `None` for a key that cannot be written down.
    pub(super) fn of<K: Serialize>(&self, key: &K) -> Option<Named> {
        let mut value = Vec::with_capacity(self.prefix.len() + 1 + LONGEST);
        value.extend_from_slice(self.prefix.as_bytes());
        value.push(VALUE);
        let start = value.len();
        serde_json::to_writer(&mut value, key).ok()?;
        let text = &value[start..];
        // Braces are left to the prefix: they say which keys of a cluster are together.
        let is_plain = text.len() <= LONGEST && !text.iter().any(|of| matches!(of, b'{' | b'}'));
        let mut proof = Vec::new();
        if !is_plain {
            proof = value.split_off(start);
            // No text begins like this.
            value.push(b'#');
            value.extend_from_slice(sha1_smol::Sha1::from(&proof).digest().to_string().as_bytes());
        }
        Some(Named { value, start, proof })
    }
}

impl Named {
    /// What is known of the rights to it is called.
    pub(super) fn guard(&self) -> Vec<u8> {
        let mut guard = self.value.clone();
        if let Some(kind) = guard.get_mut(self.start - 1) {
            *kind = GUARD;
        }
        guard
    }

    /// What stands after the head: the key's text, where its name does not say it, and the value.
    pub(super) fn body(&self, mut value: Vec<u8>) -> Vec<u8> {
        let length = format!("{:08x}", self.proof.len());
        value.splice(0..0, length.into_bytes().into_iter().chain(self.proof.iter().copied()));
        value
    }

    /// The value of what was stored; `None` if it is another key's.
    pub(super) fn value_of<'a>(&self, stored: &'a [u8]) -> Option<&'a [u8]> {
        let body = stored.get(HEAD..)?;
        let length = std::str::from_utf8(body.get(..8)?).ok()?;
        let length = usize::from_str_radix(length, 16).ok()?;
        let (proof, value) = body.get(8..)?.split_at_checked(length)?;
        (proof == self.proof).then_some(value)
    }
}

/// What processes tell each other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<K> {
    pub(super) origin: u64,
    pub(super) version: u32,
    /// Which key is removed; `None` is all of them, and the error that nobody knows.
    pub(super) removed: Result<Option<K>, NoKey>,
}

/// What is no key, at least not here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoKey;

impl<K: Serialize + DeserializeOwned> Message<K> {
    pub(super) fn write(origin: u64, version: u32, removed: Option<&K>) -> Vec<u8> {
        let removed = removed.map(|key| serde_json::to_string(key).unwrap_or_default());
        format!("{origin:016x} {version} {}", removed.as_deref().unwrap_or("*")).into_bytes()
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, ' ');
        let origin = u64::from_str_radix(parts.next()?, 16).ok()?;
        let version = parts.next()?.parse().ok()?;
        let removed = match parts.next()? {
            "*" => Ok(None),
            key => serde_json::from_str(key).map(Some).map_err(|_| NoKey),
        };
        Some(Self { origin, version, removed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_cache_its_version_and_its_key() {
        let names = Names::new("shop", "a:b", 3);
        let named = |key: &str| names.of(&key).map(|named| String::from_utf8(named.value).unwrap());
        assert_eq!(named("x").unwrap(), "shop:a%3Ab:v3:=\"x\"");
        for long in ["x".repeat(127), "{".to_owned(), "x}".to_owned()] {
            let name = named(&long).unwrap();
            assert!(name.starts_with("shop:a%3Ab:v3:=#") && name.len() == 16 + 40, "{name}");
        }
        assert_eq!(names.of(&7_u64).unwrap().guard(), b"shop:a%3Ab:v3:+7");
        assert!(names.of(&std::collections::HashMap::from([((), 1)])).is_none());
    }

    #[test]
    fn a_value_is_that_of_its_own_key_only() {
        let names = Names::new("shop", "cache", 1);
        for (key, other) in [("x".repeat(500), "x".repeat(501)), ("a".to_owned(), "x".repeat(500))]
        {
            let named = names.of(&key).unwrap();
            let stored = [vec![b'0'; HEAD], named.body(b"value".to_vec())].concat();
            assert_eq!(named.value_of(&stored), Some(&b"value"[..]));
            assert_eq!(names.of(&other).unwrap().value_of(&stored), None);
            for cut in 0..stored.len() - 5 {
                assert_eq!(named.value_of(&stored[..cut]), None, "{cut}");
            }
        }
        let huge = [&[b'0'; HEAD][..], b"ffffffffvalue"].concat();
        assert_eq!(names.of(&1).unwrap().value_of(&huge), None);
    }

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let key = ("a b".to_owned(), 7_u8);
        for removed in [Some(&key), None] {
            let message = Message::read(&Message::write(9, 2, removed)).unwrap();
            assert_eq!(message, Message { origin: 9, version: 2, removed: Ok(removed.cloned()) });
        }
        let other = Message::<u64>::read(&Message::write(9, 2, Some(&key))).unwrap();
        assert_eq!(other.removed, Err(NoKey));
        for garbage in [&b""[..], b"x", b"1 2", b"1 x *", b"\xff"] {
            assert_eq!(Message::<u64>::read(garbage), None);
        }
    }
}
