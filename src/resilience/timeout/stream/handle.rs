use std::{fmt, sync::Arc};

use futures_core::Stream;

use super::{
    config::{Config, Plan},
    content::{Content, EveryItem},
    future::TimedStream,
    shared::Shared,
    snapshot::Snapshot,
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    refusal::{Fault, Lifted},
};

/// Gives every stream so long to its first content and so long from one content to the next, and
/// never more than its [`Deadline`](crate::time::Deadline) leaves.
///
/// A handle: clones share the limits and the totals. `V` is how *this* handle tells what content is;
/// see [`content`](Self::content).
pub struct StreamTimeout<V = EveryItem> {
    shared: Arc<Shared>,
    content: V,
}

impl StreamTimeout {
    /// A timeout to which every item that is `Ok` is content.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config: a limit of zero, for one.
    pub fn new(name: impl Into<Name>, config: Config) -> Result<Self, ConfigError> {
        Ok(Self::from_plan(name, &config.parse()?))
    }

    /// A timeout by a config that has been checked already.
    #[must_use]
    pub fn from_plan(name: impl Into<Name>, plan: &Plan) -> Self {
        Self { shared: Arc::new(Shared::new(name.into(), plan)), content: EveryItem }
    }
}

impl<V> StreamTimeout<V> {
    /// Another view of the same timeout, with other eyes for what content is: a closure over `&T`,
    /// whose argument must be spelled out:
    ///
    /// ```
    /// # use buttress::timeout::stream::{StreamTimeout, presets};
    /// enum Event { Ping, Thought(String), Text(String) }
    ///
    /// let timeout = StreamTimeout::new("model", presets::COMPLETION)?.content(|event: &Event| match event {
    ///     Event::Ping => false,
    ///     Event::Thought(text) | Event::Text(text) => !text.is_empty(),
    /// });
    /// # Ok::<_, buttress::config::ConfigError>(())
    /// ```
    ///
    /// It is asked about every item that is passed on, once. Each stream has a clone of it.
    #[must_use]
    pub fn content<W>(&self, content: W) -> StreamTimeout<W> {
        StreamTimeout { shared: Arc::clone(&self.shared), content }
    }

    /// Times a stream whose error is its own: `E` comes back as [`Error<E>`](crate::Error).
    ///
    /// The task's deadline is taken over here and now, and is asked whether it has passed.
    ///
    /// # Cancel safety
    ///
    /// See [`TimedStream`].
    pub fn stream<S, T, E>(&self, stream: S) -> TimedStream<Lifted<S>, V>
    where
        S: Stream<Item = Result<T, E>>,
        E: 'static,
        V: Content<T> + Clone,
    {
        TimedStream::start(&self.shared, self.content.clone(), Lifted::new(stream))
    }

    /// Times a stream whose error has room for a refusal already; it comes back unchanged.
    ///
    /// # Cancel safety
    ///
    /// See [`TimedStream`].
    pub fn run_stream<S, T, E>(&self, stream: S) -> TimedStream<S, V>
    where
        S: Stream<Item = Result<T, E>>,
        E: Fault,
        V: Content<T> + Clone,
    {
        TimedStream::start(&self.shared, self.content.clone(), stream)
    }

    /// A look at its limits and what it has done.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.shared.snapshot()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.shared.name()
    }

    /// Gives streams that are handed in from now on other limits; whether it only watches changes
    /// for those that run, too.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        self.shared.reconfigure(&config.parse()?);
        Ok(())
    }
}

impl<V: Clone> Clone for StreamTimeout<V> {
    fn clone(&self) -> Self {
        self.content(self.content.clone())
    }
}

impl<V> fmt::Debug for StreamTimeout<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot();
        f.debug_struct("StreamTimeout")
            .field("name", self.name())
            .field("first_content", &snapshot.first_content)
            .field("gap", &snapshot.gap)
            .field("total", &snapshot.total)
            .finish_non_exhaustive()
    }
}
