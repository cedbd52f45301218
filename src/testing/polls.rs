use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use pin_project::pin_project;

/// Counts how often a future is polled. A future that spins shows.
///
/// ```
/// use buttress::testing::Polls;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let polls = Polls::new();
/// polls.of(async { tokio::task::yield_now().await }).await;
/// polls.assert_at_most(2);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Polls(Arc<AtomicU64>);

impl Polls {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The future, its polls counted here.
    pub fn of<F: Future>(&self, future: F) -> CountPolls<F> {
        CountPolls { future, polls: self.clone() }
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails the test if there were more.
    ///
    /// # Panics
    ///
    /// There were more.
    #[track_caller]
    pub fn assert_at_most(&self, most: u64) {
        let count = self.count();
        assert!(
            count <= most,
            "polled {count} times, at most {most} were expected: is something spinning?"
        );
    }
}

/// A future whose polls are counted; made by [`Polls::of`].
#[pin_project]
#[must_use = "futures do nothing unless polled"]
#[derive(Debug)]
pub struct CountPolls<F> {
    #[pin]
    future: F,
    polls: Polls,
}

impl<F: Future> Future for CountPolls<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// At the 100 000th poll: in paused time a future that spins would hang the test instead.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        const SPINNING: u64 = 100_000;

        let this = self.project();
        let polls = this.polls.0.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(polls < SPINNING, "polled {polls} times: it is spinning");
        this.future.poll(cx)
    }
}
