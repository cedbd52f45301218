//! A load of many keys by way of the store: one question, one right, one put.

use std::{
    collections::HashMap,
    future::Future,
    hash::{BuildHasher, Hash},
    sync::Arc,
};

use super::{
    chain::{carried, within},
    shared::Shared,
    store::{Entry, Fence, Found, Tier},
};
use crate::{
    ground::time::Deadline,
    resilience::cache::{CacheMode, stored::Loaded},
};

/// What the store says of many keys.
struct Asked<K, V> {
    there: Vec<(K, Loaded<V>)>,
    /// To be loaded, and how much was said of each when the store was asked. It may not be believed, or was
    /// not heard, of those without that.
    missing: Vec<(K, Option<u64>)>,
    /// Shown with what is loaded.
    fence: Option<Fence>,
}

impl<K, V, T, S> Shared<K, V, T, S>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    T: Tier<K, V>,
    S: BuildHasher + Send + Sync + 'static,
{
    /// A load of many keys; without a loader, what there is of them.
    pub(super) async fn load_many<F, Fut, R, E>(
        self: Arc<Self>,
        keys: Vec<K>,
        deadline: Option<Deadline>,
        loader: Option<F>,
    ) -> Result<Vec<(K, Loaded<V>)>, E>
    where
        F: FnOnce(Vec<K>) -> Fut + Send,
        Fut: Future<Output = Result<R, E>> + Send,
        R: IntoIterator<Item = (K, V)>,
        E: Send,
    {
        let mode = self.cache.shared.terms.mode();
        if mode == CacheMode::Disabled {
            let Some(loader) = loader else { return Ok(Vec::new()) };
            let came = loader(keys).await?.into_iter();
            return Ok(came.map(|(key, value)| (key, Loaded::new(value))).collect());
        }
        self.hear_first(deadline).await;
        let asking = self.ask_many(keys, loader.is_some());
        let Asked { there: mut all, mut missing, fence } = within(deadline, asking).await;
        if mode == CacheMode::Shadow {
            // Nobody gets it, and it stays as it is.
            missing.extend(all.drain(..).map(|(key, _)| (key, None)));
        }
        let Some(loader) = loader.filter(|_| !missing.is_empty()) else { return Ok(all) };
        let keys = missing.iter().map(|(key, _)| key.clone()).collect();
        let came: Vec<(K, V)> = loader(keys).await?.into_iter().collect();
        all.extend(self.put_many(came, &missing, fence).await);
        Ok(all)
    }

    async fn ask_many(&self, keys: Vec<K>, is_to_load: bool) -> Asked<K, V> {
        let mut asked = Asked { there: Vec::new(), missing: Vec::new(), fence: None };
        let mut marks = Vec::with_capacity(keys.len());
        let mut believed = Vec::with_capacity(keys.len());
        let (owes_nothing, mut in_vain) = (self.owes_nothing(), false);
        for key in keys {
            let mark = self.mark(self.hash(&key));
            let is_believed =
                owes_nothing || if in_vain { !self.owes(&key) } else { self.settle(&key).await };
            if is_believed {
                marks.push(mark);
                believed.push(key);
            } else {
                // One after the other would not be heard either.
                in_vain = true;
                asked.missing.push((key, None));
            }
        }
        if believed.is_empty() {
            return asked;
        }
        let found = match self.tier.get_many(&believed).await {
            Ok(found) => found,
            Err(failure) => {
                self.counts.failed(failure);
                asked.missing.extend(believed.into_iter().map(|key| (key, None)));
                return asked;
            }
        };
        // A tier that says too little says nothing of the rest.
        let found = found.into_iter().chain(std::iter::repeat_with(|| Found::Nothing));
        let mut claimed = Vec::new();
        for ((key, mark), found) in believed.into_iter().zip(marks).zip(found) {
            if let Found::Value(kept) = found {
                self.counts.hits.add_one();
                asked.there.push((key, carried(kept)));
            } else {
                self.missed(&found);
                claimed.push(key.clone());
                asked.missing.push((key, Some(mark)));
            }
        }
        if is_to_load && !claimed.is_empty() {
            match self.tier.claim_many(&claimed).await {
                Ok(fence) => asked.fence = Some(fence),
                Err(failure) => self.counts.failed(failure),
            }
        }
        asked
    }

    async fn put_many(
        &self,
        came: Vec<(K, V)>,
        missing: &[(K, Option<u64>)],
        fence: Option<Fence>,
    ) -> Vec<(K, Loaded<V>)> {
        let marks: HashMap<&K, u64> =
            missing.iter().filter_map(|(key, mark)| Some((key, (*mark)?))).collect();
        let is_current =
            |key: &K| marks.get(key).is_some_and(|mark| *mark == self.mark(self.hash(key)));
        let (current, other): (Vec<_>, Vec<_>) =
            came.into_iter().partition(|(key, _)| fence.is_some() && is_current(key));
        // What is not to be stored there is stored here, unless something was said of it: the cache knows.
        let mut loaded: Vec<(K, Loaded<V>)> =
            other.into_iter().map(|(key, value)| (key, Loaded::new(value))).collect();
        let entry = |(key, value): (K, V)| {
            let life = self.cache.shared.own_life(&key, &value);
            Entry { key, value, life }
        };
        let current: Vec<Entry<K, V>> = current.into_iter().map(entry).collect();
        let put = match fence {
            Some(fence) if !current.is_empty() => self.tier.put_many(&current, fence).await,
            _ => return loaded,
        };
        let mut put = put.unwrap_or_else(|failure| {
            self.counts.failed(failure);
            Vec::new()
        });
        put.reverse();
        for Entry { key, value, life } in current {
            let mut value = Loaded::new(value);
            value.ttl = life;
            if let Some(put) = put.pop() {
                value = self.stored(put, value);
            }
            if fence == Some(Fence::NONE) && !is_current(&key) {
                // Such a store cannot tell which came first.
                self.owe(&key);
                self.settle(&key).await;
            }
            loaded.push((key, value));
        }
        loaded
    }
}
