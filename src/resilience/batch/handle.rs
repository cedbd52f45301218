use std::{fmt, future::Future, hash::Hash, sync::Arc};

use super::{
    caller::Caller,
    config::{Config, Plan},
    future::{Loading, LoadingMany},
    shared::Denied,
    snapshot::Snapshot,
    work::{Call, View},
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    refusal::{Fault, Unchanged, Wrapped},
};

/// Makes one call of many.
///
/// A handle: clones share the batch that gathers, as do services made from any of them. Each caller has an
/// answer of their own, a `V` or an `E`; what cannot be cloned is shared as an `Arc`.
pub struct Batcher<K, V, E> {
    view: View<K, V, E>,
    call: Arc<dyn Fn(Vec<K>) -> Call<V, E> + Send + Sync>,
}

impl<K, V, E> Batcher<K, V, E>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Clone + Send + Sync + 'static,
{
    /// Answers keys by a call that gives a value for each of them, in their order, or one error for all.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new<F, Fut>(name: impl Into<Name>, config: Config, call: F) -> Result<Self, ConfigError>
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        Ok(Self::from_plan(name, config.parse()?, call))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn from_plan<F, Fut>(name: impl Into<Name>, plan: Plan, call: F) -> Self
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<V>, E>> + Send + 'static,
    {
        let call = move |keys| -> Call<V, E> {
            let answered = call(keys);
            Box::pin(
                async move { answered.await.map(|values| values.into_iter().map(Ok).collect()) },
            )
        };
        Self { view: View::new(name.into(), plan), call: Arc::new(call) }
    }

    /// The same by a call that gives a value or an error for each of them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn each<F, Fut>(name: impl Into<Name>, config: Config, call: F) -> Result<Self, ConfigError>
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Result<V, E>>, E>> + Send + 'static,
    {
        Ok(Self::each_from_plan(name, config.parse()?, call))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn each_from_plan<F, Fut>(name: impl Into<Name>, plan: Plan, call: F) -> Self
    where
        F: Fn(Vec<K>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Vec<Result<V, E>>, E>> + Send + 'static,
    {
        let call = move |keys| -> Call<V, E> { Box::pin(call(keys)) };
        Self { view: View::new(name.into(), plan), call: Arc::new(call) }
    }

    /// The answer to this key, in a batch with those of others. Its error is its own: `E` comes back as
    /// [`Error<E>`](crate::Error).
    ///
    /// It goes in a batch when it is called and not when it is polled first.
    ///
    /// # Cancel safety
    ///
    /// See [`Loading`].
    pub fn load(&self, key: K) -> Loading<K, V, E, Wrapped> {
        Loading::new(self.view.shared(), || self.join(key))
    }

    /// The same where the error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Loading`].
    pub fn run(&self, key: K) -> Loading<K, V, E, Unchanged>
    where
        E: Fault,
    {
        Loading::new(self.view.shared(), || self.join(key))
    }

    /// The answers to these keys, in their order, in as many batches as they need.
    ///
    /// # Cancel safety
    ///
    /// See [`Loading`].
    pub fn load_many(&self, keys: impl IntoIterator<Item = K>) -> LoadingMany<K, V, E, Wrapped> {
        LoadingMany::new(keys.into_iter().map(|key| self.load(key)))
    }

    fn join(&self, key: K) -> Result<Caller<K, V, E>, Denied> {
        self.view.join(key, || {
            let call = Arc::clone(&self.call);
            Box::new(move |keys| call(keys))
        })
    }
}

impl<K, V, E> Batcher<K, V, E> {
    /// A view of the same batches that weighs items: by tokens, by bytes. Together those of a batch weigh
    /// at most [`max_weight`](Config::max_weight). Unless it is said, each weighs 1.
    #[must_use]
    pub fn weigh(self, weigh: impl Fn(&K) -> u64 + Send + Sync + 'static) -> Self {
        Self { view: self.view.weigh(weigh), ..self }
    }

    /// A view of the same batches that tells an error that is one item's fault from one that is not. A
    /// batch that failed by the fault of an item is called again in halves, until the item is alone: its
    /// error is its own, and the others have their answers. Of `n` items with one at fault that takes
    /// about `2 log n` calls, and never more than `2n - 1`; nothing is sent again unchanged. A batch goes by
    /// the view that it was opened through.
    ///
    /// Unless it is said, an error is everybody's.
    #[must_use]
    pub fn isolate(self, fault: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self { view: self.view.isolate(fault), ..self }
    }

    /// A look at it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.shared().snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.shared().name()
    }

    /// Goes by another config from now on. A batch that gathers has the wait it began with. Where fewer may be
    /// [in flight](Config::max_in_flight) than there are, none begins until there is a turn for it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.shared().reconfigure(config.parse()?);
        Ok(())
    }
}

impl<K, V, E> Clone for Batcher<K, V, E> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone(), call: Arc::clone(&self.call) }
    }
}

impl<K, V, E> fmt::Debug for Batcher<K, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("name", self.name()).finish_non_exhaustive()
    }
}
