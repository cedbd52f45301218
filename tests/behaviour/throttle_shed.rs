//! A server that turns calls away while it has too much to do.

use std::{
    collections::VecDeque,
    future::{pending, ready},
    panic::AssertUnwindSafe,
    time::Duration,
};

use buttress::{
    Error, Fault, Lift, Mode, Pipeline, Refusal,
    testing::{Script, Step, drop_at_every_await},
    throttle::shed::{Config, Shed},
};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, advance, sleep};
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

fn shed(config: Config) -> Shed {
    buttress::random::seed(7);
    Shed::new("server", config).unwrap()
}

/// So many calls may run, and no fewer.
fn at_most(calls: u32) -> Config {
    Config::new().with_max_in_flight(calls).with_ramp_from(1.0)
}

fn is_shed<T, E: Fault>(answer: &Result<T, E>) -> bool {
    answer.as_ref().is_err_and(|error| matches!(error.refusal(), Some(Refusal::Overloaded { .. })))
}

#[tokio::test(start_paused = true)]
async fn so_many_run_and_no_more() {
    let shed = shed(at_most(10));
    let backend = Script::<_, ()>::new([Step::ok(1).after(SECOND)]);
    let service = shed.layer().layer(Lift::layer().layer(backend.service()));
    let pipeline = Pipeline::new().with(shed.clone());
    let plain = (0..10).map(|_| shed.call(|| backend.call()).boxed());
    let layered = (0..10).map(|_| service.clone().oneshot(()).boxed());
    let piped = (0..10).map(|_| pipeline.call(|| backend.call()).boxed());
    let answers = join_all(layered.chain(plain).chain(piped)).await;
    assert_eq!(answers.iter().filter(|answer| is_shed(answer)).count(), 20);
    assert_eq!((backend.counts().peak, backend.counts().calls), (10, 10));
    assert_eq!((shed.snapshot().totals.in_flight, shed.snapshot().in_flight), (20, 0));
    assert!(
        join_all((0..10).map(|_| shed.call(|| backend.call()))).await.iter().all(Result::is_ok)
    );
}

#[tokio::test(start_paused = true)]
async fn before_the_limit_calls_are_refused_by_chance_ad_28() {
    let shed = shed(Config::new().with_max_in_flight(30).with_ramp_from(2.0 / 3.0));
    let mut places = Vec::new();
    for (running, expected) in [(0, 0), (19, 0), (20, 0), (22, 200), (25, 500), (28, 800)] {
        while places.len() < running {
            places.extend(shed.try_acquire());
        }
        let mut service =
            shed.layer().layer(Lift::layer().layer(service_fn(|()| ready(Ok::<(), ()>(())))));
        for door in ["plain", "layer"] {
            let mut refused = 0;
            for _ in 0..1000 {
                refused += i32::from(match door {
                    "plain" => shed.try_acquire().is_err(),
                    _ => is_shed(&(&mut service).oneshot(()).now_or_never().unwrap()),
                });
            }
            assert!((refused - expected).abs() <= 60, "{door}, {running}: {refused}");
        }
    }
}

/// A queue of our own before a server that serves one call in 10 ms, and twice as many calls. Who is not refused
/// has not waited long; and the server is never idle.
#[tokio::test(start_paused = true)]
async fn under_twice_the_load_who_is_served_has_not_waited_long() {
    for (sheds, most) in [(true, 60), (false, 10_000)] {
        let target = if sheds { 20 * MILLISECOND } else { Duration::MAX };
        let shed = shed(Config::new().with_target(target));
        let mut queue = VecDeque::new();
        let (mut served, mut refused, mut longest) = (0, 0, Duration::ZERO);
        let begun = Instant::now();
        for step in 0..4000 {
            queue.push_back(Instant::now());
            if step % 2 == 1 {
                // The server takes the next that is not refused.
                while let Some(came) = queue.pop_front() {
                    match shed.try_acquire_after(came.elapsed()) {
                        Ok(_place) => {
                            served += 1;
                            if begun.elapsed() > SECOND {
                                longest = longest.max(came.elapsed());
                            }
                            break;
                        }
                        Err(refusal) => {
                            assert_eq!(refusal.kind(), "overloaded");
                            refused += 1;
                        }
                    }
                }
            }
            advance(5 * MILLISECOND).await;
        }
        assert_eq!(served, 2000, "never idle");
        assert!(longest <= most * MILLISECOND, "{longest:?}");
        assert_eq!(longest <= 100 * MILLISECOND, sheds);
        assert_eq!(shed.snapshot().totals.queue, refused);
        assert_eq!(refused > 1900, sheds);
    }
}

/// The same behind a limit of tower's, where what waits is who wants to become ready.
#[tokio::test(start_paused = true)]
async fn a_layer_takes_the_time_until_the_inner_service_is_ready() {
    let shed = shed(Config::new());
    let backend = Script::<_, ()>::new([Step::ok(1).after(10 * MILLISECOND)]);
    let service = ServiceBuilder::new()
        .layer(shed.layer())
        .layer(Lift::layer())
        .concurrency_limit(1)
        .service(backend.service());
    let mut calls = Vec::new();
    for _ in 0..2000 {
        calls.push(tokio::spawn(service.clone().oneshot(())));
        sleep(5 * MILLISECOND).await;
    }
    let begun = Instant::now();
    let answers: Vec<_> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    let refused = answers.iter().filter(|answer| is_shed(answer)).count();
    assert!((800..1100).contains(&refused), "{refused}");
    assert_eq!(shed.snapshot().totals.queue, refused as u64);
    assert!(begun.elapsed() <= 200 * MILLISECOND, "no queue was left: {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_is_worked_off_is_no_standing_queue() {
    let shed = shed(Config::new());
    for _ in 0..100 {
        for waited in [90, 60, 30, 0] {
            assert!(shed.try_acquire_after(waited * MILLISECOND).is_ok());
            advance(20 * MILLISECOND).await;
        }
    }
    assert!(!shed.snapshot().stands);
}

#[tokio::test(start_paused = true)]
async fn calls_of_which_nobody_knows_how_long_they_waited_say_nothing_about_the_queue() {
    let shed = shed(Config::new());
    for _ in 0..50 {
        let _ = shed.try_acquire_after(100 * MILLISECOND);
        assert!(shed.try_acquire().is_ok());
        advance(5 * MILLISECOND).await;
    }
    assert!(shed.snapshot().stands);
    assert!(shed.try_acquire_owned_after(100 * MILLISECOND).is_err());
    assert!(shed.call(|| ready(Ok::<(), ()>(()))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_share_allowed_is_refused() {
    let shed = shed(at_most(1).with_max_refused_share(0.2));
    let service = shed.layer().layer(Lift::layer().layer(service_fn(|()| ready(Ok::<(), ()>(())))));
    let _place = shed.try_acquire().unwrap();
    let mut refused = 0;
    for _ in 0..500 {
        refused += u32::from(is_shed(&shed.call(|| ready(Ok::<(), ()>(()))).await));
        refused += u32::from(is_shed(&service.clone().oneshot(()).await));
    }
    assert!((195..=200).contains(&refused), "{refused}");
    assert_eq!(shed.snapshot().totals.spared, 1000 - u64::from(refused));
    assert_eq!(shed.snapshot().in_flight, 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_watches_lets_all_in_and_counts() {
    let shed = shed(at_most(1).with_mode(Mode::Shadow));
    let service =
        shed.layer().layer(Lift::layer().layer(service_fn(|()| pending::<Result<(), ()>>())));
    let mut calls: Vec<_> = (0..5).map(|_| service.clone().oneshot(())).collect();
    assert!(calls.iter_mut().all(|call| call.now_or_never().is_none()));
    let places: Vec<_> = (0..5).map(|_| shed.try_acquire().unwrap()).collect();
    assert_eq!((shed.snapshot().in_flight, shed.snapshot().totals.in_flight), (10, 9));
    drop((calls, places));
    assert_eq!(shed.snapshot().in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn whatever_ends_a_call_gives_its_place_back() {
    let shed = shed(at_most(1));
    let backend = Script::<u8, _>::new([Step::err("no").after(3 * MILLISECOND)]);
    let free = || assert_eq!(shed.snapshot().in_flight, 0);
    let drops = drop_at_every_await(MILLISECOND, || shed.call(|| backend.call()), |_| free()).await;
    assert!(drops >= 4);
    let service = shed.layer().layer(Lift::layer().layer(backend.service().ready_after(2)));
    let drops = drop_at_every_await(MILLISECOND, || service.clone().oneshot(()), |_| free()).await;
    assert!(drops >= 6);
    drop(shed.call(|| backend.call()));
    free();
    let panics = AssertUnwindSafe(async {
        shed.call(|| -> std::future::Ready<Result<(), ()>> { std::panic::panic_any("start") }).await
    });
    assert!(panics.catch_unwind().await.is_err());
    free();
    let mut panics = Box::pin(shed.call(|| async {
        std::panic::panic_any("poll");
        #[expect(unreachable_code, reason = "says what it would have answered")]
        Ok::<(), ()>(())
    }));
    assert!(AssertUnwindSafe(panics.as_mut()).catch_unwind().await.is_err());
    // Even if it is kept.
    free();
    drop(panics);
    free();
    // A call that has ended has no place, however long its future is kept.
    let mut kept = Box::pin(shed.call(|| ready(Ok::<(), ()>(()))));
    assert!(kept.as_mut().now_or_never().is_some());
    free();
    let place = shed.try_acquire_owned().unwrap();
    assert!(matches!(shed.try_acquire(), Err(Refusal::Overloaded { .. })));
    drop(place);
    free();
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_from_now_on_and_what_runs_counts() {
    let shed = shed(at_most(10));
    let places: Vec<_> = (0..10).map(|_| shed.try_acquire().unwrap()).collect();
    shed.reconfigure(at_most(5)).unwrap();
    assert!(shed.try_acquire().is_err());
    drop(places);
    assert_eq!((shed.snapshot().in_flight, shed.snapshot().max_in_flight), (0, 5));
    assert!(shed.reconfigure(at_most(0)).is_err());
    assert!(shed.try_acquire().is_ok());
}

#[test]
fn a_config_says_all_that_is_wrong_with_it_and_can_be_read_from_a_file() {
    let config = Config::new()
        .with_max_in_flight(0)
        .with_ramp_from(f64::NAN)
        .with_target(Duration::ZERO)
        .with_interval(Duration::ZERO)
        .with_max_refused_share(-0.1);
    assert_eq!(
        config.parse().unwrap_err().to_string(),
        "shed config: max_in_flight must be at least 1; ramp_from must be 0 to 1; \
         target must be above zero; interval must be above zero; max_refused_share must be 0 to 1"
    );
    let config: Config = toml::from_str("max_in_flight = 7\ntarget = \"5ms\"").unwrap();
    assert_eq!(config, Config::new().with_max_in_flight(7).with_target(5 * MILLISECOND));
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_call_comes_through() {
    let shed = shed(at_most(1));
    let answer = shed.call(|| ready(Err::<(), _>("no"))).await;
    assert_eq!(answer, Err(Error::Inner("no")));
    assert_eq!(shed.run(|| ready(answer.clone())).await, answer);
}
