use std::{fmt, future::Future, sync::Arc};

use super::{
    answer::{Answer, Function, Operation, Recalled, Unsaid, Value},
    config::{Config, Plan},
    future::Backed,
    hold::{Borrowed, Lent, Mark, Unmarked, View},
    last_good::LastGood,
    served::Degraded,
    shared::{Settings, Shared},
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    outcome::{Classify, Hinted, Standard},
    policy::Policy,
    refusal::{Error, Fault, Lifted},
    sync::{Spread, shards},
};

/// Answers with something else when a call has failed.
///
/// A handle: clones, views and layers share one state, which is its config and what it has counted.
/// What it falls back to (`A`), by whose eyes (`C`), and how it marks what is second best (`M`) are
/// the view's own; make a view once, not for each call. [`call_or`](Self::call_or) is for what is
/// known with the call only.
pub struct Fallback<A = Unsaid, C = Standard, M = Unmarked> {
    pub(super) view: Spread<View<A, C, M>>,
}

impl Fallback {
    /// A fallback that is still to be told what to fall back to.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// The same by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        let shared = Arc::new(Shared::new(name.into(), Settings::from(plan)));
        Self::of(View { shared, answer: Unsaid, classify: Standard, mark: Unmarked })
    }
}

impl<A, C, M> Fallback<A, C, M> {
    pub(super) fn of(view: View<A, C, M>) -> Self {
        Self { view: Spread::new(view, shards()) }
    }

    /// A view with other eyes: a closure over `&Result<T, Error<E>>` (over `&Result<T, E>` with
    /// [`run`](Self::run) and in a layer), or any [`Classify`]. Its argument must be spelled out.
    /// A refusal is not put to it.
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> Fallback<A, D, M>
    where
        A: Clone,
        M: Clone,
    {
        let View { shared, answer, mark, .. } = &*self.view;
        let (answer, mark) = (answer.clone(), mark.clone());
        Fallback::of(View { shared: Arc::clone(shared), answer, classify, mark })
    }

    /// A view that finds in a failed result whether the backend asks to be left alone: an
    /// `Option<Duration>`, or a [`Pushback`](crate::pushback::Pushback). For
    /// [`patience`](Config::patience).
    #[must_use]
    pub fn retry_after<R>(&self, retry_after: R) -> Fallback<A, Hinted<C, R>, M>
    where
        A: Clone,
        C: Clone,
        M: Clone,
    {
        self.classify(Hinted::new(self.view.classify.clone(), retry_after))
    }

    /// A view that marks every answer of the fallback, and none of the operation: with a header of the
    /// response, a field of the value. The closure's arguments must be spelled out.
    #[must_use]
    pub fn mark<T, N>(&self, mark: N) -> Fallback<A, C, N>
    where
        N: Fn(&mut T, &Degraded),
        A: Clone,
        C: Clone,
    {
        let View { shared, answer, classify, .. } = &*self.view;
        let (answer, classify) = (answer.clone(), classify.clone());
        Fallback::of(View { shared: Arc::clone(shared), answer, classify, mark })
    }

    /// Falls back to copies of a value.
    #[must_use]
    pub fn to_value<T>(&self, value: T) -> Fallback<Value<T>, C, M>
    where
        C: Clone,
        M: Clone,
    {
        self.to(Value(value))
    }

    /// Falls back to a function of what came back: an answer, or an error, which may be the same.
    ///
    /// ```
    /// # use buttress::{Error, fallback::{Config, Fallback}};
    /// # use std::io;
    /// let count = Fallback::new("count", Config::new())?.to_fn(
    ///     |failed: Result<u64, Error<io::Error>>| match failed {
    ///         Err(Error::Inner(error)) if error.kind() == io::ErrorKind::NotFound => Ok(0),
    ///         other => other,
    ///     },
    /// );
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    #[must_use]
    pub fn to_fn<T, E, F>(&self, f: F) -> Fallback<Function<F>, C, M>
    where
        F: Fn(Result<T, E>) -> Result<T, E>,
        C: Clone,
        M: Clone,
    {
        self.to(Function(f))
    }

    /// Falls back to an operation, which is given what came back. Its result is of the kind that the
    /// fallback sees: with [`call`](Self::call) its error is an [`Error<E>`](crate::Error), as that of
    /// another guard's `call` is.
    ///
    /// It knows nothing of the call. For an operation that does, see [`call_or`](Self::call_or); for
    /// another service that takes the same request, `to_service`.
    #[must_use]
    pub fn to_operation<T, E, F, Fut>(&self, operation: F) -> Fallback<Operation<F>, C, M>
    where
        F: Fn(Result<T, E>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        C: Clone,
        M: Clone,
    {
        self.to(Operation(operation))
    }

    /// Falls back to the last good answer, and remembers every good one that passes.
    #[must_use]
    pub fn to_last_good<T>(&self, memory: &LastGood<T>) -> Fallback<Recalled<T>, C, M>
    where
        C: Clone,
        M: Clone,
    {
        self.to(Recalled(memory.clone()))
    }

    pub(super) fn to<B>(&self, answer: B) -> Fallback<B, C, M>
    where
        C: Clone,
        M: Clone,
    {
        let View { shared, classify, mark, .. } = &*self.view;
        let (classify, mark) = (classify.clone(), mark.clone());
        Fallback::of(View { shared: Arc::clone(shared), answer, classify, mark })
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// # Cancel safety
    ///
    /// See [`Backed`].
    #[inline]
    pub fn call<F, Fut, T, E>(
        &self,
        operation: F,
    ) -> Backed<Lifted<Fut>, Borrowed<'_, A, C, M>, (), A::Attempt>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        A: Answer<T, Error<E>>,
        C: Classify<T, Error<E>>,
        M: Mark<T>,
    {
        Backed::start(Borrowed(&self.view), (), || Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    /// The door for what is guarded further in.
    ///
    /// # Cancel safety
    ///
    /// See [`Backed`].
    #[inline]
    pub fn run<F, Fut, T, E>(
        &self,
        operation: F,
    ) -> Backed<Fut, Borrowed<'_, A, C, M>, (), A::Attempt>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        A: Answer<T, E>,
        C: Classify<T, E>,
        M: Mark<T>,
    {
        Backed::start(Borrowed(&self.view), (), operation)
    }

    /// Calls an operation, and falls back to another that belongs to this call. It is given what came
    /// back, by value; its error is an [`Error<E>`](crate::Error).
    ///
    /// # Cancel safety
    ///
    /// See [`Backed`].
    #[inline]
    pub fn call_or<F, Fut, G, Other, T, E>(
        &self,
        operation: F,
        other: G,
    ) -> Backed<Lifted<Fut>, Lent<'_, A, C, M>, Option<G>, Other>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce(Result<T, Error<E>>) -> Other,
        Other: Future<Output = Result<T, Error<E>>>,
        E: 'static,
        C: Classify<T, Error<E>>,
        M: Mark<T>,
    {
        Backed::start(Lent(&self.view), Some(other), || Lifted::new(operation()))
    }

    /// The same for operations whose error has room for a refusal already.
    ///
    /// # Cancel safety
    ///
    /// See [`Backed`].
    #[inline]
    pub fn run_or<F, Fut, G, Other, T, E>(
        &self,
        operation: F,
        other: G,
    ) -> Backed<Fut, Lent<'_, A, C, M>, Option<G>, Other>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        G: FnOnce(Result<T, E>) -> Other,
        Other: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
        M: Mark<T>,
    {
        Backed::start(Lent(&self.view), Some(other), operation)
    }

    /// A look at how often it was used.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.view.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.view.shared.name()
    }

    /// Goes by another config from now on.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.view.shared.reconfigure(Settings::from(&config.parse()?));
        Ok(())
    }
}

impl<A, C, M> Clone for Fallback<A, C, M> {
    fn clone(&self) -> Self {
        Self { view: self.view.clone() }
    }
}

impl<A, C, M> fmt::Debug for Fallback<A, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").field("name", self.name()).finish_non_exhaustive()
    }
}

impl<T, E, A, C, M> Policy<T, E> for Fallback<A, C, M>
where
    T: Send,
    E: Fault + Send,
    A: Answer<T, E, Attempt: Send> + Send + Sync,
    C: Classify<T, E> + Send + Sync,
    M: Mark<T> + Send + Sync,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Backed::start(Borrowed(&self.view), (), operation)
    }
}
