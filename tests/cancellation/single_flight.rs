//! Callers of shared work, given up at every await.

use buttress::{
    Error,
    single_flight::{Config, SingleFlight},
    testing::{Script, Step, drop_at_every_await},
};
use tower::{Layer, Service};

use crate::circuit::STEP;

type Loads = SingleFlight<u8, &'static str, Error<&'static str>>;

fn loads(detached: bool) -> Loads {
    SingleFlight::new("loads", Config::new().with_detached(detached)).unwrap()
}

/// A backend that takes three steps.
fn slow() -> Script<&'static str, Error<&'static str>> {
    Script::new([Step::ok("up").after(3 * STEP)])
}

#[tokio::test(start_paused = true)]
async fn one_who_is_alone() {
    let (loads, backend) = (loads(false), slow());
    let start = || {
        let backend = backend.clone();
        loads.run(7, move || async move { backend.call().await })
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let counts = backend.counts();
        assert_eq!((counts.in_flight, loads.in_flight()), (0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 3);
    assert_eq!(start().await, Ok("up"));
}

/// However far the leader came, who stays has the answer of the same work.
#[tokio::test(start_paused = true)]
async fn a_leader_with_a_follower() {
    let (loads, backend) = (loads(false), slow());
    let mut followers = Vec::new();
    let start = || {
        let run = |backend: Script<_, _>| loads.run(7, move || async move { backend.call().await });
        let leader = run(backend.clone());
        followers.push(tokio::spawn(run(backend.clone())));
        leader
    };
    let drops = drop_at_every_await(STEP, start, |_| {}).await;
    assert!(drops >= 1);
    for follower in followers {
        assert_eq!(follower.await.unwrap(), Ok("up"));
    }
    let counts = backend.counts();
    assert_eq!((counts.cancelled, counts.in_flight, loads.in_flight()), (0, 0, 0));
}

/// Detached, it ends whoever is dropped.
#[tokio::test(start_paused = true)]
async fn one_whose_work_is_detached() {
    let (loads, backend) = (loads(true), slow());
    let start = || {
        let backend = backend.clone();
        loads.run(7, move || async move { backend.call().await })
    };
    assert!(drop_at_every_await(STEP, start, |_| {}).await >= 1);
    tokio::time::sleep(10 * STEP).await;
    let counts = backend.counts();
    assert_eq!((counts.cancelled, counts.in_flight, loads.in_flight()), (0, 0, 0));
    assert_eq!(counts.finished, counts.calls);
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_service() {
    let (loads, backend) = (loads(false), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let mut service = loads.layer(|_: &u8| Some(7)).layer(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.call(7),
        |polls| {
            let counts = (seen().reserved, seen().in_flight, backend.counts().in_flight);
            assert_eq!((counts, loads.in_flight()), ((0, 0, 0), 0), "after {polls} polls");
        },
    );
    assert!(drops.await >= 3);
}
