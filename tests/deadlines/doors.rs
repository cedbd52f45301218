//! The doors of a timeout, behind one.

use std::{future::Future, time::Duration};

use buttress::{Error, Lift, Refusal, testing::Probe, timeout::Timeout};
use tower::{ServiceBuilder, ServiceExt, service_fn};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A way to have an operation timed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Call,
    Layer,
    Run,
}

impl Door {
    pub(crate) const ALL: [Self; 3] = [Self::Call, Self::Layer, Self::Run];

    /// Has this operation timed.
    pub(crate) async fn time<T, E, Fut>(
        self,
        timeout: &Timeout,
        operation: impl Fn() -> Fut,
    ) -> Result<T, Error<E>>
    where
        E: 'static,
        Fut: Future<Output = Result<T, E>>,
    {
        match self {
            Self::Call => timeout.call(operation).await,
            Self::Layer => {
                let service = ServiceBuilder::new()
                    .layer(timeout.layer())
                    .layer(Lift::layer())
                    .service(Probe::new(service_fn(|()| operation())));
                service.oneshot(()).await
            }
            Self::Run => timeout.run(async || operation().await.map_err(Error::Inner)).await,
        }
    }
}

/// A timeout called `t`.
pub(crate) fn timeout(limit: Duration) -> Timeout {
    Timeout::new("t", limit).unwrap()
}

/// The refusal of a call that took longer than this.
pub(crate) fn timed_out<T, E>(limit: Duration) -> Result<T, Error<E>> {
    Err(Error::Refused(Refusal::TimedOut { name: "t".into(), limit }))
}

/// The refusal of a call that was cut off by its deadline.
pub(crate) fn struck<T, E>() -> Result<T, Error<E>> {
    let refusal = Refusal::DeadlineExceeded { name: "t".into(), began: true, late: Duration::ZERO };
    Err(Error::Refused(refusal))
}

/// The refusal of a call whose deadline had passed this long ago.
pub(crate) fn too_late<T, E>(late: Duration) -> Result<T, Error<E>> {
    Err(Error::Refused(Refusal::DeadlineExceeded { name: "t".into(), began: false, late }))
}
