/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
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
pub(super) const OUTCOMES: usize = 4;

impl Outcome {
    /// Its place in a table.
    #[inline]
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
