//! What the clones of a limiter share, and how a decision is made.

mod counts;
mod local;
mod rules;

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use redis::Value;

use self::counts::Counts;
pub(super) use self::rules::Rules;
use super::{
    config::Plan,
    held::{Held, Known},
    key::{name_of, prefix_of},
    machine::Mixed,
    snapshot::Snapshot,
};
use crate::{
    ground::{
        mode::Mode,
        name::Name,
        redis::{Failure, OnStoreFailure, Redis, Script},
        refusal::Refusal,
        sync::{Mutex, atomic::Ordering},
        time::{self, Deadline, Instant, within},
    },
    resilience::rate_limit::decision::Decision,
};

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("../take.lua")));
static GIVE_BACK: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("../give_back.lua")));

/// The state that clones share.
pub(super) struct Shared {
    rules: Mutex<Arc<Rules>>,
    redis: Redis,
    prefix: Vec<u8>,
    counts: Counts,
    name: Name,
}

/// Who has decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Store,
    Lease,
    Memory,
    /// Nobody: it asks for more than there can be.
    Size,
    Open,
    Closed,
    Local,
}

/// What was decided about a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) by: By,
    pub(super) decision: Decision,
}

impl Shared {
    pub(super) fn new(name: Name, redis: &Redis, plan: Plan) -> Self {
        Self {
            rules: Mutex::new(Arc::new(Rules::new(plan))),
            redis: redis.clone(),
            prefix: prefix_of(redis.prefix(), name.as_str()),
            counts: Counts::new(&name),
            name,
        }
    }

    pub(super) const fn name(&self) -> &Name {
        &self.name
    }

    pub(super) const fn redis(&self) -> &Redis {
        &self.redis
    }

    /// Goes by another plan. What was held here is not worth anything under it.
    pub(super) fn reconfigure(&self, plan: Plan) {
        let new = Arc::new(Rules::new(plan));
        let old = std::mem::replace(&mut *self.rules.lock(), new);
        drop(old);
    }

    /// What the key of this text is called in the store.
    pub(super) fn key(&self, text: &[u8]) -> Vec<u8> {
        name_of(&self.prefix, text)
    }

    pub(super) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock())
    }

    /// A call that asks for more than there can be.
    pub(super) fn too_many(&self, rules: &Rules, tokens: u64) -> Option<Said> {
        (tokens > rules.limit()).then(|| Said { by: By::Size, decision: rules.never(tokens) })
    }

    /// What can be said about a call without asking anybody.
    #[inline]
    pub(super) fn begin(&self, rules: &Rules, key: &[u8], tokens: u64) -> Option<Said> {
        if let Some(said) = self.too_many(rules, tokens) {
            return Some(said);
        }
        let take = |held: &Held| held.take(key, tokens, time::now());
        match rules.held().map_or(Known::Nothing, take) {
            Known::Spent(left) => Some(Said { by: By::Lease, decision: rules.of_lease(left) }),
            Known::Barred(wait) => Some(Said { by: By::Memory, decision: rules.barred(wait) }),
            // An outage is no time to make futures that are told so at once.
            Known::Nothing if self.redis.skips() => Some(self.without_store(rules, key, tokens)),
            Known::Nothing => None,
        }
    }

    /// Asks the store, or decides without it.
    pub(super) async fn ask(&self, rules: &Rules, key: &[u8], tokens: u64) -> Said {
        let asked = match rules.leases(tokens) {
            Some(held) => self.ask_in_turn(rules, held, key, tokens).await,
            None => self.ask_alone(rules, key, tokens).await,
        };
        asked.unwrap_or_else(|_| self.without_store(rules, key, tokens))
    }

    /// One at a time for each key: the others find the tokens that the first was granted.
    async fn ask_in_turn(
        &self,
        rules: &Rules,
        held: &Held,
        key: &[u8],
        tokens: u64,
    ) -> Result<Said, Failure> {
        let Some(turn) = held.place(key, time::now()) else {
            self.counts.crowded.add_one();
            return self.ask_alone(rules, key, tokens).await;
        };
        if let Ok(_turn) = turn.try_lock() {
            // Somebody may have had it, and been granted a lease, since this call looked.
            if let Some(said) = self.begin(rules, key, tokens) {
                return Ok(said);
            }
            return self.lease(rules, held, key, tokens).await;
        }
        // Turn and answer together take no longer than an answer may.
        let timeout = self.redis.timeout();
        let limit = Deadline::current().map_or(timeout, |deadline| deadline.left().min(timeout));
        let deadline = Deadline::within(limit);
        let Some(_turn) = within(limit, turn.lock()).await else {
            return Err(Failure::TimedOut { limit });
        };
        if let Some(said) = self.begin(rules, key, tokens) {
            return Ok(said);
        }
        deadline.scope(self.lease(rules, held, key, tokens)).await
    }

    /// Takes some tokens more than the call needs.
    async fn lease(
        &self,
        rules: &Rules,
        held: &Held,
        key: &[u8],
        tokens: u64,
    ) -> Result<Said, Failure> {
        let take = held.size(key, rules.config().lease.into()).max(tokens);
        // Tokens are worth less from when they were asked for, which was before they were granted.
        let sent = time::now();
        let (granted, ahead) = self.take(rules, key, take, tokens, 1).await?;
        if granted == 0 {
            return Ok(self.refused(rules, key, tokens, &ahead, sent));
        }
        self.counts.granted.fetch_add(granted, Ordering::Relaxed);
        held.grant(key, granted, tokens, sent);
        Ok(Said { by: By::Store, decision: rules.decision(&ahead, tokens, true) })
    }

    /// Takes just what the call needs.
    async fn ask_alone(&self, rules: &Rules, key: &[u8], tokens: u64) -> Result<Said, Failure> {
        let sent = time::now();
        let (granted, ahead) = self.take(rules, key, 1, 1, tokens).await?;
        if granted == 0 {
            return Ok(self.refused(rules, key, tokens, &ahead, sent));
        }
        Ok(Said { by: By::Store, decision: rules.decision(&ahead, tokens, true) })
    }

    fn refused(
        &self,
        rules: &Rules,
        key: &[u8],
        tokens: u64,
        ahead: &[Mixed],
        sent: Instant,
    ) -> Said {
        let decision = rules.decision(ahead, tokens, false).of_refused();
        if let (Some(held), Some(wait)) = (rules.remembers(), decision.retry_after) {
            match held.place(key, sent) {
                Some(_) => held.bar(key, tokens, sent.after(wait)),
                None => self.counts.crowded.add_one(),
            }
        }
        Said { by: By::Store, decision }
    }

    /// How many units of so many tokens the store has given, and how far off the bucket is from being
    /// full.
    async fn take(
        &self,
        rules: &Rules,
        key: &[u8],
        units: u64,
        least: u64,
        tokens: u64,
    ) -> Result<(u64, Vec<Mixed>), Failure> {
        let mut arguments = Vec::with_capacity(3 + 5 * rules.quotas());
        arguments.extend([units, least]);
        rules.write(tokens, &mut arguments);
        self.taken(&[key.to_vec()], &arguments).await
    }

    /// What the script has answered.
    pub(super) async fn taken(
        &self,
        keys: &[Vec<u8>],
        arguments: &[u64],
    ) -> Result<(u64, Vec<Mixed>), Failure> {
        let answer = self.redis.call(TAKE.call(keys, arguments)).await?;
        self.counts.asked.add_one();
        let Value::Array(numbers) = answer else { return Err(Failure::Unexpected) };
        let mut numbers = numbers.iter().map_while(|number| match number {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        });
        let granted = numbers.next().ok_or(Failure::Unexpected)?;
        // All or less was asked for, or else nothing is given: a lease goes by it.
        let [most, least, ..] = *arguments else { return Err(Failure::Unexpected) };
        if granted != 0 && !(least..=most).contains(&granted) {
            return Err(Failure::Unexpected);
        }
        let mut ahead = Vec::with_capacity(4);
        while let (Some(whole), Some(part)) = (numbers.next(), numbers.next()) {
            ahead.push([whole, part]);
        }
        Ok((granted, ahead))
    }

    /// What a call for so many tokens would be told; nothing is taken.
    pub(super) async fn peek(&self, key: &[u8], tokens: u64) -> Decision {
        let rules = self.rules();
        if tokens > rules.limit() {
            return rules.never(tokens);
        }
        match self.take(&rules, key, 0, 0, tokens).await {
            Ok((_, ahead)) => rules.decision(&ahead, tokens, false),
            Err(_) => match rules.local(&self.name) {
                Some(local) => local.peek(key, tokens),
                None => self.blind(&rules, tokens).decision,
            },
        }
    }

    /// Gives tokens back.
    pub(super) async fn give_back(&self, key: &[u8], tokens: u64) -> Result<(), Failure> {
        let rules = self.rules();
        let mut arguments = Vec::with_capacity(1 + 3 * rules.quotas());
        rules.write_costs(tokens.min(rules.limit()), &mut arguments);
        let answer = self.redis.call_once(GIVE_BACK.call(&[key.to_vec()], &arguments)).await;
        if let Some(held) = rules.held() {
            held.unbar(key);
        }
        answer.map(drop)
    }

    /// Decides about a call that the store cannot be asked about.
    pub(super) fn without_store(&self, rules: &Rules, key: &[u8], tokens: u64) -> Said {
        match rules.local(&self.name) {
            Some(local) => Said { by: By::Local, decision: local.take(key, tokens) },
            None => self.blind(rules, tokens),
        }
    }

    fn blind(&self, rules: &Rules, tokens: u64) -> Said {
        match rules.config().on_store_failure {
            OnStoreFailure::Open => Said { by: By::Open, decision: rules.of_full(tokens) },
            OnStoreFailure::Closed | OnStoreFailure::Local { .. } => {
                Said { by: By::Closed, decision: rules.barred(self.redis.asked_again_after()) }
            }
        }
    }

    /// Gives back what a call has taken that is not to be made after all.
    pub(super) fn undo_local(&self, rules: &Rules, key: &[u8], tokens: u64) {
        if let Some(local) = rules.local(&self.name) {
            local.give_back(key, tokens);
        }
    }

    /// Counts a decision, and makes it an answer.
    pub(super) fn settle(&self, mode: Mode, said: &Said) -> Result<(), Refusal> {
        self.count(mode, said);
        if said.decision.is_admitted() || mode == Mode::Shadow {
            return Ok(());
        }
        Err(self.refusal(said))
    }

    pub(super) fn count(&self, mode: Mode, said: &Said) {
        self.counts.count(mode, said);
    }

    #[cold]
    fn refusal(&self, said: &Said) -> Refusal {
        let (name, retry_after) = (self.name.clone(), said.decision.retry_after);
        match said.by {
            By::Closed => Refusal::StoreUnavailable { name, retry_after },
            _ => Refusal::RateLimited { name, retry_after },
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let rules = self.rules();
        Snapshot {
            name: self.name.clone(),
            mode: rules.config().mode,
            store_is_up: self.redis.is_up(),
            keys: rules.held().map_or(0, Held::keys),
            max_keys: rules.config().max_keys,
            totals: self.counts.totals(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}
