use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::OnceLock,
};

use http::{HeaderName, HeaderValue, header::AUTHORIZATION};

use super::KeyOf;

/// Who a request's API key says it comes from: the token of `Authorization: Bearer`, or the value of a
/// header such as `x-api-key`.
///
/// Any key will do, a wrong one too: put what checks it outside, or limit by address as well
/// ([`FirstOf`](super::FirstOf), [`All`](crate::rate_limit::All)). A request with several of them has
/// none.
#[derive(Clone, Debug, Default)]
pub struct ApiKey {
    /// None: `Authorization: Bearer`.
    header: Option<HeaderName>,
}

impl ApiKey {
    /// The token of `Authorization: Bearer`.
    #[must_use]
    pub const fn bearer() -> Self {
        Self { header: None }
    }

    /// The value of this header.
    #[must_use]
    pub const fn header(name: HeaderName) -> Self {
        Self { header: Some(name) }
    }
}

impl<B> KeyOf<http::Request<B>> for ApiKey {
    type Key = ApiKeyId;

    fn key_of(&self, request: &http::Request<B>) -> Option<ApiKeyId> {
        let name = self.header.as_ref().unwrap_or(&AUTHORIZATION);
        let mut values = request.headers().get_all(name).iter();
        let value = values.next()?;
        if values.next().is_some() {
            return None;
        }
        let key = match self.header {
            None => bearer(value)?,
            Some(_) => value.as_bytes().trim_ascii(),
        };
        (!key.is_empty()).then(|| ApiKeyId::of(key))
    }
}

/// The name of the scheme has no case.
fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    const SCHEME: &[u8] = b"bearer ";

    let (scheme, token) = value.as_bytes().split_at_checked(SCHEME.len())?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(token.trim_ascii())
}

/// Stands for an API key: a hash of 128 bits under a secret of this process, in which the key itself cannot
/// be found again. Equal keys have equal ones for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyId([u64; 2]);

impl ApiKeyId {
    /// That of this key, for those who find it elsewhere.
    #[must_use]
    pub fn of(key: &[u8]) -> Self {
        static SECRETS: OnceLock<[RandomState; 2]> = OnceLock::new();
        let secrets = SECRETS.get_or_init(|| [RandomState::new(), RandomState::new()]);
        Self([secrets[0].hash_one(key), secrets[1].hash_one(key)])
    }
}

/// Eight digits, enough to tell keys apart in a log.
impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyId({:08x})", self.0[0] >> 32)
    }
}
