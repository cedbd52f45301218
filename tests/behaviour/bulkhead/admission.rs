use buttress::{
    Error, Lift, Pipeline,
    bulkhead::Bulkhead,
    testing::{Script, Step},
};
use futures::FutureExt;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt};

use super::{SECOND, houses, limit};

#[tokio::test(start_paused = true)]
async fn two_are_let_in_and_the_third_when_one_has_left_bh_01() {
    for house in houses(limit(2)) {
        let (one, _two) = (house.start(), house.start());
        house.is_full();
        assert_eq!(house.counts(), (2, 0));
        assert_eq!(one.await, Ok("up"));
        assert_eq!(house.counts(), (1, 0));
        let three = house.start();
        assert_eq!(house.counts(), (2, 0));
        house.is_full();
        assert_eq!(three.await, Ok("up"));
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.totals.full, seen.peak, house.backend.counts().calls), (2, 2, 3));
    }
}

#[tokio::test(start_paused = true)]
async fn ten_are_let_in_and_the_eleventh_refused_without_a_queue_bh_08() {
    for house in houses(limit(10)) {
        let calls: Vec<_> = (0..10).map(|_| house.start()).collect();
        house.is_full();
        for call in calls {
            assert_eq!(call.await, Ok("up"));
        }
        assert_eq!(house.backend.counts().peak, 10);
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_when_the_answer_is_there_whatever_it_is() {
    for mut house in houses(limit(1)) {
        house.backend = Script::new([Step::err("down"), Step::ok("up")]);
        assert_eq!(house.start().await, Err(Error::Inner("down")));
        assert_eq!(house.counts(), (0, 0));
        assert_eq!(house.start().await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_free_when_the_answer_is_there_although_the_future_is_kept() {
    let bulkhead = Bulkhead::new("kept", limit(1)).unwrap();
    let mut call = Box::pin(bulkhead.call(|| async { Ok::<_, ()>("up") }));
    assert_eq!(call.as_mut().await, Ok("up"));
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    assert_eq!(call.as_mut().now_or_never(), None, "it has no other answer");
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_its_place_back_bh_06() {
    for mut house in houses(limit(1)) {
        house.backend = Script::new([Step::panic(), Step::ok("up")]);
        let call = std::panic::AssertUnwindSafe(async { house.start().await }).catch_unwind();
        assert!(call.await.is_err());
        assert_eq!(house.counts(), (0, 0), "{:?}", house.door);
        assert_eq!(house.start().await, Ok("up"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_panic_gives_its_place_back_although_the_future_is_kept() {
    let bulkhead = Bulkhead::new("kept", limit(1)).unwrap();
    let mut call = Box::pin(bulkhead.call(|| async {
        tokio::task::yield_now().await;
        panic!("played");
        #[expect(unreachable_code, reason = "says of what type it would be")]
        Ok::<(), ()>(())
    }));
    assert!(call.as_mut().now_or_never().is_none());
    let polled =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| call.as_mut().now_or_never()));
    assert!(polled.is_err());
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    assert!(call.as_mut().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_panics_before_it_is_a_future_keeps_no_place() {
    let bulkhead = Bulkhead::new("kept", limit(1)).unwrap();
    let started = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(bulkhead.call(|| -> std::future::Ready<Result<(), ()>> { panic!("played") }));
    }));
    assert!(started.is_err());
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn clones_and_layers_share_their_places() {
    let bulkhead = Bulkhead::new("shared", limit(2)).unwrap();
    let (clone, view) = (bulkhead.clone(), bulkhead.sort(buttress::bulkhead::Class::Critical));
    assert!(clone.same_bulkhead(&view));
    let backend = Script::<_, &str>::new([Step::ok("up").after(SECOND)]);
    let service = bulkhead.layer().layer(Lift::layer().layer(backend.service()));
    let _mine = clone.try_acquire().unwrap();
    let mut other = service.clone();
    let in_flight = tokio::spawn(ServiceExt::<()>::ready(&mut other).await.unwrap().call(()));
    assert!(view.try_acquire().is_err());
    assert!(service.clone().oneshot(()).await.is_err());
    assert_eq!(in_flight.await.unwrap(), Ok("up"));
    assert!(view.try_acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn it_is_a_link_of_a_pipeline() {
    let bulkhead = Bulkhead::new("link", limit(1)).unwrap();
    let pipeline = Pipeline::new().with(bulkhead.clone());
    let slow = async || {
        tokio::time::sleep(SECOND).await;
        Ok::<_, &str>("up")
    };
    let (one, other) = tokio::join!(pipeline.call(slow), pipeline.call(slow));
    assert_eq!(one, Ok("up"));
    assert!(matches!(other, Err(Error::Refused(buttress::Refusal::Full { limit: 1, .. }))));
}

#[tokio::test(start_paused = true)]
async fn a_future_dropped_unpolled_gives_its_place_back() {
    let bulkhead = Bulkhead::new("dropped", limit(1)).unwrap();
    let call = bulkhead.call(|| async { Ok::<_, ()>(()) });
    assert_eq!(bulkhead.snapshot().in_flight, 1, "a place is asked for when it is called");
    drop(call);
    assert_eq!(bulkhead.snapshot().in_flight, 0);
    advance(SECOND).await;
}
