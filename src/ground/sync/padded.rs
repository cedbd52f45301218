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

thread_local! {
    /// No destructor, so that reading it is reading memory.
    static NUMBER: Cell<usize> = const { Cell::new(UNKNOWN) };
}

/// The calling thread's number: the lowest that no living thread has, so that as many threads as
/// there are shards never meet.
#[inline]
pub(crate) fn shard() -> usize {
    match NUMBER.try_with(Cell::get) {
        Ok(UNKNOWN) => {
            let number = Number::of_this_thread();
            NUMBER.set(number);
            number
        }
        Ok(number) => number,
        Err(_) => GONE,
    }
}

/// The calling thread's number if it is one of the first `width`: no other living thread has it, so
/// what is kept under it is written by this thread alone, and needs no atomic additions.
#[inline]
pub(crate) fn own_shard(width: usize) -> Option<usize> {
    let number = shard();
    (number < width).then_some(number)
}

const UNKNOWN: usize = usize::MAX;
/// The number of a thread that is ending and has given its own back.
const GONE: usize = usize::MAX - 1;

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
        MINE.try_with(|number| number.0).unwrap_or(GONE)
    }

    fn take() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop_first();
        Self(free.unwrap_or_else(|| NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // What other thread-locals drop from here on must not count as the number's next owner does.
        let _ = NUMBER.try_with(|number| number.set(GONE));
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

    #[test]
    fn a_thread_that_has_given_its_number_back_owns_none() {
        struct Late(std::sync::mpsc::Sender<Option<usize>>);
        impl Drop for Late {
            fn drop(&mut self) {
                let _ = self.0.send(own_shard(500));
            }
        }
        thread_local! {
            static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) };
        }

        let (send, receive) = std::sync::mpsc::channel();
        let mine = std::thread::spawn(move || {
            // Thread-locals are dropped in the order in which they were first used, or the other
            // way round: one of the two is dropped after the number.
            LATE.with_borrow_mut(|late| *late = Some(Late(send.clone())));
            own_shard(500)
        });
        assert!(mine.join().unwrap().is_some());
        let late = receive.recv().unwrap();

        let (send, receive) = std::sync::mpsc::channel();
        let mine = std::thread::spawn(move || {
            let mine = own_shard(500);
            LATE.with_borrow_mut(|late| *late = Some(Late(send)));
            mine
        });
        assert!(mine.join().unwrap().is_some());
        let early = receive.recv().unwrap();
        assert!(late.is_none() || early.is_none(), "{late:?}, {early:?}");
    }
}
