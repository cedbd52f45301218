//! Where a request's key comes from.

#[cfg(feature = "http")]
mod api_key;
#[cfg(feature = "http")]
mod forwarded;
#[cfg(feature = "http")]
mod network;
#[cfg(feature = "http")]
mod peer;

#[cfg(feature = "http")]
pub use self::{
    api_key::{ApiKey, ApiKeyId},
    forwarded::{Forwarded, ForwardedFor},
    network::{Network, NotANetwork},
    peer::{ByPrefix, Header, PeerAddress},
};

/// Finds the key of a request: any closure from `&Request` to `Option<Key>`, whose argument must be
/// spelled out. A request without a key is not limited.
///
/// A pair or a triple of them has the key of all of them together, if each finds one;
/// [`FirstOf`] has that of the first that finds one.
pub trait KeyOf<Request> {
    /// What it finds.
    type Key;

    /// The key of this request.
    fn key_of(&self, request: &Request) -> Option<Self::Key>;
}

impl<F, Request, Key> KeyOf<Request> for F
where
    F: Fn(&Request) -> Option<Key>,
{
    type Key = Key;

    fn key_of(&self, request: &Request) -> Option<Key> {
        self(request)
    }
}

impl<A: KeyOf<Request>, B: KeyOf<Request>, Request> KeyOf<Request> for (A, B) {
    type Key = (A::Key, B::Key);

    fn key_of(&self, request: &Request) -> Option<Self::Key> {
        Some((self.0.key_of(request)?, self.1.key_of(request)?))
    }
}

impl<A, B, C, Request> KeyOf<Request> for (A, B, C)
where
    A: KeyOf<Request>,
    B: KeyOf<Request>,
    C: KeyOf<Request>,
{
    type Key = (A::Key, B::Key, C::Key);

    fn key_of(&self, request: &Request) -> Option<Self::Key> {
        Some((self.0.key_of(request)?, self.1.key_of(request)?, self.2.key_of(request)?))
    }
}

/// The key that the first of two finds, or else the second's: who has no API key is known by its
/// address. The two never meet, even where they look alike.
#[derive(Clone, Copy, Debug, Default)]
pub struct FirstOf<A, B>(pub A, pub B);

/// Whose key it is that [`FirstOf`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Either<A, B> {
    /// The first's.
    First(A),
    /// The second's: the first has found none.
    Second(B),
}

impl<A: KeyOf<Request>, B: KeyOf<Request>, Request> KeyOf<Request> for FirstOf<A, B> {
    type Key = Either<A::Key, B::Key>;

    fn key_of(&self, request: &Request) -> Option<Self::Key> {
        let first = self.0.key_of(request).map(Either::First);
        first.or_else(|| self.1.key_of(request).map(Either::Second))
    }
}
