use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pin_project::pin_project;

use super::{
    begin::Begin,
    shared::{Said, Shared},
};
use crate::ground::{
    refusal::{Fault, Refusal},
    time,
};

/// The store being asked: it owns what it needs.
type Asking = Pin<Box<dyn Future<Output = Said> + Send>>;

/// A call through a limiter whose buckets are in a store: the same future behind both doors.
///
/// # Cancel safety
///
/// Dropped while the store is asked, the call is not made; a token may be spent. Later it drops
/// the operation's future, or the service that was becoming ready for it; the token is spent.
#[must_use = "futures do nothing unless polled"]
#[pin_project]
pub struct RedisLimited<B: Begin> {
    #[pin]
    state: State<B, B::Running>,
}

#[pin_project(project = StateProjection)]
enum State<B, F> {
    Asking {
        asking: Asking,
        shared: Arc<Shared>,
        begin: Option<B>,
    },
    Beginning {
        begin: B,
    },
    Running {
        #[pin]
        running: F,
    },
    /// None once it is told.
    Refused(Option<Refusal>),
}

impl<B: Begin> RedisLimited<B> {
    /// Asks for so many tokens of this key, or of none: then it just begins.
    pub(super) fn start(shared: &Arc<Shared>, key: Option<&[u8]>, tokens: u64, begin: B) -> Self {
        let Some(text) = key else { return Self { state: State::Beginning { begin } } };
        let rules = shared.rules();
        let key = shared.key(text);
        if let Some(said) = shared.begin(&rules, &key, tokens) {
            let state = match shared.settle(rules.config().mode, &said) {
                Ok(()) => State::Beginning { begin },
                Err(refusal) => State::Refused(Some(refusal)),
            };
            return Self { state };
        }
        let asked = Arc::clone(shared);
        let asking = Box::pin(async move { asked.ask(&rules, &key, tokens).await });
        Self { state: State::Asking { asking, shared: Arc::clone(shared), begin: Some(begin) } }
    }
}

impl<B, T, E> Future for RedisLimited<B>
where
    B: Begin<Running: Future<Output = Result<T, E>>, Error = E>,
    E: Fault,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Asking { asking, shared, begin } => {
                    let said = match asking.as_mut().poll(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(said) => said,
                    };
                    let answer = shared.settle(shared.rules().config().mode, &said);
                    let next = match (answer, begin.take()) {
                        (Ok(()), Some(begin)) => State::Beginning { begin },
                        (Ok(()), None) => State::Refused(None),
                        (Err(refusal), _) => State::Refused(Some(refusal)),
                    };
                    state.set(next);
                }
                StateProjection::Beginning { begin } => {
                    match time::outside(|| begin.poll_begin(cx)) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Err(error)) => {
                            state.set(State::Refused(None));
                            return Poll::Ready(Err(error));
                        }
                        Poll::Ready(Ok(running)) => state.set(State::Running { running }),
                    }
                }
                StateProjection::Running { running } => {
                    let answer = time::outside(|| running.poll(cx));
                    if answer.is_ready() {
                        state.set(State::Refused(None));
                    }
                    return answer;
                }
                // Polled again after its answer: it has no other.
                StateProjection::Refused(refusal) => {
                    return refusal
                        .take()
                        .map_or(Poll::Pending, |refusal| Poll::Ready(Err(refusal.into())));
                }
            }
        }
    }
}

impl<B: Begin> fmt::Debug for RedisLimited<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.state {
            State::Asking { .. } => "RedisLimited(asking)",
            State::Beginning { .. } => "RedisLimited(beginning)",
            State::Running { .. } => "RedisLimited(running)",
            State::Refused(Some(_)) => "RedisLimited(refused)",
            State::Refused(None) => "RedisLimited(done)",
        })
    }
}
