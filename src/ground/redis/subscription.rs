use std::{future::poll_fn, pin::Pin};

use futures_core::Stream;
use redis::{Msg, aio::PubSub};

use super::{failure::Failure, shared::Shared};
use crate::ground::time::within;

/// What is published on a channel, over a connection of its own. Whatever is published before it begins or
/// after it has ended is not heard.
pub(crate) struct Subscription {
    connection: PubSub,
    channel: Vec<u8>,
}

impl Subscription {
    pub(super) async fn begin(shared: &Shared, channel: &[u8]) -> Result<Self, Failure> {
        let limit = shared.plan().config().timeout;
        let beginning = async {
            let mut connection = shared.plan().client().get_async_pubsub().await?;
            connection.subscribe(channel).await?;
            Ok(Self { connection, channel: channel.to_vec() })
        };
        match within(limit, beginning).await {
            Some(begun) => begun.map_err(|error| Failure::of(&error)),
            None => Err(Failure::TimedOut { limit }),
        }
    }

    /// The next message; `None` where the connection has ended.
    ///
    /// Dropped, it takes no message with it.
    pub(crate) async fn next(&mut self) -> Option<Msg> {
        let mut messages = self.connection.on_message();
        poll_fn(|cx| Pin::new(&mut messages).poll_next(cx)).await
    }

    /// Whether the server still answers over this connection: subscribes to what is subscribed to already.
    pub(crate) async fn is_alive(&mut self, limit: std::time::Duration) -> bool {
        matches!(within(limit, self.connection.subscribe(&*self.channel)).await, Some(Ok(())))
    }
}
