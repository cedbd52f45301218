//! The doors of a retry, behind one, and a backend that notes when it was called.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Error, Lift,
    backoff::{Backoff, Jitter},
    outcome::{Classify, Outcome, Standard},
    retry::{
        Again, Attempted, Config, GivenUp, Observe, Pace, Planned, Retry, Retryable, Totals,
        Unwatched,
    },
    testing::{Counts, Probe, Script, Scripted, Step},
};
use futures::FutureExt;
use tokio::time::Instant;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

pub(super) use crate::doors::{Answer, Down, MILLISECOND, SECOND};

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
pub(super) type Told = Attempted<&'static str, Error<Down>>;
/// What an observer is told.
pub(super) type News<'a> = Again<'a, &'static str, Error<Down>>;

/// A way to have a call tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// `call`, around an operation with an error of its own.
    Call,
    /// A layer around a service, made ready and then called.
    Layer,
    /// `operation.retry(&retry)`.
    Retryable,
    /// `run`, around an operation whose error has room for a refusal.
    Run,
}

impl Door {
    pub(super) const ALL: [Self; 4] = [Self::Call, Self::Layer, Self::Retryable, Self::Run];
}

/// A script that notes when each call of it was started.
#[derive(Clone, Debug)]
pub(super) struct Backend {
    script: Script<&'static str, Down>,
    started: Arc<Mutex<Vec<Instant>>>,
}

impl Backend {
    pub(super) fn new(steps: impl IntoIterator<Item = Step<&'static str, Down>>) -> Self {
        Self { script: Script::new(steps), started: Arc::default() }
    }

    /// Fails at once so often, then succeeds.
    pub(super) fn failing(times: usize) -> Self {
        let down = std::iter::repeat_n(Step::err(Down::Broken), times);
        Self::new(down.chain([Step::ok("up")]))
    }

    /// Never anything but failures.
    pub(super) fn down() -> Self {
        Self::new([Step::err(Down::Broken)])
    }

    pub(super) fn play(&self) -> Scripted<&'static str, Down> {
        self.started.lock().unwrap().push(Instant::now());
        self.script.call()
    }

    /// How often it was called.
    pub(super) fn calls(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    pub(super) fn counts(&self) -> Counts {
        self.script.counts()
    }

    /// How long there was between one call and the next.
    pub(super) fn waits(&self) -> Vec<Duration> {
        let started = self.started.lock().unwrap();
        started.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

/// A retry, and the door it is called through.
#[derive(Debug)]
pub(super) struct Caller<C = Standard, O = Unwatched, D = Planned> {
    pub(super) door: Door,
    pub(super) retry: Retry<C, O, D>,
}

/// A retry of its own for each door, without a budget.
pub(super) fn callers(config: Config) -> impl Iterator<Item = Caller> {
    let plan = config.parse().expect("a config that works");
    Door::ALL.into_iter().map(move |door| Caller {
        door,
        retry: Retry::from_plan("backend", plan.clone()).without_budget(),
    })
}

/// A second between attempts, exactly.
pub(super) fn steady() -> Config {
    Config::new().with_backoff(Backoff::constant(SECOND)).with_jitter(Jitter::None)
}

/// No time at all between attempts.
pub(super) fn immediate() -> Config {
    Config::new().with_backoff(Backoff::Immediate)
}

/// Has it called by somebody who asks how it went, or by somebody who does not.
macro_rules! through {
    ($caller:expr, $backend:expr, $retrying:ident => $boxed:expr) => {{
        let (caller, backend) = ($caller, $backend.clone());
        match caller.door {
            Door::Call => {
                let $retrying = caller.retry.call(move || backend.play());
                $boxed
            }
            Door::Layer => {
                let mut service = ServiceBuilder::new()
                    .layer(caller.retry.layer())
                    .layer(Lift::layer())
                    .service(Probe::new(service_fn(move |()| backend.play())));
                service.ready().now_or_never().expect("ready at once").unwrap();
                let $retrying = service.call(());
                $boxed
            }
            Door::Retryable => {
                let $retrying = (move || backend.play()).retry(&caller.retry);
                $boxed
            }
            Door::Run => {
                let $retrying = caller.retry.run(move || {
                    let playing = backend.play();
                    async move { playing.await.map_err(Error::Inner) }
                });
                $boxed
            }
        }
    }};
}

impl<C, O, D> Caller<C, O, D> {
    /// The same retry by another view.
    pub(super) fn seen_by<C2, O2, D2>(
        self,
        view: impl FnOnce(&Retry<C, O, D>) -> Retry<C2, O2, D2>,
    ) -> Caller<C2, O2, D2> {
        Caller { door: self.door, retry: view(&self.retry) }
    }

    pub(super) fn totals(&self) -> Totals {
        self.retry.snapshot().totals
    }

    /// Retries, and calls that succeeded after all.
    pub(super) fn counted(&self) -> (u64, u64) {
        (self.totals().retries, self.totals().recovered)
    }

    pub(super) fn given_up(&self) -> GivenUp {
        self.totals().given_up
    }
}

impl<C, O, D> Caller<C, O, D>
where
    C: Clone,
    O: Clone,
    D: Clone,
{
    /// Busy is soft, missing is the caller's own mistake.
    pub(super) fn discerning(self) -> Caller<fn(&Answer) -> Outcome, O, D> {
        fn eyes(answer: &Answer) -> Outcome {
            match answer {
                Ok(_) => Outcome::Success,
                Err(Error::Inner(Down::Busy)) => Outcome::SoftFailure,
                Err(Error::Inner(Down::Missing)) => Outcome::Ignore,
                Err(_) => Outcome::Failure,
            }
        }
        self.seen_by(|retry| retry.classify(eyes as fn(&Answer) -> Outcome))
    }
}

impl<C, O, D> Caller<C, O, D>
where
    C: Classify<&'static str, Error<Down>> + Clone + 'static,
    O: Observe<&'static str, Error<Down>> + Clone + 'static,
    D: Pace<Delays: 'static> + Clone + 'static,
{
    /// Starts a call; what comes back is still to be awaited.
    pub(super) fn start(&self, backend: &Backend) -> Boxed<'_, Answer> {
        through!(self, backend, retrying => Box::pin(retrying))
    }

    pub(super) async fn ask(&self, backend: &Backend) -> Answer {
        self.start(backend).await
    }

    /// The same, and how it went.
    pub(super) fn detailed(&self, backend: &Backend) -> Boxed<'_, Told> {
        through!(self, backend, retrying => Box::pin(retrying.detailed()))
    }
}

pub(super) fn broken() -> Answer {
    Err(Error::Inner(Down::Broken))
}

/// What was noted by an observer or a classifier.
#[derive(Debug)]
pub(super) struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    pub(super) fn note(&self, news: T) {
        self.0.lock().unwrap().push(news);
    }

    pub(super) fn all(&self) -> Vec<T> {
        self.0.lock().unwrap().clone()
    }
}

/// Notes the delay before each further attempt.
pub(super) fn delays(notes: &Notes<Duration>) -> impl Fn(&News<'_>) + Clone + 'static {
    let notes = notes.clone();
    move |again: &News<'_>| notes.note(again.delay)
}

/// The service, made ready for a request without content.
pub(super) async fn ready<S: Service<(), Error: std::fmt::Debug>>(service: &mut S) -> &mut S {
    service.ready().await.unwrap()
}
