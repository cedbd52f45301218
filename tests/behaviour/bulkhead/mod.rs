//! A bulkhead, by the cases of the catalogue (`bh_…`, `dr_…`) and beyond, through every door.

mod adaptive;
mod admission;
mod bodies;
mod classes;
mod closing;
mod config;
mod keyed;
mod knee;
mod permits;
mod queue;
mod resizing;
mod shadow;
mod threads;
mod told;

use std::{future::Future, pin::Pin, time::Duration};

use buttress::{
    Error, Lift, Refusal,
    bulkhead::{Bulkhead, Class, Config},
    testing::{Script, Step},
};
use futures::FutureExt;
use tower::{Service, ServiceBuilder, ServiceExt};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);
/// The smallest step of the clock.
pub(crate) const TICK: Duration = Duration::from_nanos(1);

pub(crate) type Answer = Result<&'static str, Error<&'static str>>;
pub(crate) type Call = Pin<Box<dyn Future<Output = Answer>>>;

/// A way to call through a bulkhead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Call,
    Layer,
    Run,
}

/// A bulkhead, the door it is called through, and what is behind it.
pub(crate) struct House {
    pub(crate) door: Door,
    pub(crate) bulkhead: Bulkhead,
    pub(crate) backend: Script<&'static str, &'static str>,
}

/// A house of its own for each door; its backend takes a second.
pub(crate) fn houses(config: Config) -> impl Iterator<Item = House> {
    let plan = config.parse().expect("a config that works");
    [Door::Call, Door::Layer, Door::Run].into_iter().map(move |door| House {
        door,
        bulkhead: Bulkhead::from_plan("house", &plan),
        backend: Script::new([Step::ok("up").after(SECOND)]),
    })
}

impl House {
    /// Asks for a place here and now; what comes back is the call, which is still to be awaited.
    pub(crate) fn start(&self) -> Call {
        self.start_as(Class::Normal)
    }

    pub(crate) fn start_as(&self, class: Class) -> Call {
        let (bulkhead, backend) = (self.bulkhead.sort(class), self.backend.clone());
        match self.door {
            // Polled once, so that the place is asked for, and then by whoever awaits it.
            Door::Call => asked(async move { bulkhead.call(|| backend.call()).await }),
            Door::Run => asked(async move {
                bulkhead.run(|| async { backend.call().await.map_err(Error::Inner) }).await
            }),
            Door::Layer => {
                let mut service = ServiceBuilder::new()
                    .layer(bulkhead.layer())
                    .layer(Lift::layer())
                    .service(backend.service());
                ServiceExt::<()>::ready(&mut service)
                    .now_or_never()
                    .expect("ready at once")
                    .unwrap();
                asked(service.call(()))
            }
        }
    }

    /// A call that must be refused at once, without reaching the backend.
    #[track_caller]
    pub(crate) fn refusal(&self, class: Class) -> Refusal {
        let before = self.backend.counts().calls;
        let answer = self.start_as(class).now_or_never();
        assert_eq!(self.backend.counts().calls, before, "{:?}: it reached the backend", self.door);
        match answer {
            Some(Err(Error::Refused(refusal))) => refusal,
            other => panic!("{:?}: not refused but {other:?}", self.door),
        }
    }

    #[track_caller]
    pub(crate) fn is_full(&self) {
        let limit = u64::from(self.bulkhead.snapshot().limit);
        assert_eq!(self.refusal(Class::Normal), Refusal::Full { name: "house".into(), limit });
    }

    /// In flight and waiting.
    pub(crate) fn counts(&self) -> (u32, u32) {
        let seen = self.bulkhead.snapshot();
        (seen.in_flight, seen.queued)
    }
}

/// The call, polled once.
fn asked(call: impl Future<Output = Answer> + 'static) -> Call {
    let mut call = Box::pin(call);
    match call.as_mut().now_or_never() {
        Some(answer) => Box::pin(std::future::ready(answer)),
        None => call,
    }
}

pub(crate) fn limit(limit: u32) -> Config {
    Config::new().with_limit(limit)
}

/// Polls each of them once: those that are ready are taken out, with their number.
pub(crate) fn ready(calls: &mut [Option<Call>]) -> Vec<(usize, Answer)> {
    let mut ready = Vec::new();
    for (at, slot) in calls.iter_mut().enumerate() {
        if let Some(answer) = slot.as_mut().and_then(|call| call.now_or_never()) {
            *slot = None;
            ready.push((at, answer));
        }
    }
    ready
}
