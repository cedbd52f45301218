use std::{fmt, future::Future};

use super::{
    class::{Class, Sort},
    closing::Closing,
    config::{Config, Plan, check_limit},
    future::{Acquiring, Calling},
    operation::{Called, Ran},
    permit::Permit,
    shared::{Borrowed, Core, Eyes, Owned},
    snapshot::Snapshot,
};
use crate::ground::{
    adaptive::Limit,
    config::{Check, ConfigError},
    hold::View,
    keyed,
    name::Name,
    outcome::{Classify, Standard},
    policy::Policy,
    refusal::{Fault, Refusal},
    sync::{Spread, shards},
    time::{self, Deadline},
};

/// Lets so many calls in at once, and so many more wait.
///
/// A handle: clones share its places and its queue, as does every layer made from any of them. `S` is
/// how *this* handle tells how much a call matters, see [`sort`](Self::sort); `C` is how it tells, where the
/// limit is adaptive, what a result means, see [`classify`](Self::classify).
pub struct Bulkhead<S = Class, C = Standard> {
    pub(super) view: View<Core, Eyes<S, C>>,
}

impl Bulkhead {
    /// An empty bulkhead.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// An empty bulkhead, by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        let core = Spread::new(Core::new(name.into(), plan, shards(), true), shards());
        Self { view: View { core, eyes: EYES } }
    }
}

/// Every call is like any other, and `Err` is a failure.
const EYES: Eyes<Class, Standard> = Eyes { sort: Class::Normal, classify: Standard };

impl<S, C> Bulkhead<S, C> {
    /// Another view of the same bulkhead, whose calls matter this much: a [`Class`], or a closure over
    /// the request, whose argument must be spelled out. Outside tower there is no request, and it is
    /// `|_: &()| …`.
    ///
    /// ```
    /// # use buttress::bulkhead::{Bulkhead, Class};
    /// let search = Bulkhead::new("search", Default::default())?;
    /// let prefetching = search.sort(Class::Sheddable);
    /// let by_path = search.sort(|request: &http::Request<String>| match request.uri().path() {
    ///     "/health" => Class::Exempt,
    ///     "/batch" => Class::Sheddable,
    ///     _ => Class::Normal,
    /// });
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn sort<N>(&self, sort: N) -> Bulkhead<N, C>
    where
        C: Clone,
    {
        let classify = self.view.eyes.classify.clone();
        Bulkhead { view: self.view.seen_by(Eyes { sort, classify }) }
    }

    /// Another view of the same bulkhead, with other eyes for what a result says about how many calls there
    /// may be: a closure over `&Result<T, Error<E>>` (over `&Result<T, E>` with [`run`](Self::run) and in a
    /// layer). Its argument must be spelled out. Asked only where the limit is
    /// [adaptive](Config::adaptive), and only of calls that are measured.
    ///
    /// ```
    /// # use buttress::{Error, bulkhead::Bulkhead, outcome::Outcome};
    /// # enum ApiError { NotFound, Busy }
    /// let search = Bulkhead::new("search", Default::default())?.classify(
    ///     |result: &Result<String, Error<ApiError>>| match result {
    ///         Err(Error::Inner(ApiError::Busy)) | Err(Error::Refused(_)) => Outcome::Failure,
    ///         // It has looked, and that took its time.
    ///         Ok(_) | Err(Error::Inner(ApiError::NotFound)) => Outcome::Success,
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> Bulkhead<S, D>
    where
        S: Clone,
    {
        let sort = self.view.eyes.sort.clone();
        Bulkhead { view: self.view.seen_by(Eyes { sort, classify }) }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// A place is asked for here and now. If there is one, the operation is started; if not, the
    /// future waits for it, or carries the refusal.
    ///
    /// # Cancel safety
    ///
    /// See [`Calling`].
    #[inline]
    pub fn call<F, Fut, T, E>(&self, operation: F) -> Calling<Called<F>, Borrowed<'_, S, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        S: Sort<()>,
    {
        Calling::start(self.view.borrow(), self.class(), Called(operation))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`Calling`].
    #[inline]
    pub fn run<F, Fut, T, E>(&self, operation: F) -> Calling<Ran<F>, Borrowed<'_, S, C>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        S: Sort<()>,
    {
        Calling::start(self.view.borrow(), self.class(), Ran(operation))
    }

    /// A place, if there is one and nobody waits for it.
    ///
    /// # Errors
    ///
    /// There is none.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<Borrowed<'_, S, C>>, Refusal>
    where
        S: Sort<()>,
    {
        match self.view.core.try_place(self.class()) {
            Ok(place) => Ok(Permit::new(self.view.borrow(), place)),
            Err(why) => Err(self.view.core.refusal(why)),
        }
    }

    /// A place that may outlive this handle, if there is one and nobody waits for it.
    ///
    /// # Errors
    ///
    /// There is none.
    #[inline]
    pub fn try_acquire_owned(&self) -> Result<Permit<Owned<S, C>>, Refusal>
    where
        S: Sort<()> + Clone,
        C: Clone,
    {
        match self.view.core.try_place(self.class()) {
            Ok(place) => Ok(Permit::new(self.view.own(), place)),
            Err(why) => Err(self.view.core.refusal(why)),
        }
    }

    /// A place, as soon as there is one: waits as long as a call does.
    ///
    /// It is asked for here and now; so is a place in the queue.
    ///
    /// # Cancel safety
    ///
    /// See [`Acquiring`].
    #[inline]
    pub fn acquire(&self) -> Acquiring<Borrowed<'_, S, C>>
    where
        S: Sort<()>,
    {
        Acquiring::start(self.view.borrow(), self.class())
    }

    /// The same, and the place may outlive this handle.
    ///
    /// # Cancel safety
    ///
    /// See [`Acquiring`].
    #[inline]
    pub fn acquire_owned(&self) -> Acquiring<Owned<S, C>>
    where
        S: Sort<()> + Clone,
        C: Clone,
    {
        Acquiring::start(self.view.own(), self.class())
    }

    /// Lets so many be in flight from now on, and as many more of those who wait as that allows. Nobody
    /// in flight is cut off: after a smaller limit, nobody is let in until there are fewer than that.
    ///
    /// It holds until the next [`reconfigure`](Self::reconfigure), and so does an
    /// [adaptive](Config::adaptive) limit: it is pinned, calls are not measured, and nothing is learned.
    ///
    /// # Errors
    ///
    /// It is 0, or more than 1 048 575; nothing has changed then.
    pub fn set_limit(&self, limit: u32) -> Result<(), ConfigError> {
        let mut check = Check::new("bulkhead");
        check_limit(limit, &mut check);
        check.finish(())?;
        self.view.core.set_limit(limit);
        Ok(())
    }

    /// Has an algorithm of your own find the limit from now on, until the next
    /// [`reconfigure`](Self::reconfigure). It is called under no lock and by one thread at a time, and whatever
    /// it says, the limit is 1 to 1 048 575. See [`Limit`] for an example.
    pub fn limited_by(&self, limit: impl Limit + Send + 'static) {
        self.view.core.limited_by(limit);
    }

    /// Goes by another config from now on. Whoever waits keeps waiting as long as the old one said.
    ///
    /// An [adaptive](Config::adaptive) limit whose settings are as they were, and
    /// [`limit`](Config::limit) as well, keeps what it has found and learned; any other starts anew.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.core.reconfigure(&config.parse()?);
        Ok(())
    }

    /// Lets nobody in any more, for good: new calls are refused as
    /// [`ShuttingDown`](Refusal::ShuttingDown), and so is at once whoever waits. Those in flight go on;
    /// the future tells when the last of them has left, or how many have not by the deadline.
    ///
    /// It takes effect here and now, in shadow mode too, whatever becomes of the future. A second
    /// close waits for the same: the first deadline stands. Calls that are
    /// [exempt](Class::Exempt) are still let in, and not waited for.
    pub fn close(&self, deadline: Deadline) -> Closing {
        let (until, number) = self.view.core.close(deadline.moment());
        Closing::new(self.view.core.hold(), until, number)
    }

    /// A look at everything it counts.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.core.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.core.name()
    }

    /// Whether both are handles of one bulkhead.
    #[must_use]
    pub fn same_bulkhead<N, D>(&self, other: &Bulkhead<N, D>) -> bool {
        self.view.core.same(&other.view.core)
    }

    /// The class of a call without a request.
    #[inline]
    fn class(&self) -> Class
    where
        S: Sort<()>,
    {
        time::outside(|| self.view.eyes.sort.class(&()))
    }
}

impl<S: Clone, C: Clone> Clone for Bulkhead<S, C> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<S, C> fmt::Debug for Bulkhead<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulkhead")
            .field("name", self.name())
            .field("limit", &self.view.core.limit())
            .finish_non_exhaustive()
    }
}

impl<T, E, S, C> Policy<T, E> for Bulkhead<S, C>
where
    T: Send,
    E: Fault + Send,
    S: Sort<()> + Sync,
    C: Classify<T, E> + Sync,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Calling::start(self.view.borrow(), self.class(), Ran(operation))
    }
}

impl keyed::Member for Bulkhead {
    /// What is in flight and what waits is counted; a thread that keeps a hold for its next call is not
    /// somebody who has a place.
    fn is_idle(&self) -> bool {
        self.view.core.is_only_handle() && self.view.core.is_empty()
    }

    /// A closed one would be open again.
    fn is_healthy(&self) -> bool {
        self.view.core.state() == super::snapshot::State::Open
    }
}

impl keyed::Plan for Plan {
    type Guard = Bulkhead;

    /// One shard of everything: members are many, and each is seldom busy.
    fn member(&self, family: &Name) -> Bulkhead {
        let core = Spread::new(Core::new(family.clone(), self, 1, false), 1);
        Bulkhead { view: View { core, eyes: EYES } }
    }
}
