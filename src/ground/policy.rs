use std::future::Future;

/// Something that stands around an operation: one link of a [`Pipeline`](crate::Pipeline).
///
/// Every guard of this crate is one; yours can be:
///
/// ```
/// use buttress::{Pipeline, policy::Policy};
///
/// struct Traced(&'static str);
///
/// impl<T: Send, E: Send> Policy<T, E> for Traced {
///     async fn run<F, Fut>(&self, operation: F) -> Result<T, E>
///     where
///         F: Fn() -> Fut + Send + Sync,
///         Fut: Future<Output = Result<T, E>> + Send,
///     {
///         println!("{} starts", self.0);
///         operation().await
///     }
/// }
/// let pipeline = Pipeline::new().with(Traced("answer"));
/// ```
///
/// Two things about its shape that must stay as they are. `T` and `E` belong to the trait and not
/// to the method, or no policy with a classifier, a cached value or a fallback could be one: a
/// closure over `&Result<T, E>` is a classifier for *one* `T` and `E`. And the future is opaque
/// with an explicit `+ Send`: with a named or generic-associated future every variant fails inside
/// `tokio::spawn` as soon as the operation borrows ("implementation is not general enough").
pub trait Policy<T, E>: Sync {
    /// Runs the operation; once, several times, or not at all.
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send;
}

impl<T, E, P: Policy<T, E>> Policy<T, E> for &P {
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        P::run(self, operation)
    }
}
