use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use super::{Instant, now, outside};

thread_local! {
    static CURRENT: Cell<Instant> = const { Cell::new(Instant::FOREVER) };
}

/// The moment by which an answer is of use to whoever asked.
///
/// A deadline travels with the task: inside [`Deadline::scope`] every guard sees it and waits no
/// longer than `min(its own limit, the time left)`; a call whose deadline has passed is not
/// started. Scopes nest and can only tighten.
///
/// It does **not** follow work that leaves the task: `tokio::spawn`, tower's `Buffer`, a batch or a
/// detached load. Carry it over by hand: read [`Deadline::current`] on this side and
/// [`scope`](Deadline::scope) the work on the other. Over HTTP inside one process it travels in the
/// request's extensions (`timeout::HttpDeadlineLayer`).
///
/// ```
/// # tokio_test(async {
/// use buttress::time::Deadline;
/// use std::time::Duration;
///
/// let deadline = Deadline::within(Duration::from_secs(3));
/// let left = deadline.scope(async { Deadline::current().map(|deadline| deadline.left()) }).await;
/// assert!(left.is_some_and(|left| left <= Duration::from_secs(3)));
/// assert_eq!(Deadline::current(), None);
/// # });
/// # fn tokio_test(f: impl Future<Output = ()>) {
/// #     tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(f)
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline at this moment.
    #[must_use]
    pub const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// The deadline this long from now.
    #[must_use]
    pub fn within(duration: Duration) -> Self {
        Self(now().after(duration))
    }

    /// The deadline of the running task, if it has one.
    #[must_use]
    pub fn current() -> Option<Self> {
        let at = CURRENT.try_with(Cell::get).unwrap_or(Instant::FOREVER);
        (at != Instant::FOREVER).then_some(Self(at))
    }

    /// The moment itself.
    #[must_use]
    pub const fn moment(self) -> Instant {
        self.0
    }

    /// The time left; zero once it has passed.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.since(now())
    }

    /// Runs `future` under this deadline, or under the one already in force if that is earlier.
    ///
    /// It only tells: the guards inside enforce it, as does [`Timeout`](crate::timeout::Timeout). What is
    /// asked for before the scope begins does not know of it: guards admit when they are called. So
    /// call them inside, `deadline.scope(async { guard.call(operation).await })`.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; nothing else is held.
    pub const fn scope<F: Future>(self, future: F) -> Scoped<F> {
        Scoped { future, deadline: self }
    }

    /// Runs `f` under this deadline.
    pub(crate) fn enter<R>(self, f: impl FnOnce() -> R) -> R {
        Self::under(CURRENT.get().min(self.0), f)
    }

    /// Runs `f` under no deadline: work that many wait for is not over with the first of them.
    pub(crate) fn suspend<R>(f: impl FnOnce() -> R) -> R {
        Self::under(Instant::FOREVER, f)
    }

    fn under<R>(at: Instant, f: impl FnOnce() -> R) -> R {
        struct Restore(Instant);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }

        let _restore = Restore(CURRENT.replace(at));
        f()
    }
}

/// A future with a deadline, made by [`Deadline::scope`].
#[pin_project]
#[must_use = "futures do nothing unless polled"]
#[derive(Clone, Debug)]
pub struct Scoped<F> {
    #[pin]
    future: F,
    deadline: Deadline,
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.deadline.enter(|| outside(|| this.future.poll(cx)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inner_scope_can_tighten_and_not_extend() {
        let at = |seconds| Deadline::at(Instant::ORIGIN + Duration::from_secs(seconds));
        at(10).enter(|| {
            at(20).enter(|| assert_eq!(Deadline::current(), Some(at(10))));
            at(5).enter(|| assert_eq!(Deadline::current(), Some(at(5))));
            assert_eq!(Deadline::current(), Some(at(10)));
        });
        assert_eq!(Deadline::current(), None);
    }

    #[test]
    fn work_for_many_knows_no_deadline_and_the_callers_comes_back() {
        let at = Deadline::at(Instant::ORIGIN);
        at.enter(|| {
            Deadline::suspend(|| assert_eq!(Deadline::current(), None));
            assert_eq!(Deadline::current(), Some(at));
        });
    }

    #[test]
    fn a_panic_inside_a_scope_leaves_no_deadline_behind() {
        let at = Deadline::at(Instant::ORIGIN);
        assert!(std::panic::catch_unwind(|| at.enter(|| std::panic::panic_any("inside"))).is_err());
        assert_eq!(Deadline::current(), None);
    }
}
