use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;
use tower::Service;

use super::{
    counts::{Counts, Running, Shared},
    probe::Probe,
};
use crate::ground::time::Sleep;

/// A backend that does as it is told: one step for each call, the last one again and again.
///
/// Clones play the same script. Call it plainly with [`call`](Self::call), or as a service made by
/// [`service`](Self::service).
#[derive(Debug)]
pub struct Script<T, E> {
    steps: Arc<Mutex<Steps<T, E>>>,
    counts: Shared,
}

#[derive(Debug)]
struct Steps<T, E> {
    steps: Vec<Step<T, E>>,
    next: usize,
}

/// What a scripted call does.
#[derive(Clone, Debug)]
pub struct Step<T, E> {
    after: Duration,
    ending: Ending<T, E>,
}

#[derive(Clone, Debug)]
enum Ending<T, E> {
    Hang,
    Panic,
    Result(Result<T, E>),
}

impl<T, E> Step<T, E> {
    /// Succeeds at once.
    pub const fn ok(value: T) -> Self {
        Self { after: Duration::ZERO, ending: Ending::Result(Ok(value)) }
    }

    /// Fails at once.
    pub const fn err(error: E) -> Self {
        Self { after: Duration::ZERO, ending: Ending::Result(Err(error)) }
    }

    /// Never ends.
    #[must_use]
    pub const fn hang() -> Self {
        Self { after: Duration::ZERO, ending: Ending::Hang }
    }

    /// Panics.
    #[must_use]
    pub const fn panic() -> Self {
        Self { after: Duration::ZERO, ending: Ending::Panic }
    }

    /// Takes this long first.
    #[must_use]
    pub fn after(self, latency: Duration) -> Self {
        Self { after: latency, ..self }
    }
}

impl<T: Clone, E: Clone> Script<T, E> {
    /// A script of these steps. One without steps hangs on every call.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step<T, E>>) -> Self {
        let steps = Steps { steps: steps.into_iter().collect(), next: 0 };
        Self { steps: Arc::new(Mutex::new(steps)), counts: Shared::default() }
    }

    /// Plays the next step. The step is taken when this is called, the work begins when it is polled.
    pub fn call(&self) -> Scripted<T, E> {
        let step = {
            let mut script = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
            let at = script.next.min(script.steps.len().saturating_sub(1));
            script.next += 1;
            script.steps.get(at).cloned().unwrap_or_else(Step::hang)
        };
        let timer = (!step.after.is_zero()).then(|| Sleep::lasting(step.after));
        Scripted { timer, ending: Some(step.ending), running: Some(self.counts.begin()) }
    }

    /// A service that plays this script for every request, and checks that it is made ready.
    #[must_use]
    pub fn service(&self) -> Probe<Played<T, E>> {
        Probe::counting(Played { script: self.clone() }, Shared::default())
    }

    /// What has been seen of it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.read()
    }
}

impl<T, E> Clone for Script<T, E> {
    fn clone(&self) -> Self {
        Self { steps: Arc::clone(&self.steps), counts: self.counts.clone() }
    }
}

/// A call of a [`Script`].
#[pin_project]
#[must_use = "futures do nothing unless polled"]
pub struct Scripted<T, E> {
    #[pin]
    timer: Option<Sleep>,
    /// Taken when it ends.
    ending: Option<Ending<T, E>>,
    running: Option<Running>,
}

impl<T, E> std::fmt::Debug for Scripted<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripted").field("running", &self.running.is_some()).finish_non_exhaustive()
    }
}

impl<T, E> Future for Scripted<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        if let Some(timer) = this.timer.as_mut().as_pin_mut() {
            if timer.poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.timer.set(None);
        }
        match this.ending.take() {
            Some(Ending::Result(result)) => {
                if let Some(mut running) = this.running.take() {
                    running.finish();
                }
                Poll::Ready(result)
            }
            Some(Ending::Panic) => std::panic::panic_any("as the script says"),
            Some(Ending::Hang) | None => Poll::Pending,
        }
    }
}

/// The service of a [`Script`].
#[derive(Debug)]
pub struct Played<T, E> {
    script: Script<T, E>,
}

impl<T, E> Clone for Played<T, E> {
    fn clone(&self) -> Self {
        Self { script: self.script.clone() }
    }
}

impl<T: Clone, E: Clone, Request> Service<Request> for Played<T, E> {
    type Response = T;
    type Error = E;
    type Future = Scripted<T, E>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request) -> Self::Future {
        self.script.call()
    }
}
