use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::ground::{
    refusal::{Error, Lifted},
    time,
};

impl<S, T, E> Stream for Lifted<S>
where
    S: Stream<Item = Result<T, E>>,
{
    type Item = Result<T, Error<E>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let inner = self.project().inner;
        time::outside(|| inner.poll_next(cx)).map_err(Error::Inner)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
