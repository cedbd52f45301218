//! The contracts of `table`, asked of a layer that sends a request again beside itself: what it
//! clones for a call it must have ready before it calls it.

use std::time::Duration;

use buttress::{
    Mode,
    hedge::{Config, Hedge},
    outcome::Outcome,
    source::ByMethod,
    testing::{Script, Step},
};
use tower::Layer;

use crate::{
    contracts,
    terms::{Down, Inner, Request, Wrapped, ask, up},
};

/// Longer than any contract takes.
const LONG: Duration = Duration::from_secs(86_400);

macro_rules! rows {
    ($($row:ident: $layer:expr;)*) => { $(
        mod $row {
            use super::*;

            contracts_of! {
                $layer;
                pending_readiness_is_passed_on
                a_clone_carries_no_readiness
                asking_again_reserves_no_more
                a_service_dropped_when_ready_gives_its_reservation_back
                results_pass_through
                an_error_of_readiness_passes_through
                a_call_that_waits_is_not_polled_in_between
                a_call_takes_no_more_polls_than_the_backend_wakes
                a_service_that_is_not_ready_is_not_polled_in_between
                a_call_dropped_in_flight_ends_the_inner_call
                a_call_dropped_unpolled_leaves_nothing_behind
                a_place_of_a_limit_inside_comes_back_whatever_ends_the_call
                calls_of_one_service_run_side_by_side
                a_layer_makes_as_many_services_as_it_is_asked_for
                a_panic_of_one_call_leaves_the_service_usable
            }

            #[tokio::test(start_paused = true)]
            async fn the_first_attempt_is_made_on_what_was_made_ready() {
                the_first_attempt_is_made_on_what_was_made_ready_for($layer).await;
            }
        }
    )* };
}

macro_rules! contracts_of {
    ($layer:expr; $($contract:ident)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $contract() {
            contracts::$contract($layer).await;
        }
    )* };
}

// In these eyes nothing that goes wrong is worth another attempt: a contract plays one step a call.
rows! {
    hedge: ignoring(Config::after(LONG)).layer();
    hedge_that_measures: ignoring(Config::new()).layer();
    hedge_that_only_watches: ignoring(Config::after(Duration::ZERO).with_mode(Mode::Shadow)).layer();
    hedge_without_patience: ignoring(Config::after(LONG)).patience(|_| None).layer();
    hedge_that_cannot_copy: ignoring(Config::after(LONG)).layer().replay(|_: &Request| None);
    hedge_that_asks_by_method: ignoring(Config::after(LONG)).layer().replay(ByMethod);
}

type Eyes = fn(&Result<&'static str, Down>) -> Outcome;

fn ignoring(config: Config) -> Hedge<Eyes> {
    let eyes: Eyes = |result| if result.is_ok() { Outcome::Success } else { Outcome::Ignore };
    Hedge::new("row", config).unwrap().classify(eyes)
}

async fn the_first_attempt_is_made_on_what_was_made_ready_for<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().ready_after(3);
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for calls in 1..=3 {
        assert_eq!(ask(&mut service).await.unwrap(), "up");
        assert_eq!((seen().calls, seen().finished), (calls, calls));
        assert_eq!(seen().ready_polls, 4 * calls, "three times not ready, then ready");
        assert!(seen().clones <= calls, "one a call, which is not made ready for nothing");
    }
    assert_eq!(seen().reserved, 0);
}

/// Every attempt after the first goes to one clone, made ready before each.
#[tokio::test(start_paused = true)]
async fn a_hedge_is_made_on_a_clone_that_became_ready() {
    let steps = [Step::err(Down::Broken("broken")), Step::hang(), Step::ok("up")];
    let config = Config::after(Duration::from_millis(10)).with_max_hedges(5);
    let hedge = Hedge::new("row", config).unwrap();
    let inner = Script::new(steps).service().ready_after(2);
    let seen = inner.watch();
    let mut service = hedge.layer().layer(inner);
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    assert_eq!((seen().calls, seen().clones, seen().ready_polls), (3, 1, 9));
    assert_eq!((seen().reserved, seen().in_flight), (0, 0));
}

/// What it only counts it does not make ready.
#[tokio::test(start_paused = true)]
async fn in_shadow_mode_no_clone_is_made_ready() {
    let config = Config::after(Duration::ZERO).with_mode(Mode::Shadow);
    let hedge = Hedge::new("row", config).unwrap();
    let inner = Script::new([Step::ok("up").after(Duration::from_secs(1))]).service();
    let seen = inner.watch();
    let mut service = hedge.layer().layer(inner);
    assert_eq!(ask(&mut service).await.map_err(|error: Down| error), Ok("up"));
    assert_eq!((seen().calls, seen().ready_polls, seen().reserved), (1, 1, 0));
    assert_eq!(hedge.snapshot().totals.slow, 1);
}
