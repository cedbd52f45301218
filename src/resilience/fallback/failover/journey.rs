use std::{
    future::{Future, poll_fn},
    pin::pin,
};

use super::{
    super::{
        config::WhenAllOpen,
        failed::{Failed, Tried},
        machine::{Next, Passed, Route, stands},
        served::{Cause, Served},
        shared::Verdict,
    },
    Failover,
};
use crate::ground::{
    outcome::Outcome,
    refusal::{Fault, Refusal},
    time::{self, Deadline, Instant, Sleep},
};

/// What asking one provider came to.
pub(super) struct Leg<V, E> {
    pub(super) result: Result<V, E>,
    pub(super) verdict: Verdict,
}

impl<P, C> Failover<P, C> {
    /// The way of one call: from `first`, which is the first provider being asked, on to the others by
    /// `ask`; `leg` makes of each what came of it.
    pub(super) async fn travel<V, E, Fut, L>(
        &self,
        first: Fut,
        mut ask: impl FnMut(usize) -> Fut,
        leg: impl Fn(Fut) -> L,
    ) -> Result<Served<V>, Failed<E>>
    where
        E: Fault,
        L: Future<Output = Leg<V, E>>,
    {
        let mut asked = first;
        let mut at = 0;
        let mut attempts = 1;
        let mut route = Route::new(self.links.providers.len());
        let mut tried = Vec::new();
        // The last answer that means failure: given if there is none better.
        let mut poor = None;
        loop {
            let Leg { result, verdict } = leg(asked).await;
            let tried_by = |cause, error| Tried { by: self.name_of(at), index: at, cause, error };
            let (cause, outcome) = match (verdict, result) {
                (Verdict::Keep(outcome), Ok(value)) => {
                    return Ok(self.served(at, attempts, value, outcome));
                }
                (Verdict::Keep(_), Err(error)) => {
                    tried.push(tried_by(None, error));
                    return Err(Failed::new(tried));
                }
                (Verdict::Fall(cause, outcome), result) => {
                    (cause, result.map(|value| (value, outcome)))
                }
            };
            let refusal = outcome.as_ref().err().and_then(Fault::refusal);
            let next = self.next(&mut route, at, cause, refusal);
            match outcome {
                Ok((value, outcome)) => poor = Some((at, value, outcome)),
                Err(error) => tried.push(tried_by(Some(cause), error)),
            }
            at = match next {
                Next::Ask(next) => next,
                Next::AskAt(next, moment) => {
                    self.links.shared.wait();
                    Sleep::until(moment).await;
                    next
                }
                Next::End => break,
            };
            attempts += 1;
            asked = ask(at);
        }
        self.links.shared.fail();
        match poor {
            Some((at, value, outcome)) => Ok(self.served(at, attempts, value, outcome)),
            // Every round leaves a poor answer or an error.
            None => Err(Failed::new(tried)),
        }
    }

    /// Whom to ask next, the provider `at` having failed for this cause.
    fn next(&self, route: &mut Route, at: usize, cause: Cause, refusal: Option<&Refusal>) -> Next {
        let shared = &self.links.shared;
        if shared.is_too_late() || !shared.fall(cause) {
            return Next::End;
        }
        let when_all_open = shared.settings().when_all_open;
        let (now, deadline) = match when_all_open {
            // Nobody will wait, so nobody asks for the time.
            WhenAllOpen::Fail => (Instant::ORIGIN, Instant::FOREVER),
            _ => (time::now(), Deadline::current().map_or(Instant::FOREVER, Deadline::moment)),
        };
        let passed = match refusal {
            Some(refusal) if !refusal.began() => {
                Passed::Refused(refusal.retry_after().map(|after| now.after(after)))
            }
            _ => Passed::Began,
        };
        route.next(at, passed, when_all_open, now, deadline)
    }

    fn served<V>(&self, index: usize, attempts: u32, value: V, outcome: Outcome) -> Served<V> {
        let good = stands(outcome);
        if good {
            self.links.providers[index].served.add_one();
        }
        let degraded = index > 0 || !good;
        Served { value, by: self.name_of(index), index, attempts, degraded, outcome }
    }

    fn name_of(&self, at: usize) -> crate::ground::name::Name {
        self.links.providers[at].name.clone()
    }
}

/// Foreign code, polled where all of it is.
pub(super) async fn outside<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| time::outside(|| future.as_mut().poll(cx))).await
}
