use std::{fmt, sync::Arc, time::Duration};

use redis::{Cmd, Pipeline, Value};

use super::{
    config::{Config, Plan},
    failure::Failure,
    script::Call,
    shared::{Question, Shared},
    snapshot::Snapshot,
    subscription::Subscription,
};
use crate::ground::{config::ConfigError, name::Name};

/// A Redis server, and the one connection to it that everybody shares.
///
/// A handle: clones share the connection, and what is known of the server. Making one does no I/O.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
}

impl Redis {
    /// The server at this address.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, config.parse()?))
    }

    /// The server of a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan)) }
    }

    /// Asks whether it is there: for health checks.
    ///
    /// # Errors
    ///
    /// It is not, or is known not to be.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it is not waited for.
    pub async fn ping(&self) -> Result<(), Failure> {
        self.send(&redis::cmd("PING")).await.map(drop)
    }

    /// Sends a command. It may be sent a second time over a new connection, if the first one breaks
    /// before the answer: not for what must not be done twice.
    pub(crate) async fn send(&self, command: &Cmd) -> Result<Value, Failure> {
        self.shared.ask(Question::Command(command)).await
    }

    /// Sends several commands in one go, under the same condition. Others may come in between. The answer
    /// has theirs in their order; one that is an error is the answer to them all.
    pub(crate) async fn send_all(&self, commands: &Pipeline) -> Result<Value, Failure> {
        self.shared.ask(Question::Commands(commands)).await
    }

    /// Calls a script, under the same condition.
    pub(crate) async fn call(&self, call: Call<'_>) -> Result<Value, Failure> {
        self.shared.ask(Question::Call(call)).await
    }

    /// Calls a script that must not be called twice: where the answer is lost, so is the call.
    pub(crate) async fn call_once(&self, call: Call<'_>) -> Result<Value, Failure> {
        self.shared.ask(Question::Once(call)).await
    }

    /// Hears what is published on a channel.
    pub(crate) async fn subscribe(&self, channel: &[u8]) -> Result<Subscription, Failure> {
        Subscription::begin(&self.shared, channel).await
    }

    /// What every key begins with.
    pub(crate) fn prefix(&self) -> &str {
        &self.shared.plan().config().prefix
    }

    /// The longest that a call may take.
    pub(crate) fn timeout(&self) -> Duration {
        self.shared.plan().config().timeout
    }

    /// How often a server that is down is asked.
    pub(crate) fn probe_every(&self) -> Duration {
        self.shared.plan().config().probe_every
    }

    /// After how long it will be asked again; zero if it may be now.
    pub(crate) fn asked_again_after(&self) -> Duration {
        self.shared.asked_again_after()
    }

    /// Whether a call would be told at once that it is down: then it need not be made.
    pub(crate) fn skips(&self) -> bool {
        self.shared.skips()
    }

    /// Whether it can be asked, as far as is known.
    pub(crate) fn is_up(&self) -> bool {
        self.shared.is_up()
    }

    /// A look at what is known of the server, and what was asked of it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Whether both are handles of the same connection.
    #[must_use]
    pub fn same_redis(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("name", self.name())
            .field("config", self.shared.plan().config())
            .finish_non_exhaustive()
    }
}
