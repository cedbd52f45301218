use std::{
    borrow::Borrow,
    convert::Infallible,
    fmt,
    future::Future,
    hash::{BuildHasher, Hash, RandomState},
    sync::Arc,
};

use super::{
    shared::{Listening, Shared},
    snapshot::Snapshot,
    store::{Tier, TierFailure},
};
use crate::{
    ground::{
        name::Name,
        refusal::{Fault, Unchanged, Wrapped},
        time::Deadline,
    },
    resilience::cache::{Aged, Bare, Cache, Fetching, FetchingMany, Sure, stored::Loaded},
};

/// A [`Cache`] with a [`Tier`] under it; made by [`Cache::over`].
///
/// A handle: clones share the cache, the tier, and what is known of both.
pub struct Tiered<K, V, T, S = RandomState> {
    listening: Arc<Listening<K, V, T, S>>,
}

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    /// This cache with a tier under it. What is written and removed by the cache's own handle does not
    /// reach the tier.
    #[must_use]
    pub fn over<T: Tier<K, V>>(&self, tier: T) -> Tiered<K, V, T, S> {
        let shared = Arc::new(Shared::new(self.clone(), tier));
        Tiered { listening: Arc::new(Listening::new(shared)) }
    }
}

impl<K, V, T, S> Tiered<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    /// The value of this key: from the cache, from the tier, or what the loader gives, which is stored in
    /// both. It is asked for and loaded once, however many ask for it here meanwhile.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`]. A load that is dropped gives up its claim.
    pub fn get_or_load<Q, F, Fut>(&self, key: &Q, loader: F) -> Fetching<K, V, Infallible, Sure>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        let deadline = Deadline::current();
        let loader = || async { Ok(Loaded::new(loader().await)) };
        let chain = || self.chain(key.to_owned(), deadline, loader);
        self.cache().load(key, || key.to_owned(), chain)
    }

    /// The same with a loader that may fail: its error goes to all who wait, as
    /// [`Error<E>`](crate::Error), and is stored nowhere but where the cache's own
    /// [`negative_ttl`](crate::cache::Config::negative_ttl) says so.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`]. A load that is dropped gives up its claim.
    pub fn try_get_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Bare<Wrapped>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let deadline = Deadline::current();
        let loader = || async { loader().await.map(Loaded::new) };
        let chain = || self.chain(key.to_owned(), deadline, loader);
        self.cache().load(key, || key.to_owned(), chain)
    }

    /// The same with a loader whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`]. A load that is dropped gives up its claim.
    pub fn run_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Bare<Unchanged>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Fault + Clone + Send + Sync + 'static,
    {
        let deadline = Deadline::current();
        let loader = || async { loader().await.map(Loaded::new) };
        let chain = || self.chain(key.to_owned(), deadline, loader);
        self.cache().load(key, || key.to_owned(), chain)
    }

    /// The value of this key and how old it is, wherever it was loaded; the loader may say how long its
    /// value is good for, in both tiers.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`]. A load that is dropped gives up its claim.
    pub fn look_up_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Aged<Wrapped>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let deadline = Deadline::current();
        let chain = || self.chain(key.to_owned(), deadline, loader);
        self.cache().look_up_or(key, || key.to_owned(), chain)
    }

    /// The value of this key, if one of the two has it. What fails on the way is counted.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the asking to others who wait for the same key.
    pub async fn get<Q>(&self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        match self.cache().get(key) {
            Some(value) => Some(value),
            None => self.get_many([key.to_owned()]).await.pop().flatten(),
        }
    }

    /// The values of these keys, in their order. The tier is asked once, for all that the cache lacks.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the asking to others who wait for any of the keys.
    pub fn get_many(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> impl Future<Output = Vec<Option<V>>> + Send {
        let keys: Vec<K> = keys.into_iter().collect();
        let count = keys.len();
        let found = self.fetch_many(keys, None::<fn(Vec<K>) -> std::future::Ready<Nothing<K, V>>>);
        async move { found.await.unwrap_or_else(|_| vec![None; count]) }
    }

    /// The values of these keys, in their order. The tier is asked once for all that the cache lacks, and
    /// the loader called once for all that neither has; what it gives is stored in both. Processes do not
    /// wait for each other's loads here.
    ///
    /// # Cancel safety
    ///
    /// See [`FetchingMany`].
    pub fn load_many<F, Fut, R, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: F,
    ) -> FetchingMany<K, V, E, Wrapped>
    where
        F: FnOnce(Vec<K>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoIterator<Item = (K, V)> + 'static,
        E: Clone + Send + Sync + 'static,
    {
        self.fetch_many(keys, Some(loader))
    }

    fn fetch_many<F, Fut, R, E>(
        &self,
        keys: impl IntoIterator<Item = K>,
        loader: Option<F>,
    ) -> FetchingMany<K, V, E, Wrapped>
    where
        F: FnOnce(Vec<K>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, E>> + Send + 'static,
        R: IntoIterator<Item = (K, V)> + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let deadline = Deadline::current();
        self.cache().fetch_many(keys, |missing| {
            self.listening.begin();
            Arc::clone(&self.listening.shared).load_many(missing, deadline, loader)
        })
    }

    /// Stores a value in both. What other processes have in their caches, or are loading, is out of
    /// date.
    ///
    /// # Errors
    ///
    /// The store could not be told; it will be before this process believes it again. Here the value is
    /// stored all the same.
    ///
    /// # Cancel safety
    ///
    /// The value is stored here when this is called first. Dropped later, the store may not have it; what
    /// it had before is removed before this process believes it again.
    pub async fn insert(&self, key: K, value: V) -> Result<(), TierFailure> {
        self.listening.begin();
        self.listening.shared.insert(key, value).await
    }

    /// Takes an entry out, here, in the tier, and in the caches of other processes. What is being loaded,
    /// here or there, is given to those who wait for it, and not stored.
    ///
    /// # Errors
    ///
    /// The store could not be told. Here it is done all the same, and the store will be told before this
    /// process believes what it has of this key. Other processes do not know yet.
    ///
    /// # Cancel safety
    ///
    /// Dropped when it has begun, it is as if the store could not be told.
    pub async fn invalidate<Q>(&self, key: &Q) -> Result<(), TierFailure>
    where
        K: Borrow<Q>,
        Q: ToOwned<Owned = K> + ?Sized,
    {
        self.listening.begin();
        let key = key.to_owned();
        self.listening.shared.invalidate(&key).await
    }

    /// Takes everything out, in the same manner.
    ///
    /// # Errors
    ///
    /// The store could not be told; it will be before this process believes it again.
    ///
    /// # Cancel safety
    ///
    /// Dropped when it has begun, it is as if the store could not be told.
    pub async fn clear(&self) -> Result<(), TierFailure> {
        self.listening.begin();
        self.listening.shared.clear().await
    }

    /// A load of a key that is not in the cache, by somebody with this deadline: a load that others may wait
    /// for has none of its own.
    pub(super) fn chain<F, Fut, E>(
        &self,
        key: K,
        deadline: Option<Deadline>,
        loader: F,
    ) -> impl Future<Output = Result<Loaded<V>, E>> + Send + 'static + use<K, V, T, S, F, Fut, E>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Send + 'static,
    {
        self.listening.begin();
        Arc::clone(&self.listening.shared).load(key, deadline, loader)
    }

    /// A look at the cache and at what has passed between the two.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.listening.shared.snapshot()
    }
}

type Nothing<K, V> = Result<[(K, V); 0], Infallible>;

impl<K, V, T, S> Tiered<K, V, T, S> {
    /// The cache alone.
    #[must_use]
    pub fn cache(&self) -> &Cache<K, V, S> {
        &self.listening.shared.cache
    }

    /// The tier alone.
    #[must_use]
    pub fn tier(&self) -> &T {
        &self.listening.shared.tier
    }

    /// The cache's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.cache().name()
    }
}

impl<K, V, T, S> Clone for Tiered<K, V, T, S> {
    fn clone(&self) -> Self {
        Self { listening: Arc::clone(&self.listening) }
    }
}

impl<K, V, T, S> fmt::Debug for Tiered<K, V, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiered").field("cache", self.cache()).finish_non_exhaustive()
    }
}
