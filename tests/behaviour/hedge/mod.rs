//! A call that is made again beside itself.
//!
//! Where a comment names a case (HG-01 and so on), it is one of the catalogue of behaviour that hedges of
//! several systems were compared by.

mod config;
mod guards;
mod measuring;
mod outcomes;
mod paying;
mod polls;
mod promises;
mod racing;
mod readiness;
mod requests;
mod switching;

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Error, Lift, Pipeline,
    hedge::{Config, Hedge, Patience},
    outcome::{Classify, Outcome},
    testing::{Counts, Script, Step},
};
use futures::TryFutureExt;
use tokio::time::Instant;
use tower::{ServiceBuilder, ServiceExt, service_fn};

const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// What an attempt comes to when it does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Down {
    /// Worth another attempt.
    Broken(u32),
    /// It asks to be left alone.
    Busy,
    /// The caller's own mistake.
    Missing,
}

type Seen = Result<u32, Error<Down>>;
type Eyes = fn(&Seen) -> Outcome;

/// A way to call through a hedge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Call,
    Layer,
    Pipeline,
    Run,
}

impl Door {
    const ALL: [Self; 4] = [Self::Call, Self::Layer, Self::Pipeline, Self::Run];

    /// One call. What the operation gives is the same through every door.
    fn call<F, Fut, T, E, C, D>(
        self,
        hedge: &Hedge<C, D>,
        operation: F,
    ) -> Pin<Box<dyn Future<Output = Result<T, Error<E>>> + Send>>
    where
        F: Fn() -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + Sync + 'static,
        C: Classify<T, Error<E>> + Clone + Send + Sync + 'static,
        D: Patience + Clone + Send + Sync + 'static,
    {
        let hedge = hedge.clone();
        match self {
            Self::Call => Box::pin(async move { hedge.call(operation).await }),
            Self::Layer => {
                let service = ServiceBuilder::new()
                    .layer(hedge.layer())
                    .layer(Lift::layer())
                    .service(service_fn(move |()| operation()));
                Box::pin(service.oneshot(()))
            }
            Self::Pipeline => {
                Box::pin(async move { Pipeline::new().with(hedge).call(operation).await })
            }
            Self::Run => {
                Box::pin(async move { hedge.run(|| operation().map_err(Error::Inner)).await })
            }
        }
    }
}

/// A scripted backend that writes down when it was called.
#[derive(Clone)]
struct Backend {
    script: Script<u32, Down>,
    made: Instant,
    starts: Arc<Mutex<Vec<Duration>>>,
}

impl Backend {
    fn new(steps: impl IntoIterator<Item = Step<u32, Down>>) -> Self {
        Self { script: Script::new(steps), made: Instant::now(), starts: Arc::default() }
    }

    fn call(&self) -> impl Future<Output = Result<u32, Down>> + Send + use<> {
        self.starts.lock().unwrap().push(self.made.elapsed());
        self.script.call()
    }

    /// In milliseconds since it was made.
    fn starts(&self) -> Vec<u128> {
        self.starts.lock().unwrap().iter().map(Duration::as_millis).collect()
    }

    fn counts(&self) -> Counts {
        self.script.counts()
    }

    /// Calls it through a door.
    fn ask<C, D>(
        &self,
        door: Door,
        hedge: &Hedge<C, D>,
    ) -> Pin<Box<dyn Future<Output = Seen> + Send>>
    where
        C: Classify<u32, Error<Down>> + Clone + Send + Sync + 'static,
        D: Patience + Clone + Send + Sync + 'static,
    {
        let backend = self.clone();
        door.call(hedge, move || backend.call())
    }
}

/// So many milliseconds.
fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Hedges after so many milliseconds, so many times; pays for nothing.
fn hedge(delay: u64, hedges: u32) -> Hedge {
    let config = Config::after(millis(delay)).with_max_hedges(hedges);
    Hedge::new("backend", config).unwrap().without_budget()
}

/// The same, with eyes for what [`Down`] says.
fn seeing(delay: u64, hedges: u32) -> Hedge<Eyes> {
    hedge(delay, hedges).classify(eyes as Eyes)
}

fn eyes(result: &Seen) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(Error::Inner(Down::Busy)) => Outcome::SoftFailure,
        Err(Error::Inner(Down::Missing)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

/// One that measures, and has no budget but the share.
fn measured(share: f64) -> Hedge {
    let config = Config::new().with_extra_load(share);
    Hedge::new("backend", config).unwrap().without_budget()
}
