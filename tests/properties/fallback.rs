//! A failover and a naive model agree on who is asked, when, and what comes of it.

use std::{cell::RefCell, time::Duration};

use buttress::{
    Error, Fault, OpenReason, Refusal,
    fallback::{Cause, Failover, FailoverConfig, WhenAllOpen},
    outcome::Outcome,
};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::{MILLISECOND, cases, paused};

/// What one question to a provider comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reply {
    Good,
    /// An answer that means failure.
    Poor,
    Broken,
    Mistake,
    /// Refused without having begun; to come back after so many milliseconds.
    Open(Option<u64>),
    /// Cut off.
    TimedOut,
}

type Answer = Result<Reply, Error<Reply>>;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const TICK: u64 = 20;

fn answer(reply: Reply) -> Answer {
    let name = || "guard".into();
    match reply {
        Reply::Good | Reply::Poor => Ok(reply),
        Reply::Broken | Reply::Mistake => Err(Error::Inner(reply)),
        Reply::Open(wait) => Err(Error::Refused(Refusal::CircuitOpen {
            name: name(),
            reason: OpenReason::Tripped,
            retry_after: wait.map(Duration::from_millis),
        })),
        Reply::TimedOut => {
            Err(Error::Refused(Refusal::TimedOut { name: name(), limit: MILLISECOND }))
        }
    }
}

fn eyes(answer: &Answer) -> Outcome {
    match answer {
        Ok(Reply::Poor) | Err(Error::Inner(Reply::Broken)) => Outcome::Failure,
        Err(Error::Inner(Reply::Mistake)) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
        Ok(_) => Outcome::Success,
    }
}

/// What is to be seen of a call.
#[derive(Debug, PartialEq)]
struct Seen {
    /// Who was asked, and after how many milliseconds.
    asked: Vec<(usize, u64)>,
    /// Who served what; or which of the errors is the error.
    end: Result<(usize, Reply), usize>,
    causes: [u64; 4],
}

/// Written down as the docs have it, with lists and no state.
fn expected(replies: &[[Reply; 2]], when: WhenAllOpen) -> Seen {
    let mut seen = Seen { asked: vec![], end: Err(0), causes: [0; 4] };
    let mut failures: Vec<(usize, Reply)> = Vec::new();
    let mut poor = None;
    let mut ended = false;
    let mut round = |order: &[usize], nth: usize, at: u64, failures: &mut Vec<(usize, Reply)>| {
        for &provider in order {
            let reply = replies[provider][nth];
            seen.asked.push((provider, at));
            let cause = match reply {
                Reply::Good => {
                    seen.end = Ok((provider, reply));
                    ended = true;
                    return;
                }
                Reply::Mistake => {
                    failures.push((provider, reply));
                    // The last error is of a call that began.
                    seen.end = Err(failures.len() - 1);
                    ended = true;
                    return;
                }
                Reply::Poor => {
                    poor = Some((provider, reply));
                    Cause::Error
                }
                Reply::Broken => Cause::Error,
                Reply::TimedOut => Cause::TimedOut,
                Reply::Open(_) => Cause::ShortCircuited,
            };
            seen.causes[cause as usize] += 1;
            if reply != Reply::Poor {
                failures.push((provider, reply));
            }
        }
    };
    let all: Vec<usize> = (0..replies.len()).collect();
    round(&all, 0, 0, &mut failures);
    let waits = replies.iter().enumerate().filter_map(|(at, replies)| match replies[0] {
        Reply::Open(Some(wait)) => Some((wait, at)),
        _ => None,
    });
    let untouched = replies.iter().all(|replies| matches!(replies[0], Reply::Open(_)));
    let latest = match when {
        WhenAllOpen::Probe => Some(TICK),
        WhenAllOpen::WaitUpTo(limit) => u64::try_from(limit.as_millis()).ok(),
        _ => None,
    };
    if let (true, Some(latest), Some((wait, first))) = (untouched, latest, waits.min()) {
        if wait <= latest {
            let mut order = vec![first];
            if when != WhenAllOpen::Probe {
                order.extend(all.iter().filter(|at| **at != first));
            }
            round(&order, 1, wait, &mut failures);
        }
    }
    if !ended {
        seen.end = match poor {
            Some(poor) => Ok(poor),
            None => {
                let began = |(_, reply): &(usize, Reply)| !matches!(reply, Reply::Open(_));
                Err(failures.iter().rposition(began).unwrap_or(0))
            }
        };
    }
    seen
}

async fn observed(replies: &[[Reply; 2]], when: WhenAllOpen) -> Seen {
    let config = FailoverConfig::new().with_when_all_open(when);
    let providers = NAMES.into_iter().zip(0..replies.len());
    let failover = Failover::new("f", config, providers).unwrap().classify(eyes);
    let start = Instant::now();
    let asked = RefCell::new(Vec::new());
    let result = failover
        .run(|&at| {
            let nth = asked.borrow().iter().filter(|(earlier, _)| *earlier == at).count();
            asked.borrow_mut().push((at, start.elapsed().as_millis() as u64));
            std::future::ready(answer(replies[at][nth]))
        })
        .await;
    let end = match result {
        Ok(served) => {
            assert_eq!(served.attempts as usize, asked.borrow().len());
            assert_eq!(served.degraded, served.index > 0 || served.value == Reply::Poor);
            Ok((served.index, served.value))
        }
        Err(failed) => {
            let same = |error: &Error<Reply>| std::ptr::eq(error, failed.error());
            let chief = failed.tried().iter().position(|tried| same(&tried.error));
            assert_eq!(failed.refusal(), failed.error().refusal());
            Err(chief.unwrap())
        }
    };
    let totals = failover.snapshot().totals;
    let causes = [totals.error, totals.timed_out, totals.rejected, totals.short_circuited];
    Seen { asked: asked.into_inner(), end, causes }
}

fn reply() -> impl Strategy<Value = Reply> {
    prop_oneof![
        2 => Just(Reply::Good),
        2 => Just(Reply::Poor),
        2 => Just(Reply::Broken),
        1 => Just(Reply::Mistake),
        1 => Just(Reply::TimedOut),
        8 => prop::option::of(0..60_u64).prop_map(Reply::Open),
    ]
}

fn when() -> impl Strategy<Value = WhenAllOpen> {
    prop_oneof![
        Just(WhenAllOpen::Fail),
        Just(WhenAllOpen::Probe),
        (1..60_u64).prop_map(|wait| WhenAllOpen::WaitUpTo(Duration::from_millis(wait))),
    ]
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn a_failover_goes_the_way_of_the_model(
        replies in prop::collection::vec([reply(), reply()], 1..=4),
        when in when(),
    ) {
        let seen = paused(observed(&replies, when));
        prop_assert_eq!(seen, expected(&replies, when));
    }
}

/// The edges of the wait and of the tick, and everyone ready together.
#[test]
fn ways_of_round_numbers() {
    let open = |wait| [Reply::Open(Some(wait)), Reply::Good];
    let unknown = [Reply::Open(None), Reply::Good];
    let wait = |millis| WhenAllOpen::WaitUpTo(Duration::from_millis(millis));
    for (replies, when, asked) in [
        (vec![open(20), open(20)], WhenAllOpen::Probe, 3),
        (vec![open(21), open(21)], WhenAllOpen::Probe, 2),
        (vec![open(0)], WhenAllOpen::Probe, 2),
        (vec![open(1000), open(1001)], wait(1000), 3),
        (vec![open(1001), open(1002)], wait(1000), 2),
        (vec![unknown, open(1000)], wait(1000), 3),
        (vec![unknown, unknown], wait(1000), 2),
        (vec![open(0), [Reply::Broken; 2]], wait(1000), 2),
        (vec![[Reply::Open(Some(5)); 2]; 4], wait(1000), 8),
        (vec![open(5); 4], WhenAllOpen::Fail, 4),
    ] {
        let seen = paused(observed(&replies, when));
        assert_eq!(seen.asked.len(), asked, "{replies:?} {when:?}");
        assert_eq!(seen, expected(&replies, when), "{replies:?} {when:?}");
    }
}
