use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    answer::{Answer, Begun, sealed::Answer as _},
    hold::{Hold, Mark},
    machine::is_good,
    served::{Cause, Degraded},
    shared::Verdict,
};
use crate::ground::{outcome::Classify, refusal::Fault, time};

/// A call with a fallback: the same future behind both doors, generic over how it holds the fallback
/// (`H`), what the call kept for it (`K`), and what runs when it is needed (`B`).
///
/// # Cancel safety
///
/// Dropping it drops what runs, the operation or its fallback; nothing is begun for it afterwards.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct Backed<F, H: Hold, K, B> {
    #[pin]
    state: State<F, B>,
    hold: H,
    kept: K,
    cause: Cause,
}

#[pin_project(project = StateProjection)]
enum State<F, B> {
    First(#[pin] F),
    Readying,
    Second(#[pin] B),
    Done,
}

impl<F, H: Hold, K, B> Backed<F, H, K, B> {
    #[inline]
    pub(super) fn start(hold: H, kept: K, start: impl FnOnce() -> F) -> Self {
        let first = time::outside(start);
        Self { state: State::First(first), hold, kept, cause: Cause::Error }
    }
}

impl<F, H, K, B, T, E> Future for Backed<F, H, K, B>
where
    F: Future<Output = Result<T, E>>,
    B: Future<Output = Result<T, E>>,
    E: Fault,
    H: Hold,
    H::Answer: Answer<T, E, K, Attempt = B>,
    H::Classifier: Classify<T, E>,
    H::Mark: Mark<T>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.as_mut().project();
        if let StateProjection::First(inner) = this.state.as_mut().project() {
            // The two results apart: brought together they are copied through memory, which costs
            // more than all the rest.
            match time::outside(|| inner.poll(cx)) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(value)) => {
                    let result = Ok(value);
                    match this.hold.shared().judge(this.hold.classifier(), &result) {
                        Verdict::Keep(outcome) => {
                            this.state.set(State::Done);
                            if let (Ok(value), true) = (&result, is_good(outcome)) {
                                time::outside(|| this.hold.answer().good(value));
                            }
                            return Poll::Ready(result);
                        }
                        Verdict::Fall(cause, _) => return self.fall(cause, result, cx),
                    }
                }
                Poll::Ready(Err(error)) => {
                    let result = Err(error);
                    match this.hold.shared().judge(this.hold.classifier(), &result) {
                        Verdict::Keep(_) => {
                            this.state.set(State::Done);
                            return Poll::Ready(result);
                        }
                        Verdict::Fall(cause, _) => return self.fall(cause, result, cx),
                    }
                }
            }
        }
        self.poll_second(cx)
    }
}

impl<F, H, K, B> Backed<F, H, K, B>
where
    H: Hold,
{
    /// The operation has failed: begins the fallback, and polls it.
    #[cold]
    fn fall<T, E>(
        mut self: Pin<&mut Self>,
        cause: Cause,
        failed: Result<T, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>>
    where
        B: Future<Output = Result<T, E>>,
        E: Fault,
        H::Answer: Answer<T, E, K, Attempt = B>,
        H::Mark: Mark<T>,
    {
        let mut this = self.as_mut().project();
        // Gone before anything else begins: it may hold a connection that the fallback needs.
        this.state.set(State::Done);
        *this.cause = cause;
        let shared = this.hold.shared();
        if H::Answer::TAKES_TIME && shared.is_too_late() {
            return Poll::Ready(failed);
        }
        if !shared.fall(cause) {
            return Poll::Ready(failed);
        }
        match time::outside(|| this.hold.answer().begin(this.kept, failed)) {
            Begun::NotReady => this.state.set(State::Readying),
            Begun::Started(attempt) => this.state.set(State::Second(attempt)),
            Begun::Answered(result, age) => {
                return Poll::Ready(finish(this.hold, cause, result, age));
            }
            Begun::Declined(failed) => {
                shared.fail();
                return Poll::Ready(failed);
            }
        }
        self.poll_second(cx)
    }

    #[inline(never)]
    fn poll_second<T, E>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>>
    where
        B: Future<Output = Result<T, E>>,
        E: Fault,
        H::Answer: Answer<T, E, K, Attempt = B>,
        H::Mark: Mark<T>,
    {
        let mut this = self.project();
        loop {
            let result = match this.state.as_mut().project() {
                StateProjection::Readying => {
                    let shared = this.hold.shared();
                    if shared.is_too_late() {
                        this.state.set(State::Done);
                        shared.fail();
                        let failed = time::outside(|| this.hold.answer().give_up(this.kept));
                        return failed.map_or(Poll::Pending, Poll::Ready);
                    }
                    let begun = time::outside(|| this.hold.answer().poll_begin(this.kept, cx));
                    match begun {
                        Poll::Pending | Poll::Ready(Begun::NotReady) => return Poll::Pending,
                        Poll::Ready(Begun::Started(attempt)) => {
                            this.state.set(State::Second(attempt));
                            continue;
                        }
                        Poll::Ready(Begun::Answered(result, _) | Begun::Declined(result)) => result,
                    }
                }
                StateProjection::Second(attempt) => match time::outside(|| attempt.poll(cx)) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(result) => result,
                },
                // Polled again after its answer: it has no other.
                StateProjection::First(_) | StateProjection::Done => return Poll::Pending,
            };
            this.state.set(State::Done);
            let result = time::outside(|| this.hold.answer().end(this.kept, result));
            return Poll::Ready(finish(this.hold, *this.cause, result, None));
        }
    }
}

/// The fallback has answered.
fn finish<H, T, E>(
    hold: &H,
    cause: Cause,
    mut result: Result<T, E>,
    age: Option<std::time::Duration>,
) -> Result<T, E>
where
    H: Hold,
    H::Mark: Mark<T>,
{
    match &mut result {
        Ok(answer) => {
            let why = Degraded { by: hold.shared().name().clone(), cause, age };
            time::outside(|| hold.mark().mark(answer, &why));
        }
        Err(_) => hold.shared().fail(),
    }
    result
}

impl<F, H: Hold, K, B> fmt::Debug for Backed<F, H, K, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            State::First(_) => "Backed(running)",
            State::Readying | State::Second(_) => "Backed(fallen back)",
            State::Done => "Backed(done)",
        })
    }
}
