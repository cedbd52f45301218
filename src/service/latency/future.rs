use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{ending::Ending, hold::Hold};
use crate::ground::time::{self, Instant};

/// A measured operation: the same future behind both doors, generic over how it holds the operation.
///
/// # Cancel safety
///
/// Dropping it drops what it measures and records that as cancelled; as failed, if one of our own
/// timeouts or deadlines drops it.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Measured<F, H: Hold> {
    #[pin]
    inner: F,
    debt: Debt<H>,
}

/// The one record that a measured operation owes.
struct Debt<H: Hold> {
    hold: H,
    /// When it began; none once it has been recorded.
    began: Option<Instant>,
}

impl<F, H: Hold> Measured<F, H> {
    #[inline]
    pub(super) fn start(hold: H, start: impl FnOnce() -> F) -> Self {
        let mut debt = Debt { hold, began: Some(time::now()) };
        Self { inner: debt.watch(start), debt }
    }
}

impl<F, H, T, E> Future for Measured<F, H>
where
    F: Future<Output = Result<T, E>>,
    H: Hold,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.debt.began.is_none() {
            // Polled again after its answer: it has no other.
            return Poll::Pending;
        }
        // The two results apart: brought together they are copied through memory.
        match this.debt.watch(|| this.inner.poll(cx)) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => {
                this.debt.settle(Ending::Ok);
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(error)) => {
                this.debt.settle(Ending::Err);
                Poll::Ready(Err(error))
            }
        }
    }
}

impl<H: Hold> Debt<H> {
    #[inline]
    fn settle(&mut self, ending: Ending) {
        // Taken first: whatever comes of it, there is no second record.
        if let Some(began) = self.began.take() {
            let now = time::now();
            self.hold.measure().record(now, now.since(began), ending);
        }
    }

    /// Runs foreign code; if it panics, that is how the operation ended.
    #[inline]
    fn watch<R>(&mut self, run: impl FnOnce() -> R) -> R {
        struct Unwinding<'a, H: Hold>(&'a mut Debt<H>);
        impl<H: Hold> Drop for Unwinding<'_, H> {
            #[cold]
            fn drop(&mut self) {
                self.0.settle(Ending::Panicked);
            }
        }

        let unwinding = Unwinding(self);
        let answer = time::outside(run);
        std::mem::forget(unwinding);
        answer
    }

    /// Dropped before it had ended.
    #[cold]
    fn give_up(&mut self) {
        self.settle(if time::is_cutting_off() { Ending::Err } else { Ending::Cancelled });
    }
}

impl<H: Hold> Drop for Debt<H> {
    #[inline]
    fn drop(&mut self) {
        if self.began.is_some() {
            self.give_up();
        }
    }
}

impl<F, H: Hold> fmt::Debug for Measured<F, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.debt.began {
            Some(_) => "Measured(running)",
            None => "Measured(done)",
        })
    }
}
