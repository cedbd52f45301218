//! What both sides of every contest share: the operation that is guarded, the poll, and what
//! becomes of the answer.

use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tower::Service;

/// What every guarded operation answers.
pub type Answer = Result<u64, io::Error>;

/// The operation. The compiler does not know that it succeeds.
///
/// Where a future is wanted, each side writes `|| async { answer() }` itself, as a user does: the
/// future has a type of its own then, and what is generic over it is compiled for that side alone.
#[inline]
pub fn answer() -> Answer {
    black_box(Ok(7))
}

/// Pending once. It leaves no waker behind: [`poll_now`] polls again by itself.
#[derive(Default)]
pub struct PendingOnce {
    was_polled: bool,
}

impl Future for PendingOnce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.was_polled, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A service around an operation, with nothing to wait for.
pub fn service<F>(
    operation: impl Fn() -> F + Clone + Send,
) -> impl Service<(), Response = u64, Error = io::Error, Future = F> + Clone + Send
where
    F: Future<Output = Answer>,
{
    tower::service_fn(move |()| operation())
}

/// Polls a future where it stands, on the stack and with a waker that does nothing, until it is
/// ready. Always inlined, as an `.await` is.
#[inline(always)]
pub fn poll_now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// One request through a service: readiness, call, answer. Always inlined, as [`poll_now`] is.
#[inline(always)]
pub fn call_now<S: Service<()>>(service: &mut S) -> Result<S::Response, S::Error> {
    let mut context = Context::from_waker(Waker::noop());
    match service.poll_ready(&mut context) {
        Poll::Ready(Ok(())) => poll_now(service.call(())),
        Poll::Ready(Err(error)) => Err(error),
        Poll::Pending => unreachable!("nothing here has to wait for readiness"),
    }
}

/// Takes a success apart, as a caller would, and makes sure that it is one.
#[inline]
pub fn accepted<E>(answer: Result<u64, E>) -> u64 {
    match answer {
        Ok(value) => value,
        Err(_) => unexpected(),
    }
}

/// Takes a refusal apart, as a caller would, and makes sure that it is one.
#[inline]
pub fn refused<E>(answer: Result<u64, E>) -> E {
    match answer {
        Ok(_) => unexpected(),
        Err(refusal) => refusal,
    }
}

#[cold]
#[inline(never)]
fn unexpected() -> ! {
    panic!("a contest measured something other than it says")
}
