//! Fallbacks: what answers when the answer is not to be had. `fb_01` and the like name cases of the
//! catalogue.

mod answers;
mod backup;
mod causes;
mod config;
mod failover;
mod last_good;
mod open;
mod order;
mod streams;

use std::time::Duration;

use buttress::{
    Error, Name, OpenReason, Refusal,
    fallback::{Config, Fallback},
    outcome::Outcome,
    testing::Step,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a backend says when it does not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Down {
    #[error("broken")]
    Broken,
    #[error("busy, come back in {0:?}")]
    Busy(Duration),
    #[error("the caller's own mistake")]
    Mistake,
    #[error("{own}, and before that {original}")]
    Both { own: Box<Self>, original: Box<Self> },
}

pub(crate) type Answer = Result<u32, Error<Down>>;
/// A classifier that can be named.
pub(crate) type Eyes = fn(&Answer) -> Outcome;

pub(crate) fn fallback() -> Fallback {
    Fallback::new("fallback", Config::new()).unwrap()
}

pub(crate) const fn broken() -> Step<u32, Error<Down>> {
    Step::err(Error::Inner(Down::Broken))
}

/// Five hundred and more is a failure, whatever it comes as; a mistake is the caller's.
pub(crate) fn eyes(answer: &Answer) -> Outcome {
    match answer {
        Ok(500..) => Outcome::Failure,
        Ok(429) | Err(Error::Inner(Down::Busy(_))) => Outcome::SoftFailure,
        Ok(_) => Outcome::Success,
        Err(Error::Inner(Down::Mistake)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

pub(crate) fn refused(retry_after: Option<Duration>) -> Refusal {
    Refusal::CircuitOpen { name: Name::from("b"), reason: OpenReason::Tripped, retry_after }
}

/// What comes of a step of the backend through both doors, which must agree.
macro_rules! ask {
    ($fallback:expr, $step:expr) => {{
        let fallback = &$fallback;
        let step: buttress::testing::Step<u32, buttress::Error<crate::fallback::Down>> = $step;
        let backend = buttress::testing::Script::new([step.clone(), step]);
        let plain = fallback.run(|| backend.call()).await;
        let mut service = tower::Layer::layer(&fallback.layer(), backend.service());
        let service = tower::ServiceExt::<()>::ready(&mut service).await.unwrap();
        let layered = tower::Service::call(service, ()).await;
        assert_eq!(plain, layered, "the doors disagree");
        assert_eq!(backend.counts().calls, 2, "each door asks the backend once");
        plain
    }};
}
pub(crate) use ask;
