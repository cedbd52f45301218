mod journey;
mod stream;

use std::{fmt, future::Future, sync::Arc};

use futures_core::Stream;

use self::journey::{Leg, outside};
pub use self::stream::Streamed;
use super::{
    config::FailoverConfig,
    failed::Failed,
    served::Served,
    shared::{Settings, Shared},
    snapshot::{FailoverSnapshot, FailoverTotals, Provider, Snapshot},
};
use crate::ground::{
    config::ConfigError,
    name::Name,
    outcome::{Classify, Hinted, Standard},
    refusal::{Error, Fault, Lifted},
    stats::Counter,
    sync::shards,
    time,
};

/// Asks one provider after another, in order, until one has a good answer.
///
/// `P` is whatever you call: a client with its guards, a name, an enum of clients. A call says how to
/// ask one, and is made of each in turn. Clones share the providers, the config and the counts; `C` is
/// how *this* handle tells what a result means.
///
/// The operation's future is that of the whole, so the providers are not boxed and nothing is
/// allocated for a call that succeeds.
pub struct Failover<P, C = Standard> {
    links: Arc<Links<P>>,
    classify: C,
}

struct Links<P> {
    shared: Shared,
    /// Never empty.
    providers: Box<[Link<P>]>,
}

struct Link<P> {
    name: Name,
    provider: P,
    served: Counter,
}

impl<P> Failover<P> {
    /// These providers, in this order. Their names are told apart in [`Served`] and in
    /// [`snapshot`](Self::snapshot), and so must differ.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config, all at once; no provider, or two of one name.
    pub fn new<N: Into<Name>>(
        name: impl Into<Name>,
        config: FailoverConfig,
        providers: impl IntoIterator<Item = (N, P)>,
    ) -> Result<Self, ConfigError> {
        let link = |(name, provider): (N, P)| Link {
            name: name.into(),
            provider,
            served: Counter::new(shards()),
        };
        let providers: Box<[_]> = providers.into_iter().map(link).collect();
        let plan = config.parse_for(providers.iter().map(|link| link.name.as_str()))?;
        let shared = Shared::new(name.into(), Settings::from(&plan));
        Ok(Self { links: Arc::new(Links { shared, providers }), classify: Standard })
    }
}

impl<P, C> Failover<P, C> {
    /// A view of the same providers with other eyes: a closure over `&Result<T, Error<E>>` (over
    /// `&Result<T, E>` with [`run`](Self::run)), or any [`Classify`]. Its argument must be spelled out.
    /// A refusal is not put to it.
    #[must_use]
    pub fn classify<D>(&self, classify: D) -> Failover<P, D> {
        Failover { links: Arc::clone(&self.links), classify }
    }

    /// A view of the same providers that finds in a failed result whether the backend asks to be left
    /// alone: an `Option<Duration>`, or a [`Pushback`](crate::pushback::Pushback). For
    /// [`patience`](FailoverConfig::patience).
    #[must_use]
    pub fn retry_after<R>(&self, retry_after: R) -> Failover<P, Hinted<C, R>>
    where
        C: Clone,
    {
        self.classify(Hinted::new(self.classify.clone(), retry_after))
    }

    /// Asks each provider for an answer, by an operation whose error is its own: in what comes back it
    /// is an [`Error<E>`](crate::Error).
    ///
    /// The first is asked here and now.
    ///
    /// # Errors
    ///
    /// That of each provider asked, where none had an answer.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what runs; nobody is asked for it afterwards.
    pub fn call<'a, F, Fut, T, E>(
        &'a self,
        mut ask: F,
    ) -> impl Future<Output = Result<Served<T>, Failed<Error<E>>>>
    where
        F: FnMut(&'a P) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: 'static,
        C: Classify<T, Error<E>>,
    {
        self.run(move |provider| Lifted::new(ask(provider)))
    }

    /// Asks each provider for an answer, by an operation whose error has room for a refusal already;
    /// it comes back unchanged. The door for providers that are guarded further in.
    ///
    /// # Errors
    ///
    /// That of each provider asked, where none had an answer.
    ///
    /// # Cancel safety
    ///
    /// As of [`call`](Self::call).
    pub fn run<'a, F, Fut, T, E>(
        &'a self,
        mut ask: F,
    ) -> impl Future<Output = Result<Served<T>, Failed<E>>>
    where
        F: FnMut(&'a P) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault,
        C: Classify<T, E>,
    {
        let mut ask = move |at| self.ask(at, &mut ask);
        let first = ask(0);
        async move {
            let leg = async |asked: Fut| {
                let result = outside(asked).await;
                let verdict = self.links.shared.judge(&self.classify, &result);
                Leg { result, verdict }
            };
            self.travel(first, ask, leg).await
        }
    }

    /// Asks each provider for a stream, until one has *content*: an item that `is_content` says is
    /// more than a sign of life. The stream that comes back begins with what that provider sent first.
    ///
    /// Both the asking and the items fail with the same error. An item before the content is put to
    /// the classifier as an answer is, so that an `Ok` may fail as well.
    ///
    /// A stream that is not `Unpin` must be boxed (`Box::pin`), for it is polled before it is handed out.
    ///
    /// ```
    /// # use buttress::{Error, fallback::{Failover, FailoverConfig}};
    /// # use futures::{StreamExt, stream};
    /// # struct Model;
    /// # type Items = stream::Iter<std::vec::IntoIter<Result<String, Error<std::io::Error>>>>;
    /// # impl Model { async fn tokens(&self) -> Result<Items, Error<std::io::Error>> { Ok(stream::iter(vec![])) } }
    /// # async fn example(large: Model, small: Model) -> Result<(), Box<dyn std::error::Error>> {
    /// let models = Failover::new("models", FailoverConfig::new(), [("large", large), ("small", small)])?;
    /// let mut served = models.stream(|model| model.tokens(), |token: &String| !token.is_empty()).await?;
    /// while let Some(token) = served.value.next().await {
    ///     print!("{}", token?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// That of each provider asked, where none had any content.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the stream that is being waited for.
    pub fn stream<'a, F, Fut, S, I, T, E>(
        &'a self,
        mut ask: F,
        is_content: I,
    ) -> impl Future<Output = Result<Served<Streamed<S>>, Failed<E>>>
    where
        F: FnMut(&'a P) -> Fut,
        Fut: Future<Output = Result<S, E>>,
        S: Stream<Item = Result<T, E>> + Unpin,
        I: Fn(&T) -> bool,
        E: Fault,
        C: Classify<T, E>,
    {
        let mut ask = move |at| self.ask(at, &mut ask);
        let first = ask(0);
        async move {
            let shared = &self.links.shared;
            let is_content = |item: &T| time::outside(|| is_content(item));
            let leg = |asked: Fut| async {
                let opened = outside(asked).await;
                let judge = |item: &Result<T, E>| shared.judge(&self.classify, item);
                Streamed::to_content(opened, judge, &is_content, shared.settings().max_held).await
            };
            self.travel(first, ask, leg).await
        }
    }

    /// A look at who has served, and why others were asked.
    #[must_use]
    pub fn snapshot(&self) -> FailoverSnapshot {
        let Snapshot { name, mode, totals } = self.links.shared.snapshot();
        let provider =
            |link: &Link<P>| Provider { name: link.name.clone(), served: link.served.total() };
        FailoverSnapshot {
            name,
            mode,
            providers: self.links.providers.iter().map(provider).collect(),
            totals: FailoverTotals {
                error: totals.error,
                timed_out: totals.timed_out,
                rejected: totals.rejected,
                short_circuited: totals.short_circuited,
                failed: totals.failed,
                too_late: totals.too_late,
                waited: self.links.shared.waited(),
            },
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &Name {
        self.links.shared.name()
    }

    /// The providers and their names, in order.
    pub fn providers(&self) -> impl Iterator<Item = (&Name, &P)> {
        self.links.providers.iter().map(|link| (&link.name, &link.provider))
    }

    /// Goes by another config from now on.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the config; nothing has changed then.
    pub fn reconfigure(&self, config: FailoverConfig) -> Result<(), ConfigError> {
        self.links.shared.reconfigure(Settings::from(&config.parse()?));
        Ok(())
    }

    fn ask<'a, Fut>(&'a self, at: usize, ask: impl FnOnce(&'a P) -> Fut) -> Fut {
        time::outside(|| ask(&self.links.providers[at].provider))
    }
}

impl<P, C: Clone> Clone for Failover<P, C> {
    fn clone(&self) -> Self {
        Self { links: Arc::clone(&self.links), classify: self.classify.clone() }
    }
}

impl<P, C> fmt::Debug for Failover<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.providers().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        f.debug_struct("Failover")
            .field("name", self.name())
            .field("providers", &names)
            .finish_non_exhaustive()
    }
}
