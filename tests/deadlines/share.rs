//! At most such a share of the calls is refused for a deadline that had passed: a clock that runs
//! ahead on another machine must not take the service down.

use buttress::{
    Error, Mode,
    testing::{Script, Step},
    time::{Deadline, now},
    timeout::{Config, Timeout},
};
use tokio::time::{Instant, advance};

use crate::doors::{Door, SECOND, struck, timed_out};

fn refusing(share: f64) -> Timeout {
    Timeout::new("t", Config::new(10 * SECOND).with_max_refused_share(share)).unwrap()
}

/// Makes so many calls that come too late; how many were refused.
async fn late_calls(door: Door, timeout: &Timeout, calls: u32) -> u32 {
    let passed = Deadline::at(now().before(SECOND));
    let backend = Script::<_, &str>::new([Step::ok("served")]);
    let mut refused = 0;
    for _ in 0..calls {
        match passed.scope(door.time(timeout, || backend.call())).await {
            Ok(_) => {}
            Err(Error::Refused(refusal)) if !refusal.began() => refused += 1,
            Err(error) => panic!("{door:?}: {error:?}"),
        }
    }
    assert_eq!(backend.counts().calls, u64::from(calls - refused), "{door:?}: the rest is served");
    refused
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_late_calls_a_fifth_is_refused_and_the_rest_served() {
    for door in Door::ALL {
        let timeout = refusing(0.2);
        assert_eq!(late_calls(door, &timeout, 100).await, 20, "{door:?}");
        let totals = timeout.snapshot().totals;
        assert_eq!((totals.not_started, totals.late), (20, 80));
    }
}

#[tokio::test(start_paused = true)]
async fn at_no_moment_is_more_than_the_share_refused() {
    for door in Door::ALL {
        let timeout = refusing(0.3);
        let mut refused = 0;
        for calls in 1..=200 {
            refused += late_calls(door, &timeout, 1).await;
            assert!(f64::from(refused) <= 0.3 * f64::from(calls), "{door:?}: {refused} of {calls}");
        }
        assert_eq!(refused, 60, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_nothing_refuses_nobody() {
    for door in Door::ALL {
        assert_eq!(late_calls(door, &refusing(0.0), 100).await, 0, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_share_of_all_refuses_everybody_and_is_the_default() {
    for door in Door::ALL {
        assert_eq!(late_calls(door, &refusing(1.0), 100).await, 100, "{door:?}");
        let plain = Timeout::new("t", 10 * SECOND).unwrap();
        assert_eq!(late_calls(door, &plain, 100).await, 100, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_in_time_make_room_for_refusals_and_are_never_refused() {
    for door in Door::ALL {
        let timeout = refusing(0.2);
        let backend = Script::<_, &str>::new([Step::ok("served")]);
        for _ in 0..80 {
            let call = door.time(&timeout, || backend.call());
            assert!(Deadline::within(SECOND).scope(call).await.is_ok(), "{door:?}");
        }
        assert_eq!(late_calls(door, &timeout, 20).await, 20, "{door:?}: 20 of 100");
        assert_eq!(late_calls(door, &timeout, 4).await, 0, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_deadline_make_no_room() {
    for door in Door::ALL {
        let timeout = refusing(0.2);
        let backend = Script::<_, &str>::new([Step::ok("served")]);
        for _ in 0..100 {
            door.time(&timeout, || backend.call()).await.unwrap();
        }
        assert_eq!(late_calls(door, &timeout, 4).await, 0, "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_share_is_over_the_last_ten_seconds() {
    for door in Door::ALL {
        let timeout = refusing(0.5);
        assert_eq!(late_calls(door, &timeout, 10).await, 5, "{door:?}");
        advance(11 * SECOND).await;
        assert_eq!(late_calls(door, &timeout, 1).await, 0, "{door:?}: one of one is all of them");
        assert_eq!(late_calls(door, &timeout, 1).await, 1, "{door:?}: one of two is half of them");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_call_that_is_served_has_its_own_limit() {
    for door in Door::ALL {
        let (timeout, start) = (refusing(0.0), Instant::now());
        let passed = Deadline::at(now().before(SECOND));
        let call = door.time(&timeout, std::future::pending::<Result<(), ()>>);
        assert_eq!(passed.scope(call).await, timed_out(10 * SECOND), "{door:?}");
        assert_eq!(start.elapsed(), 10 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_strikes_midway_is_none_of_the_share() {
    for door in Door::ALL {
        let timeout = refusing(0.0);
        let call = door.time(&timeout, std::future::pending::<Result<(), ()>>);
        assert_eq!(Deadline::within(SECOND).scope(call).await, struck(), "{door:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_only_watches_counts_late_calls_and_serves_them() {
    for door in Door::ALL {
        let config = Config::new(10 * SECOND).with_mode(Mode::Shadow);
        let timeout = Timeout::new("t", config).unwrap();
        assert_eq!(late_calls(door, &timeout, 10).await, 0, "{door:?}");
        assert_eq!(timeout.snapshot().totals.not_started, 10, "{door:?}");
    }
}
