/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// It was dropped before it had ended: nobody waited for it any longer.
    Cancelled,
    /// It failed, or one of our own timeouts or deadlines cut it off.
    Err,
    /// It succeeded.
    Ok,
    /// It panicked.
    Panicked,
}

/// How many kinds of end there are.
pub(super) const ENDINGS: usize = 4;

impl Ending {
    /// Its place in a table.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
