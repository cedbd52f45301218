use std::{
    cell::Cell,
    collections::BTreeSet,
    ops::Deref,
    sync::{
        Mutex, OnceLock, PoisonError,
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

/// The calling thread's number: the lowest that no living thread has, so that as many threads as
/// there are shards never meet.
#[inline]
pub(crate) fn shard() -> usize {
    thread_local! {
        /// No destructor, so that reading it is reading memory.
        static NUMBER: Cell<usize> = const { Cell::new(UNKNOWN) };
    }

    match NUMBER.try_with(Cell::get) {
        Ok(UNKNOWN) => {
            let number = Number::of_this_thread();
            NUMBER.set(number);
            number
        }
        Ok(number) => number,
        Err(_) => 0,
    }
}

const UNKNOWN: usize = usize::MAX;

/// Numbers that threads have given back.
static FREE: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

/// A thread's number, given back when the thread ends.
struct Number(usize);

impl Number {
    #[cold]
    fn of_this_thread() -> usize {
        thread_local! {
            static MINE: Number = Number::take();
        }
        MINE.try_with(|number| number.0).unwrap_or(0)
    }

    fn take() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
        Self(free.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).insert(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn living_threads_have_numbers_of_their_own_and_dead_ones_give_theirs_back() {
        let mine = shard();
        assert_eq!(shard(), mine);
        for _ in 0..1000 {
            let theirs = std::thread::spawn(shard).join().unwrap();
            assert_ne!(theirs, mine);
            // Other tests' threads come and go meanwhile; a thousand dead ones would show.
            assert!(theirs < 500, "{theirs}");
        }
    }
}
