use std::{hash::Hash, sync::Arc};

use super::{
    config::Plan,
    shared::{Caller, Denied, Shared},
    work::{Calls, Isolate, run},
};
use crate::ground::{name::Name, time};

/// Tells what an item weighs.
type Weigh<K> = Arc<dyn Fn(&K) -> u64 + Send + Sync>;

/// The shared batches, and how somebody sees items and errors.
pub(super) struct View<K, V, E> {
    shared: Arc<Shared<K, V, E>>,
    weigh: Option<Weigh<K>>,
    isolate: Option<Isolate<E>>,
}

impl<K, V, E> View<K, V, E> {
    pub(super) fn new(name: Name, plan: Plan) -> Self {
        Self { shared: Shared::new(name, plan), weigh: None, isolate: None }
    }

    pub(super) const fn shared(&self) -> &Arc<Shared<K, V, E>> {
        &self.shared
    }

    pub(super) fn weigh(self, weigh: impl Fn(&K) -> u64 + Send + Sync + 'static) -> Self {
        Self { weigh: Some(Arc::new(weigh)), ..self }
    }

    pub(super) fn isolate(self, fault: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        Self { isolate: Some(Arc::new(fault)), ..self }
    }

    /// Joins the batch that gathers; `calls` makes those of a batch that is opened for it.
    pub(super) fn join(
        &self,
        key: K,
        calls: impl FnOnce() -> Calls<K, V, E>,
    ) -> Result<Caller<K, V, E>, Denied>
    where
        K: Clone + Eq + Hash + Send + 'static,
        V: Clone + Send + Sync + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let weight = self.weigh.as_ref().map_or(1, |weigh| time::outside(|| weigh(&key)));
        self.shared.join(key, weight, |ticket| {
            let (shared, isolate) = (Arc::clone(&self.shared), self.isolate.clone());
            Box::pin(run(shared, ticket, calls(), isolate))
        })
    }
}

impl<K, V, E> Clone for View<K, V, E> {
    fn clone(&self) -> Self {
        let (weigh, isolate) = (self.weigh.clone(), self.isolate.clone());
        Self { shared: Arc::clone(&self.shared), weigh, isolate }
    }
}
