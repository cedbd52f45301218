use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why the server gave no answer of use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// There is no connection, or there is none any longer.
    #[error("not connected")]
    Disconnected,
    /// It was known to be down, and was not asked.
    #[error("down; asked again after {retry_after:?}")]
    Down {
        /// When it will be asked again.
        retry_after: Duration,
    },
    /// It answered with an error.
    #[error("rejected: {code}")]
    Rejected {
        /// The first word of that, such as `NOAUTH`. The rest may hold data, and is not kept.
        code: String,
    },
    /// No answer within the limit.
    #[error("no answer within {limit:?}")]
    TimedOut {
        /// The time there was: the timeout, or what was left to the task.
        limit: Duration,
    },
    /// It answered what nobody understands.
    #[error("an answer of another shape than was asked for")]
    Unexpected,
}

/// What a failure says about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// This connection is of no use.
    Broken,
    /// It is there, and cannot do what it is for.
    Unable,
    /// It does not know the script.
    Unknown,
    /// It minds this call only.
    Minor,
}

pub(super) fn meaning(error: &RedisError) -> Meaning {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::NoScript) => Meaning::Unknown,
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::ReadOnly,
        )
        | ErrorKind::AuthenticationFailed => Meaning::Unable,
        ErrorKind::Io | ErrorKind::Parse => Meaning::Broken,
        _ if error.is_unrecoverable_error() => Meaning::Broken,
        _ => match error.code() {
            Some("NOAUTH" | "WRONGPASS" | "OOM" | "MISCONF" | "BUSY" | "NOREPLICAS") => {
                Meaning::Unable
            }
            _ => Meaning::Minor,
        },
    }
}

impl Failure {
    pub(super) fn of(error: &RedisError) -> Self {
        match (error.kind(), error.code()) {
            (ErrorKind::Io | ErrorKind::Parse, _) => Self::Disconnected,
            (ErrorKind::AuthenticationFailed, _) => Self::Rejected { code: "WRONGPASS".to_owned() },
            (_, Some(code)) => Self::Rejected { code: code.to_owned() },
            (_, None) => Self::Unexpected,
        }
    }
}
