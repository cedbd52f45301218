//! Calls dropped at every await, in flight and in the queue: every place comes back, and nobody waits
//! in vain.

use buttress::{
    Error, Lift,
    bulkhead::{Adaptive, Bulkhead, Class, Config, Shares},
    testing::drop_at_every_await,
    time::Deadline,
    timeout::Timeout,
};
use futures::FutureExt;
use tower::{ServiceBuilder, ServiceExt};

use crate::circuit::{SECOND, STEP, slow};

fn bulkhead() -> Bulkhead {
    Bulkhead::new("lost", Config::new().with_limit(2).with_queue(4, 60 * SECOND)).unwrap()
}

/// Nobody is in flight, nobody waits, and as many are let in as ever.
#[track_caller]
fn assert_unharmed(bulkhead: &Bulkhead) {
    let seen = bulkhead.snapshot();
    assert_eq!((seen.in_flight, seen.queued), (0, 0));
    let _two = [bulkhead.try_acquire().unwrap(), bulkhead.try_acquire().unwrap()];
    assert!(bulkhead.try_acquire().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_in_flight() {
    let (bulkhead, backend) = (bulkhead(), slow());
    let drops = drop_at_every_await(
        STEP,
        || bulkhead.call(|| backend.call()),
        |_| {
            assert_eq!(backend.counts().in_flight, 0);
            assert_unharmed(&bulkhead);
        },
    )
    .await;
    assert!(drops >= 4);
}

/// Both places are taken when it is called, and one is free three steps later.
#[tokio::test(start_paused = true)]
async fn a_call_that_has_to_wait() {
    let (bulkhead, backend) = (bulkhead(), slow());
    let drops = drop_at_every_await(
        STEP,
        || async {
            let taken = [bulkhead.try_acquire().unwrap(), bulkhead.try_acquire().unwrap()];
            let call = bulkhead.call(|| backend.call());
            let waits = async {
                tokio::time::sleep(3 * STEP).await;
                drop(taken);
            };
            tokio::join!(call, waits).0
        },
        |_| {
            assert_eq!(backend.counts().in_flight, 0);
            assert_unharmed(&bulkhead);
        },
    )
    .await;
    assert!(drops >= 6, "{drops}");
    assert!(bulkhead.snapshot().totals.queued >= 6);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_that_has_to_wait_for_both() {
    let (bulkhead, backend) = (bulkhead(), slow());
    let inner = backend.service().ready_after(2);
    let seen = inner.watch();
    let service = ServiceBuilder::new().layer(bulkhead.layer()).layer(Lift::layer()).service(inner);
    let drops = drop_at_every_await(
        STEP,
        || async {
            let taken = [bulkhead.try_acquire().unwrap(), bulkhead.try_acquire().unwrap()];
            let waits = async {
                tokio::time::sleep(5 * STEP).await;
                drop(taken);
            };
            tokio::join!(service.clone().oneshot(()), waits).0
        },
        |polls| {
            assert_eq!((seen().reserved, seen().in_flight), (0, 0), "after {polls} polls");
            assert_unharmed(&bulkhead);
        },
    )
    .await;
    assert!(drops >= 8, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn permits_that_are_waited_for() {
    let bulkhead = bulkhead();
    let drops = drop_at_every_await(
        STEP,
        || async {
            let taken = [bulkhead.try_acquire().unwrap(), bulkhead.try_acquire().unwrap()];
            let waits = async {
                tokio::time::sleep(3 * STEP).await;
                drop(taken);
            };
            let (permit, ()) = tokio::join!(bulkhead.acquire_owned(), waits);
            tokio::time::sleep(STEP).await;
            drop(permit);
        },
        |_| assert_unharmed(&bulkhead),
    )
    .await;
    assert!(drops >= 4, "{drops}");
}

#[tokio::test(start_paused = true)]
async fn a_task_aborted_at_any_time() {
    let (bulkhead, backend) = (bulkhead(), slow());
    let service = ServiceBuilder::new()
        .layer(bulkhead.layer())
        .layer(Lift::layer())
        .service(backend.service());
    for delay in 0..12 {
        let tasks: Vec<_> = (0..6).map(|_| tokio::spawn(service.clone().oneshot(()))).collect();
        tokio::time::sleep(delay * STEP).await;
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        assert_unharmed(&bulkhead);
    }
    assert_eq!(backend.counts().peak, 2);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_of_every_class_dropped_while_they_wait_bh_05() {
    let shares = Shares { critical: 0.5, normal: 0.0, sheddable: 0.5 };
    let config = Config::new().with_limit(4).with_queue(30, SECOND).with_shares(shares);
    let bulkhead = Bulkhead::new("lost", config).unwrap();
    let classes = [Class::Critical, Class::Normal, Class::Sheddable];
    let mut waited = 0;
    while waited < 10_000 {
        let taken: Vec<_> = classes
            .iter()
            .flat_map(|class| std::iter::from_fn(|| bulkhead.sort(*class).try_acquire_owned().ok()))
            .collect();
        let mut waiting: Vec<_> =
            (0..30).map(|at| Some(bulkhead.sort(classes[at % 3]).acquire_owned())).collect();
        assert_eq!(bulkhead.snapshot().queued, 30);
        // Every other is dropped while it waits, the rest when they have a place or the time is up.
        for at in (0..30).step_by(2) {
            waiting[at] = None;
        }
        drop(taken);
        tokio::time::advance(20 * STEP).await;
        for waiter in waiting.iter_mut().flatten() {
            let _ = waiter.now_or_never();
        }
        drop(waiting);
        waited += 30;
        let seen = bulkhead.snapshot();
        assert_eq!((seen.in_flight, seen.queued), (0, 0));
    }
    let again: Vec<_> =
        std::iter::from_fn(|| bulkhead.sort(Class::Normal).try_acquire_owned().ok()).collect();
    assert_eq!(again.len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_cut_off_by_a_timeout_gives_its_place_to_the_next() {
    let bulkhead =
        Bulkhead::new("lost", Config::new().with_limit(1).with_queue(1, 60 * SECOND)).unwrap();
    let timeout = Timeout::new("t", SECOND).unwrap();
    let hang = || bulkhead.run(std::future::pending::<Result<(), Error<()>>>);
    let next = async {
        tokio::task::yield_now().await;
        bulkhead.call(|| async { Ok::<_, ()>("next") }).await
    };
    let (cut, next) = tokio::join!(timeout.run(hang), next);
    assert!(cut.is_err());
    assert_eq!(next, Ok("next"));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_given_up() {
    let bulkhead = bulkhead();
    let permit = bulkhead.try_acquire_owned().unwrap();
    let drops = drop_at_every_await(
        STEP,
        || bulkhead.close(Deadline::within(3 * STEP)),
        |_| assert_eq!(bulkhead.snapshot().in_flight, 1),
    )
    .await;
    assert!(drops >= 1);
    drop(permit);
    assert_eq!(bulkhead.close(Deadline::within(SECOND)).await, 0);
}

/// A backend that would take an hour, and callers who never wait for it.
#[tokio::test(start_paused = true)]
async fn ten_thousand_cancelled_calls_leave_an_adaptive_limit_alone_ad_15_ad_21() {
    let all = [
        Adaptive::aimd(3600 * SECOND),
        Adaptive::gradient(),
        Adaptive::min_rtt(),
        Adaptive::vegas(),
    ];
    for adaptive in all {
        let config = Config::new().with_limit(2).with_queue(4, 60 * SECOND);
        let lost = Bulkhead::new("lost", config.with_adaptive(adaptive)).unwrap();
        let layer = lost.layer();
        for drops in 0..2500 {
            let mut in_flight = lost.call(std::future::pending::<Result<(), ()>>).boxed();
            assert!((&mut in_flight).now_or_never().is_none());
            let (backend, permit) = (slow(), lost.try_acquire_owned().unwrap());
            let service = ServiceBuilder::new().layer(&layer).layer(Lift::layer());
            let mut waiting = service.service(backend.service()).oneshot(()).boxed();
            assert!((&mut waiting).now_or_never().is_none());
            assert_eq!(lost.snapshot().queued, 1);
            // Given a place, and gone before it looked.
            drop(permit);
            drop((waiting, in_flight));
            if drops % 100 == 0 {
                tokio::time::advance(STEP).await;
            }
        }
        assert_unharmed(&lost);
        let seen = lost.snapshot();
        let told = seen.adaptive.unwrap();
        assert_eq!((seen.limit, told.samples, told.drops), (2, 0, 0), "{adaptive:?}");
        assert!(told.ignored > 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_call_in_flight() {
    let config = Config::new().with_limit(2).with_adaptive(Adaptive::aimd(3600 * SECOND));
    let (bulkhead, backend) = (Bulkhead::new("lost", config).unwrap(), slow());
    let drops = drop_at_every_await(
        STEP,
        || bulkhead.call(|| backend.call()),
        |_| {
            assert_eq!((backend.counts().in_flight, bulkhead.snapshot().in_flight), (0, 0));
        },
    )
    .await;
    let told = bulkhead.snapshot().adaptive.unwrap();
    assert!(drops >= 4);
    assert_eq!((told.ignored, told.drops), (drops as u64, 0), "{told:?}");
}
