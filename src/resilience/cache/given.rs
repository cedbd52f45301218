use crate::{
    ground::sync::atomic::{AtomicBool, Ordering},
    resilience::cache::stored::Carried,
};

/// On which condition an entry is put in.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    Anything,
    /// Its key was not written under this watch.
    Unwritten(u64),
    /// Nobody has said that it is out of date. Whoever says so does it before he locks the shard.
    Valid(&'a AtomicBool),
    /// The same, of a value that may have been stored elsewhere.
    Carried(&'a AtomicBool, Carried),
}

impl Given<'_> {
    /// Whether somebody has said that it is out of date.
    pub(super) fn is_void(&self) -> bool {
        matches!(self, Self::Valid(void) | Self::Carried(void, _) if void.load(Ordering::Relaxed))
    }
}
