//! The doors of a breaker, behind one: a scenario is written once and goes through each of them.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use buttress::{
    Error, Lift, Refusal,
    circuit_breaker::{CircuitBreaker, Config, Counts, State, Subscription, Transition},
    outcome::{Classify, Outcome, Standard},
    testing::{Probe, Script, Step},
};
use futures::FutureExt;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// The smallest step of the clock.
pub(crate) const TICK: Duration = Duration::from_nanos(1);
/// What a call takes that is played as slow.
pub(crate) const LONG: Duration = Duration::from_secs(2);

/// What the backend says when it does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Down {
    Broken,
    Busy,
    Missing,
}

pub(crate) type Deed = Step<&'static str, Down>;
pub(crate) type Answer = Result<&'static str, Error<Down>>;
pub(crate) type Call<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;
/// A classifier that can be named.
pub(crate) type Eyes = fn(&Answer) -> Outcome;

/// A way to call through a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `call`, around an operation with an error of its own.
    Call,
    /// A layer around a service, made ready and then called.
    Layer,
    /// `run`, around an operation whose error has room for a refusal.
    Run,
}

impl Door {
    pub(crate) const ALL: [Self; 3] = [Self::Call, Self::Layer, Self::Run];
}

/// A circuit, and the door it is called through.
#[derive(Debug)]
pub(crate) struct Circuit<C = Standard> {
    pub(crate) door: Door,
    pub(crate) breaker: CircuitBreaker<C>,
    ran: Arc<AtomicU64>,
}

/// A circuit of its own for each door.
pub(crate) fn circuits(config: Config) -> impl Iterator<Item = Circuit> {
    let plan = config.parse().expect("a config that works");
    Door::ALL.into_iter().map(move |door| Circuit {
        door,
        breaker: CircuitBreaker::from_plan("backend", plan.clone()),
        ran: Arc::default(),
    })
}

impl<C> Circuit<C> {
    /// The same circuit, seen with other eyes.
    pub(crate) fn seen_by<D>(
        self,
        view: impl FnOnce(&CircuitBreaker<C>) -> CircuitBreaker<D>,
    ) -> Circuit<D> {
        Circuit { door: self.door, breaker: view(&self.breaker), ran: self.ran }
    }

    /// Busy is soft, missing is the caller's own mistake.
    pub(crate) fn discerning(self) -> Circuit<Eyes> {
        fn eyes(answer: &Answer) -> Outcome {
            match answer {
                Ok(_) => Outcome::Success,
                Err(Error::Inner(Down::Busy)) => Outcome::SoftFailure,
                Err(Error::Inner(Down::Missing)) => Outcome::Ignore,
                Err(_) => Outcome::Failure,
            }
        }
        self.seen_by(|breaker| breaker.classify(eyes as Eyes))
    }

    /// How many calls reached the backend.
    pub(crate) fn ran(&self) -> u64 {
        self.ran.load(Ordering::Relaxed)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.breaker.snapshot().counts
    }

    /// Good calls and failures in the window.
    pub(crate) fn tally(&self) -> (u64, u64) {
        let counts = self.counts();
        (counts.calls - counts.failures, counts.failures)
    }

    #[track_caller]
    pub(crate) fn is(&self, state: State) {
        assert_eq!(self.breaker.state(), state, "{:?}: {:?}", self.door, self.breaker.snapshot());
    }
}

impl<C> Circuit<C>
where
    C: Classify<&'static str, Error<Down>> + Clone + 'static,
{
    /// Asks for admission here and now; what comes back is the call, which is still to be awaited.
    pub(crate) fn start(&self, deed: Deed) -> Call<'_> {
        let ran = Arc::clone(&self.ran);
        let play = move |deed: Deed| {
            ran.fetch_add(1, Ordering::Relaxed);
            Script::new([deed]).call()
        };
        match self.door {
            Door::Call => Box::pin(self.breaker.call(move || play(deed))),
            Door::Layer => {
                let mut service = ServiceBuilder::new()
                    .layer(self.breaker.layer())
                    .layer(Lift::layer())
                    .service(Probe::new(service_fn(play)));
                service.ready().now_or_never().expect("ready at once").unwrap();
                Box::pin(service.call(deed))
            }
            Door::Run => Box::pin(self.breaker.run(move || {
                let playing = play(deed);
                async move { playing.await.map_err(Error::Inner) }
            })),
        }
    }

    pub(crate) async fn ask(&self, deed: Deed) -> Answer {
        self.start(deed).await
    }

    /// Calls one after another, each of which must be let through and come back as it is:
    /// Success, Failure, Busy, Missing, and a Long call that succeeds.
    pub(crate) async fn play(&self, calls: &str) {
        for (at, call) in calls.chars().enumerate() {
            let (deed, expected) = match call {
                'S' => (Step::ok("up"), Ok("up")),
                'L' => (Step::ok("up").after(LONG), Ok("up")),
                'F' => (Step::err(Down::Broken), Err(Error::Inner(Down::Broken))),
                'B' => (Step::err(Down::Busy), Err(Error::Inner(Down::Busy))),
                'M' => (Step::err(Down::Missing), Err(Error::Inner(Down::Missing))),
                other => panic!("there is no call `{other}`"),
            };
            let before = self.ran();
            let answer = self.ask(deed).await;
            assert_eq!(answer, expected, "{:?}: call {at} of {calls}", self.door);
            assert_eq!(self.ran(), before + 1, "{:?}: call {at} of {calls}", self.door);
        }
    }

    /// A call that must be refused without reaching the backend: the refusal.
    pub(crate) async fn refusal(&self) -> Refusal {
        let before = self.ran();
        let answer = self.ask(Step::ok("up")).await;
        assert_eq!(self.ran(), before, "{:?}: it reached the backend", self.door);
        match answer {
            Err(Error::Refused(refusal)) => refusal,
            other => panic!("{:?}: not refused but {other:?}", self.door),
        }
    }

    /// A call that must be refused: after how long it is worth asking again.
    pub(crate) async fn refused_for(&self) -> Duration {
        self.refusal().await.retry_after().expect("a time to come back")
    }
}

/// What a subscriber has not seen yet.
pub(crate) fn news(subscription: &mut Subscription) -> Vec<Transition> {
    std::iter::from_fn(|| subscription.try_next()).collect()
}

/// The same, as from and to.
pub(crate) fn changes(subscription: &mut Subscription) -> Vec<(State, State)> {
    news(subscription).into_iter().map(|change| (change.from, change.to)).collect()
}
