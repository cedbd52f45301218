use std::{
    any::TypeId,
    borrow::Borrow,
    convert::Infallible,
    future::Future,
    hash::{BuildHasher, Hash},
};

use crate::{
    ground::{
        refusal::{Fault, Unchanged, Wrapped},
        time::Instant,
    },
    resilience::cache::{
        future::{Aged, Bare, Fetching, State, Sure, Why, patience},
        handle::Cache,
        loading::Wanted,
        stored::Loaded,
    },
};

impl<K, V, S> Cache<K, V, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    S: BuildHasher,
{
    /// The value of this key; if it is not there, what the loader gives, which is stored.
    ///
    /// However many ask for it meanwhile, it is loaded once. It fails only if the loader panicked while
    /// another caller was polling it, or where the caller's [`Deadline`](crate::time::Deadline) strikes.
    ///
    /// The load begins when this is called, and not when it is polled first: a call that is kept and never
    /// polled is one whose load the others drive.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`].
    #[inline]
    pub fn get_or_load<Q, F, Fut>(&self, key: &Q, loader: F) -> Fetching<K, V, Infallible, Sure>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.load(
            key,
            || key.to_owned(),
            || {
                let loading = loader();
                async move { Ok(Loaded::new(loading.await)) }
            },
        )
    }

    /// The value of this key; if it is not there, what the loader gives. A value is stored; an error goes
    /// to all who wait, and is their own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// Those who expect errors of another type do not wait for this load, they have one of their own.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`].
    #[inline]
    pub fn try_get_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Bare<Wrapped>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        self.load(key, || key.to_owned(), || plain(loader()))
    }

    /// The same with a loader whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`].
    #[inline]
    pub fn run_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Bare<Unchanged>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
        E: Fault + Clone + Send + Sync + 'static,
    {
        self.load(key, || key.to_owned(), || plain(loader()))
    }

    /// The value of this key and how old it is; if it is not there, what the loader gives, which may say
    /// how long its value is good for.
    ///
    /// # Cancel safety
    ///
    /// See [`Fetching`].
    pub fn look_up_or_load<Q, F, Fut, E>(
        &self,
        key: &Q,
        loader: F,
    ) -> Fetching<K, V, E, Aged<Wrapped>>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        self.look_up_or(key, || key.to_owned(), loader)
    }

    /// By whatever is the cheapest way to learn whether the value is there.
    #[inline]
    pub(super) fn load<Q, F, Fut, E, G>(
        &self,
        key: &Q,
        own: impl FnOnce() -> K,
        loader: F,
    ) -> Fetching<K, V, E, G>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        if self.shared.refreshes() {
            return self.look_up_or(key, own, loader);
        }
        let hash = self.hasher.hash_one(key);
        match self.shared.get(hash, |theirs| theirs.borrow() == key) {
            Some(value) => Fetching::new(State::Found(value)),
            None => self.miss(&Wanted { hash, key, kind: TypeId::of::<E>() }, own, loader),
        }
    }

    pub(super) fn look_up_or<Q, F, Fut, E, G>(
        &self,
        key: &Q,
        own: impl FnOnce() -> K,
        loader: F,
    ) -> Fetching<K, V, E, G>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let hash = self.hasher.hash_one(key);
        let wanted = Wanted { hash, key, kind: TypeId::of::<E>() };
        let hit = self.shared.look_up(hash, |theirs| theirs.borrow() == key, 0);
        let Some(hit) = hit else { return self.miss(&wanted, own, loader) };
        if hit.is_stale {
            if let Some(caller) = self.shared.refresh(&wanted, own, loader) {
                let deadline = patience().unwrap_or(Instant::FOREVER);
                return Fetching::new(State::Waits { caller, deadline, timer: None });
            }
        }
        Fetching::new(State::Known(hit))
    }

    #[cold]
    #[inline(never)]
    fn miss<Q, F, Fut, E, G>(
        &self,
        wanted: &Wanted<'_, Q>,
        own: impl FnOnce() -> K,
        loader: F,
    ) -> Fetching<K, V, E, G>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let flights = &self.shared.loads().flights;
        Fetching::new(match patience() {
            // Nothing is begun for who has no time.
            Err(deadline) => State::Refused(flights.clone(), Why::Late(deadline)),
            Ok(deadline) => State::of(self.shared.load(wanted, own, loader), deadline, flights),
        })
    }
}

async fn plain<V, E>(loading: impl Future<Output = Result<V, E>>) -> Result<Loaded<V>, E> {
    loading.await.map(Loaded::new)
}
