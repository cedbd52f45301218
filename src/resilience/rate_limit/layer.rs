use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use tower::{Layer, Service};

use super::{
    future::Limited,
    handle::RateLimiter,
    shared::{Owned, Short, Turn},
    waiting::Waiting,
};
use crate::ground::refusal::Fault;

impl RateLimiter {
    /// A layer around services. Every service it makes shares these buckets.
    #[must_use]
    pub fn layer(&self) -> RateLimitLayer {
        RateLimitLayer { limiter: self.clone() }
    }
}

/// Puts a limiter around services; made by [`RateLimiter::layer`].
#[derive(Clone, Debug)]
pub struct RateLimitLayer {
    limiter: RateLimiter,
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> RateLimitService<S> {
        RateLimitService { inner, limiter: self.limiter.clone(), gate: Gate::Unready }
    }
}

/// A service whose calls are limited.
///
/// Readiness: *gate first*. Where a call would be refused it is ready at once without asking the inner
/// service, and the refusal is the answer of the call. A call takes its token when it is made, so a
/// service that is made ready and dropped has spent none.
///
/// Where calls [wait](super::WhenLimited::Wait), they do so here, before the inner service is asked,
/// whose places nobody then holds while waiting. The token is taken when the turn comes, and given back
/// if there is no call.
pub struct RateLimitService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    inner: S,
    limiter: RateLimiter,
    gate: Gate,
}

/// What `poll_ready` has come to.
enum Gate {
    Unready,
    Waiting(Pin<Box<Waiting<Owned>>>),
    /// The token for the next call is there.
    Granted(Token),
    /// The inner service is ready; with the token, if it was waited for.
    Ready(Option<Token>),
    /// The inner service was not asked: the call must be refused.
    Refusing(Short),
}

/// What a call costs, taken before there is one. Given back when dropped; none if nothing was taken.
struct Token(Option<RateLimiter>);

impl Token {
    fn spend(mut self) {
        self.0 = None;
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(limiter) = self.0.take() {
            limiter.refund(limiter.view.eyes);
        }
    }
}

impl<S> RateLimitService<S> {
    /// Ready with the token, or with what the call is to be refused for.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<Token, Short>> {
        let token = |taken: bool| Token(taken.then(|| self.limiter.clone()));
        loop {
            match std::mem::replace(&mut self.gate, Gate::Unready) {
                Gate::Granted(token) | Gate::Ready(Some(token)) => return Poll::Ready(Ok(token)),
                Gate::Waiting(mut waiting) => {
                    if waiting.as_mut().poll(cx).is_pending() {
                        self.gate = Gate::Waiting(waiting);
                        return Poll::Pending;
                    }
                    return Poll::Ready(Ok(token(true)));
                }
                Gate::Unready | Gate::Ready(None) | Gate::Refusing(_) => {}
            }
            let view = &self.limiter.view;
            match view.core.take_or_line_up(view.eyes) {
                Turn::Now(taken) => return Poll::Ready(Ok(token(taken))),
                Turn::Refused(short) => return Poll::Ready(Err(short)),
                Turn::Later(number, due) => {
                    self.gate = Gate::Waiting(Waiting::new(view.own(), number, due));
                }
            }
        }
    }
}

impl<S, Request> Service<Request> for RateLimitService<S>
where
    S: Service<Request>,
    S::Error: Fault,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Limited<Infallible, S::Future, Owned>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let shared = &*self.limiter.view.core;
        if shared.waits() || matches!(self.gate, Gate::Waiting(_) | Gate::Granted(_)) {
            match self.poll_turn(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(short)) => {
                    self.gate = Gate::Refusing(short);
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Ok(token)) => self.gate = Gate::Granted(token),
            }
        } else if let Some(short) = shared.bars(self.limiter.view.eyes) {
            self.gate = Gate::Refusing(short);
            return Poll::Ready(Ok(()));
        }
        self.inner.poll_ready(cx).map_ok(|()| {
            self.gate = match std::mem::replace(&mut self.gate, Gate::Unready) {
                Gate::Granted(token) => Gate::Ready(Some(token)),
                Gate::Unready | Gate::Waiting(_) | Gate::Ready(_) | Gate::Refusing(_) => {
                    Gate::Ready(None)
                }
            }
        })
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let view = &self.limiter.view;
        match std::mem::replace(&mut self.gate, Gate::Unready) {
            Gate::Refusing(short) => {
                view.core.count_refusal();
                return Limited::refused(view.own(), short);
            }
            Gate::Granted(token) | Gate::Ready(Some(token)) => token.spend(),
            Gate::Unready | Gate::Waiting(_) | Gate::Ready(None) => {
                if let Err(short) = view.core.take(view.eyes) {
                    return Limited::refused(view.own(), short);
                }
            }
        }
        Limited::running(|| self.inner.call(request))
    }
}

// A clone has no readiness: it was not the one that was polled.
impl<S: Clone> Clone for RateLimitService<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), limiter: self.limiter.clone(), gate: Gate::Unready }
    }
}

impl<S: fmt::Debug> fmt::Debug for RateLimitService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gate = match self.gate {
            Gate::Unready => "unready",
            Gate::Waiting(_) => "waiting",
            Gate::Granted(_) => "granted",
            Gate::Ready(_) => "ready",
            Gate::Refusing(_) => "refusing",
        };
        f.debug_struct("RateLimitService")
            .field("limiter", &self.limiter)
            .field("gate", &gate)
            .field("inner", &self.inner)
            .finish()
    }
}
