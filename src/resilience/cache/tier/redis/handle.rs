use std::{fmt, time::Duration};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    codec::{Codec, Json},
    config::{Config, Plan},
    putting::each,
    shared::Shared,
};
use crate::{
    ground::{config::ConfigError, name::Name, redis::Redis},
    resilience::cache::tier::store::{Claim, Entry, Fence, Found, News, Put, Tier, TierFailure},
};

/// A [`Tier`] that processes share through Redis.
///
/// All tiers of one name, prefix and version have the same values, in whatever process they are. It is
/// not to be cloned: each of them hears what all others remove, and [`Tiered`](crate::cache::tier::Tiered) is
/// the handle of a cache and its tier.
pub struct RedisTier<C = Json> {
    shared: Shared<C>,
}

impl RedisTier {
    /// A tier of values that are written down as JSON. Does no I/O.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, redis: &Redis, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, redis, config.parse()?))
    }

    /// A tier by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, redis: &Redis, plan: Plan) -> Self {
        Self { shared: Shared::new(name.into(), redis, plan, Json) }
    }
}

impl<C> RedisTier<C> {
    /// Another tier of the same name and config, whose values are written down like this. Change the
    /// [`version`](Config::version) with it.
    #[must_use]
    pub fn with_codec<C2>(self, codec: C2) -> RedisTier<C2> {
        let Shared { name, redis, plan, .. } = self.shared;
        RedisTier { shared: Shared::new(name, &redis, plan, codec) }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// Where its values are.
    #[must_use]
    pub fn redis(&self) -> &Redis {
        &self.shared.redis
    }
}

impl<K, V, C> Tier<K, V> for RedisTier<C>
where
    K: Serialize + DeserializeOwned + Send + Sync + 'static,
    V: Send + Sync + 'static,
    C: Codec<V>,
{
    async fn get(&self, key: &K) -> Result<Found<V>, TierFailure> {
        let mut found = self.shared.get_many(std::slice::from_ref(key)).await?;
        Ok(found.pop().unwrap_or(Found::Nothing))
    }

    async fn put(
        &self,
        key: &K,
        value: &V,
        life: Option<Duration>,
        fence: Fence,
    ) -> Result<Put, TierFailure> {
        let one = std::iter::once((key, value, life));
        let mut outcomes = self.shared.put_many(one, fence).await?;
        Ok(outcomes.pop().unwrap_or(Put::Unfit))
    }

    async fn remove(&self, key: &K) -> Result<(), TierFailure> {
        self.shared.remove(key).await
    }

    async fn clear(&self) -> Result<(), TierFailure> {
        self.shared.clear::<K>().await
    }

    async fn get_many(&self, keys: &[K]) -> Result<Vec<Found<V>>, TierFailure> {
        self.shared.get_many(keys).await
    }

    async fn claim(
        &self,
        key: &K,
        wanted_below: Option<Duration>,
    ) -> Result<Claim<V>, TierFailure> {
        self.shared.claim(key, wanted_below).await
    }

    async fn claim_many(&self, keys: &[K]) -> Result<Fence, TierFailure> {
        self.shared.claim_many(keys).await
    }

    async fn supersede(&self, key: &K) -> Result<Fence, TierFailure> {
        self.shared.supersede(key).await
    }

    async fn release(&self, key: &K, fence: Fence) {
        self.shared.release(key, fence).await;
    }

    async fn put_many(
        &self,
        entries: &[Entry<K, V>],
        fence: Fence,
    ) -> Result<Vec<Put>, TierFailure> {
        self.shared.put_many(each(entries), fence).await
    }

    fn listens(&self) -> bool {
        self.shared.config().listen
    }

    async fn listen(&self, hear: impl Fn(News<K>) + Send + Sync) {
        self.shared.listen(hear).await;
    }
}

impl<C> fmt::Debug for RedisTier<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTier").field("name", self.name()).finish_non_exhaustive()
    }
}
