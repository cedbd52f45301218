//! Callers who wait for what is under a cache, given up at every await: no claim is left behind, and nothing
//! that was said is forgotten.

use buttress::{
    cache::{Cache, Config, tier::Tiered},
    testing::{Script, Step, drop_at_every_await},
};
use tower::{Layer, Service};

use crate::circuit::STEP;

#[path = "../behaviour/cache/tier/shelf.rs"]
#[allow(dead_code, reason = "behaviour asks more of it")]
mod shelf;

use shelf::{Key, Shelf};

type Down = buttress::Error<&'static str>;

fn numbers(shelf: &Shelf) -> Tiered<Key, u32, Shelf> {
    Cache::new("numbers", Config::new()).unwrap().over(shelf.clone().slow(STEP))
}

/// A backend that takes three steps.
fn slow() -> Script<u32, Down> {
    Script::new([Step::ok(7).after(3 * STEP)])
}

/// Claims that were given back or used.
fn settled(shelf: &Shelf) -> bool {
    let asked = shelf.asked();
    let count = |what| asked.iter().filter(|asked| **asked == what).count();
    count("release") + count("put") >= count("claim")
}

#[tokio::test(start_paused = true)]
async fn one_who_is_alone() {
    let (shelf, backend) = (Shelf::new(), slow());
    let numbers = numbers(&shelf);
    let start = || {
        numbers.cache().clear();
        let backend = backend.clone();
        numbers.run_or_load(&7, move || async move { backend.call().await })
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let inside = (backend.counts().in_flight, numbers.snapshot().cache.loading);
        assert_eq!(inside, (0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 5);
    tokio::time::sleep(10 * STEP).await;
    // A put that was dropped is neither used nor given up: it is given back as well.
    assert!(settled(&shelf) && numbers.snapshot().totals.abandoned > 0);
    assert_eq!((start().await, shelf.value(7)), (Ok(7), Some(7)));
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_for_many() {
    let (shelf, backend) = (Shelf::new(), slow());
    let numbers = numbers(&shelf);
    let start = || {
        numbers.cache().clear();
        let backend = backend.clone();
        numbers.load_many([7, 8], move |keys| async move {
            let answer = backend.call().await?;
            Ok::<_, Down>(keys.into_iter().map(move |key| (key, answer)))
        })
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let inside = (backend.counts().in_flight, numbers.snapshot().cache.loading);
        assert_eq!(inside, (0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 5);
    assert_eq!(start().await, Ok(vec![Some(7); 2]));
    assert_eq!((shelf.value(7), shelf.value(8)), (Some(7), Some(7)));
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_service() {
    let (shelf, backend) = (Shelf::new(), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let numbers = numbers(&shelf);
    let service = numbers.layer(|request: &u8| Some(*request)).layer(inner);
    let start = || {
        numbers.cache().clear();
        service.clone().call(7)
    };
    let drops = drop_at_every_await(STEP, start, |polls| {
        let inside = (seen().reserved, seen().in_flight, numbers.snapshot().cache.loading);
        assert_eq!(inside, (0, 0, 0), "after {polls} polls");
    });
    assert!(drops.await >= 6);
    assert_eq!(start().await, Ok(7));
}

/// What was removed is not found, wherever the removal was dropped.
#[tokio::test(start_paused = true)]
async fn who_removes() {
    for everything in [false, true] {
        let shelf = Shelf::new();
        let numbers = numbers(&shelf);
        let removed = numbers.clone();
        let start = || {
            shelf.set(7, 1, None);
            let removed = removed.clone();
            async move { if everything { removed.clear().await } else { removed.invalidate(&7).await } }
        };
        let drops = drop_at_every_await(STEP, start, |polls| {
            // Not begun; said, and not known to be done; done.
            assert_eq!(numbers.snapshot().owed != Some(0), polls == 1, "after {polls} polls");
        });
        assert!(drops.await >= 1);
        shelf.set(7, 1, None);
        drop(tokio::time::timeout(STEP / 2, start()).await);
        assert_eq!(numbers.get(&7).await, None);
        assert_eq!(numbers.snapshot().owed, Some(0));
    }
}

/// What is written is there, or nothing is.
#[tokio::test(start_paused = true)]
async fn who_writes() {
    let shelf = Shelf::new();
    let numbers = numbers(&shelf);
    for steps in 0..3 {
        shelf.set(7, 1, None);
        let write = numbers.insert(7, 2);
        drop(tokio::time::timeout(STEP * steps + STEP / 2, write).await);
        assert_eq!(numbers.cache().peek(&7), Some(2));
        numbers.cache().clear();
        let found = numbers.get(&7).await;
        assert_eq!(found, (steps >= 2).then_some(2), "after {steps}");
    }
}
