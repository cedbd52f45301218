use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::Error;
use crate::ground::time;

/// A future or a stream whose error `E` has become [`Error<E>`](crate::Error).
#[pin_project]
#[must_use = "futures and streams do nothing unless polled"]
#[derive(Clone, Debug)]
pub struct Lifted<F> {
    #[pin]
    pub(in crate::ground) inner: F,
}

impl<F> Lifted<F> {
    pub(crate) const fn new(inner: F) -> Self {
        Self { inner }
    }
}

impl<F, T, E> Future for Lifted<F>
where
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.project().inner;
        time::outside(|| inner.poll(cx)).map_err(Error::Inner)
    }
}
