//! Who ended a future: us, or somebody else.
//!
//! A dropped future cannot tell why it was dropped. Our own timeouts and deadlines can: they drop
//! what they cut off inside [`cut_off`], and a guard's permit asks [`is_cutting_off`] in its
//! `Drop`. No clock, nothing on the path of a call that ends by itself.

use std::cell::Cell;

thread_local! {
    static CUTTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `drop_it`, which drops a future that ran out of time: permits dropped meanwhile on this
/// thread count that as a failure of their backend.
pub(crate) fn cut_off(drop_it: impl FnOnce()) {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            CUTTING.set(self.0);
        }
    }

    let _restore = Restore(CUTTING.replace(true));
    drop_it();
}

/// Whether this thread is dropping a future that one of our timeouts or deadlines cut off.
pub(crate) fn is_cutting_off() -> bool {
    // A permit kept in another thread-local may be dropped after ours is gone.
    CUTTING.try_with(Cell::get).unwrap_or(false)
}

/// Polls foreign code. All of it is polled in here, so that a reading of the clock can later be
/// shared by the guards of a stack and forgotten around whatever takes time of its own.
#[inline(always)]
pub(crate) fn outside<R>(poll: impl FnOnce() -> R) -> R {
    poll()
}

/// The same; if it panics, `on_panic` is called while that panic is under way.
#[inline(always)]
pub(crate) fn watched<R>(poll: impl FnOnce() -> R, on_panic: impl FnMut()) -> R {
    struct Unwinding<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Unwinding<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    let unwinding = Unwinding(on_panic);
    let answer = outside(poll);
    std::mem::forget(unwinding);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_dropped_inside_is_cut_off() {
        assert!(!is_cutting_off());
        cut_off(|| assert!(is_cutting_off()));
        assert!(!is_cutting_off());
    }

    #[test]
    fn a_panic_while_dropping_leaves_no_mark_behind() {
        let ended = std::panic::catch_unwind(|| cut_off(|| std::panic::panic_any("drop")));
        assert!(ended.is_err());
        assert!(!is_cutting_off());
    }
}
