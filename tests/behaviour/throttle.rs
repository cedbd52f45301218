//! Calls held back from a backend that turns them away. Each scenario goes through both doors; the names
//! of cases are those of the catalogue that throttles of several systems were compared by.

use std::{future::pending, time::Duration};

use buttress::{
    Error, Fault, Keyed, Lift, Mode, Pipeline, Refusal,
    circuit_breaker::CircuitBreaker,
    outcome::Outcome,
    testing::{Script, Step},
    throttle::{Config, Counts, Throttle},
    timeout::Timeout,
};
use futures::FutureExt;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Down {
    Broken,
    Busy,
    Missing,
}

type Answer = Result<u32, Error<Down>>;

#[derive(Clone, Copy, Debug)]
enum Door {
    Plain,
    Layer,
    Pipeline,
    Permit,
}

const DOORS: [Door; 4] = [Door::Plain, Door::Layer, Door::Pipeline, Door::Permit];

impl Door {
    /// One call, whose answer is there at once.
    fn ask(self, throttle: &Throttle, answer: Result<u32, Down>) -> Answer {
        let operation = move || std::future::ready(answer);
        let answered = match self {
            Self::Plain => throttle.call(operation).now_or_never(),
            Self::Layer => {
                let inner = Lift::layer().layer(service_fn(move |()| operation()));
                throttle.layer().layer(inner).oneshot(()).now_or_never()
            }
            Self::Pipeline => Pipeline::new().with(throttle.clone()).call(operation).now_or_never(),
            Self::Permit => Some(match throttle.try_acquire() {
                Ok(permit) => {
                    let answer = answer.map_err(Error::Inner);
                    permit.settle(&answer);
                    answer
                }
                Err(refusal) => Err(Error::Refused(refusal)),
            }),
        };
        answered.unwrap()
    }

    /// So many calls; how many of them were refused.
    fn ask_often(self, throttle: &Throttle, calls: u32, answer: Result<u32, Down>) -> u32 {
        let refused = |answer: Answer| match answer {
            Err(Error::Refused(Refusal::Throttled { name })) => {
                assert_eq!(name.as_str(), "backend");
                1
            }
            Err(Error::Refused(other)) => panic!("{other}"),
            _ => 0,
        };
        (0..calls).map(|_| refused(self.ask(throttle, answer))).sum()
    }
}

fn throttle(config: Config) -> Throttle {
    buttress::random::seed(7);
    Throttle::new("backend", config).unwrap()
}

/// By the letter of the book: no least number of requests, no cap.
fn literal() -> Config {
    Config::new().with_min_requests(1).with_max_refused_share(1.0)
}

/// Refuses nothing, so that counts can be brought about.
fn watching() -> Config {
    Config::new().with_mode(Mode::Shadow)
}

#[track_caller]
fn assert_about(share: f64, expected: f64, by: f64) {
    assert!((share - expected).abs() <= by, "{share}, not {expected}");
}

#[tokio::test(start_paused = true)]
async fn the_share_is_that_of_the_book_ad_31() {
    for door in DOORS {
        for (accepts, expected) in
            [(100, 0.0), (50, 0.0), (40, 20.0 / 101.0), (10, 80.0 / 101.0), (0, 100.0 / 101.0)]
        {
            let throttle = throttle(literal().with_mode(Mode::Shadow));
            assert_eq!(door.ask_often(&throttle, accepts, Ok(1)), 0);
            door.ask_often(&throttle, 100 - accepts, Err(Down::Broken));
            let snapshot = throttle.snapshot();
            assert_eq!((snapshot.counts.requests, snapshot.counts.accepted), (100, accepts.into()));
            assert_about(snapshot.share, expected, 1e-9);
        }
        assert_eq!(throttle(literal()).snapshot().share, 0.0);
    }
}

/// And by what share of calls is refused. The counts barely move: a million calls before.
#[tokio::test(start_paused = true)]
async fn so_many_are_refused_as_the_share_says() {
    for door in DOORS {
        let throttle = throttle(watching());
        door.ask_often(&throttle, 40_000, Ok(1));
        door.ask_often(&throttle, 60_000, Err(Down::Busy));
        throttle.reconfigure(Config::new()).unwrap();
        let refused = door.ask_often(&throttle, 2_000, Err(Down::Busy));
        assert_about(f64::from(refused) / 2_000.0, 0.2, 0.03);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_here_is_a_request_ad_32() {
    for door in DOORS {
        let throttle = throttle(literal());
        door.ask_often(&throttle, 100, Err(Down::Broken));
        let counts = throttle.snapshot().counts;
        assert_eq!(counts.requests, 100);
        assert!(counts.refused > 50 && counts.refused + counts.failed == 100, "{counts:?}");
        assert_about(throttle.snapshot().share, 100.0 / 101.0, 1e-9);
        assert_eq!(throttle.snapshot().totals.refused, counts.refused);
    }
}

/// A backend that takes everything and answers nothing, and nobody's timeout.
#[tokio::test(start_paused = true)]
async fn calls_that_hang_are_seen_ad_32() {
    let throttle = throttle(Config::new());
    let service = throttle
        .layer()
        .layer(Lift::layer().layer(service_fn(|()| pending::<Result<u32, Down>>())));
    let mut hanging = Vec::new();
    let mut hanging_inside = Vec::new();
    for _ in 0..50 {
        hanging.push(throttle.call(pending::<Result<u32, Down>>));
        hanging_inside.push(service.clone().ready().await.unwrap().call(()));
    }
    assert_eq!((throttle.snapshot().share, throttle.snapshot().counts.requests), (0.0, 0));
    advance(10 * SECOND).await;
    assert_eq!(throttle.snapshot().share, 0.0, "not sooner");
    advance(5 * SECOND).await;
    assert_eq!(throttle.snapshot().counts.unanswered, 100);
    assert_eq!(throttle.snapshot().share, 0.8);
    assert!(Door::Plain.ask_often(&throttle, 100, Ok(1)) > 60, "without a snapshot's help");

    // An answer late is an answer; a drop takes the call out of the count.
    drop(hanging);
    assert_eq!(throttle.snapshot().counts.unanswered, 50);
    drop(hanging_inside);
    assert_eq!(throttle.snapshot().counts.unanswered, 0);
}

#[tokio::test(start_paused = true)]
async fn the_clock_alone_brings_hanging_calls_to_light() {
    let throttle = throttle(Config::new());
    let hanging: Vec<_> = (0..100).map(|_| throttle.call(pending::<Result<u32, Down>>)).collect();
    advance(16 * SECOND).await;
    assert!(Door::Plain.ask_often(&throttle, 100, Ok(1)) > 50);
    drop(hanging);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_counts_where_its_call_began() {
    let throttle = throttle(Config::new());
    let permits: Vec<_> = (0..40).map(|_| throttle.try_acquire().unwrap()).collect();
    advance(100 * SECOND).await;
    assert_eq!(throttle.snapshot().counts.unanswered, 40);
    let mut permits = permits.into_iter();
    permits.by_ref().take(30).for_each(buttress::throttle::Permit::accepted);
    let counts = throttle.snapshot().counts;
    assert_eq!((counts.accepted, counts.unanswered), (30, 10));
    advance(20 * SECOND).await;
    assert_eq!(throttle.snapshot().counts, Counts::default(), "all of one bucket");
    advance(1_000 * SECOND).await;
    drop(permits);
    assert_eq!(throttle.snapshot().counts, Counts::default());
}

/// A cold start: the book's formula, counting at the start, would refuse most of them.
#[tokio::test(start_paused = true)]
async fn a_burst_is_no_outage() {
    let throttle = throttle(Config::new());
    let backend = Script::<_, Down>::new([Step::ok(1).after(SECOND)]);
    let calls = (0..1_000).map(|_| throttle.call(|| backend.call()));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(throttle.snapshot().counts.accepted, 1_000);
}

#[tokio::test(start_paused = true)]
async fn half_of_the_calls_may_fail_and_after_recovery_nothing_is_held_back_ad_33() {
    for door in DOORS {
        let throttle = throttle(Config::new());
        for _ in 0..500 {
            assert_eq!(door.ask_often(&throttle, 1, Ok(1)), 0);
            assert_eq!(door.ask_often(&throttle, 1, Err(Down::Broken)), 0);
        }
        // Down for four minutes, and then up.
        for _ in 0..240 {
            door.ask_often(&throttle, 10, Err(Down::Broken));
            advance(SECOND).await;
        }
        assert_eq!(throttle.snapshot().share, 0.8);
        let mut shares = Vec::new();
        for _ in 0..120 {
            door.ask_often(&throttle, 10, Ok(1));
            advance(SECOND).await;
            shares.push(throttle.snapshot().share);
        }
        let over = shares.iter().position(|share| *share == 0.0).unwrap();
        assert!(over <= 60, "{over} s, of a window of 120");
        assert!(shares[over..].iter().all(|share| *share == 0.0), "and stays so: {shares:?}");
        assert_eq!(door.ask_often(&throttle, 100, Ok(1)), 0);
    }
}

/// One in five still goes through, by which it sees the recovery.
#[tokio::test(start_paused = true)]
async fn probes_go_on_and_no_more_than_they() {
    for door in DOORS {
        let throttle = throttle(Config::new());
        door.ask_often(&throttle, 1_000, Err(Down::Busy));
        let refused = door.ask_often(&throttle, 5_000, Err(Down::Busy));
        assert_about(f64::from(refused) / 5_000.0, 0.8, 0.03);
    }
}

/// A backend that can serve 50 a second is offered 200: it is sent about twice what it serves.
#[tokio::test(start_paused = true)]
async fn a_backend_is_sent_about_k_times_what_it_takes() {
    for (multiplier, expected) in [(2.0, 100.0), (1.25, 62.5)] {
        let throttle = throttle(Config::new().with_multiplier(multiplier));
        let (mut sent, mut seconds) = (0, 0);
        for second in 0..600 {
            let mut taken = 0;
            for _ in 0..200 {
                let answer = if taken < 50 { Ok(1) } else { Err(Down::Busy) };
                if Door::Plain.ask_often(&throttle, 1, answer) == 0 {
                    taken += 1;
                    sent += i32::from(second >= 300);
                }
                advance(Duration::from_millis(5)).await;
            }
            seconds += i32::from(second >= 300);
        }
        assert_about(f64::from(sent) / f64::from(seconds), expected, expected * 0.1);
    }
}

#[tokio::test(start_paused = true)]
async fn too_few_requests_say_nothing_ad_34() {
    for door in DOORS {
        let throttle = throttle(Config::new());
        assert_eq!(door.ask_often(&throttle, 19, Err(Down::Broken)), 0);
        assert_eq!(throttle.snapshot().share, 0.0);
        assert_eq!(door.ask_often(&throttle, 1, Err(Down::Broken)), 0);
        assert_eq!(throttle.snapshot().share, 0.8);
    }
}

#[tokio::test(start_paused = true)]
async fn a_threshold_with_an_aggression_ad_34_ad_35() {
    let of_95 = Config::new().with_multiplier(1.0 / 0.95).with_mode(Mode::Shadow);
    let of_90 = Config::new().with_multiplier(1.0 / 0.9).with_mode(Mode::Shadow);
    for (config, accepted, failed, expected) in [
        (of_95.clone(), 95, 5, 0.0),
        (of_95.clone(), 80, 20, 0.1563),
        (of_95.clone().with_aggression(2.0), 80, 20, 0.3954),
        (of_95, 0, 100, 0.8),
        (of_90.clone(), 90, 30, 0.1653),
        (of_90.clone(), 95, 5, 0.0),
        (of_90.with_max_refused_share(0.9), 0, 100, 0.9),
    ] {
        let throttle = throttle(config);
        Door::Plain.ask_often(&throttle, accepted, Ok(1));
        Door::Plain.ask_often(&throttle, failed, Err(Down::Broken));
        assert_about(throttle.snapshot().share, expected, 5e-4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_classifier_says_what_was_taken() {
    let throttle = throttle(literal());
    let view = throttle.classify(|result: &Answer| match result {
        Ok(1) => Outcome::Slow,
        Ok(_) => Outcome::Success,
        Err(Error::Inner(Down::Busy)) => Outcome::SoftFailure,
        Err(Error::Inner(Down::Missing)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    });
    for answer in [Ok(1), Ok(2), Err(Down::Missing), Err(Down::Missing), Err(Down::Busy)] {
        assert!(!matches!(view.call(|| async move { answer }).await, Err(Error::Refused(_))));
    }
    let counts = throttle.snapshot().counts;
    assert_eq!((counts.requests, counts.accepted, counts.failed), (3, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn refusals_of_guards_further_in_are_no_requests() {
    let throttle = throttle(Config::new());
    let breaker = CircuitBreaker::new("inside", Default::default()).unwrap();
    breaker.force_open();
    let service = throttle.layer().layer(
        breaker.layer().layer(Lift::layer().layer(service_fn(|()| async { Ok::<u32, Down>(1) }))),
    );
    for _ in 0..100 {
        throttle.run(|| breaker.call(|| async { Ok::<u32, Down>(1) })).await.unwrap_err();
        service.clone().oneshot(()).await.unwrap_err();
    }
    advance(60 * SECOND).await;
    assert_eq!(throttle.snapshot().counts, Counts::default());
}

#[tokio::test(start_paused = true)]
async fn timeouts_inside_and_outside_say_that_it_was_not_taken() {
    let throttle = throttle(Config::new().with_min_requests(1));
    let timeout = Timeout::new("t", SECOND).unwrap();
    let hang = pending::<Result<u32, Down>>;
    throttle.run(|| timeout.call(hang)).await.unwrap_err();
    assert_eq!(throttle.snapshot().counts.failed, 1);
    throttle.reconfigure(Config::new()).unwrap();
    timeout.run(|| throttle.call(hang)).await.unwrap_err();
    assert_eq!(throttle.snapshot().counts.failed, 2);
    let _ = tokio::time::timeout(SECOND, throttle.call(hang)).await;
    assert_eq!(throttle.snapshot().counts.failed, 2, "a drop by anybody else is a cancellation");
}

#[tokio::test(start_paused = true)]
async fn one_that_watches_refuses_nothing_and_counts_what_it_would_have() {
    for door in DOORS {
        let throttle = throttle(watching());
        assert_eq!(door.ask_often(&throttle, 1_000, Err(Down::Broken)), 0);
        let snapshot = throttle.snapshot();
        assert_eq!((snapshot.mode, snapshot.share), (Mode::Shadow, 0.8));
        assert_eq!((snapshot.counts.requests, snapshot.counts.refused), (1_000, 0));
        assert_about(snapshot.totals.refused as f64, 785.0, 50.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_seed_repeats_what_is_refused() {
    let run = || {
        let throttle = throttle(Config::new());
        (0..200).map(|_| Door::Plain.ask_often(&throttle, 1, Err(Down::Busy))).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
    assert!(run().contains(&1));
}

#[tokio::test(start_paused = true)]
async fn clones_views_and_layers_share_one_state() {
    let throttle = throttle(Config::new());
    let clone = throttle.clone();
    Door::Layer.ask_often(&clone, 10, Err(Down::Broken));
    Door::Plain.ask_often(&throttle, 10, Err(Down::Broken));
    let view = throttle.classify(|_: &Answer| Outcome::Success);
    assert_eq!(view.snapshot(), clone.snapshot());
    assert_eq!(clone.snapshot().counts.failed, 20);
}

#[tokio::test(start_paused = true)]
async fn another_config_holds_from_now_on() {
    let throttle = throttle(Config::new());
    Door::Plain.ask_often(&throttle, 100, Err(Down::Broken));
    throttle.reconfigure(Config::new().with_max_refused_share(0.1)).unwrap();
    assert_eq!((throttle.snapshot().share, throttle.snapshot().counts.requests), (0.1, 100));
    let flawed = Config::new().with_multiplier(0.5).with_min_requests(0);
    assert_eq!(throttle.reconfigure(flawed).unwrap_err().flaws().len(), 2);
    assert_eq!(throttle.snapshot().share, 0.1);
    throttle.reconfigure(Config::new().with_window(60 * SECOND)).unwrap();
    assert_eq!(throttle.snapshot().counts, Counts::default(), "cut differently");
    assert_eq!(Door::Plain.ask_often(&throttle, 10, Ok(1)), 0);
}

#[test]
fn a_config_says_all_that_is_wrong_with_it() {
    let config = Config::new()
        .with_multiplier(f64::NAN)
        .with_window(Duration::from_millis(23))
        .with_min_requests(0)
        .with_aggression(0.0)
        .with_max_refused_share(1.5);
    let text = config.parse().unwrap_err().to_string();
    assert_eq!(
        text,
        "throttle config: multiplier must be 1 to 100; window must be at least 24 ms; \
         min_requests must be at least 1; aggression must be 1 to 10; \
         max_refused_share must be 0 to 1"
    );
}

#[test]
fn a_config_can_be_read_from_a_file() {
    let text = "multiplier = 1.5\nwindow = \"1m\"\nunanswered_after = \"3s\"\nmode = \"shadow\"";
    let config: Config = toml::from_str(text).unwrap();
    let expected = Config::new()
        .with_multiplier(1.5)
        .with_window(60 * SECOND)
        .with_unanswered_after(3 * SECOND)
        .with_mode(Mode::Shadow);
    assert_eq!(config, expected);
    assert!(toml::from_str::<Config>("k = 2.0").is_err());
}

#[tokio::test(start_paused = true)]
async fn one_throttle_a_host() {
    let plan = Config::new().parse().unwrap();
    let hosts: Keyed<String, Throttle> =
        Keyed::new("backend", 2, move |_: &String| plan.clone()).unwrap();
    let down = hosts.get("down");
    Door::Plain.ask_often(&down, 100, Err(Down::Broken));
    assert_eq!(hosts.get("up").snapshot().counts.requests, 0);
    drop(down);
    // The one that is throttling is kept before one that is not.
    drop(hosts.get("other"));
    assert_eq!(hosts.get("down").snapshot().share, 0.8);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_never_began_and_says_who() {
    let throttle = throttle(literal());
    let refused = loop {
        match throttle.call(|| async { Err::<u32, _>(Down::Broken) }).await {
            Err(error @ Error::Refused(_)) => break error,
            _ => advance(Duration::from_millis(1)).await,
        }
    };
    let refusal = refused.refusal().unwrap();
    assert_eq!(
        (refusal.kind(), refusal.began(), refusal.retry_after()),
        ("throttled", false, None)
    );
    assert_eq!(refusal.name().as_str(), "backend");
}
