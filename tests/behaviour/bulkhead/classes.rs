use buttress::{
    Error, Lift, Refusal,
    bulkhead::{Bulkhead, Class, Config, Shares},
    testing::{Script, Step},
};
use futures::FutureExt;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Call, House, SECOND, houses, limit, ready};

const SHARES: Shares = Shares { critical: 0.7, normal: 0.0, sheddable: 0.3 };

/// Seven of ten for what is live, three for batches.
fn parted() -> Config {
    limit(10).with_shares(SHARES)
}

fn start(house: &House, class: Class, calls: usize) -> Vec<Call> {
    (0..calls).map(|_| house.start_as(class)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_idle_house_is_everybodys_and_a_share_is_there_when_its_owner_comes_bh_10() {
    for house in houses(parted()) {
        let batches = start(&house, Class::Sheddable, 10);
        assert_eq!(house.counts(), (10, 0), "a batch may have all of it");
        assert!(matches!(house.refusal(Class::Sheddable), Refusal::Full { limit: 10, .. }));
        let live = start(&house, Class::Critical, 7);
        assert_eq!(house.counts(), (17, 0), "{:?}: and seven more are sure of it", house.door);
        house.refusal(Class::Critical);
        house.refusal(Class::Normal);
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.classes.critical.in_flight, seen.classes.critical.sure), (7, 7));
        assert_eq!((seen.classes.sheddable.in_flight, seen.classes.sheddable.sure), (10, 3));
        for call in batches.into_iter().chain(live) {
            assert_eq!(call.await, Ok("up"));
        }
        assert_eq!((house.counts(), house.bulkhead.snapshot().peak), ((0, 0), 17));
    }
}

#[tokio::test(start_paused = true)]
async fn when_both_have_their_shares_both_are_refused_until_the_limit_is_raised_bh_11() {
    for house in houses(parted()) {
        let _live = start(&house, Class::Critical, 7);
        let _batches = start(&house, Class::Sheddable, 3);
        house.refusal(Class::Critical);
        house.refusal(Class::Sheddable);
        house.bulkhead.set_limit(20).unwrap();
        let classes = house.bulkhead.snapshot().classes;
        assert_eq!((classes.critical.sure, classes.sheddable.sure), (14, 6));
        let _live = start(&house, Class::Critical, 7);
        let _batches = start(&house, Class::Sheddable, 3);
        assert_eq!(house.counts(), (20, 0));
        house.refusal(Class::Critical);
        house.refusal(Class::Sheddable);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_exempt_is_let_in_and_not_counted_bh_12() {
    for house in houses(limit(1)) {
        let _taken = house.bulkhead.try_acquire().unwrap();
        let checks = start(&house, Class::Exempt, 5);
        assert_eq!((house.counts(), house.backend.counts().in_flight), ((1, 0), 5));
        house.is_full();
        for check in checks {
            assert_eq!(check.await, Ok("up"));
        }
    }
}

/// What is exempt is told by the request, and gets through to a service that others do not reach.
#[tokio::test(start_paused = true)]
async fn a_request_says_itself_that_it_is_exempt_bh_12() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let sorted = bulkhead.sort(|request: &&str| match *request {
        "/health" => Class::Exempt,
        _ => Class::Normal,
    });
    let service = service_fn(|request: &'static str| async move { Ok::<_, &str>(request) });
    let mut service = sorted.layer().layer(Lift::layer().layer(service));
    let _taken = bulkhead.try_acquire().unwrap();
    for _ in 0..3 {
        assert_eq!(service.ready().await.unwrap().call("/health").await, Ok("/health"));
        assert!(service.ready().await.unwrap().call("/search").await.is_err());
    }
    assert_eq!(bulkhead.snapshot().totals.full, 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_request_is_sorted_by_whatever_else_is_known() {
    let urgent = std::cell::Cell::new(false);
    let shares = Shares { critical: 0.5, ..Shares::NONE };
    let bulkhead = Bulkhead::new("house", limit(2).with_shares(shares)).unwrap();
    let by_urgency = |_: &()| if urgent.get() { Class::Critical } else { Class::Normal };
    let view = bulkhead.sort(by_urgency);
    let _two = [view.try_acquire().unwrap(), view.try_acquire().unwrap()];
    assert!(view.try_acquire().is_err());
    urgent.set(true);
    assert!(view.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_more_important_are_served_first() {
    for house in houses(limit(1).with_queue(6, 60 * SECOND)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let order = [
            (Class::Sheddable, 4),
            (Class::Normal, 2),
            (Class::Critical, 0),
            (Class::Sheddable, 5),
            (Class::Normal, 3),
            (Class::Critical, 1),
        ];
        let mut calls: Vec<Option<Call>> =
            order.iter().map(|(class, _)| Some(house.start_as(*class))).collect();
        drop(taken);
        for turn in 0..6 {
            assert!(ready(&mut calls).is_empty());
            advance(SECOND).await;
            let served = ready(&mut calls);
            assert_eq!(served.len(), 1);
            assert_eq!(order[served[0].0].1, turn, "{:?}: {served:?}", house.door);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_sure_of_a_place_is_not_starved_by_the_more_important() {
    let shares = Shares { sheddable: 0.5, ..Shares::NONE };
    for house in houses(limit(2).with_queue(10, 60 * SECOND).with_shares(shares)) {
        let taken = [house.start_as(Class::Critical), house.start_as(Class::Sheddable)];
        let _important = start(&house, Class::Critical, 5);
        let batch = house.start_as(Class::Sheddable);
        assert_eq!(house.counts(), (2, 6));
        advance(SECOND).await;
        for call in taken {
            assert_eq!(call.await, Ok("up"));
        }
        let classes = house.bulkhead.snapshot().classes;
        assert_eq!((classes.critical.in_flight, classes.sheddable.in_flight), (1, 1));
        assert_eq!(batch.await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_sheds_the_least_important_for_the_more_important() {
    for house in houses(limit(1).with_queue(2, 60 * SECOND)) {
        let taken = house.bulkhead.try_acquire().unwrap();
        let first = house.start_as(Class::Sheddable);
        let mut second = house.start_as(Class::Sheddable);
        house.refusal(Class::Sheddable);
        let important = house.start_as(Class::Critical);
        assert!(
            matches!((&mut second).now_or_never(), Some(Err(Error::Refused(Refusal::Full { .. })))),
            "{:?}: the one that would have been served last",
            house.door
        );
        assert_eq!(house.counts(), (1, 2));
        assert_eq!(house.bulkhead.snapshot().totals.shed, 1);
        drop(taken);
        assert_eq!(important.await, Ok("up"));
        assert_eq!(first.await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_shed_is_woken() {
    let bulkhead = Bulkhead::new("house", limit(1).with_queue(1, 60 * SECOND)).unwrap();
    let _taken = bulkhead.try_acquire().unwrap();
    let batch = bulkhead.sort(Class::Sheddable).acquire_owned();
    let waiting = tokio::spawn(batch.map(|answer| answer.is_err()));
    tokio::task::yield_now().await;
    let start = tokio::time::Instant::now();
    let _important = bulkhead.sort(Class::Critical).acquire_owned();
    assert!(waiting.await.unwrap());
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn readiness_is_asked_of_the_service_where_only_the_request_tells() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let _taken = bulkhead.try_acquire().unwrap();
    let inner = Script::<_, Error<()>>::new([Step::ok("up")]).service().ready_after(1);
    let seen = inner.watch();
    let mut service = bulkhead.sort(|_: &()| Class::Normal).layer().layer(inner);
    assert!(ServiceExt::<()>::ready(&mut service).await.unwrap().call(()).await.is_err());
    assert_eq!((seen().ready_polls, seen().calls, seen().reserved), (2, 0, 1));
}
