use std::task::{Context, Poll};

use tower::{Layer, Service};

use super::{Error, Lifted};

/// Gives a service an error type with room for refusals: `E` becomes [`Error<E>`](crate::Error).
///
/// The innermost layer of a stack of guards, right before `.service(..)`. Not needed where the
/// service's own error is a [`Fault`](crate::Fault) already: a boxed error, `anyhow::Error`, or your own.
///
/// Readiness: *through*. Costs nothing but the wider error.
///
/// ```
/// # use buttress::{Lift, timeout::Timeout};
/// # use std::{io, time::Duration};
/// use tower::{ServiceBuilder, service_fn};
///
/// let timeout = Timeout::new("answer", Duration::from_secs(30))?;
/// let service = ServiceBuilder::new()
///     .layer(timeout.layer())
///     .layer(Lift::layer())
///     .service(service_fn(|question: String| async move { Ok::<_, io::Error>(question.len()) }));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Lift<S> {
    inner: S,
}

/// Makes [`Lift`] services.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct LiftLayer;

// On one type only, or `Lift::layer()` would not know which `S` is meant.
impl Lift<()> {
    /// The layer.
    #[must_use]
    pub const fn layer() -> LiftLayer {
        LiftLayer
    }
}

impl<S> Layer<S> for LiftLayer {
    type Service = Lift<S>;

    fn layer(&self, inner: S) -> Lift<S> {
        Lift { inner }
    }
}

impl<S, Request> Service<Request> for Lift<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = Error<S::Error>;
    type Future = Lifted<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Error::Inner)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Lifted::new(self.inner.call(request))
    }
}
