//! Errors, panics, and what there is no room for.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use buttress::{
    Error, Refusal,
    single_flight::{Config, SingleFlight},
};
use futures::future::join_all;
use tokio::time::sleep;

use super::{MILLISECOND, Store, shared};
use crate::fragile::Fragile;

/// CA-11: an error is everybody's, and the next call loads again.
#[tokio::test(start_paused = true)]
async fn an_error_is_everybodys_and_is_not_kept_ca11() {
    let loads = shared(Config::new());
    let fail = || async {
        sleep(MILLISECOND).await;
        Err("down".to_owned())
    };
    let answers = join_all((0..100).map(|_| loads.call("k", fail))).await;
    assert!(answers.into_iter().all(|answer| answer == Err(Error::Inner("down".to_owned()))));
    assert_eq!(loads.call("k", || async { Ok(7) }).await, Ok(7));
    assert_eq!(loads.snapshot().totals.led, 2);
}

/// CA-13: the panic is its driver's; the others hear of it, and the key is free.
#[tokio::test(start_paused = true)]
async fn a_panic_is_the_drivers_and_the_others_are_told_ca13() {
    let loads = shared(Config::new());
    let panic = || async {
        sleep(MILLISECOND).await;
        panic!("in the load")
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(loads.call("k", panic))).collect();
    let ended = join_all(tasks).await;
    let panicked = ended.iter().filter(|ended| ended.is_err()).count();
    assert_eq!(panicked, 1);
    for answer in ended.into_iter().flatten() {
        let Err(Error::Refused(refusal)) = answer else { panic!("{answer:?}") };
        assert_eq!(refusal, Refusal::Panicked { name: "loads".into() });
        assert!(refusal.began());
    }
    let snapshot = loads.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.totals.panicked), (0, 1));
    assert_eq!(loads.call("k", || async { Ok(7) }).await, Ok(7));
}

/// Whoever polls on after a panic is told, and does not wait for ever.
#[tokio::test(start_paused = true)]
async fn a_driver_that_polls_on_after_its_panic_is_told() {
    use futures::FutureExt;
    let loads = shared(Config::new());
    let mut call = loads.call("k", || async { panic!("in the load") });
    let polled = std::panic::AssertUnwindSafe(&mut call).catch_unwind().await;
    assert!(polled.is_err());
    let told = Err(Error::Refused(Refusal::Panicked { name: "loads".into() }));
    assert_eq!(call.now_or_never(), Some(told));
}

/// A panic before there is anything to share.
#[tokio::test(start_paused = true)]
async fn a_closure_that_panics_leaves_the_key_free() {
    let loads = shared(Config::new());
    let call = std::panic::AssertUnwindSafe(|| {
        let make = || -> std::future::Ready<Result<u32, String>> { panic!("in the closure") };
        drop(loads.call("k", make));
    });
    assert!(std::panic::catch_unwind(call).is_err());
    let snapshot = loads.snapshot();
    assert_eq!((snapshot.in_flight, snapshot.callers, snapshot.totals.panicked), (0, 0, 1));
    assert_eq!(loads.call("k", || async { Ok(7) }).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn there_is_room_for_so_many_keys_and_so_many_callers() {
    let config = Config::new().with_max_in_flight(2).with_max_callers(3);
    let (loads, store) = (shared(config), Store::default());
    let full = |limit| Err(Error::Refused(Refusal::Full { name: "loads".into(), limit }));
    let first: Vec<_> = (0..3).map(|_| loads.call("a", || store.load())).collect();
    let second = loads.call("b", || store.load());
    assert_eq!(loads.call("c", || store.load()).await, full(2));
    assert_eq!(loads.call("a", || store.load()).await, full(3));
    assert_eq!(store.counts().0, 2, "nothing was begun for them");
    assert_eq!(loads.snapshot().callers, 4);
    drop(second);
    assert_eq!(loads.call("c", || store.load()).await, Ok(3));
    drop(first);
    assert_eq!((loads.in_flight(), loads.snapshot().totals.refused), (0, 2));
}

/// What cannot be cloned is shared as an `Arc`; who is alone gets it uncloned.
#[tokio::test(start_paused = true)]
async fn answers_are_cloned_for_those_who_share_and_moved_to_one_who_does_not() {
    #[derive(Debug)]
    struct Cloned(Arc<()>);
    impl Clone for Cloned {
        fn clone(&self) -> Self {
            Self(Arc::new(()))
        }
    }
    let loads: SingleFlight<u8, Cloned, Arc<std::io::Error>> =
        SingleFlight::new("loads", Config::new()).unwrap();
    let made = Arc::new(());
    let keep = |made: &Arc<()>| {
        let made = Arc::clone(made);
        || async { Ok(Cloned(made)) }
    };
    let alone = loads.call(1, keep(&made)).await.unwrap();
    assert!(Arc::ptr_eq(&alone.0, &made));
    let pair = join_all((0..2).map(|_| loads.call(1, keep(&made)))).await;
    assert!(pair.into_iter().all(|one| !Arc::ptr_eq(&one.unwrap().0, &made)));
    let down = || async { Err(Arc::new(std::io::Error::other("down"))) };
    let errors = join_all((0..2).map(|_| loads.call(1, down))).await;
    assert!(errors.into_iter().all(|error| error.unwrap_err().to_string() == "down"));
}

/// What is left of the work is gone before anybody goes on.
#[tokio::test(start_paused = true)]
async fn the_work_is_dropped_before_its_answer_is_given() {
    let loads: SingleFlight<u8, (), ()> = SingleFlight::new("loads", Config::new()).unwrap();
    let held = Arc::new(());
    let watch = Arc::downgrade(&held);
    let make = || {
        let mut wait = Box::pin(sleep(MILLISECOND));
        std::future::poll_fn(move |cx| {
            let _ = &held;
            wait.as_mut().poll(cx).map(|()| Ok(()))
        })
    };
    let (first, second) = (loads.call(1, make), loads.call(1, || async { Ok(()) }));
    assert_eq!(second.await, Ok(()));
    assert_eq!(watch.strong_count(), 0);
    assert_eq!(first.await, Ok(()));
}

/// What a follower brought and nobody needs is dropped, and panics in that: it does not count any longer.
#[tokio::test(start_paused = true)]
async fn what_panics_when_it_is_dropped_leaves_nobody_behind() {
    let loads: SingleFlight<Fragile, u32, ()> = SingleFlight::new("loads", Config::new()).unwrap();
    let first = loads.call(Fragile(false), || async { Ok(7) });
    let in_key = || drop(loads.call(Fragile(true), || async { Ok(8) }));
    let brittle = Fragile(true);
    let in_closure = || {
        drop(loads.call(Fragile(false), || {
            let _held = brittle;
            async { Ok(8) }
        }));
    };
    assert!(catch_unwind(AssertUnwindSafe(in_key)).is_err());
    assert!(catch_unwind(AssertUnwindSafe(in_closure)).is_err());
    assert_eq!(loads.snapshot().callers, 1);
    assert_eq!(first.await, Ok(7));
    assert_eq!(loads.in_flight(), 0);
}
