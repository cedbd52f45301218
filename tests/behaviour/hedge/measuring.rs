//! The delay that is measured.

use std::time::Duration;

use buttress::{
    hedge::{Config, Hedge},
    testing::Step,
};
use tokio::time::{advance, timeout};

use super::{Backend, Door, Down, MILLISECOND, SECOND, measured, millis};

/// An even spread of numbers below a million, each time the same.
fn random(round: u64, salt: u64) -> u64 {
    let mut bits = round.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(salt);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits ^ (bits >> 31)) % 1_000_000
}

/// Most take 5 to 10 ms, one in twenty more than 100 ms, and a second attempt beside one of those nearly
/// always wins.
fn latency(random: u64) -> Duration {
    Duration::from_secs_f64(0.005 * 1e6 / random.max(5_000) as f64)
}

#[track_caller]
fn assert_about(hedge: &Hedge, expected: Duration, when: u64) {
    let delay = hedge.snapshot().delay.unwrap();
    let (least, most) = (expected.mul_f64(0.8), expected.mul_f64(1.2));
    assert!((least..=most).contains(&delay), "{delay:?}, not {expected:?}, after {when}");
}

/// HG-20.
#[tokio::test(start_paused = true)]
async fn before_twenty_have_ended_nothing_is_hedged_however_slow() {
    for door in Door::ALL {
        let (hedge, backend) = (measured(0.5), Backend::new([Step::ok(1).after(60 * MILLISECOND)]));
        for ended in 0..20 {
            assert_eq!(hedge.snapshot().samples, ended);
            assert_eq!(hedge.snapshot().delay, None, "{door:?} after {ended}");
            backend.ask(door, &hedge).await.unwrap();
        }
        assert_about(&hedge, millis(60), 20);
        assert_eq!((backend.counts().calls, hedge.snapshot().totals), (20, Default::default()));
        let slow = Backend::new([Step::ok(1).after(SECOND), Step::ok(2)]);
        assert_eq!(slow.ask(door, &hedge).await, Ok(2), "{door:?}");
    }
}

/// HG-20: what fails tells nothing of how long a success takes, and while nothing is known a failure
/// is not hedged either.
#[tokio::test(start_paused = true)]
async fn failures_do_not_warm_it_up() {
    for door in Door::ALL {
        let hedge = measured(0.5);
        let backend = Backend::new([Step::err(Down::Broken(1)).after(MILLISECOND)]);
        for _ in 0..200 {
            backend.ask(door, &hedge).await.unwrap_err();
        }
        let seen = hedge.snapshot();
        assert_eq!((seen.samples, seen.delay), (0, None), "{door:?}");
        assert_eq!((backend.counts().calls, seen.totals), (200, Default::default()));
    }
}

/// HG-20: nor do calls that were given up.
#[tokio::test(start_paused = true)]
async fn callers_that_give_up_do_not_warm_it_up() {
    for door in Door::ALL {
        let (hedge, backend) = (measured(0.5), Backend::new([Step::hang()]));
        for _ in 0..200 {
            assert!(timeout(millis(2), backend.ask(door, &hedge)).await.is_err());
        }
        let seen = hedge.snapshot();
        assert_eq!((seen.samples, seen.delay), (0, None), "{door:?}");
        assert_eq!((backend.counts().calls, backend.counts().in_flight), (200, 0));
    }
}

/// With a window that holds thousands of them.
fn lasting(share: f64) -> Hedge {
    let config = Config::new().with_extra_load(share).with_window(600 * SECOND);
    Hedge::new("backend", config).unwrap().without_budget()
}

/// Calls that are hedged by the measured delay, with pauses of a millisecond. `step` makes an attempt
/// from its latency and a number below a million, `patience` says how long a caller waits.
async fn rounds(
    door: Door,
    hedge: &Hedge,
    rounds: u64,
    step: impl Fn(Duration, u64) -> Step<u32, Down>,
    patience: impl Fn(u64) -> Duration,
) {
    for round in 0..rounds {
        let steps = [1, 2].map(|salt| step(latency(random(round, salt)), random(round, 10 * salt)));
        let _ = timeout(patience(round), Backend::new(steps).ask(door, hedge)).await;
        advance(MILLISECOND).await;
        // A twentieth of fewer is too few to be sure of.
        if round >= 4000 && round % 1000 == 999 {
            assert_about(hedge, millis(100), round);
        }
    }
}

/// HG-19.
#[tokio::test(start_paused = true)]
async fn cut_off_losers_do_not_make_the_backend_look_faster() {
    for door in Door::ALL {
        let hedge = lasting(0.05);
        rounds(door, &hedge, 11_000, |latency, _| Step::ok(1).after(latency), |_| SECOND).await;
        let totals = hedge.snapshot().totals;
        assert!((300..=550).contains(&totals.slow), "{door:?} {totals:?}");
        assert!(totals.wins > 200, "the losers were cut off: {totals:?}");
    }
}

/// HG-19, where every seventh attempt fails within 60 ms, if it lasts so long.
#[tokio::test(start_paused = true)]
async fn nor_do_attempts_that_fail_sooner() {
    for door in Door::ALL {
        let hedge = lasting(0.05);
        let step = |latency: Duration, random: u64| {
            let fails = millis(random % 60);
            if random % 7 == 0 && fails < latency {
                Step::err(Down::Broken(1)).after(fails)
            } else {
                Step::ok(1).after(latency)
            }
        };
        rounds(door, &hedge, 8000, step, |_| SECOND).await;
        let totals = hedge.snapshot().totals;
        assert!(totals.failed > 100 && totals.slow + totals.failed <= 400, "{door:?} {totals:?}");
    }
}

/// HG-19, where a third of the callers do not wait for the answer.
#[tokio::test(start_paused = true)]
async fn nor_do_callers_that_give_up() {
    for door in Door::ALL {
        let hedge = lasting(0.05);
        let patience = |round: u64| {
            if round % 3 == 0 { millis(random(round, 3) % 150 + 1) } else { SECOND }
        };
        rounds(door, &hedge, 8000, |latency, _| Step::ok(1).after(latency), patience).await;
        let totals = hedge.snapshot().totals;
        assert!(totals.slow <= 400 && totals.wins > 50, "{door:?} {totals:?}");
    }
}

/// HG-19, where nobody waits long enough to know: the delay does not shrink below what was seen.
#[tokio::test(start_paused = true)]
async fn where_every_caller_gives_up_first_the_delay_is_as_long_as_they_wait() {
    for door in Door::ALL {
        let hedge = measured(0.05);
        for round in 0..3000 {
            let backend = Backend::new([Step::ok(1).after(latency(random(round, 1)))]);
            let _ = timeout(millis(60), backend.ask(door, &hedge)).await;
            advance(MILLISECOND).await;
        }
        assert_about(&hedge, millis(60), 3000);
    }
}

/// The hedge's own attempts count from their own start.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_wins_is_measured_from_its_own_start() {
    for door in Door::ALL {
        let config = Config::new().with_extra_load(0.5);
        let hedge = Hedge::new("backend", config).unwrap().without_budget();
        let eager = hedge.patience(|_| Some(millis(500)));
        for _ in 0..40 {
            // Half of the calls have a token; the first of those is slow, and its hedge takes 20 ms.
            let backend = Backend::new([Step::ok(1).after(SECOND), Step::ok(2).after(millis(20))]);
            backend.ask(door, &eager).await.unwrap();
        }
        assert_eq!(hedge.snapshot().totals.wins, 20);
        let seen = hedge.snapshot();
        assert_eq!(seen.samples, 40, "each call had one attempt that ended by itself");
        // Half took 20 ms, and half took a second; those cut off at 520 ms took at least as long.
        let delay = seen.delay.unwrap();
        assert!((millis(980)..=millis(1020)).contains(&delay), "{door:?} {delay:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_follows_a_backend_that_slows_down_and_one_that_recovers() {
    for door in Door::ALL {
        let hedge = measured(0.05);
        for took in [10, 50, 10] {
            let backend = Backend::new([Step::ok(1).after(millis(took))]);
            for _ in 0..1000 {
                backend.ask(door, &hedge).await.unwrap();
                advance(millis(100 - took)).await;
            }
            assert_about(&hedge, millis(took), took);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_measured_delay_is_below_a_millisecond() {
    for door in Door::ALL {
        let (hedge, backend) = (measured(0.5), Backend::new([Step::ok(1)]));
        for _ in 0..100 {
            backend.ask(door, &hedge).await.unwrap();
        }
        assert_eq!(hedge.snapshot().delay, Some(MILLISECOND), "{door:?}");
        assert_eq!(backend.counts().calls, 100);
    }
}

/// After a pause the first answer clears what is out of date, and it warms up anew.
#[tokio::test(start_paused = true)]
async fn after_a_pause_longer_than_the_window_it_warms_up_again() {
    for door in Door::ALL {
        let (hedge, fast) = (measured(0.5), Backend::new([Step::ok(1).after(millis(5))]));
        for _ in 0..100 {
            fast.ask(door, &hedge).await.unwrap();
        }
        assert_about(&hedge, millis(5), 100);
        advance(121 * SECOND).await;
        for ended in 1..20 {
            fast.ask(door, &hedge).await.unwrap();
            assert_eq!(
                (hedge.snapshot().samples, hedge.snapshot().delay),
                (ended, None),
                "{door:?}"
            );
        }
        let slow = Backend::new([Step::ok(1).after(millis(50))]);
        slow.ask(door, &hedge).await.unwrap();
        assert_eq!(slow.counts().calls, 1, "the twentieth was made while nothing was known");
        assert!(hedge.snapshot().delay.is_some());
    }
}

/// What is older than the window has no say, also without a pause.
#[tokio::test(start_paused = true)]
async fn what_has_left_the_window_has_no_say() {
    let config = Config::new().with_extra_load(0.5).with_window(10 * SECOND);
    let hedge = Hedge::new("backend", config).unwrap().without_budget();
    let slow = Backend::new([Step::ok(1).after(millis(100))]);
    for _ in 0..50 {
        slow.ask(Door::Call, &hedge.patience(|_| None)).await.unwrap();
    }
    let fast = Backend::new([Step::ok(1).after(millis(10))]);
    for _ in 0..50 {
        advance(millis(240)).await;
        fast.ask(Door::Call, &hedge).await.unwrap();
    }
    assert_about(&hedge, millis(10), 50);
    assert!(hedge.snapshot().samples < 50);
}

/// Views share what is measured.
#[tokio::test(start_paused = true)]
async fn every_door_and_view_teaches_the_one_hedge() {
    let hedge = measured(0.1);
    let backend = Backend::new([Step::ok(1).after(millis(30))]);
    for door in Door::ALL {
        for _ in 0..5 {
            backend.ask(door, &hedge.clone()).await.unwrap();
        }
        backend.ask(door, &hedge.classify(super::eyes as super::Eyes)).await.unwrap();
    }
    assert_eq!(hedge.snapshot().samples, 24);
    assert_about(&hedge, millis(30), 24);
}

/// A delay by hand needs no measuring, and measures nothing.
#[tokio::test(start_paused = true)]
async fn a_fixed_delay_is_known_from_the_start_and_takes_no_samples() {
    for door in Door::ALL {
        let (hedge, backend) = (super::hedge(80, 1), Backend::new([Step::ok(1).after(millis(5))]));
        for _ in 0..50 {
            backend.ask(door, &hedge).await.unwrap();
        }
        let seen = hedge.snapshot();
        assert_eq!((seen.delay, seen.samples), (Some(millis(80)), 0), "{door:?}");
    }
}
