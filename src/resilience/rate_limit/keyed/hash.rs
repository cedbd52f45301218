use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::OnceLock,
};

use foldhash::{
    SharedSeed,
    quality::{FoldHasher, SeedableRandomState},
};

/// The hash of keys unless you say otherwise: foldhash, under a secret drawn from the operating system.
///
/// It is cheap, and whoever does not know the secret has no keys to choose that meet. It is no
/// cryptographic hash: somebody who could watch for long enough, and closely enough, which keys meet
/// might find the secret out. Where that is to be feared,
/// [`with_hasher`](super::KeyedRateLimiter::with_hasher) takes std's `RandomState`, which is SipHash and costs
/// some 10 ns more.
#[derive(Clone)]
pub struct Seeded(SeedableRandomState);

impl Seeded {
    /// Under a secret that no other has.
    #[must_use]
    pub fn new() -> Self {
        static SECRET: OnceLock<SharedSeed> = OnceLock::new();
        let secret = SECRET.get_or_init(|| SharedSeed::from_u64(RandomState::new().hash_one(0)));
        Self(SeedableRandomState::with_seed(RandomState::new().hash_one(0), secret))
    }
}

impl Default for Seeded {
    fn default() -> Self {
        Self::new()
    }
}

impl BuildHasher for Seeded {
    type Hasher = SeededHasher;

    #[inline]
    fn build_hasher(&self) -> SeededHasher {
        SeededHasher(self.0.build_hasher())
    }
}

/// What [`Seeded`] hashes with.
#[derive(Clone)]
pub struct SeededHasher(FoldHasher<'static>);

impl Hasher for SeededHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.0.write_u8(number);
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.0.write_u16(number);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.0.write_u32(number);
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.0.write_u128(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.0.write_usize(number);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// Keeps its secret.
impl fmt::Debug for SeededHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededHasher")
    }
}

/// Keeps its secret.
impl fmt::Debug for Seeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seeded")
    }
}
