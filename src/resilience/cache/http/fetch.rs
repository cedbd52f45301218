//! An answer is asked for, looked at, and kept if it may be.

use std::{future::Future, sync::Arc, time::Duration};

use ::http::Response;
use http_body::Body;

use super::{
    body::{Gathered, ReplyBody, gather},
    config::Config,
    key::RequestKey,
    machine::{self, Worth},
    reply::Reply,
    shared::{Shared, count},
};
use crate::{
    ground::{sync::Mutex, time},
    resilience::cache::stored::Loaded,
};

/// By what an answer is judged: the request's key, and what counted when it was sent.
pub(super) struct Terms {
    pub(super) shared: Arc<Shared>,
    pub(super) config: Arc<Config>,
    pub(super) key: RequestKey,
    /// How many changes there had been.
    pub(super) asked: u64,
}

/// What came of a request.
pub(super) enum Fetched<B: Body> {
    /// To be kept, for so long.
    Kept(Reply, Duration),
    /// For those who wait for it.
    Shared(Reply),
    /// For whoever has asked.
    Alone(Box<Response<ReplyBody<B>>>),
}

/// Why a load came to nothing that could be kept.
#[derive(Clone, Debug)]
pub(super) enum Failed<E> {
    Inner(E),
    /// The service says that it is not well.
    Unwell(Reply),
    /// So it does, but to nobody else than who has asked.
    Alone,
}

/// Where an answer waits that is for nobody but whoever has asked for it: it goes with them.
pub(super) struct Slot<B: Body>(Arc<Mutex<Option<Response<ReplyBody<B>>>>>);

impl<B: Body> Slot<B> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    pub(super) fn put(&self, response: Response<ReplyBody<B>>) {
        *self.0.lock() = Some(response);
    }

    pub(super) fn take(&self) -> Option<Response<ReplyBody<B>>> {
        self.0.lock().take()
    }
}

impl<B: Body> Clone for Slot<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl Terms {
    pub(super) async fn fetch<Fut, B, E>(&self, sending: Fut) -> Result<Fetched<B>, E>
    where
        Fut: Future<Output = Result<Response<B>, E>>,
        B: Body,
    {
        let sent = time::now();
        let response = sending.await?;
        let came = time::now();
        let took = came.since(sent);
        let (config, counts) = (&*self.config, &self.shared.counts);
        let (status, headers) = (response.status(), response.headers());
        let worth = machine::worth(status, headers, &self.key, (time::wall(), took), config);
        if worth == Worth::Alone {
            count(&counts.private);
            return Ok(Fetched::Alone(Box::new(response.map(ReplyBody::passed))));
        }
        let age = machine::initial_age(headers, took);
        let (head, body) = response.into_parts();
        let gathered = gather(body, config.max_body, config.max_wait).await;
        // It has aged while its body came.
        let ago = time::now().since(came);
        let left = match worth {
            Worth::Kept(said) => Some(machine::left(said, ago, config)),
            Worth::Shared | Worth::Alone => None,
        };
        Ok(match gathered {
            Gathered::Passed(body) => {
                count(&counts.not_whole);
                Fetched::Alone(Box::new(Response::from_parts(head, body)))
            }
            Gathered::Whole(whole)
                if !machine::is_all(self.key.method(), &head.headers, whole.data.len()) =>
            {
                count(&counts.not_whole);
                Fetched::Alone(Box::new(Response::from_parts(head, ReplyBody::whole(whole))))
            }
            Gathered::Whole(whole) if left.is_some_and(|left| left.is_zero()) => {
                count(&counts.private);
                Fetched::Alone(Box::new(Response::from_parts(head, ReplyBody::whole(whole))))
            }
            Gathered::Whole(whole) => {
                let age = age.saturating_add(ago);
                let reply = Reply::new(Response::from_parts(head, ()), whole, age, self.asked);
                match left {
                    Some(left) => Fetched::Kept(reply.compact(), left),
                    None => Fetched::Shared(reply),
                }
            }
        })
    }

    /// The same as a load into the cache.
    pub(super) async fn load<Fut, B, E>(
        self,
        sending: Option<Fut>,
        slot: Slot<B>,
    ) -> Result<Loaded<Reply>, Failed<E>>
    where
        Fut: Future<Output = Result<Response<B>, E>>,
        B: Body,
    {
        let loaded = self.load_any(sending, slot).await;
        if loaded.is_err() {
            self.drop_what_must_be_fresh();
        }
        loaded
    }

    async fn load_any<Fut, B, E>(
        &self,
        sending: Option<Fut>,
        slot: Slot<B>,
    ) -> Result<Loaded<Reply>, Failed<E>>
    where
        Fut: Future<Output = Result<Response<B>, E>>,
        B: Body,
    {
        let Some(sending) = sending else { return Err(Failed::Alone) };
        match self.fetch(sending).await.map_err(Failed::Inner)? {
            Fetched::Kept(reply, left) => Ok(Loaded::new(reply).with_ttl(left)),
            Fetched::Shared(reply) if machine::is_unwell(reply.status()) => {
                Err(Failed::Unwell(reply))
            }
            Fetched::Shared(reply) => Ok(Loaded::new(reply).not_stored()),
            Fetched::Alone(response) => {
                let is_unwell = machine::is_unwell(response.status());
                slot.put(*response);
                if is_unwell {
                    return Err(Failed::Alone);
                }
                Ok(Loaded::new(Reply::nothing()).not_stored())
            }
        }
    }

    /// What has expired is given for want of a better answer, unless it says that it must not be.
    fn drop_what_must_be_fresh(&self) {
        let former = self.shared.former(&self.key);
        if former.is_some_and(|(former, is_fresh)| {
            !is_fresh && machine::must_be_fresh(former.value.headers())
        }) {
            self.shared.cache.invalidate(&self.key);
        }
    }
}
