//! A key whose drop may panic.

use std::hash::{Hash, Hasher};

/// Equal to any other. Panics when it is dropped, if it says so.
#[derive(Clone, Debug)]
pub(crate) struct Fragile(pub(crate) bool);

impl PartialEq for Fragile {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Fragile {}

impl Hash for Fragile {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0, "in the drop of a key");
    }
}
