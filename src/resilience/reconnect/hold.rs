use std::{fmt, sync::Arc};

use super::shared::Shared;

/// How a call holds its connection: [`Borrowed`] or [`Owned`]. Sealed.
pub trait Hold: sealed::Hold {}

pub(super) mod sealed {
    use super::{Arc, Shared};

    #[expect(unnameable_types, reason = "what seals the trait above")]
    pub trait Hold {
        type Connection;
        type ConnectError;
        type Classify;

        fn shared(&self) -> &Arc<Shared<Self::Connection, Self::ConnectError>>;
        fn classify(&self) -> &Self::Classify;
    }
}

/// Holds the connection's handle by reference.
pub struct Borrowed<'a, C, E, K> {
    pub(super) shared: &'a Arc<Shared<C, E>>,
    pub(super) classify: &'a K,
}

/// Holds a share of what the handles share.
pub struct Owned<C, E, K> {
    pub(super) shared: Arc<Shared<C, E>>,
    pub(super) classify: K,
}

impl<C, E, K> Hold for Borrowed<'_, C, E, K> {}

impl<C, E, K> sealed::Hold for Borrowed<'_, C, E, K> {
    type Connection = C;
    type ConnectError = E;
    type Classify = K;

    fn shared(&self) -> &Arc<Shared<C, E>> {
        self.shared
    }

    fn classify(&self) -> &K {
        self.classify
    }
}

impl<C, E, K> Hold for Owned<C, E, K> {}

impl<C, E, K> sealed::Hold for Owned<C, E, K> {
    type Connection = C;
    type ConnectError = E;
    type Classify = K;

    fn shared(&self) -> &Arc<Shared<C, E>> {
        &self.shared
    }

    fn classify(&self) -> &K {
        &self.classify
    }
}

impl<C, E, K> fmt::Debug for Borrowed<'_, C, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Borrowed").field(self.shared.name()).finish()
    }
}

impl<C, E, K> fmt::Debug for Owned<C, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Owned").field(self.shared.name()).finish()
    }
}
