use std::{
    cell::Cell,
    ops::Deref,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread::available_parallelism,
};

/// A value on cache lines of its own: two of them, because CPUs fetch lines in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How many shards keep the threads of this machine apart: a power of two, twice its cores, at most 64.
pub(crate) fn shards() -> usize {
    static SHARDS: OnceLock<usize> = OnceLock::new();
    *SHARDS.get_or_init(|| {
        let cores = available_parallelism().map_or(1, usize::from);
        (cores * 2).next_power_of_two().min(64)
    })
}

/// The calling thread's number. Threads started one after another have numbers one after another,
/// so as many of them as there are shards never meet.
#[inline]
pub(crate) fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    const NONE: usize = usize::MAX;
    thread_local! {
        static NUMBER: Cell<usize> = const { Cell::new(NONE) };
    }

    NUMBER
        .try_with(|number| match number.get() {
            NONE => {
                let mine = NEXT.fetch_add(1, Ordering::Relaxed) & (NONE >> 1);
                number.set(mine);
                mine
            }
            mine => mine,
        })
        .unwrap_or(0)
}
