//! Secrets that know it, read and written.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use zeroize::Zeroize;

use super::super::redacted::{Masked, Redacted, SerializableSecret};

impl<T: Zeroize> Redacted<T> {
    /// Writes the secret itself: `#[serde(serialize_with = "Redacted::serialize_exposed")]`.
    ///
    /// # Errors
    ///
    /// Those of `serializer`.
    pub fn serialize_exposed<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
    {
        self.expose().serialize(serializer)
    }

    /// Writes what is shown instead of it: `#[serde(serialize_with = "Redacted::serialize_masked")]`.
    ///
    /// # Errors
    ///
    /// Those of `serializer`.
    pub fn serialize_masked<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.masked().serialize(serializer)
    }
}

impl Serialize for Masked {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<T: Zeroize + Serialize + SerializableSecret> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize_exposed(serializer)
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Redacted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What is wrong with it is often said by quoting it.
        let quoting = |_| D::Error::custom("a secret of another type or form than is wanted here");
        T::deserialize(deserializer).map(Self::new).map_err(quoting)
    }
}
