/// Why no further attempt was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The result was not worth another: a success, the caller's own mistake, a refusal further in.
    Answered,
    /// All attempts were made.
    Attempts,
    /// The budget was empty.
    Budget,
    /// The wait would have lasted beyond the task's deadline.
    Deadline,
    /// The wait would have lasted beyond `max_elapsed`.
    Elapsed,
    /// The backend asked for more than `max_retry_after`, or not to be called again.
    Pushback,
    /// The request could not be sent again, or not safely.
    Unrepeatable,
    /// It only watches.
    Watched,
}

impl Ending {
    /// As one word, for logs and metric labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Attempts => "attempts",
            Self::Budget => "budget",
            Self::Deadline => "deadline",
            Self::Elapsed => "elapsed",
            Self::Pushback => "pushback",
            Self::Unrepeatable => "unrepeatable",
            Self::Watched => "watched",
        }
    }
}
