//! What the clones of a tier share, and what is asked of the store.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    sync::LazyLock,
    time::Duration,
};

use redis::{Cmd, Pipeline, Value};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    answers::{self, Stored, Taken, found, taken},
    codec::Codec,
    config::{Config, Plan},
    names::{Message, Named, Names},
};
use crate::{
    ground::{
        backoff::{Backoff, Delays, Jitter, Terms},
        name::Name,
        random,
        redis::{Failure, Redis, Script},
        time::{self, Deadline, Instant, Sleep},
    },
    resilience::cache::tier::store::{Claim, Fence, Found, TierFailure, TierValue},
};

/// A script that gives rights.
macro_rules! right {
    ($script:literal) => {
        concat!(include_str!("rights.lua"), include_str!($script))
    };
}

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(right!("take.lua")));
static TAKE_MANY: LazyLock<Script> = LazyLock::new(|| Script::new(right!("take_many.lua")));
static SUPERSEDE: LazyLock<Script> = LazyLock::new(|| Script::new(right!("supersede.lua")));
static RELEASE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("release.lua")));
static REMOVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("remove.lua")));
static CLEAR: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("clear.lua")));

/// What the clones of a tier share.
pub(super) struct Shared<C> {
    pub(super) redis: Redis,
    pub(super) names: Names,
    pub(super) name: Name,
    pub(super) plan: Plan,
    /// Who we are: our own news are none.
    pub(super) origin: u64,
    pub(super) codec: C,
}

/// How often it is asked whether somebody else has finished loading.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));
/// So many keys are asked for in one go: others wait for the server meanwhile.
pub(super) const AT_ONCE: usize = 1000;
/// The longest life that the store is told of: its own arithmetic ends somewhere above.
const LONGEST: Duration = Duration::from_millis(1 << 45);

/// A number that nobody else has, not even who has seeded his random numbers as we have.
fn unique() -> u64 {
    RandomState::new().build_hasher().finish()
}

impl From<Failure> for TierFailure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::TimedOut { .. } => Self::TimedOut,
            _ => Self::Unavailable,
        }
    }
}

impl<C> Shared<C> {
    pub(super) fn new(name: Name, redis: &Redis, plan: Plan, codec: C) -> Self {
        Self {
            names: Names::new(redis.prefix(), name.as_str(), plan.config().version),
            origin: unique(),
            redis: redis.clone(),
            name,
            plan,
            codec,
        }
    }

    pub(super) const fn config(&self) -> &Config {
        self.plan.config()
    }

    /// How long a value is stored.
    pub(super) fn life(&self, asked: Option<Duration>) -> Duration {
        let Config { ttl, ttl_jitter, .. } = *self.config();
        let life = asked.unwrap_or(ttl).min(LONGEST);
        if ttl_jitter > 0.0 { life.mul_f64(1.0 - ttl_jitter * random::unit()) } else { life }
    }

    /// What was found in answer to what was asked then: the way here has taken its part of a life.
    fn decoded<V>(&self, named: &Named, stored: Option<Stored>, asked: Instant) -> Found<V>
    where
        C: Codec<V>,
    {
        let Some(Stored { bytes, left, age }) = stored else { return Found::Nothing };
        // Another key of the same hash: as if nothing was there.
        let Some(value) = named.value_of(&bytes) else { return Found::Nothing };
        match time::outside(|| self.codec.decode(value)) {
            Some(value) => {
                let took = time::now().since(asked);
                let left = left.map(|left| left.saturating_sub(took));
                Found::Value(TierValue { value, age, left })
            }
            None => Found::Undecodable,
        }
    }

    /// A key's names; whose key cannot be written down has none, and the store is not asked.
    pub(super) fn named<K: Serialize>(&self, key: &K) -> Option<Named> {
        time::outside(|| self.names.of(key))
    }

    pub(super) async fn get_many<K, V>(&self, keys: &[K]) -> Result<Vec<Found<V>>, TierFailure>
    where
        K: Serialize,
        C: Codec<V>,
    {
        let mut all = Vec::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            all.extend(self.read(some).await?);
        }
        Ok(all)
    }

    async fn read<K, V>(&self, keys: &[K]) -> Result<Vec<Found<V>>, TierFailure>
    where
        K: Serialize,
        C: Codec<V>,
    {
        let asked = time::now();
        let named: Vec<Option<Named>> = keys.iter().map(|key| self.named(key)).collect();
        if named.iter().all(Option::is_none) {
            return Ok(keys.iter().map(|_| Found::Nothing).collect());
        }
        let meta = &self.names.meta;
        let length = named.iter().flatten().map(|named| named.value.len()).sum::<usize>();
        let mut values = Cmd::with_capacity(1 + named.len(), length + "MGET".len());
        values.arg("MGET");
        for named in named.iter().flatten() {
            values.arg(&named.value);
        }
        let mut era = Cmd::with_capacity(3, meta.len() + "HGETera".len());
        era.arg("HGET").arg(meta).arg("era");
        // Three commands are faster than a script. Others may come in between: the value is asked for before
        // the era that it has to be of, and the time last, so that no more is left of it than there was.
        let mut questions = Pipeline::with_capacity(3);
        questions.add_command(values).add_command(era).cmd("TIME");
        let answer = self.redis.send_all(&questions).await?;
        let mut all = found(answer).ok_or(TierFailure::Unavailable)?.into_iter();
        let one = |named: Option<Named>| match named {
            Some(named) => self.decoded(&named, all.next().flatten(), asked),
            None => Found::Nothing,
        };
        Ok(named.into_iter().map(one).collect())
    }

    /// Until there is a value, or the right to load it, or nobody can wait any longer.
    pub(super) async fn claim<K, V>(
        &self,
        key: &K,
        mut wanted_below: Option<Duration>,
    ) -> Result<Claim<V>, TierFailure>
    where
        K: Serialize,
        C: Codec<V>,
    {
        let Some(named) = self.named(key) else {
            return Ok(Claim::Load { fence: Fence::NONE, gave_up: false });
        };
        // Half of what is left to who waits is for his own load.
        let patience = Deadline::current()
            .map_or(self.config().wait, |deadline| self.config().wait.min(deadline.left() / 2));
        let until = time::now().after(patience);
        let (first, most) = ASK_AGAIN;
        let mut delays = Delays::new(Terms::new(Backoff::exponential(first, most), Jitter::Equal));
        let mut gave_up = false;
        loop {
            let asked = time::now();
            match self.take(&named, gave_up, wanted_below).await? {
                Taken::Mine(fence) => return Ok(Claim::Load { fence, gave_up }),
                Taken::Stored(stored) => match self.decoded(&named, Some(stored), asked) {
                    Found::Value(kept) => return Ok(Claim::Value(kept)),
                    // Of no use, however young.
                    Found::Nothing | Found::Undecodable => wanted_below = Some(Duration::ZERO),
                },
                Taken::Held(left) => {
                    let patience = until.since(time::now());
                    if patience.is_zero() {
                        gave_up = true;
                    } else {
                        let delay = delays.next(random::below).min(left).min(patience);
                        Sleep::lasting(delay).await;
                    }
                }
            }
        }
    }

    async fn take(
        &self,
        named: &Named,
        from_anybody: bool,
        wanted_below: Option<Duration>,
    ) -> Result<Taken, TierFailure> {
        let names = [self.names.meta.clone(), named.value.clone(), named.guard()];
        let arguments = [
            self.config().lock.map_or(0, millis),
            millis(self.config().longest_load),
            u64::from(from_anybody),
            wanted_below.map_or(u64::MAX, millis),
        ];
        let data = [answers::era(unique())];
        // Asked twice it would wait for itself.
        let call = TAKE.call(&names, &arguments).with_data(&data);
        taken(self.redis.call_once(call).await?).ok_or(TierFailure::Unavailable)
    }

    pub(super) async fn claim_many<K: Serialize>(&self, keys: &[K]) -> Result<Fence, TierFailure> {
        let mut fence = Fence::NONE;
        for some in keys.chunks(AT_ONCE) {
            let mut names = vec![self.names.meta.clone()];
            names.extend(some.iter().filter_map(|key| self.named(key)).map(|named| named.guard()));
            let arguments = [millis(self.config().longest_load)];
            let data = [answers::era(unique())];
            let call = TAKE_MANY.call(&names, &arguments).with_data(&data);
            // The last and highest number is good for all: nothing is loaded before it is given.
            fence = mine(self.redis.call_once(call).await?)?;
        }
        Ok(fence)
    }

    pub(super) async fn supersede<K>(&self, key: &K) -> Result<Fence, TierFailure>
    where
        K: Serialize + DeserializeOwned,
    {
        let Some(named) = self.named(key) else { return Ok(Fence::NONE) };
        let news = time::outside(|| Message::write(self.origin, self.config().version, Some(key)));
        let names = [self.names.meta.clone(), named.value.clone(), named.guard()];
        let arguments = [millis(self.config().longest_load)];
        let data = [answers::era(unique()), self.names.channel.clone(), news];
        let call = SUPERSEDE.call(&names, &arguments).with_data(&data);
        mine(self.redis.call(call).await?)
    }

    pub(super) async fn release<K: Serialize>(&self, key: &K, fence: Fence) {
        let Some(named) = self.named(key) else { return };
        let names = [self.names.meta.clone(), named.guard()];
        let data = [answers::era(fence.era())];
        let arguments = [fence.number()];
        let call = RELEASE.call(&names, &arguments).with_data(&data);
        // If it is not heard, the right ends by itself.
        let _ = self.redis.call(call).await;
    }

    pub(super) async fn remove<K>(&self, key: &K) -> Result<(), TierFailure>
    where
        K: Serialize + DeserializeOwned,
    {
        let news = time::outside(|| Message::write(self.origin, self.config().version, Some(key)));
        self.forget(key, news).await
    }

    /// The same, and only tells who listens if there is anything to tell.
    pub(super) async fn forget<K>(&self, key: &K, news: Vec<u8>) -> Result<(), TierFailure>
    where
        K: Serialize,
    {
        let Some(named) = self.named(key) else { return Ok(()) };
        let data = [self.names.channel.clone(), news];
        let names = [named.value.clone(), named.guard()];
        self.redis.call(REMOVE.call(&names, &[]).with_data(&data)).await?;
        Ok(())
    }

    pub(super) async fn clear<K>(&self) -> Result<(), TierFailure>
    where
        K: Serialize + DeserializeOwned,
    {
        self.forget_all(Message::<K>::write(self.origin, self.config().version, None)).await
    }

    pub(super) async fn forget_all(&self, news: Vec<u8>) -> Result<(), TierFailure> {
        let data = [answers::era(unique()), self.names.channel.clone(), news];
        let names = [self.names.meta.clone()];
        self.redis.call(CLEAR.call(&names, &[]).with_data(&data)).await?;
        Ok(())
    }
}

/// The right that was asked for, of a kind that is refused to nobody.
fn mine(answer: Value) -> Result<Fence, TierFailure> {
    match taken(answer) {
        Some(Taken::Mine(fence)) => Ok(fence),
        _ => Err(TierFailure::Unavailable),
    }
}

/// Whole milliseconds, of what is longer than none at least one.
pub(super) fn millis(time: Duration) -> u64 {
    let whole = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(1 << 52);
    if whole == 0 && !time.is_zero() { 1 } else { whole }
}
