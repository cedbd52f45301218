use std::{
    fmt,
    task::{Context, Poll},
};

use tower::Service;

use super::{
    future::Calling,
    handle::Reconnect,
    hold::Owned,
    operation::{Operation, sealed},
    state::Intact,
};
use crate::ground::{outcome::Classify, refusal::Fault, source::Sending};

impl<S, E, K: Clone> Reconnect<S, E, K> {
    /// The connection as a service, where it is one: each request goes to the connection there is.
    #[must_use]
    pub fn service(&self) -> ReconnectService<S, E, K> {
        ReconnectService { reconnect: self.clone() }
    }
}

/// A service that is reconnected; made by [`Reconnect::service`].
///
/// Readiness: *deferred*. It is always ready: the connection is waited for in the call, where a refusal
/// is an answer, and a clone of it is made ready there. A connection that fails to become ready
/// has failed the call; whether it is broken says the handle's classifier.
///
/// A request is sent once: whether and how it may be sent again, a retry around this knows.
pub struct ReconnectService<S, E, K = Intact> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */
{
    reconnect: Reconnect<S, E, K>,
}

impl<S, E, K, Req> Service<Req> for ReconnectService<S, E, K>
where
    S: Service<Req> + Clone,
    S::Error: Fault,
    K: Classify<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Calling<Owned<S, E, K>, Request<Req>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Req) -> Self::Future {
        Calling::new(self.reconnect.own(), Request(Some(request)))
    }
}

/// A request, until it is sent.
#[derive(Clone, Debug)]
pub struct Request<Req>(Option<Req>);

impl<S: Service<Req>, Req> Operation<S> for Request<Req> {}

impl<S: Service<Req>, Req> sealed::Operation<S> for Request<Req> {
    type Run = Sending<S, Req>;

    const AGAIN: bool = false;

    fn start(&mut self, service: S) -> Option<Sending<S, Req>> {
        let request = self.0.take()?;
        Some(Sending::new(service, request))
    }
}

impl<S, E, K: Clone> Clone for ReconnectService<S, E, K> {
    fn clone(&self) -> Self {
        Self { reconnect: self.reconnect.clone() }
    }
}

impl<S, E, K> fmt::Debug for ReconnectService<S, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectService").field("reconnect", &self.reconnect).finish()
    }
}
