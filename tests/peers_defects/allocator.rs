//! A global allocator that counts, thread by thread, so that tests do not disturb each other.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// How often this thread has allocated so far.
pub(crate) fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// The bytes this thread has allocated and not given back.
pub(crate) fn live_bytes() -> i64 {
    LIVE.get()
}

/// The system's allocator, counted.
pub(crate) struct Counting;

thread_local! {
    // Constant and without a destructor: reading them never allocates and never fails.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

fn allocated(bytes: usize) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    LIVE.set(LIVE.get() + bytes as i64);
}

fn freed(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as i64);
}

#[expect(unsafe_code, reason = "an allocator cannot be written without it")]
// SAFETY: every method hands its arguments to `System` unchanged and returns what `System` returns,
// so `System`'s promises are ours; counting touches thread-local integers only, so it neither
// allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        allocated(layout.size());
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        freed(layout.size());
        allocated(new_size);
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}
