use std::{fmt, future::Future, sync::Arc};

use ::http::{Request, Response};
use http_body::Body;

use super::{
    config::{Config, Plan},
    future::Replying,
    key::RequestKey,
    reply::Reply,
    shared::Shared,
    snapshot::Snapshot,
};
use crate::{
    ground::{
        config::ConfigError,
        name::Name,
        refusal::{Fault, Unchanged, Wrapped},
    },
    resilience::cache::handle::Cache,
};

/// Keeps answers to HTTP requests, as far as they may be kept.
///
/// A handle: clones share what is kept, as do layers made from any of them.
#[derive(Clone)]
pub struct HttpCache {
    shared: Arc<Shared>,
}

impl HttpCache {
    /// A cache by this config.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A cache by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan)) }
    }

    /// The answer to this request: from memory, or by the operation, which sends it. Its error is its own:
    /// `E` comes back as [`Error<E>`](crate::Error). Requests of one key have the same answer; one without
    /// is sent on its own.
    ///
    /// # Cancel safety
    ///
    /// See [`Replying`].
    pub fn call<T, F, Fut, B, E>(
        &self,
        key: Option<RequestKey>,
        request: Request<T>,
        operation: F,
    ) -> Replying<B, E, Wrapped>
    where
        T: Send + 'static,
        F: FnOnce(Request<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Send> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        self.shared.begin(key, request, operation)
    }

    /// The same with an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Replying`].
    pub fn run<T, F, Fut, B, E>(
        &self,
        key: Option<RequestKey>,
        request: Request<T>,
        operation: F,
    ) -> Replying<B, E, Unchanged>
    where
        T: Send + 'static,
        F: FnOnce(Request<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Send> + Send + 'static,
        E: Fault + Clone + Send + Sync + 'static,
    {
        self.shared.begin(key, request, operation)
    }

    /// What is kept, to be looked at and taken out.
    #[must_use]
    pub fn cache(&self) -> &Cache<RequestKey, Reply> {
        &self.shared.cache
    }

    /// Takes out every answer of this address, as the requests have it, whoever's it is. How many there were.
    /// It goes through all that is kept. What is on its way is not kept either.
    #[must_use = "use `let _ =` where it does not matter how many there were"]
    pub fn forget(&self, address: &str) -> usize {
        self.shared.note_change(address);
        self.shared.cache.invalidate_if(|key, _| key.address() == address)
    }

    /// Goes by another config from now on. What is on its way is judged as it was when it was sent; of the
    /// rest, see [`Cache::reconfigure`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(&config.parse()?)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.cache.name()
    }

    /// A look at what is kept and what was not.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }
}

impl fmt::Debug for HttpCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCache").field("cache", &self.shared.cache).finish()
    }
}
