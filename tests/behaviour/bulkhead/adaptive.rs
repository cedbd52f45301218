//! What becomes of what an adaptive limit says.

use std::panic::AssertUnwindSafe;

use buttress::{
    Error, Mode,
    bulkhead::{Adaptive, Algorithm, Bulkhead, Config, Limit, Sample},
    random,
    testing::Step,
    time::Instant,
};
use futures::FutureExt;
use tokio::time::{advance, sleep};

use super::{
    Call, House, MILLISECOND, SECOND, houses, limit,
    told::{Told, with_backend},
};

fn aimd(limit: u32) -> Config {
    let adaptive = Adaptive::aimd(5 * SECOND).with_max(200);
    Config::new().with_limit(limit).with_adaptive(adaptive)
}

/// Whatever they are, they end together after a second.
async fn run(house: &House, calls: u32) -> u32 {
    let calls: Vec<Call> = (0..calls).map(|_| house.start()).collect();
    for call in calls {
        let _ = call.await;
    }
    house.bulkhead.snapshot().limit
}

#[tokio::test(start_paused = true)]
async fn it_grows_by_one_where_half_of_it_is_in_use_ad_01_ad_03() {
    for house in houses(aimd(20)) {
        assert_eq!(run(&house, 9).await, 20);
        assert_eq!(run(&house, 10).await, 21);
        let seen = house.bulkhead.snapshot().adaptive.unwrap();
        assert_eq!((seen.algorithm, seen.min, seen.max), (Some(Algorithm::Aimd), 1, 200));
        assert_eq!((seen.found, seen.pinned, seen.samples), (21, false, 19));
    }
    let adaptive = Adaptive::aimd(5 * SECOND).with_max(21);
    for house in houses(Config::new().with_limit(21).with_adaptive(adaptive)) {
        assert_eq!(run(&house, 21).await, 21);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drop_takes_a_tenth_and_so_does_a_call_that_takes_too_long_ad_02() {
    for house in with_backend(aimd(30), || Step::err("down").after(SECOND)) {
        assert_eq!(run(&house, 30).await, 27, "a burst is one drop");
    }
    for house in with_backend(aimd(21), || Step::ok("up").after(5001 * MILLISECOND)) {
        assert_eq!(run(&house, 1).await, 18);
    }
}

#[tokio::test(start_paused = true)]
async fn when_all_calls_fail_any_algorithm_shrinks_to_the_floor_and_no_further_ad_03_ad_11() {
    let all =
        [Adaptive::aimd(5 * SECOND), Adaptive::gradient(), Adaptive::min_rtt(), Adaptive::vegas()];
    for (adaptive, floor) in all.into_iter().flat_map(|adaptive| [(adaptive, 1), (adaptive, 3)]) {
        let config = Config::new().with_limit(100).with_adaptive(adaptive.with_min(floor));
        for house in with_backend(config, || Step::err("down").after(SECOND)) {
            for _ in 0..400 {
                run(&house, house.bulkhead.snapshot().limit.min(20)).await;
            }
            assert_eq!(house.bulkhead.snapshot().limit, floor, "{adaptive:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_cancelled_leave_the_limit_alone_and_no_place_behind_ad_15_ad_21() {
    let all =
        [Adaptive::aimd(SECOND), Adaptive::gradient(), Adaptive::min_rtt(), Adaptive::vegas()];
    for adaptive in all {
        for house in houses(Config::new().with_limit(20).with_adaptive(adaptive)) {
            for _ in 0..500 {
                let calls: Vec<Call> = (0..20).map(|_| house.start()).collect();
                advance(10 * MILLISECOND).await;
                drop(calls);
            }
            let seen = house.bulkhead.snapshot();
            let told = seen.adaptive.unwrap();
            assert_eq!((seen.limit, seen.in_flight, told.samples), (20, 0, 0), "{adaptive:?}");
            assert!(told.ignored >= 5000 && told.ignored <= 10_000, "{told:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_the_limit_is_found_and_nobody_is_refused() {
    for house in with_backend(aimd(30).with_mode(Mode::Shadow), || Step::err("down").after(SECOND))
    {
        for _ in 0..60 {
            let calls: Vec<Call> = (0..40).map(|_| house.start()).collect();
            assert_eq!(house.counts(), (40, 0));
            for call in calls {
                assert_eq!(call.await, Err(Error::Inner("down")));
            }
        }
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.limit, seen.adaptive.unwrap().samples), (1, 60 * 40));
        assert!(seen.totals.full > 2000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_set_by_hand_stays_until_the_next_reconfigure() {
    for house in houses(aimd(20)) {
        run(&house, 20).await;
        let before = house.start();
        house.bulkhead.set_limit(5).unwrap();
        assert_eq!((run(&house, 4).await, before.await), (5, Ok("up")));
        let seen = house.bulkhead.snapshot().adaptive.unwrap();
        assert_eq!((seen.pinned, seen.found, seen.samples), (true, 21, 20));
        assert_eq!(seen.ignored, 1, "begun before, and the others were not measured");
        house.bulkhead.reconfigure(aimd(20).with_queue(5, SECOND)).unwrap();
        assert_eq!(house.bulkhead.snapshot().limit, 21);
        assert_eq!(run(&house, 21).await, 22);
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_has_found_outlives_a_reconfigure_that_changes_nothing_about_it() {
    for house in houses(aimd(20)) {
        run(&house, 20).await;
        house.bulkhead.reconfigure(aimd(20).with_mode(Mode::Shadow)).unwrap();
        assert_eq!(house.bulkhead.snapshot().limit, 21);
        let other = [
            aimd(19),
            aimd(20).with_adaptive(Adaptive::vegas()),
            aimd(20).with_adaptive(Adaptive::gradient().with_min(20)),
        ];
        for config in other {
            run(&house, 21).await;
            let (start, in_flight) = (config.limit, house.start());
            advance(MILLISECOND).await;
            house.bulkhead.reconfigure(config).unwrap();
            assert_eq!(in_flight.await, Ok("up"));
            let seen = house.bulkhead.snapshot();
            let adaptive = seen.adaptive.unwrap();
            assert_eq!((seen.limit, adaptive.samples), (start, 0), "begun under another limit");
        }
        house.bulkhead.reconfigure(limit(7)).unwrap();
        let seen = house.bulkhead.snapshot();
        assert_eq!((seen.limit, seen.adaptive), (7, None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_begun_under_a_fixed_limit_is_not_told_of() {
    for house in houses(limit(20)) {
        let before = house.start();
        house.bulkhead.reconfigure(aimd(20)).unwrap();
        assert_eq!(before.await, Ok("up"));
        let seen = house.bulkhead.snapshot().adaptive.unwrap();
        assert_eq!((seen.samples, seen.ignored), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_grows_lets_in_who_waits() {
    for house in houses(aimd(1).with_queue(5, 60 * SECOND)) {
        let mut calls: Vec<Call> = (0..6).map(|_| house.start()).collect();
        assert_eq!(house.counts(), (1, 5));
        assert_eq!(calls.remove(0).await, Ok("up"));
        assert_eq!(house.counts(), (2, 3), "one place was left, and one is new");
        for call in calls {
            assert_eq!(call.await, Ok("up"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn somebodys_own_algorithm_may_look_and_may_panic() {
    struct Looks(Bulkhead, u32);
    impl Limit for Looks {
        fn limit(&self) -> u32 {
            self.0.snapshot().limit
        }

        fn update(&mut self, _: Sample, _: Instant) -> u32 {
            let seen = self.0.snapshot();
            assert!(seen.adaptive.is_some(), "it is out, and shown all the same");
            self.1 += 1;
            assert_ne!(self.1, 2, "as planned");
            self.0.set_limit(seen.limit).unwrap();
            self.0.reconfigure(limit(3)).unwrap();
            self.0.limited_by(Told::default());
            seen.limit + 1
        }
    }

    let bulkhead = Bulkhead::new("house", limit(3)).unwrap();
    bulkhead.limited_by(Looks(bulkhead.clone(), 1));
    let call = || bulkhead.call(|| async { Ok::<_, ()>(1) });
    assert!(AssertUnwindSafe(call()).catch_unwind().await.is_err());
    let seen = bulkhead.snapshot();
    assert_eq!((seen.limit, seen.in_flight), (3, 0), "it says nothing, and is asked again");
    assert_eq!(call().await, Ok(1));
    assert_eq!(bulkhead.snapshot().limit, 10, "another has come meanwhile, and stays");
}

#[tokio::test(start_paused = true)]
async fn of_many_thousand_calls_a_second_some_are_told() {
    random::seed(7);
    let bulkhead = Bulkhead::new("house", limit(1)).unwrap();
    let told = Told::by(&bulkhead);
    for call in 0..400_000 {
        let answer = if call % 4 == 0 { Err("down") } else { Ok(()) };
        bulkhead.call(|| async { answer }).await.ok();
        if call % 100 == 0 {
            advance(MILLISECOND).await;
        }
    }
    let seen = bulkhead.snapshot().adaptive.unwrap();
    assert!((32..=64).contains(&seen.one_in), "{seen:?}");
    let told = told.take();
    assert!((5_000..25_000).contains(&told.len()), "four seconds: {}", told.len());
    let dropped = told.iter().filter(|sample| sample.1).count() as f64 / told.len() as f64;
    assert!((0.2..0.3).contains(&dropped), "{dropped}");
    sleep(60 * SECOND).await;
    for _ in 0..100 {
        bulkhead
            .call(|| async {
                sleep(SECOND).await;
                Ok::<_, ()>(())
            })
            .await
            .ok();
    }
    let seen = bulkhead.snapshot().adaptive.unwrap();
    assert_eq!(seen.one_in, 1, "now that they are few");
}
