use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;
use tower::Service;

use super::counts::{Counts, Running, Shared};

/// A service that insists on the rules: it **panics** when it is called without having been made
/// ready, and its clones are not ready because it is. Counts what is done to it.
///
/// Put it innermost under a layer of your own to see whether the layer keeps to them.
#[derive(Debug)]
pub struct Probe<S> {
    inner: S,
    counts: Shared,
    /// How many times it is polled before it becomes ready.
    slowness: u64,
    polled: u64,
    ready: Option<Reserved>,
}

impl<S> Probe<S> {
    /// Around any service.
    pub fn new(inner: S) -> Self {
        Self::counting(inner, Shared::default())
    }

    pub(super) fn counting(inner: S, counts: Shared) -> Self {
        Self { inner, counts, slowness: 0, polled: 0, ready: None }
    }

    /// Each clone must be polled this many times more before it is ready, and wakes its caller for each.
    #[must_use]
    pub fn ready_after(self, polls: u64) -> Self {
        Self { slowness: polls, ..self }
    }

    /// Never ready.
    #[must_use]
    pub fn never_ready(self) -> Self {
        Self { slowness: u64::MAX, ..self }
    }

    /// What has been done to it and its clones.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.read()
    }

    /// A look at the counts for after the service was given away.
    pub fn watch(&self) -> impl Fn() -> Counts + Clone + Send + Sync + 'static {
        let counts = self.counts.clone();
        move || counts.read()
    }
}

impl<S: Clone> Clone for Probe<S> {
    fn clone(&self) -> Self {
        self.counts.change(|counts| counts.clones += 1);
        Self {
            inner: self.inner.clone(),
            counts: self.counts.clone(),
            slowness: self.slowness,
            polled: 0,
            ready: None,
        }
    }
}

/// Readiness that has not been used.
#[derive(Debug)]
struct Reserved(Shared);

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.change(|counts| counts.reserved -= 1);
    }
}

impl<S, Request> Service<Request> for Probe<S>
where
    S: Service<Request>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ProbeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.counts.change(|counts| counts.ready_polls += 1);
        if self.ready.is_some() {
            return Poll::Ready(Ok(()));
        }
        if self.polled < self.slowness {
            self.polled += 1;
            if self.slowness != u64::MAX {
                cx.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        let ready = self.inner.poll_ready(cx);
        if let Poll::Ready(Ok(())) = ready {
            self.counts.change(|counts| counts.reserved += 1);
            self.ready = Some(Reserved(self.counts.clone()));
        }
        ready
    }

    /// # Panics
    ///
    /// It was not made ready.
    fn call(&mut self, request: Request) -> Self::Future {
        assert!(
            self.ready.take().is_some(),
            "called without having been made ready: poll_ready() must have said so on this very instance"
        );
        self.polled = 0;
        ProbeFuture { running: Some(self.counts.begin()), inner: self.inner.call(request) }
    }
}

/// A call of a [`Probe`].
#[pin_project]
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct ProbeFuture<F> {
    // Dropped before the call itself, so that a call is not in flight when its end is seen.
    running: Option<Running>,
    #[pin]
    inner: F,
}

impl<F: Future> Future for ProbeFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let output = this.inner.poll(cx);
        if output.is_ready() {
            if let Some(mut running) = this.running.take() {
                running.finish();
            }
        }
        output
    }
}
