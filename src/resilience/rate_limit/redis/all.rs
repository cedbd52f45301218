use std::{fmt, sync::Arc, time::Duration};

use super::{
    handle::RedisRateLimiter,
    key::RedisKey,
    machine::Mixed,
    shared::{By, Rules, Said, Shared},
};
use crate::ground::{
    config::{Check, ConfigError},
    mode::Mode,
    refusal::Refusal,
};

/// Several limiters at once, all or nothing, in one round trip: per user and per address, per tenant and
/// for everybody.
///
/// The store is asked every time: what one of them has leased is not spent. Whether they refuse is said
/// by the first one's [`Mode`](crate::Mode).
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use buttress::{rate_limit::{Rate, redis::{RedisAll, RedisRateLimiter}}, redis::{Config, Redis}};
///
/// let redis = Redis::new("redis", Config::new("redis://127.0.0.1"))?;
/// let user = RedisRateLimiter::new("user", &redis, Rate::per_minute(60))?;
/// let address = RedisRateLimiter::new("address", &redis, Rate::per_second(10))?;
/// let both = RedisAll::of([user, address])?;
/// both.try_acquire([&"ann", &std::net::Ipv4Addr::new(192, 0, 2, 1)]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RedisAll<const N: usize>([RedisRateLimiter; N]);

impl<const N: usize> RedisAll<N> {
    /// These.
    ///
    /// # Errors
    ///
    /// Their buckets are not in one place, or two of them have the same.
    pub fn of(limiters: [RedisRateLimiter; N]) -> Result<Self, ConfigError> {
        let mut check = Check::new("rate_limit::redis");
        let pairs = (0..N).flat_map(|b| (0..b).map(move |a| (a, b)));
        for (a, b) in pairs.map(|(a, b)| (&limiters[a], &limiters[b])) {
            check.require(a.redis().same_redis(b.redis()), "all", "must be of one Redis");
            check.require(a.name() != b.name(), "all", "must have names of their own");
            let mode = |of: &RedisRateLimiter| of.shared.rules().config().mode;
            check.require(mode(a) == mode(b), "all", "must all refuse, or all be in shadow mode");
        }
        check.finish(Self(limiters))
    }

    /// A token of each, or none of any: of the key that stands at its place.
    ///
    /// # Errors
    ///
    /// That of the limiter that refuses for longest; or the store cannot be asked.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the store is asked, the tokens may be spent.
    pub async fn try_acquire(&self, keys: [&dyn RedisKey; N]) -> Result<(), Refusal> {
        self.try_acquire_n(keys, 1).await
    }

    /// So many tokens of each, or none of any.
    ///
    /// # Errors
    ///
    /// That of the limiter that refuses for longest; or the store cannot be asked.
    ///
    /// # Cancel safety
    ///
    /// Dropped while the store is asked, the tokens may be spent.
    pub async fn try_acquire_n(
        &self,
        keys: [&dyn RedisKey; N],
        tokens: u64,
    ) -> Result<(), Refusal> {
        let Some(mode) = self.mode() else { return Ok(()) };
        let mut arguments = vec![1, 1];
        let mut names = Vec::with_capacity(N);
        let mut rules = Vec::with_capacity(N);
        for (limiter, key) in self.0.iter().zip(keys) {
            let own = limiter.shared.rules();
            if let Some(said) = limiter.shared.too_many(&own, tokens) {
                return limiter.shared.settle(mode, &said);
            }
            own.write(tokens, &mut arguments);
            names.push(limiter.shared.key(&key.text()));
            rules.push(own);
        }
        let Some(first) = self.0.first() else { return Ok(()) };
        match first.shared.taken(&names, &arguments).await {
            Ok((granted, ahead)) => self.answer(mode, &rules, granted > 0, &ahead, tokens),
            Err(_) => self.without_store(mode, &rules, &names, tokens),
        }
    }

    fn answer(
        &self,
        mode: Mode,
        rules: &[Arc<Rules>],
        taken: bool,
        ahead: &[Mixed],
        tokens: u64,
    ) -> Result<(), Refusal> {
        let (mut rest, mut barring) = (ahead, None::<(&Shared, Said)>);
        for (limiter, own) in self.0.iter().zip(rules) {
            let (mine, others) = rest.split_at(own.quotas().min(rest.len()));
            rest = others;
            let said = Said { by: By::Store, decision: own.decision(mine, tokens, taken) };
            if taken {
                limiter.shared.count(mode, &said);
            } else if !said.decision.is_admitted() {
                let longer = |(_, before): &(&Shared, Said)| {
                    before.decision.retry_after < said.decision.retry_after
                };
                if barring.as_ref().is_none_or(longer) {
                    barring = Some((&limiter.shared, said));
                }
            }
        }
        match (barring, self.0.first(), rules.first()) {
            (Some((shared, said)), ..) => shared.settle(mode, &said),
            (None, Some(first), Some(own)) if !taken => {
                // It says that it has refused, and not why.
                let decision = own.barred(Duration::ZERO);
                first.shared.settle(mode, &Said { by: By::Store, decision })
            }
            _ => Ok(()),
        }
    }

    /// Each by what it does then.
    fn without_store(
        &self,
        mode: Mode,
        rules: &[Arc<Rules>],
        keys: &[Vec<u8>],
        tokens: u64,
    ) -> Result<(), Refusal> {
        let each = || self.0.iter().map(|limiter| &*limiter.shared).zip(rules).zip(keys);
        let mut all = Vec::with_capacity(N);
        for ((shared, own), key) in each() {
            let said = shared.without_store(own, key, tokens);
            if !said.decision.is_admitted() {
                for ((shared, own), key) in each().take(all.len()) {
                    shared.undo_local(own, key, tokens);
                }
                return shared.settle(mode, &said);
            }
            all.push((shared, said));
        }
        all.iter().for_each(|(shared, said)| shared.count(mode, said));
        Ok(())
    }

    fn mode(&self) -> Option<Mode> {
        self.0.first().map(|first| first.shared.rules().config().mode)
    }
}

impl<const N: usize> fmt::Debug for RedisAll<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}
