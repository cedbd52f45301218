//! A global allocator that counts what each thread allocates.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Allocations and reallocations made by this thread so far.
pub fn allocations() -> u64 {
    ALLOCATIONS.get()
}

/// Bytes that this thread has allocated so far and not freed, less those of others that it has.
pub fn live_bytes() -> i64 {
    LIVE.get()
}

/// The system's allocator, and a thread-local counter beside it.
pub struct Counting;

thread_local! {
    // Constant and without a destructor: reading it never allocates and never fails.
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    ALLOCATIONS.set(ALLOCATIONS.get() + 1);
    hold(bytes);
}

fn hold(bytes: i64) {
    LIVE.set(LIVE.get() + bytes);
}

#[expect(unsafe_code, reason = "an allocator cannot be written without it")]
// SAFETY: every method hands its arguments to `System` unchanged and returns what `System` returns,
// so `System`'s promises are ours and our caller's promises are kept towards it; `count` and `hold`
// touch thread-local integers only, so they neither allocate nor unwind.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promises about `layout`, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count(new_size as i64 - layout.size() as i64);
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.realloc(memory, layout, new_size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        hold(-(layout.size() as i64));
        // SAFETY: `memory` came from `System` by way of this allocator; the rest is the caller's
        // promise, passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}
