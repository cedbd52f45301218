//! Calls that overlap, through any door, in a world that counts what runs.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::Context,
    time::Duration,
};

use buttress::{
    Error, Lift,
    circuit_breaker::CircuitBreaker,
    time::{self, Instant},
};
use futures::{FutureExt, task::noop_waker_ref};
use proptest::{option, prelude::*, sample::select};
use tokio::time::{advance, sleep};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::{MILLISECOND, SECOND, TICK};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Door {
    Call,
    Layer,
    Run,
}

/// A call: what takes how long, and how it goes; never, if it hangs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) door: Door,
    pub(crate) latency: Option<Duration>,
    pub(crate) good: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Drop(usize),
    Pass(Duration),
    /// Until the open interval is over, or just before.
    PassToEnd(bool),
    Start(Job),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let door = select(vec![Door::Call, Door::Layer, Door::Run]);
    let latency = select(vec![Duration::ZERO, MILLISECOND, 500 * MILLISECOND, SECOND, 20 * SECOND]);
    let job = (door, option::weighted(0.8, latency), proptest::bool::weighted(0.4))
        .prop_map(|(door, latency, good)| Job { door, latency, good });
    let passing = select(vec![TICK, MILLISECOND, SECOND, 5 * SECOND, 30 * SECOND, 3600 * SECOND]);
    prop_oneof![
        8 => job.prop_map(Step::Start),
        2 => any::<usize>().prop_map(Step::Drop),
        2 => passing.prop_map(Step::Pass),
        2 => any::<bool>().prop_map(Step::PassToEnd),
    ]
}

/// What has been seen of the backend.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// When each body began.
    pub(crate) began: Vec<Instant>,
    pub(crate) in_flight: usize,
}

#[derive(Clone, Debug, Default)]
struct Backend(Arc<Mutex<Seen>>);

struct Running(Backend);

impl Backend {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap()
    }

    fn work(&self, job: Job) -> impl Future<Output = Result<(), ()>> + use<> {
        let mut seen = self.lock();
        seen.began.push(time::now());
        seen.in_flight += 1;
        let running = Running(self.clone());
        async move {
            let _running = running;
            match job.latency {
                None => std::future::pending().await,
                Some(Duration::ZERO) => {}
                Some(latency) => sleep(latency).await,
            }
            if job.good { Ok(()) } else { Err(()) }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
    }
}

type Call = Pin<Box<dyn Future<Output = Result<(), Error<()>>>>>;

pub(crate) struct World {
    pub(crate) breaker: CircuitBreaker,
    backend: Backend,
    calls: Vec<Call>,
}

impl World {
    pub(crate) fn new(breaker: CircuitBreaker) -> Self {
        Self { breaker, backend: Backend::default(), calls: Vec::new() }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.backend.lock()
    }

    pub(crate) async fn take(&mut self, step: Step) {
        match step {
            Step::Drop(which) => {
                if !self.calls.is_empty() {
                    drop(self.calls.swap_remove(which % self.calls.len()));
                }
            }
            Step::Pass(duration) => advance(duration).await,
            Step::PassToEnd(whole) => {
                if let Some(left) = self.breaker.snapshot().retry_after {
                    let short = if whole { Duration::ZERO } else { TICK };
                    advance(left.saturating_sub(short)).await;
                }
            }
            Step::Start(job) => {
                let call = self.start(job);
                self.calls.push(call);
            }
        }
        let mut context = Context::from_waker(noop_waker_ref());
        self.calls.retain_mut(|call| call.as_mut().poll(&mut context).is_pending());
    }

    /// Asks for admission here and now.
    pub(crate) fn start(&self, job: Job) -> Call {
        let (backend, breaker) = (self.backend.clone(), self.breaker.clone());
        match job.door {
            Door::Layer => {
                let mut service = ServiceBuilder::new()
                    .layer(breaker.layer())
                    .layer(Lift::layer())
                    .service(service_fn(move |job| backend.work(job)));
                service.ready().now_or_never().unwrap().unwrap();
                Box::pin(service.call(job))
            }
            // A future that borrows its breaker cannot move in with it, so its first poll, and with
            // it its admission, are forced here.
            Door::Call => first_poll(async move { breaker.call(|| backend.work(job)).await }),
            Door::Run => first_poll(async move {
                breaker.run(|| backend.work(job).map(|done| done.map_err(Error::Inner))).await
            }),
        }
    }

    pub(crate) fn drop_all(&mut self) {
        self.calls.clear();
    }
}

fn first_poll(future: impl Future<Output = Result<(), Error<()>>> + 'static) -> Call {
    let mut call: Call = Box::pin(future);
    let mut context = Context::from_waker(noop_waker_ref());
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
        std::task::Poll::Pending => call,
    }
}
