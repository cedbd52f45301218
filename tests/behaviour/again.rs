//! Work that is started again, by retries, hedges and fallbacks: what all of them owe to classifiers,
//! requests, services that are slow to become ready, and purses.

use std::{cell::Cell, time::Duration};

use buttress::{
    Error,
    fallback::{self, Fallback},
    hedge::{self, Hedge},
    outcome::Outcome,
    retry::{self, Retry},
    testing::{Script, Step},
};

const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Down {
    Broken,
    Busy(Duration),
}

type Answer = Result<u32, Error<Down>>;

fn eyes(answer: &Answer) -> Outcome {
    match answer {
        Ok(0) | Err(Error::Inner(Down::Broken)) => Outcome::Failure,
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::SoftFailure,
    }
}

#[tokio::test(start_paused = true)]
async fn a_classifier_is_asked_once_about_each_result() {
    let asked = Cell::new(0);
    let counting = |answer: &Answer| {
        asked.set(asked.get() + 1);
        eyes(answer)
    };
    let script = || Script::new([Step::ok(0), Step::err(Down::Broken), Step::ok(1)]);

    let backend = script();
    let retry = Retry::new("backend", retry::Config::new()).unwrap().classify(counting);
    assert_eq!(retry.call(|| backend.call()).await, Ok(1));
    assert_eq!(asked.replace(0), 3, "by a retry");

    let backend = script();
    let hedge = Hedge::new("b", hedge::Config::after(MILLISECOND).with_max_hedges(2)).unwrap();
    assert_eq!(hedge.classify(counting).call(|| backend.call()).await, Ok(1));
    assert_eq!(asked.replace(0), 3, "by a hedge");

    let backend = script();
    let fallback = Fallback::new("backend", fallback::Config::new()).unwrap();
    assert_eq!(fallback.classify(counting).to_value(7).call(|| backend.call()).await, Ok(7));
    assert_eq!(asked.replace(0), 1, "by a fallback");
}
