//! A global allocator that counts what each thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Allocations and reallocations made by this thread so far.
pub fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes asked for by all threads and not given back yet.
pub fn live_bytes() -> i64 {
    LIVE.load(Ordering::Relaxed)
}

/// Whether live bytes are counted: a write that threads share, which no timing is to see.
static WATCHED: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);

/// Counts live bytes from now on.
pub fn watch_bytes(is: bool) {
    WATCHED.store(is, Ordering::Relaxed);
}

fn note(bytes: usize, freed: usize) {
    if WATCHED.load(Ordering::Relaxed) {
        LIVE.fetch_add(bytes as i64 - freed as i64, Ordering::Relaxed);
    }
}

/// The system's allocator, and a thread-local counter beside it.
pub struct Counting;

thread_local! {
    // Constant and without a destructor: reading it never allocates and never fails.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
}

#[expect(unsafe_code, reason = "an allocator cannot be written without it")]
// SAFETY: every method hands its arguments to `System` unchanged and returns what `System` returns,
// so `System`'s promises are ours and our caller's promises are kept towards it; `count` touches a
// thread-local integer only, so it neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        note(layout.size(), 0);
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        note(layout.size(), 0);
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        note(new_size, layout.size());
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, layout.size());
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}
