//! Who is started when, and who wins.

use buttress::{
    Error, Refusal,
    hedge::{Config, Hedge},
    outcome::Outcome,
    testing::Step,
    time::Deadline,
    timeout::Timeout,
};
use tokio::time::{Instant, sleep};

use super::{Backend, Door, Down, MILLISECOND, SECOND, Seen, hedge, millis, seeing};

/// HG-01.
#[tokio::test(start_paused = true)]
async fn what_ends_at_once_is_asked_once() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(1000, 1), Backend::new([Step::ok(1)]));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert!(begun.elapsed().is_zero());
        assert_eq!((backend.counts().calls, hedge.snapshot().totals), (1, Default::default()));
    }
}

/// HG-01, a moment before the delay.
#[tokio::test(start_paused = true)]
async fn what_ends_within_the_delay_is_asked_once() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(50, 3), Backend::new([Step::ok(1).after(millis(49))]));
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!((backend.counts().calls, hedge.snapshot().totals.slow), (1, 0), "{door:?}");
    }
}

/// An answer that is there when the delay is over is taken; nothing is started for nothing.
#[tokio::test(start_paused = true)]
async fn what_ends_as_the_delay_does_is_asked_once() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(50, 3), Backend::new([Step::ok(1).after(millis(50))]));
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!(backend.counts().calls, 1, "{door:?}");
    }
}

/// HG-02.
#[tokio::test(start_paused = true)]
async fn attempts_start_one_delay_apart_and_the_first_success_wins() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(10, 2), Backend::new([Step::ok(1).after(millis(100))]));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!(begun.elapsed(), millis(100));
        assert_eq!(backend.starts(), [0, 10, 20], "{door:?}");
        let seen = backend.counts();
        assert_eq!((seen.calls, seen.finished, seen.cancelled, seen.in_flight), (3, 1, 2, 0));
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.slow, totals.failed, totals.wins, totals.unpaid), (2, 0, 0, 0));
    }
}

/// HG-02, won by another.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_is_faster_answers_and_the_others_are_dropped_at_that_moment() {
    for door in Door::ALL {
        let steps = [Step::hang(), Step::ok(2).after(millis(30)), Step::ok(3).after(millis(5))];
        let (hedge, backend) = (hedge(10, 2), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(3), "{door:?}");
        assert_eq!(begun.elapsed(), millis(25));
        let seen = backend.counts();
        assert_eq!((seen.calls, seen.finished, seen.cancelled, seen.in_flight), (3, 1, 2, 0));
        assert_eq!(hedge.snapshot().totals.wins, 1);
    }
}

/// HG-03.
#[tokio::test(start_paused = true)]
async fn without_a_delay_all_start_at_once() {
    for door in Door::ALL {
        let steps = [30, 20, 10].map(|millis| Step::ok(millis).after(super::millis(millis.into())));
        let (hedge, backend) = (hedge(0, 2), Backend::new(steps));
        assert_eq!(backend.ask(door, &hedge).await, Ok(10));
        assert_eq!(backend.starts(), [0, 0, 0], "{door:?}");
        assert_eq!(backend.counts().peak, 3);
    }
}

/// HG-03: what is ready at its first poll is not raced.
#[tokio::test(start_paused = true)]
async fn without_a_delay_a_ready_answer_is_still_asked_for_once() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(0, 10), Backend::new([Step::ok(1)]));
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!(backend.counts().calls, 1, "{door:?}");
    }
}

/// HG-04.
#[tokio::test(start_paused = true)]
async fn with_no_patience_named_the_call_is_never_hedged_and_its_own_result_is_the_answer() {
    for door in Door::ALL {
        let never = hedge(10, 3).patience(|planned| {
            assert_eq!(planned, Some(millis(10)));
            None
        });
        let backend = Backend::new([Step::ok(1).after(SECOND)]);
        assert_eq!(backend.ask(door, &never).await, Ok(1));
        assert_eq!(backend.counts().calls, 1, "{door:?}");

        let backend = Backend::new([Step::err(Down::Broken(1)).after(SECOND), Step::ok(2)]);
        assert_eq!(backend.ask(door, &never).await, Err(Error::Inner(Down::Broken(1))));
        assert_eq!(backend.counts().calls, 1, "{door:?}");

        // An answer that its own eyes find wanting.
        let wanting = never.classify(|_: &Seen| Outcome::Failure);
        let backend = Backend::new([Step::ok(7)]);
        assert_eq!(backend.ask(door, &wanting).await, Ok(7));
        assert_eq!(backend.counts().calls, 1, "{door:?}");
    }
}

/// HG-04: each call has its own.
#[tokio::test(start_paused = true)]
async fn patience_says_how_long_this_call_waits() {
    for door in Door::ALL {
        let longer = hedge(10, 1)
            .patience(|planned: Option<std::time::Duration>| planned.map(|delay| delay * 4));
        let backend = Backend::new([Step::ok(1).after(millis(100))]);
        assert_eq!(backend.ask(door, &longer).await, Ok(1));
        assert_eq!(backend.starts(), [0, 40], "{door:?}");
    }
}

/// HG-06, HG-17: what fails before the delay is hedged at once.
#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_at_once() {
    for door in Door::ALL {
        let steps = [Step::err(Down::Broken(1)).after(millis(5)), Step::ok(2).after(millis(7))];
        let (hedge, backend) = (hedge(2000, 2), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(2));
        assert_eq!((begun.elapsed(), backend.starts()), (millis(12), vec![0, 5]), "{door:?}");
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.failed, totals.slow, totals.wins), (1, 0, 1));
    }
}

/// HG-06: from then on the delay counts anew.
#[tokio::test(start_paused = true)]
async fn the_delay_counts_from_the_last_start() {
    for door in Door::ALL {
        let steps = [
            Step::err(Down::Broken(1)).after(millis(50)),
            Step::hang(),
            Step::ok(3).after(millis(10)),
        ];
        let (hedge, backend) = (hedge(80, 2), Backend::new(steps));
        assert_eq!(backend.ask(door, &hedge).await, Ok(3));
        assert_eq!(backend.starts(), [0, 50, 130], "{door:?}");
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.failed, totals.slow), (1, 1));
    }
}

/// HG-07, from the first and from a hedge.
#[tokio::test(start_paused = true)]
async fn the_callers_own_mistake_is_the_answer_whoever_brings_it() {
    for door in Door::ALL {
        let (hedge, backend) = (seeing(10, 3), Backend::new([Step::err(Down::Missing)]));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Missing)));
        assert_eq!((begun.elapsed(), backend.counts().calls), (millis(0), 1), "{door:?}");

        let backend = Backend::new([Step::hang(), Step::err(Down::Missing).after(millis(3))]);
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Missing)));
        assert_eq!(begun.elapsed(), millis(13));
        let seen = backend.counts();
        assert_eq!((seen.calls, seen.cancelled, seen.in_flight), (2, 1, 0), "{door:?}");
        assert_eq!(hedge.snapshot().totals.wins, 1);
    }
}

/// HG-08.
#[tokio::test(start_paused = true)]
async fn when_all_fail_the_first_attempts_outcome_is_the_answer_though_it_was_the_slowest() {
    for door in Door::ALL {
        let steps = [
            Step::err(Down::Broken(1)).after(millis(50)),
            Step::err(Down::Broken(2)).after(millis(10)),
            Step::err(Down::Broken(3)),
        ];
        let (hedge, backend) = (hedge(10, 2), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Broken(1))));
        assert_eq!((begun.elapsed(), backend.starts()), (millis(50), vec![0, 10, 20]), "{door:?}");
        let totals = hedge.snapshot().totals;
        assert_eq!((totals.slow, totals.failed, totals.wins), (1, 1, 0));
    }
}

/// HG-08: the first has failed long ago, and is answered with once the last has.
#[tokio::test(start_paused = true)]
async fn the_first_outcome_is_kept_until_the_last_attempt_has_failed() {
    for door in Door::ALL {
        let steps = [
            Step::err(Down::Broken(1)),
            Step::err(Down::Broken(2)).after(millis(5)),
            Step::err(Down::Broken(3)).after(millis(500)),
        ];
        let (hedge, backend) = (hedge(100, 2), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Err(Error::Inner(Down::Broken(1))));
        assert_eq!((begun.elapsed(), backend.starts()), (millis(505), vec![0, 0, 5]), "{door:?}");
    }
}

/// HG-11.
#[tokio::test(start_paused = true)]
async fn one_more_is_out_with_every_delay_and_never_more_than_the_most() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(500, 3), Backend::new([Step::hang()]));
        let call = tokio::spawn(backend.ask(door, &hedge));
        sleep(MILLISECOND).await;
        for out in [1, 2, 3, 4, 4, 4] {
            assert_eq!(backend.counts().in_flight, out, "{door:?}");
            sleep(millis(500)).await;
        }
        assert_eq!(backend.starts(), [0, 500, 1000, 1500], "{door:?}");
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!((backend.counts().in_flight, backend.counts().cancelled), (0, 4));
    }
}

/// HG-18.
#[tokio::test(start_paused = true)]
async fn a_hedge_that_failed_leaves_the_first_to_answer() {
    for door in Door::ALL {
        let steps = [Step::ok(1).after(millis(100)), Step::err(Down::Broken(2)).after(millis(5))];
        let (hedge, backend) = (hedge(10, 1), Backend::new(steps));
        let begun = Instant::now();
        assert_eq!(backend.ask(door, &hedge).await, Ok(1), "{door:?}");
        assert_eq!(begun.elapsed(), millis(100));
        assert_eq!(hedge.snapshot().totals.wins, 0);
    }
}

/// TO-10.
#[tokio::test(start_paused = true)]
async fn a_timeout_around_it_drops_all_of_them() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(10, 2), Backend::new([Step::ok(1).after(SECOND)]));
        let timeout = Timeout::new("outer", millis(100)).unwrap();
        let begun = Instant::now();
        let answer = timeout.run(|| backend.ask(door, &hedge)).await;
        assert!(matches!(answer, Err(Error::Refused(Refusal::TimedOut { .. }))), "{answer:?}");
        assert_eq!((begun.elapsed(), backend.starts()), (millis(100), vec![0, 10, 20]));
        let seen = backend.counts();
        assert_eq!((seen.calls, seen.cancelled, seen.in_flight), (3, 3, 0), "{door:?}");
        assert_eq!(hedge.snapshot().totals.slow, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_none_is_started() {
    for door in Door::ALL {
        for late in [false, true] {
            let steps = [Step::err(Down::Broken(1)).after(millis(20)), Step::ok(2)];
            let (hedge, backend) = (hedge(1000, 2), Backend::new(steps));
            let deadline = Deadline::within(millis(if late { 20 } else { 21 }));
            let answer = deadline.scope(backend.ask(door, &hedge)).await;
            if late {
                assert_eq!(answer, Err(Error::Inner(Down::Broken(1))));
            } else {
                assert_eq!(answer, Ok(2));
            }
            assert_eq!(backend.counts().calls, if late { 1 } else { 2 }, "{door:?}");
            assert_eq!(hedge.snapshot().totals.failed, u64::from(!late));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_the_delay_starts_none_either() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(10, 5), Backend::new([Step::ok(1).after(millis(100))]));
        let answer = Deadline::within(millis(25)).scope(backend.ask(door, &hedge)).await;
        assert_eq!(answer, Ok(1), "it only tells");
        assert_eq!(backend.starts(), [0, 10, 20], "{door:?}");
    }
}

/// A call that was told of no other by the delay is not told of one later.
#[tokio::test(start_paused = true)]
async fn calls_side_by_side_race_for_themselves() {
    for door in Door::ALL {
        let (hedge, backend) = (hedge(10, 1), Backend::new([Step::ok(1).after(millis(30))]));
        let calls: Vec<_> = (0..20).map(|_| backend.ask(door, &hedge)).collect();
        let begun = Instant::now();
        assert_eq!(futures::future::join_all(calls).await, vec![Ok(1); 20]);
        assert_eq!((begun.elapsed(), backend.counts().calls), (millis(30), 40), "{door:?}");
        assert_eq!(hedge.snapshot().totals.slow, 20);
        assert_eq!(backend.counts().in_flight, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_that_nobody_lives_to_see_is_none() {
    for door in Door::ALL {
        let config = Config::after(std::time::Duration::MAX);
        let hedge = Hedge::new("backend", config).unwrap();
        let backend = Backend::new([Step::ok(1).after(86_400 * 365 * SECOND)]);
        assert_eq!(backend.ask(door, &hedge).await, Ok(1));
        assert_eq!(backend.counts().calls, 1, "{door:?}");
    }
}
