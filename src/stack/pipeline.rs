use std::future::Future;

use crate::ground::{
    policy::Policy,
    refusal::{Error, Fault, Lifted},
};

/// Several guards around one operation; the first is outermost.
///
/// One flat error however many guards there are, no allocation, and the future can be spawned. The
/// operation is `Fn`, because a guard may run it again (retry) or several at a time (hedge), and
/// what it returns must be `Send`. A single guard asks for less: `FnOnce`, no `Send`. A pipeline's
/// future does nothing before it is polled: then the guards are asked, one inside the other.
///
/// ```
/// use buttress::{Pipeline, circuit_breaker::CircuitBreaker, timeout::Timeout};
/// use std::time::Duration;
///
/// # async fn complete(prompt: &str) -> Result<String, std::io::Error> { Ok(prompt.into()) }
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let guarded = Pipeline::new()
///     .with(Timeout::new("answer", Duration::from_secs(30))?)
///     .with(CircuitBreaker::new("openai", Default::default())?);
///
/// let prompt = String::from("why?");
/// let answer = guarded.call(|| complete(&prompt)).await?;
/// # Ok(())
/// # }
/// ```
///
/// A dozen guards in one pipeline compile; with many more rustc runs out of query depth.
///
/// An `async` closure that owns what it uses cannot be `Fn`. Clone inside instead:
/// `move || { let prompt = prompt.clone(); async move { … } }`.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Pipeline<P = Nothing> {
    policy: P,
}

/// The policy that only runs the operation.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Nothing;

/// One policy around another.
#[derive(Clone, Copy, Debug)]
pub struct Chain<Outer, Inner> {
    outer: Outer,
    inner: Inner,
}

impl Pipeline {
    /// No guards yet.
    pub const fn new() -> Self {
        Self { policy: Nothing }
    }
}

impl Default for Pipeline {
    fn default() -> Self {
        Self::new()
    }
}

impl<P> Pipeline<P> {
    /// Adds a guard inside those already there.
    pub fn with<Q>(self, policy: Q) -> Pipeline<Chain<P, Q>> {
        Pipeline { policy: Chain { outer: self.policy, inner: policy } }
    }

    /// Calls an operation whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// # Errors
    ///
    /// The operation's own, or the refusal of one of the guards.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future settles with every guard what each says about a drop.
    pub fn call<T, E, F, Fut>(
        &self,
        operation: F,
    ) -> impl Future<Output = Result<T, Error<E>>> + Send
    where
        P: Policy<T, Error<E>>,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        E: 'static,
    {
        self.policy.run(move || Lifted::new(operation()))
    }

    /// Calls an operation whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Errors
    ///
    /// The operation's own, or the refusal of one of the guards.
    ///
    /// # Cancel safety
    ///
    /// As of [`call`](Self::call).
    pub fn run<T, E, F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        P: Policy<T, E>,
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
        E: Fault,
    {
        self.policy.run(operation)
    }
}

impl<T, E> Policy<T, E> for Nothing {
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        operation()
    }
}

impl<T, E, Outer, Inner> Policy<T, E> for Chain<Outer, Inner>
where
    T: Send,
    E: Send,
    Outer: Policy<T, E>,
    Inner: Policy<T, E>,
{
    async fn run<F, Fut>(&self, operation: F) -> Result<T, E>
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        let operation = &operation;
        self.outer.run(move || self.inner.run(operation)).await
    }
}

// A pipeline is a policy, so pipelines can be parts of pipelines.
impl<T, E, P: Policy<T, E>> Policy<T, E> for Pipeline<P> {
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        self.policy.run(operation)
    }
}
