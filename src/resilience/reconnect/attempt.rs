use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project::pin_project;

use crate::ground::time::{self, Sleep};

/// The work of connecting, wherever it is: in its slot, or out of it to be polled.
pub(super) type Work<C, E> = Pin<Box<dyn Future<Output = Result<C, Option<E>>> + Send>>;

/// One attempt to connect, and the time it is given. Without an error of its own, it took too long.
#[pin_project]
pub(super) struct Attempt<F> {
    #[pin]
    connecting: Option<F>,
    #[pin]
    timer: Option<Sleep>,
    limit: Duration,
}

impl<F> Attempt<F> {
    pub(super) const fn new(connecting: F, limit: Duration) -> Self {
        Self { connecting: Some(connecting), timer: None, limit }
    }
}

impl<F, C, E> Future for Attempt<F>
where
    F: Future<Output = Result<C, E>>,
{
    type Output = Result<C, Option<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(connecting) = this.connecting.as_mut().as_pin_mut() else { return Poll::Pending };
        if let Poll::Ready(connected) = time::outside(|| connecting.poll(cx)) {
            this.connecting.set(None);
            return Poll::Ready(connected.map_err(Some));
        }
        if *this.limit == Duration::MAX {
            return Poll::Pending;
        }
        if this.timer.is_none() {
            this.timer.set(Some(Sleep::lasting(*this.limit)));
        }
        match this.timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx)) {
            Poll::Ready(()) => {
                time::cut_off(|| this.connecting.set(None));
                Poll::Ready(Err(None))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}
