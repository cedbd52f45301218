use crate::{
    ground::{name::Name, sync::Mutex, telemetry::Told},
    resilience::cache::removal::Removal,
};

/// Tells of entries that are gone.
///
/// In a full cache somebody goes with every insert, and telling of each would cost more than that: so
/// whoever looks at the cache tells of all who have gone since somebody last did.
pub(super) struct Meters {
    removed: [Told; Removal::COUNT],
    reported: Mutex<[u64; Removal::COUNT]>,
}

impl Meters {
    pub(super) fn new(name: &Name) -> Self {
        let removed = Removal::ALL.map(|cause| Told::cache_removals(name, cause.as_str()));
        Self { removed, reported: Mutex::new([0; Removal::COUNT]) }
    }

    /// So many have gone since the cache was made.
    pub(super) fn report(&self, removed: [u64; Removal::COUNT]) {
        let mut new = [0; Removal::COUNT];
        {
            let mut reported = self.reported.lock();
            for ((new, reported), removed) in new.iter_mut().zip(reported.iter_mut()).zip(removed) {
                // Another who looks may have looked later, and been here before.
                *new = removed.saturating_sub(*reported);
                *reported = removed.max(*reported);
            }
        }
        for (told, new) in self.removed.iter().zip(new) {
            if new > 0 {
                told.add(new);
            }
        }
    }
}
