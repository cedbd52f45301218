use std::{fmt, ops::Deref, sync::Arc};

use super::shared::{Live, Shared};

/// A live connection, as far as anybody knows; made by [`connected`](super::Reconnect::connected).
///
/// It is the connection itself to whoever uses it, and can say that it is broken. Dropping it says
/// nothing. It keeps what the handles share as a handle does: a heartbeat goes on while there is one.
pub struct Connection<C, E> {
    live: Arc<Live<C>>,
    shared: Arc<Shared<C, E>>,
}

impl<C, E> Connection<C, E> {
    pub(super) const fn new(live: Arc<Live<C>>, shared: Arc<Shared<C, E>>) -> Self {
        Self { live, shared }
    }

    /// Says that it is broken: whoever asks next connects. Whether that is news; a connection is
    /// given up once, and one that has been replaced breaks nothing.
    #[expect(clippy::must_use_candidate, reason = "said for what it does")]
    pub fn broken(self) -> bool {
        self.shared.lost(self.live.era)
    }
}

impl<C, E> Deref for Connection<C, E> {
    type Target = C;

    fn deref(&self) -> &C {
        &self.live.connection
    }
}

impl<C, E> Clone for Connection<C, E> {
    fn clone(&self) -> Self {
        Self { live: Arc::clone(&self.live), shared: Arc::clone(&self.shared) }
    }
}

impl<C, E> fmt::Debug for Connection<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("name", self.shared.name())
            .field("era", &self.live.era)
            .finish_non_exhaustive()
    }
}
