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
        let took = time::now().since(sent);
        let (config, counts) = (&*self.config, &self.shared.counts);
        let (status, headers) = (response.status(), response.headers());
        let worth = machine::worth(status, headers, &self.key, took, config);
        if worth == Worth::Alone {
            count(&counts.private);
            return Ok(Fetched::Alone(Box::new(response.map(ReplyBody::passed))));
        }
        let age = machine::initial_age(headers, took);
        let (head, body) = response.into_parts();
        Ok(match gather(body, config.max_body, config.max_wait).await {
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
            Gathered::Whole(whole) => {
                let reply = Reply::new(Response::from_parts(head, ()), whole, age);
                match worth {
                    Worth::Kept(left) => Fetched::Kept(reply.compact(), left),
                    Worth::Shared | Worth::Alone => Fetched::Shared(reply),
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
}
