use std::{fmt, future::Future};

use super::{
    acquire::Acquire,
    config::{Config, Plan},
    decision::Decision,
    future::Limited,
    lease::Lease,
    reservation::Reservation,
    shared::{Borrowed, Owned, Shared},
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    hold::View,
    keyed,
    name::Name,
    policy::Policy,
    refusal::{Fault, Lifted, Refusal},
    sync::{Spread, shards},
    time,
};

/// Lets so many calls through in so much time.
///
/// A handle: clones share the buckets, as does every layer made from any of them.
pub struct RateLimiter {
    /// Its eyes are what a call costs.
    pub(super) view: View<Shared, u64>,
}

impl RateLimiter {
    /// A full bucket by this [`Rate`](super::Rate), or [`Config`].
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: impl Into<Config>) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.into().parse()?))
    }

    /// A full bucket, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self::wide(name.into(), plan, shards())
    }

    fn wide(name: Name, plan: &Plan, threads: usize) -> Self {
        let shared = Shared::new(name, plan, threads, time::now());
        Self { view: View { core: Spread::new(shared, threads), eyes: 1 } }
    }

    /// Another view of the same buckets, each of whose calls costs so many tokens: those of
    /// [`call`](Self::call), [`run`](Self::run), layers and pipelines. One that costs more than a bucket
    /// holds is refused for good.
    #[must_use]
    pub fn costing(&self, tokens: u64) -> Self {
        Self { view: self.view.seen_by(tokens) }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// The token is taken here and now; the future carries the answer. Where calls
    /// [wait](super::WhenLimited::Wait), the operation is started when its turn has come.
    ///
    /// # Cancel safety
    ///
    /// See [`Limited`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Limited<F, Lifted<Fut>, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
    {
        Limited::start(
            &self.view,
            || self.view.borrow(),
            operation,
            |operation| Lifted::new(operation()),
        )
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Limited`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Limited<F, Fut, Borrowed<'_>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
    {
        Limited::start(&self.view, || self.view.borrow(), operation, |operation| operation())
    }

    /// A token now, or not at all.
    ///
    /// # Errors
    ///
    /// There is none; the refusal says when there will be.
    #[inline]
    pub fn try_acquire(&self) -> Result<(), Refusal> {
        self.try_acquire_n(1)
    }

    /// So many tokens now, all of them or none.
    ///
    /// # Errors
    ///
    /// They are not all there; the refusal says when they will be, and `None` if there is never room for
    /// so many.
    #[inline]
    pub fn try_acquire_n(&self, tokens: u64) -> Result<(), Refusal> {
        self.take_for_now(tokens).map(|_| ())
    }

    /// The same for somebody who may give them back: whether there are any to give.
    #[inline]
    pub(super) fn take_for_now(&self, tokens: u64) -> Result<bool, Refusal> {
        match self.view.core.take_for_now(tokens) {
            Ok(taken) => Ok(taken),
            Err(short) => Err(self.view.core.refusal(short)),
        }
    }

    /// A token, in turn.
    ///
    /// Refuses at once if the turn would come later than after [`max_wait`](Config::max_wait), or after
    /// the task's [`Deadline`](crate::time::Deadline).
    ///
    /// # Cancel safety
    ///
    /// See [`Acquire`].
    #[inline]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_n(1)
    }

    /// So many tokens, in turn.
    ///
    /// # Cancel safety
    ///
    /// See [`Acquire`].
    #[inline]
    pub fn acquire_n(&self, tokens: u64) -> Acquire<'_> {
        Acquire::new(&self.view, tokens)
    }

    /// Takes so many tokens if they are there, and tells what there is to tell, refused or not. In
    /// shadow mode the call may go whatever the verdict is.
    #[must_use = "without tokens there is no call"]
    pub fn check(&self, tokens: u64) -> Decision {
        self.view.core.check(tokens)
    }

    /// What [`check`](Self::check) would tell; nothing is taken or counted.
    #[must_use]
    pub fn peek(&self, tokens: u64) -> Decision {
        self.view.core.decision(tokens, false)
    }

    /// Gives so many tokens back. The bucket never holds more than it can.
    pub fn refund(&self, tokens: u64) {
        self.view.core.give_back(tokens);
    }

    /// Takes every token there is: the backend says that its quota is used up.
    pub fn drain(&self) {
        self.view.core.drain();
    }

    /// Takes an estimate now, to be [settled](Reservation::settle) by what the call has cost. An
    /// estimate above what the bucket holds takes all of it.
    ///
    /// # Errors
    ///
    /// The tokens are not there; the refusal says when they will be.
    pub fn reserve(&self, estimate: u64) -> Result<Reservation<Borrowed<'_>>, Refusal> {
        self.reserve_exactly(estimate.min(self.view.core.limit()))
    }

    /// The same for a cost that is known to be at least so much: one above what the bucket holds is
    /// refused for good.
    ///
    /// # Errors
    ///
    /// The tokens are not there; the refusal says when they will be, and `None` if there is never room for
    /// so many.
    pub fn reserve_exactly(&self, tokens: u64) -> Result<Reservation<Borrowed<'_>>, Refusal> {
        let taken = self.take_for_now(tokens)?;
        Ok(Reservation::new(self.view.borrow(), taken.then_some(tokens)))
    }

    /// As [`reserve`](Self::reserve), for a call that outlives this handle.
    ///
    /// # Errors
    ///
    /// The tokens are not there; the refusal says when they will be.
    pub fn reserve_owned(&self, estimate: u64) -> Result<Reservation<Owned>, Refusal> {
        let tokens = estimate.min(self.view.core.limit());
        let taken = self.take_for_now(tokens)?;
        Ok(Reservation::new(self.view.own(), taken.then_some(tokens)))
    }

    /// As [`reserve`](Self::reserve), in turn.
    ///
    /// # Errors
    ///
    /// The turn would come too late.
    ///
    /// # Cancel safety
    ///
    /// See [`Acquire`].
    pub async fn reserve_in_turn(
        &self,
        estimate: u64,
    ) -> Result<Reservation<Borrowed<'_>>, Refusal> {
        let tokens = estimate.min(self.view.core.limit());
        let turn = self.acquire_n(tokens);
        let taken = turn.takes();
        turn.await?;
        Ok(Reservation::new(self.view.borrow(), taken.then_some(tokens)))
    }

    /// Tokens to be taken so many at a time and spent by one task: a call then costs a subtraction, and one
    /// in so many a look at the bucket. It holds fewer where that would be more than a quarter of the bucket.
    #[must_use]
    pub fn lease(&self, tokens: u32) -> Lease<Borrowed<'_>> {
        Lease::new(self.view.borrow(), u64::from(tokens))
    }

    /// As [`lease`](Self::lease), for a task that outlives this handle.
    #[must_use]
    pub fn lease_owned(&self, tokens: u32) -> Lease<Owned> {
        Lease::new(self.view.own(), u64::from(tokens))
    }

    /// A look at how full it is and what it has decided.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.core.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.name()
    }

    /// Goes by another config from now on. The tokens that are missing stay missing, and come back at
    /// the new rate; those who wait already are served earlier if it is faster, and no later if not.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: impl Into<Config>) -> Result<(), ConfigError> {
        self.view.core.reconfigure(&config.into().parse()?, time::now());
        Ok(())
    }

    /// Whether both are handles of the same buckets.
    #[must_use]
    pub fn same_limiter(&self, other: &Self) -> bool {
        self.view.core.same(&other.view.core)
    }
}

impl Clone for RateLimiter {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter")
            .field("name", self.name())
            .field("levels", &self.snapshot().levels)
            .finish_non_exhaustive()
    }
}

impl<T, E> Policy<T, E> for RateLimiter
where
    T: Send,
    E: Fault + Send,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Limited::start(&self.view, || self.view.borrow(), operation, |operation| operation())
    }
}

impl keyed::Member for RateLimiter {
    fn is_idle(&self) -> bool {
        self.view.core.is_sole()
    }

    /// A full bucket remembers nothing.
    fn is_healthy(&self) -> bool {
        self.view.core.is_full()
    }
}

impl keyed::Plan for Plan {
    type Guard = RateLimiter;

    /// One shard of everything: members are many, and each is seldom busy.
    fn member(&self, family: &Name) -> RateLimiter {
        RateLimiter::wide(family.clone(), self, 1)
    }
}
