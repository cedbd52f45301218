//! How a request is answered.

use std::{future::Future, sync::Arc, time::Duration};

use ::http::{Method, Request, Response};
use http_body::Body;

use super::{
    body::ReplyBody,
    config::Config,
    fetch::{Fetched, Slot, Terms},
    future::{Alone, Own, Replying, State, Waits},
    key::RequestKey,
    machine::{self, Ask},
    shared::{Shared, count},
};
use crate::{
    ground::time,
    resilience::cache::{future::State as Found, stored::Hit},
};

impl Shared {
    /// Answers a request from memory, or by `send`.
    pub(super) fn begin<T, F, Fut, B, E, M>(
        self: &Arc<Self>,
        key: Option<RequestKey>,
        request: Request<T>,
        send: F,
    ) -> Replying<B, E, M>
    where
        T: Send + 'static,
        F: FnOnce(Request<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Send> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let config = self.config();
        let ask = machine::ask(request.method(), request.headers(), &config);
        let (Some(mut key), false) = (key, ask == Ask::Pass) else {
            count(&self.counts.passed);
            let sending = time::outside(|| send(request));
            return Replying::new(State::Alone(Box::pin(pass(sending))));
        };
        if machine::says_who(&key, request.headers(), &config) {
            key.note_unnamed();
        }
        let state = match ask {
            Ask::Any => self.answer_any(config, key, request, send),
            Ask::Young(most) => self.answer_young(config, key, most, request, send),
            Ask::Change | Ask::Pass => {
                count(&self.counts.passed);
                let changing = Changing { shared: Arc::clone(self), key, may_be_made: true };
                let sending = time::outside(|| send(request));
                State::Alone(Box::pin(change(changing, sending)))
            }
        };
        Replying::new(state)
    }

    /// Whatever is there will do.
    fn answer_any<T, F, Fut, B, E>(
        self: &Arc<Self>,
        config: Arc<Config>,
        key: RequestKey,
        request: Request<T>,
        send: F,
    ) -> State<B, E>
    where
        T: Send + 'static,
        F: FnOnce(Request<T>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Send> + Send + 'static,
        E: Clone + Send + Sync + 'static,
    {
        let last_change = self.last_change(&key);
        let (mut unsent, mut slot) = (Some((request, send)), None);
        let mut fetching = self.cache.look_up_or(
            &key,
            || key.clone(),
            || {
                let slot = slot.insert(Slot::new()).clone();
                let terms = self.terms(config, key.clone());
                let sending = unsent.take().map(|(request, send)| send(request));
                terms.load(sending, slot)
            },
        );
        if let Found::Known(_) = fetching.state {
            if let Found::Known(hit) = std::mem::replace(&mut fetching.state, Found::Done) {
                if hit.value.is_answer() {
                    return State::Kept(hit);
                }
            }
        }
        let own = match (slot, unsent) {
            (_, Some((request, send))) => {
                Own::Request(Box::new(move || -> Alone<B, E> { Box::pin(pass(send(request))) }))
            }
            (slot, None) => Own::Slot(slot.unwrap_or_else(Slot::new)),
        };
        State::Waits(Waits { fetching, own, last_change })
    }

    /// Whatever is there will do that is young enough; if nothing is, the request goes its own way, and
    /// what comes of it is kept.
    fn answer_young<T, F, Fut, B, E>(
        self: &Arc<Self>,
        config: Arc<Config>,
        key: RequestKey,
        most: Duration,
        request: Request<T>,
        send: F,
    ) -> State<B, E>
    where
        T: Send + 'static,
        F: FnOnce(Request<T>) -> Fut,
        Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
        B: Body<Data: Send, Error: Send> + Send + 'static,
        E: Send + 'static,
    {
        self.last_change(&key);
        let is_young = |hit: &Hit<_>| is_young(hit, most);
        if let Some(hit) = (!most.is_zero()).then(|| self.cache.look_up(&key)).flatten() {
            if is_young(&hit) {
                return State::Kept(hit);
            }
        }
        let terms = self.terms(config, key);
        let sending = time::outside(|| send(request));
        State::Alone(Box::pin(renew(terms, sending)))
    }

    /// Of a request that is about to be sent.
    fn terms(self: &Arc<Self>, config: Arc<Config>, key: RequestKey) -> Terms {
        Terms { shared: Arc::clone(self), config, key, asked: self.changes() }
    }
}

fn is_young(hit: &Hit<super::reply::Reply>, most: Duration) -> bool {
    hit.value.age(hit.age.unwrap_or_default()) <= most
}

/// Passes an answer on.
async fn pass<B: Body, E>(
    sending: impl Future<Output = Result<Response<B>, E>>,
) -> Result<Response<ReplyBody<B>>, E> {
    Ok(sending.await?.map(ReplyBody::passed))
}

/// The same of a request that changes what it is about.
async fn change<B: Body, E>(
    mut changing: Changing,
    sending: impl Future<Output = Result<Response<B>, E>>,
) -> Result<Response<ReplyBody<B>>, E> {
    let response = sending.await?;
    let status = response.status();
    changing.may_be_made = !status.is_client_error() && !status.is_server_error();
    Ok(response.map(ReplyBody::passed))
}

/// A change on its way. When it has ended, and if nobody has said that it was not made, what is known of its
/// address is forgotten.
struct Changing {
    shared: Arc<Shared>,
    key: RequestKey,
    may_be_made: bool,
}

impl Drop for Changing {
    fn drop(&mut self) {
        if !self.may_be_made {
            return;
        }
        self.shared.note_change(self.key.address());
        // Nobody has to wait for what was asked for by the same key before.
        for method in [Method::GET, Method::HEAD] {
            self.shared.cache.invalidate(&self.key.clone().with_method(method));
        }
    }
}

/// Keeps an answer that was asked for alone, if it may be kept.
async fn renew<B: Body, E>(
    terms: Terms,
    sending: impl Future<Output = Result<Response<B>, E>>,
) -> Result<Response<ReplyBody<B>>, E> {
    Ok(match terms.fetch(sending).await? {
        Fetched::Kept(reply, left) => {
            let Terms { shared, key, .. } = terms;
            let response = reply.answer(None);
            shared.cache.insert_with_ttl(key, reply, left);
            response
        }
        Fetched::Shared(reply) => reply.answer(None),
        Fetched::Alone(response) => *response,
    })
}
