//! What an adaptive limit is told of.

use std::{
    future::pending,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use buttress::{
    Error, Refusal,
    bulkhead::{Bulkhead, Class, Config, Limit, Sample},
    outcome::Outcome,
    testing::{Script, Step},
    time::Instant,
    timeout::Timeout,
};
use futures::{FutureExt, StreamExt, stream};
use tokio::time::{advance, sleep};

use super::{House, SECOND, houses, limit};

/// Stays as it is, and remembers what it was told.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Vec<Sample>>>);

impl Told {
    /// So many milliseconds each, and whether they were dropped.
    pub(super) fn take(&self) -> Vec<(u128, bool)> {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        told.iter().map(|sample| (sample.rtt.as_millis(), sample.dropped)).collect()
    }

    pub(super) fn by(bulkhead: &Bulkhead) -> Self {
        let told = Self::default();
        bulkhead.limited_by(told.clone());
        told
    }
}

impl Limit for Told {
    fn limit(&self) -> u32 {
        10
    }

    fn update(&mut self, sample: Sample, now: Instant) -> u32 {
        assert_eq!(sample.started.after(sample.rtt), now);
        self.0.lock().unwrap().push(sample);
        10
    }
}

/// What was measured and said nothing.
fn ignored(bulkhead: &Bulkhead) -> u64 {
    bulkhead.snapshot().adaptive.unwrap().ignored
}

pub(super) fn with_backend(
    config: Config,
    step: impl Fn() -> Step<&'static str, &'static str>,
) -> Vec<House> {
    houses(config).map(|house| House { backend: Script::new([step()]), ..house }).collect()
}

#[tokio::test(start_paused = true)]
async fn a_call_is_told_of_with_its_time_and_how_many_there_were() {
    for house in houses(limit(1)) {
        let told = Told::by(&house.bulkhead);
        let first = house.start();
        advance(SECOND / 4).await;
        let second = house.start();
        assert_eq!((first.await, second.await), (Ok("up"), Ok("up")));
        let in_flight = told.0.lock().unwrap().iter().map(|sample| sample.in_flight).collect();
        assert_eq!((told.take(), in_flight), (vec![(1000, false); 2], vec![2, 1]));
        let seen = house.bulkhead.snapshot().adaptive.unwrap();
        assert_eq!((seen.samples, seen.drops, seen.ignored, seen.missed), (2, 0, 0, 0));
        assert_eq!((seen.algorithm, seen.found, seen.one_in), (None, 10, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_was_dropped() {
    for house in with_backend(limit(1), || Step::err("down").after(SECOND)) {
        let told = Told::by(&house.bulkhead);
        assert_eq!(house.start().await, Err(Error::Inner("down")));
        assert_eq!(told.take(), [(1000, true)]);
        assert_eq!(house.bulkhead.snapshot().adaptive.unwrap().drops, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_result_means_is_up_to_the_classifier() {
    type Got = Result<u8, Error<&'static str>>;
    let cases = [
        (Outcome::Success, vec![(0, false)], 0),
        (Outcome::Slow, vec![(0, false)], 0),
        (Outcome::Failure, vec![(0, true)], 0),
        (Outcome::SoftFailure, vec![(0, true)], 0),
        (Outcome::Ignore, vec![], 1),
    ];
    for (outcome, expected, says_nothing) in cases {
        for result in [Ok(7), Err("not found")] {
            let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
            let told = Told::by(&bulkhead);
            let view = bulkhead.sort(Class::Critical).classify(move |_: &Got| outcome);
            let got = view.call(|| async move { result }).await;
            assert_eq!(got, result.map_err(Error::Inner));
            assert_eq!((told.take(), ignored(&bulkhead)), (expected.clone(), says_nothing));
            view.run(|| async move { result.map_err(Error::Inner) }).await.ok();
            view.try_acquire().unwrap().record(&result.map_err(Error::Inner));
            assert_eq!(told.take().len(), 2 * expected.len());
            assert_eq!(bulkhead.snapshot().in_flight, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_never_began_says_nothing_and_one_that_did_was_dropped() {
    let full = || Error::<&str>::Refused(Refusal::Full { name: "inner".into(), limit: 1 });
    let within = Timeout::new("inner", SECOND).unwrap();
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    for _ in 0..10 {
        assert!(bulkhead.run(|| async { Err::<(), _>(full()) }).await.is_err());
        bulkhead.try_acquire().unwrap().settle(&Err::<(), _>(full()));
    }
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![], 20));
    let slow = || {
        within.call(|| async {
            sleep(2 * SECOND).await;
            Ok::<_, &str>(())
        })
    };
    assert!(bulkhead.run(slow).await.is_err());
    assert_eq!(told.take(), [(1000, true)]);
}

#[tokio::test(start_paused = true)]
async fn what_we_cut_off_was_dropped_and_what_others_drop_says_nothing_ad_15_ad_21() {
    for house in houses(limit(1)) {
        let told = Told::by(&house.bulkhead);
        let within = Timeout::new("outer", SECOND / 2).unwrap();
        assert!(within.run(|| house.start()).await.is_err());
        assert_eq!((told.take(), ignored(&house.bulkhead)), (vec![(500, true)], 0));
        let call = house.start();
        advance(SECOND / 2).await;
        drop(call);
        assert_eq!((told.take(), ignored(&house.bulkhead)), (vec![], 1));
        assert_eq!(house.counts(), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_panics_was_dropped() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let call = bulkhead.call(|| async {
        panic!("as planned");
        #[allow(unreachable_code, reason = "for its type")]
        Ok::<(), ()>(())
    });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    assert_eq!(told.take(), [(0, true)]);
    let eyes = bulkhead.classify(|_: &Result<(), Error<()>>| -> Outcome { panic!("as planned") });
    let call = eyes.call(|| async { Ok::<(), ()>(()) });
    assert!(AssertUnwindSafe(call).catch_unwind().await.is_err());
    assert_eq!(bulkhead.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_place_is_measured_from_when_there_is_one() {
    for house in houses(limit(1).with_queue(1, 60 * SECOND)) {
        let told = Told::by(&house.bulkhead);
        house.bulkhead.limited_by(One(told.clone()));
        let (first, second) = (house.start(), house.start());
        assert_eq!(house.counts(), (1, 1));
        assert_eq!(tokio::join!(first, second), (Ok("up"), Ok("up")));
        assert_eq!(told.take(), [(1000, false), (1000, false)]);
    }

    struct One(Told);
    impl Limit for One {
        fn limit(&self) -> u32 {
            1
        }

        fn update(&mut self, sample: Sample, now: Instant) -> u32 {
            self.0.update(sample, now);
            1
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_exempt_is_not_measured() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let exempt = bulkhead.sort(Class::Exempt);
    assert_eq!(exempt.call(|| async { Ok::<_, ()>(1) }).await, Ok(1));
    drop(exempt.try_acquire());
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![], 0));
}

#[tokio::test(start_paused = true)]
async fn a_permit_says_what_it_is_told_to_say_and_nothing_by_itself() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let permit = || bulkhead.try_acquire().unwrap();
    permit().success();
    permit().failure();
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![(0, false), (0, true)], 0));
    permit().ignore();
    drop(permit());
    drop(bulkhead.acquire().await.unwrap());
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![], 3));
    let within = Timeout::new("outer", SECOND).unwrap();
    let _ = within
        .call(|| async {
            let _permit = permit();
            pending::<Result<(), ()>>().await
        })
        .await;
    assert_eq!(told.take(), [(1000, true)]);
    let thrown = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let _permit = permit();
        panic!("as planned");
    }));
    assert!(thrown.is_err());
    assert_eq!((told.take(), bulkhead.snapshot().in_flight), (vec![(0, true)], 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_measured_up_to_its_first_item() {
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let items = |items: Vec<Result<u8, &'static str>>| {
        let late = stream::iter(items).then(|item| async move {
            sleep(SECOND).await;
            item
        });
        bulkhead.try_acquire_owned().unwrap().hold(Box::pin(late))
    };
    let mut good = items(vec![Ok(1), Err("reset")]);
    assert_eq!(good.next().await, Some(Ok(1)));
    assert_eq!((told.take(), bulkhead.snapshot().in_flight), (vec![(1000, false)], 1));
    assert_eq!((&mut good).count().await, 1);
    assert_eq!((told.take(), bulkhead.snapshot().in_flight), (vec![], 0));
    let mut bad = items(vec![Err("down"), Ok(1)]);
    assert_eq!(bad.next().await, Some(Err("down")));
    assert_eq!(told.take(), [(1000, true)]);
    drop(bad);
    assert_eq!((items(vec![]).count().await, told.take()), (0, vec![(0, false)]));
    drop(items(vec![Ok(1)]));
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![], 1));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_a_guard_refused_says_nothing_where_that_can_be_seen() {
    let refused = || {
        let refusal = Refusal::Full { name: "inner".into(), limit: 1 };
        stream::iter([Err::<u8, _>(Error::<&str>::Refused(refusal))])
    };
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    let permit = || bulkhead.try_acquire().unwrap();
    assert_eq!(permit().settle_stream(refused()).count().await, 1);
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![], 1));
    assert_eq!(permit().hold(refused()).count().await, 1);
    assert_eq!((told.take(), ignored(&bulkhead)), (vec![(0, true)], 1));
    let good = permit().settle_stream(stream::iter([Ok::<_, Error<&str>>(1)]));
    assert_eq!((good.count().await, told.take()), (1, vec![(0, false)]));
}
