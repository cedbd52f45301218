//! Callers of a batch, given up at every await.

use buttress::{
    Error,
    batch::{BatchLayer, Batcher, Config},
    testing::{Script, Step, drop_at_every_await},
};
use futures::FutureExt;
use tower::{Layer, Service};

use crate::circuit::STEP;

/// A backend that answers a batch of one, in three steps.
fn slow() -> Script<Vec<u8>, Error<&'static str>> {
    Script::new([Step::ok(vec![7]).after(3 * STEP)])
}

fn batcher(backend: &Script<Vec<u8>, Error<&'static str>>) -> Batcher<u8, u8, Error<&'static str>> {
    let backend = backend.clone();
    let config = Config::new().with_max_in_flight(1);
    Batcher::new("items", config, move |_| {
        let backend = backend.clone();
        async move { backend.call().await }
    })
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_who_is_alone() {
    let backend = slow();
    let batcher = batcher(&backend);
    let drops = drop_at_every_await(
        STEP,
        || batcher.run(1),
        |polls| {
            let (snapshot, counts) = (batcher.snapshot(), backend.counts());
            let left = (snapshot.open, snapshot.in_flight, snapshot.waiting, counts.in_flight);
            assert_eq!(left, (0, 0, 0, 0), "after {polls} polls");
        },
    );
    assert!(drops.await >= 3);
    assert_eq!(batcher.run(1).await, Ok(7), "its turn has come back");
}

/// However far the first came, the other who asked for the same item has it.
#[tokio::test(start_paused = true)]
async fn one_of_two() {
    let backend = slow();
    let batcher = batcher(&backend);
    let mut others = Vec::new();
    let start = || {
        let first = batcher.run(1);
        others.push(tokio::spawn(batcher.run(1)));
        first
    };
    assert!(drop_at_every_await(STEP, start, |_| {}).await >= 1);
    for other in others {
        assert_eq!(other.await.unwrap(), Ok(7));
    }
    assert_eq!((backend.counts().cancelled, batcher.snapshot().waiting), (0, 0));
}

/// While it waits for its turn behind another.
#[tokio::test(start_paused = true)]
async fn one_who_waits_for_a_turn() {
    let backend = Script::new([Step::hang()]);
    let batcher = batcher(&backend);
    let blocker = tokio::spawn(batcher.run(1));
    tokio::time::sleep(STEP).await;
    for polls in 0..5 {
        let mut waits = batcher.run(2);
        for _ in 0..polls {
            assert_eq!((&mut waits).now_or_never(), None);
            tokio::time::sleep(STEP).await;
        }
        drop(waits);
        assert_eq!((batcher.snapshot().open, batcher.snapshot().waiting), (0, 1));
    }
    blocker.abort();
    assert!(blocker.await.is_err());
    assert_eq!((batcher.snapshot().in_flight, batcher.snapshot().waiting), (0, 0));
    assert_eq!(backend.counts().calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_service() {
    let backend = slow();
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let layer = BatchLayer::new("items", Config::new()).unwrap();
    let mut service = layer.layer(inner);
    let drops = drop_at_every_await(
        STEP,
        || service.call(1),
        |polls| {
            let counts = (seen().reserved, seen().in_flight, backend.counts().in_flight);
            assert_eq!((counts, layer.snapshot().waiting), ((0, 0, 0), 0), "after {polls} polls");
        },
    );
    assert!(drops.await >= 3);
}
