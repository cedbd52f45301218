//! The rate limiter, through each of its doors.
//!
//! Fixed windows whose edges let twice the limit through (`rl_16` to `rl_18`) are pinned otherwise: there
//! are none here, see `rl_23`.

mod bucket;
mod config;
mod doors;
mod keyed;
mod keyed_exact;
mod keyed_http;
mod keyed_several;
mod leases;
mod refusals;
mod reservations;
mod waiting;

use std::{future::Future, pin::Pin, time::Duration};

use buttress::{
    Error, Lift, Refusal,
    rate_limit::{Config, RateLimiter},
    testing::{Counts, Script, Step},
};
use tower::{Service, ServiceBuilder, ServiceExt};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MILLISECOND: Duration = Duration::from_millis(1);
pub(super) const TICK: Duration = Duration::from_nanos(1);

type Answer = Result<&'static str, Error<&'static str>>;
type Call<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Call,
    Layer,
    Run,
}

/// A limiter, the door it is called through, and the backend behind it.
struct Limit {
    door: Door,
    limiter: RateLimiter,
    backend: Script<&'static str, &'static str>,
}

/// One for each door.
fn limits(config: impl Into<Config>) -> impl Iterator<Item = Limit> {
    let plan = config.into().parse().expect("a config that works");
    [Door::Call, Door::Layer, Door::Run].into_iter().map(move |door| Limit {
        door,
        limiter: RateLimiter::from_plan("backend", &plan),
        backend: Script::new([Step::ok("up")]),
    })
}

impl Limit {
    /// The call as it is made now; where calls wait, a service does so while it becomes ready.
    fn start(&self) -> Call<'_> {
        match self.door {
            Door::Call => Box::pin(self.limiter.call(|| self.backend.call())),
            Door::Run => Box::pin(
                self.limiter.run(|| async { self.backend.call().await.map_err(Error::Inner) }),
            ),
            Door::Layer => {
                let mut service = ServiceBuilder::new()
                    .layer(self.limiter.layer())
                    .layer(Lift::layer())
                    .service(self.backend.service());
                Box::pin(async move { ready(&mut service).await?.call(()).await })
            }
        }
    }

    async fn ask(&self) -> Answer {
        self.start().await
    }

    /// So many calls, one after another: how many were let through.
    async fn admitted_of(&self, calls: u32) -> u32 {
        let mut admitted = 0;
        for _ in 0..calls {
            admitted += u32::from(self.ask().await.is_ok());
        }
        admitted
    }

    /// A call that must be refused without reaching the backend.
    async fn refused_for(&self) -> Option<Duration> {
        let before = self.counts().calls;
        let answer = self.ask().await;
        assert_eq!(self.counts().calls, before, "{:?}: it reached the backend", self.door);
        match answer {
            Err(Error::Refused(Refusal::RateLimited { name, retry_after })) => {
                assert_eq!(name.as_str(), "backend");
                retry_after
            }
            other => panic!("{:?}: not refused but {other:?}", self.door),
        }
    }

    fn counts(&self) -> Counts {
        self.backend.counts()
    }
}

/// Not refused for good: after how long the same call fits.
fn short(refused: Result<(), Refusal>) -> Duration {
    refused.expect_err("refused").retry_after().expect("a time to come back")
}

/// The service, once it is ready.
fn ready<S: Service<()>>(service: &mut S) -> impl Future<Output = Result<&mut S, S::Error>> {
    service.ready()
}
