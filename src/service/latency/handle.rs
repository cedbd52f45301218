use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{
    config::{Config, Plan},
    ending::Ending,
    future::Measured,
    hold::{Borrowed, Owned},
    shared::{Measure, Shared},
    snapshot::{Distribution, Snapshot, Summary},
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    policy::Policy,
    sync::Spread,
    time::{self, Instant},
};

/// Measures how long operations take. A handle: clones share what was measured.
#[derive(Clone)]
pub struct Latency {
    shared: Arc<Shared>,
}

/// One operation of a [`Latency`], looked up once: what the hot path holds. Clones share it.
#[derive(Clone)]
pub struct Operation {
    measure: Spread<Measure>,
}

impl Latency {
    /// A monitor that has seen nothing.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A monitor by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan.clone())) }
    }

    /// The operation of this name, made if need be; `other` if there is no room for it.
    ///
    /// The name becomes a metric label: a kind of call, never anything that a user sends.
    #[must_use]
    pub fn operation(&self, operation: impl Into<Name>) -> Operation {
        Operation { measure: self.shared.operation(operation).clone() }
    }

    /// Records what something else has timed.
    pub fn record(&self, operation: impl Into<Name>, lasted: Duration, ending: Ending) {
        self.shared.operation(operation).record(time::recent(), lasted, ending);
    }

    /// Measures a future, from now until it has ended or is dropped.
    ///
    /// # Cancel safety
    ///
    /// See [`Measured`].
    pub fn wrap<F, T, E>(&self, operation: impl Into<Name>, future: F) -> Measured<F, Borrowed<'_>>
    where
        F: Future<Output = Result<T, E>>,
    {
        Measured::start(Borrowed(self.shared.operation(operation)), || future)
    }

    /// Everything in the window: for other quantiles, and for merging.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let now = time::now();
        let operations = self.shared.operations().map(|measure| distribution(measure, now));
        Snapshot::new(
            self.name().clone(),
            self.shared.window(),
            self.shared.overflowed(),
            operations.collect(),
        )
    }

    /// The numbers that are usually asked for.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.snapshot().summary()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Goes by another config from now on. What is in the window stays unless the window or its
    /// slices change; operations that there are stay in any case.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, and more operations than the monitor was made for;
    /// nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(config.parse()?)
    }
}

impl Operation {
    /// Its name; `other` if there was no room for the one that was asked for.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.measure.name()
    }

    /// Records what something else has timed.
    #[inline]
    pub fn record(&self, lasted: Duration, ending: Ending) {
        self.measure.record(time::recent(), lasted, ending);
    }

    /// Records what ended at `end`, for who has read the clock already.
    #[inline]
    pub fn record_at(&self, end: Instant, lasted: Duration, ending: Ending) {
        self.measure.record(end, lasted, ending);
    }

    /// Measures a future, from now until it has ended or is dropped.
    ///
    /// # Cancel safety
    ///
    /// See [`Measured`].
    #[inline]
    pub fn wrap<F, T, E>(&self, future: F) -> Measured<F, Borrowed<'_>>
    where
        F: Future<Output = Result<T, E>>,
    {
        Measured::start(Borrowed(&self.measure), || future)
    }

    /// Everything in the window.
    #[must_use]
    pub fn snapshot(&self) -> Distribution {
        distribution(&self.measure, time::now())
    }

    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "for services"))]
    pub(super) fn hold(&self) -> Owned {
        Owned(self.measure.hold())
    }
}

fn distribution(measure: &Measure, now: Instant) -> Distribution {
    Distribution::new(measure.name().clone(), measure.read(now))
}

impl fmt::Debug for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latency").field("name", self.name()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("name", self.name()).finish_non_exhaustive()
    }
}

/// As a link of a pipeline: each run of what is inside it is one record.
impl<T, E> Policy<T, E> for Operation
where
    T: Send,
    E: Send,
{
    fn run<F, Fut>(&self, operation: F) -> impl Future<Output = Result<T, E>> + Send
    where
        F: Fn() -> Fut + Send + Sync,
        Fut: Future<Output = Result<T, E>> + Send,
    {
        Measured::start(Borrowed(&self.measure), operation)
    }
}
