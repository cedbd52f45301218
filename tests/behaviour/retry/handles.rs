//! Clones, views and layers of one retry, and configs that change while it runs.

use std::time::Duration;

use buttress::{
    backoff::Backoff,
    outcome::Outcome,
    retry::{Config, Ending, Retry, Totals},
    testing::Step,
};
use futures::FutureExt;
use tokio::time::{Instant, advance, sleep};

use super::doors::{
    Answer, Backend, Caller, Door, Down, News, Notes, SECOND, broken, callers, immediate, steady,
};

#[tokio::test(start_paused = true)]
async fn clones_views_and_layers_share_config_budget_and_totals() {
    let retry = Retry::new("backend", immediate()).unwrap();
    let classified = retry.classify(|_: &Answer| Outcome::Failure);
    let watched = retry.on_retry(|_: &News<'_>| ());
    let paced = retry.delays(|| [Duration::ZERO]);
    let hinted = retry.retry_after(|_: &Answer| None);
    let without = retry.without_budget();
    let backend = Backend::down();
    let clones = Door::ALL.map(|door| Caller { door, retry: retry.clone() });

    // Four clones of three attempts each; of the budget there are three a second.
    for caller in &clones {
        assert_eq!(caller.ask(&backend).await, broken());
        advance(SECOND).await;
    }
    assert_eq!(retry.snapshot().totals.retries, 8);
    for door in Door::ALL {
        assert!(Caller { door, retry: classified.clone() }.ask(&backend).await.is_err());
        assert!(Caller { door, retry: watched.clone() }.ask(&backend).await.is_err());
        assert!(Caller { door, retry: hinted.clone() }.ask(&backend).await.is_err());
        assert!(Caller { door, retry: paced.clone() }.ask(&backend).await.is_err());
        assert!(Caller { door, retry: without.clone() }.ask(&backend).await.is_err());
    }
    let totals = retry.snapshot().totals;
    assert_eq!(backend.calls() as u64, 24 + totals.retries);
    assert_eq!(totals.given_up.attempts + totals.given_up.budget, 24);
    for other in [
        classified.snapshot(),
        watched.snapshot(),
        paced.snapshot(),
        hinted.snapshot(),
        clones[1].retry.snapshot(),
    ] {
        assert_eq!(other, retry.snapshot());
    }
    assert_eq!(without.snapshot().totals, totals, "but for the budget");

    retry.reconfigure(immediate().with_max_attempts(7)).unwrap();
    assert_eq!(without.snapshot().max_attempts, 7);
    let calls = backend.calls();
    assert!(Caller { door: Door::Layer, retry: without }.ask(&backend).await.is_err());
    assert_eq!(backend.calls() - calls, 7);
}

#[tokio::test(start_paused = true)]
async fn views_are_put_on_top_of_each_other() {
    for caller in callers(steady()) {
        let notes = Notes::new();
        let (seen, heard, paced) = (notes.clone(), notes.clone(), notes.clone());
        let caller = caller.seen_by(|retry| {
            retry
                .classify(move |_: &Answer| {
                    seen.note("seen");
                    Outcome::Failure
                })
                .on_retry(move |_: &News<'_>| heard.note("heard"))
                .delays(move || {
                    paced.note("paced");
                    [2 * SECOND]
                })
                .retry_after(|_: &Answer| None)
                .without_budget()
        });
        let told = caller.detailed(&Backend::down()).await;
        assert_eq!((told.attempts, told.waited), (2, 2 * SECOND), "{:?}", caller.door);
        let count = |what| notes.all().iter().filter(|note| **note == what).count();
        assert!(count("seen") >= 2);
        assert_eq!((count("heard"), count("paced")), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_failed_once_goes_on_by_the_config_it_failed_under() {
    for caller in callers(steady().with_max_attempts(3)) {
        let (backend, start) = (Backend::down(), Instant::now());
        let change = async {
            sleep(SECOND / 2).await;
            caller.retry.reconfigure(immediate().with_max_attempts(1)).unwrap();
        };
        let (told, ()) = futures::future::join(caller.detailed(&backend), change).await;
        assert_eq!((told.attempts, start.elapsed()), (3, 2 * SECOND), "{:?}", caller.door);
        let told = caller.detailed(&backend).now_or_never().unwrap();
        assert_eq!((told.attempts, told.ending), (1, Ending::Attempts), "the next goes by the new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_not_failed_yet_goes_by_the_new_config() {
    for caller in callers(steady().with_max_attempts(2)) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
        let change = async {
            sleep(SECOND / 2).await;
            let config = steady().with_backoff(Backoff::constant(7 * SECOND));
            caller.retry.reconfigure(config.with_max_attempts(4)).unwrap();
        };
        let (told, ()) = futures::future::join(caller.detailed(&backend), change).await;
        assert_eq!((told.attempts, told.waited), (4, 21 * SECOND), "{:?}", caller.door);
    }
}

/// A call whose time was not taken at first has no beginning to count from.
#[tokio::test(start_paused = true)]
async fn max_elapsed_that_comes_while_a_call_runs_is_for_the_next() {
    for caller in callers(steady().with_max_attempts(3)) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
        let change = async {
            sleep(SECOND / 2).await;
            let config = steady().with_max_elapsed(SECOND);
            caller.retry.reconfigure(config).unwrap();
        };
        let (told, ()) = futures::future::join(caller.detailed(&backend), change).await;
        assert_eq!((told.attempts, told.ending), (3, Ending::Attempts), "{:?}", caller.door);
        let told = caller.detailed(&backend).await;
        assert_eq!((told.attempts, told.ending), (1, Ending::Elapsed));
    }
}

/// A request that was not kept cannot be sent again; an operation can.
#[tokio::test(start_paused = true)]
async fn a_second_attempt_that_is_allowed_too_late_is_made_where_it_can_be() {
    for caller in callers(steady().with_max_attempts(1)) {
        let backend = Backend::new([Step::err(Down::Broken).after(SECOND)]);
        let change = async {
            sleep(SECOND / 2).await;
            caller.retry.reconfigure(steady()).unwrap();
        };
        let (told, ()) = futures::future::join(caller.detailed(&backend), change).await;
        let expected = match caller.door {
            Door::Layer => (1, Ending::Unrepeatable),
            _ => (3, Ending::Attempts),
        };
        assert_eq!((told.attempts, told.ending), expected, "{:?}", caller.door);
    }
}

#[tokio::test(start_paused = true)]
async fn a_config_that_does_not_work_changes_nothing() {
    let retry = Retry::new("backend", steady()).unwrap();
    let before = retry.snapshot();
    assert!(retry.reconfigure(Config::new().with_max_attempts(0)).is_err());
    assert_eq!(retry.snapshot(), before);
}

#[tokio::test(start_paused = true)]
async fn a_call_outlives_the_handles_of_its_layer() {
    use tower::{Layer, Service, ServiceExt};

    let backend = Backend::failing(2);
    let call = {
        let retry = Retry::new("backend", steady()).unwrap();
        let inner = backend.clone();
        let service = tower::service_fn(move |()| inner.play());
        let mut service = retry.layer().layer(buttress::Lift::layer().layer(service));
        service.ready().await.unwrap().call(())
    };
    assert_eq!(call.await, Ok("up"));
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_data() {
    let retry = Retry::new("backend", immediate()).unwrap();
    let caller = Caller { door: Door::Call, retry };
    assert_eq!(caller.ask(&Backend::failing(1)).await, Ok("up"));
    assert_eq!(caller.ask(&Backend::down()).await, broken());
    let seen = serde_json::to_value(caller.retry.snapshot()).unwrap();
    assert_eq!(
        seen,
        serde_json::json!({
            "name": "backend",
            "max_attempts": 3,
            "mode": "enforce",
            "budget": { "name": "backend", "kept": 0.4, "withdrawn": 3, "exhausted": 0 },
            "quota": null,
            "totals": {
                "retries": 3,
                "recovered": 1,
                "given_up": {
                    "attempts": 1, "budget": 0, "deadline": 0,
                    "elapsed": 0, "pushback": 0, "unrepeatable": 0
                }
            }
        })
    );
    assert_eq!(caller.retry.without_budget().snapshot().budget, None);
    assert_eq!(Retry::new("new", immediate()).unwrap().snapshot().totals, Totals::default());
}

#[test]
fn a_handle_says_what_it_is() {
    let retry = Retry::new("openai", Config::new()).unwrap();
    assert_eq!(retry.name().as_str(), "openai");
    assert_eq!(format!("{retry:?}"), r#"Retry { name: "openai", .. }"#);
    assert_eq!(
        format!("{:?}", retry.layer()),
        r#"RetryLayer { retry: Retry { name: "openai", .. }, .. }"#
    );
}
