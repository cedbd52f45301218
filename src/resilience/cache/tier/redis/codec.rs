use serde::{Serialize, de::DeserializeOwned};

/// How values are written down.
pub trait Codec<V>: Send + Sync + 'static {
    /// The value as bytes; `None` if it cannot be written down.
    fn encode(&self, value: &V) -> Option<Vec<u8>>;

    /// The value that was written down; `None` if these bytes are none.
    fn decode(&self, bytes: &[u8]) -> Option<V>;
}

/// As JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Json;

impl<V: Serialize + DeserializeOwned> Codec<V> for Json {
    fn encode(&self, value: &V) -> Option<Vec<u8>> {
        serde_json::to_vec(value).ok()
    }

    fn decode(&self, bytes: &[u8]) -> Option<V> {
        serde_json::from_slice(bytes).ok()
    }
}
