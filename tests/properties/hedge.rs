//! A race against a list of events.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use buttress::{
    Error, Lift, Mode, Refusal,
    hedge::{After, Config, Hedge},
    outcome::Outcome,
    testing::{Script, Step},
};
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};
use tokio::time::{Instant, advance, timeout};
use tower::{Layer, ServiceExt};

use crate::{MILLISECOND, SECOND, TICK, YEAR, cases, paused};

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Ok,
    Failed,
    Busy,
    Missing,
    /// A guard further in kept it from beginning.
    Refused,
}

const ENDS: [End; 5] = [End::Ok, End::Failed, End::Busy, End::Missing, End::Refused];

/// After so many milliseconds, like this; none is never.
type Attempt = Option<(u64, End)>;

/// What came of a call: which attempt answered, how and when. None if it hangs.
#[derive(Clone, Debug, PartialEq)]
struct Course {
    answer: Option<(usize, End, u64)>,
    /// When each attempt was started.
    starts: Vec<u64>,
}

/// What should come of it, one event after the other.
fn model(delay: Option<u64>, hedges: usize, attempts: &[Attempt]) -> Course {
    let ends = |number: usize, start: u64| {
        attempts[number.min(attempts.len() - 1)].map(|(after, end)| (start + after, number, end))
    };
    let mut starts = vec![0];
    let mut running: Vec<_> = ends(0, 0).into_iter().collect();
    let (mut hanging, mut first) = (usize::from(running.is_empty()), None);
    // When the next one is due, if there will be one.
    let mut next = delay.filter(|_| hedges > 0);
    loop {
        // What ends comes before what starts, and of those the older one first.
        running.sort_by_key(|(at, number, _)| (*at, *number));
        match (running.first().copied(), next) {
            (Some((at, number, end)), due) if due.is_none_or(|due| at <= due) => {
                running.remove(0);
                if number == 0 {
                    first = Some(end);
                }
                match end {
                    End::Ok | End::Missing => {
                        return Course { answer: Some((number, end, at)), starts };
                    }
                    End::Busy | End::Refused => next = None,
                    End::Failed => next = next.map(|_| at),
                }
                if let (None, true, 0, Some(first)) = (next, running.is_empty(), hanging, first) {
                    return Course { answer: Some((0, first, at)), starts };
                }
            }
            (_, Some(due)) => {
                match ends(starts.len(), due) {
                    Some(attempt) => running.push(attempt),
                    None => hanging += 1,
                }
                starts.push(due);
                next = delay.filter(|_| starts.len() <= hedges).map(|delay| due + delay);
            }
            (_, None) => return Course { answer: None, starts },
        }
    }
}

type Answer = Result<(usize, End), Error<(usize, End)>>;

fn eyes(result: &Answer) -> Outcome {
    match result {
        Ok(_) => Outcome::Success,
        Err(Error::Inner((_, End::Busy))) => Outcome::SoftFailure,
        Err(Error::Inner((_, End::Missing))) => Outcome::Ignore,
        Err(_) => Outcome::Failure,
    }
}

/// The same in earnest.
async fn race(delay: Option<u64>, hedges: usize, attempts: &[Attempt], layered: bool) -> Course {
    let most = u32::try_from(hedges.max(1)).unwrap();
    let config = Config::after(Duration::from_millis(delay.unwrap_or(1))).with_max_hedges(most);
    let hedge = Hedge::new("model", config).unwrap().without_budget();
    let hedge = hedge.classify(eyes).patience(move |planned: Option<Duration>| {
        planned.filter(|_| delay.is_some() && hedges > 0)
    });
    let (begun, count) = (Instant::now(), AtomicUsize::new(0));
    let starts = std::sync::Mutex::new(Vec::new());
    let operation = || {
        let number = count.fetch_add(1, Ordering::Relaxed);
        starts.lock().unwrap().push(begun.elapsed().as_millis() as u64);
        let attempt = attempts[number.min(attempts.len() - 1)];
        async move {
            let Some((after, end)) = attempt else { return std::future::pending().await };
            if after > 0 {
                tokio::time::sleep(Duration::from_millis(after)).await;
            }
            match end {
                End::Ok => Ok((number, end)),
                // Which attempt it was is lost, and that it is the first is certain: no other refusal
                // is ever the answer.
                End::Refused => Err(Error::Refused(Refusal::ShuttingDown { name: "in".into() })),
                End::Busy | End::Failed | End::Missing => Err(Error::Inner((number, end))),
            }
        }
    };
    let call = async {
        if layered {
            let operation = &operation;
            hedge.layer().layer(tower::service_fn(move |()| operation())).oneshot(()).await
        } else {
            hedge.run(&operation).await
        }
    };
    let answer = timeout(3600 * SECOND, call).await.ok();
    let at = begun.elapsed().as_millis() as u64;
    let answer = answer.map(|answer| match answer {
        Ok((number, end)) | Err(Error::Inner((number, end))) => (number, end, at),
        Err(Error::Refused(_)) => (0, End::Refused, at),
    });
    let totals = hedge.snapshot().totals;
    let starts = starts.into_inner().unwrap();
    assert_eq!(totals.slow + totals.failed, starts.len() as u64 - 1);
    assert_eq!(totals.wins, u64::from(answer.is_some_and(|(number, ..)| number > 0)));
    Course { answer, starts }
}

fn compare(delay: Option<u64>, hedges: usize, attempts: &[Attempt]) -> Result<(), TestCaseError> {
    let expected = model(delay, hedges, attempts);
    for layered in [false, true] {
        let course = paused(race(delay, hedges, attempts, layered));
        prop_assert_eq!(&course, &expected, "layered: {}", layered);
    }
    Ok(())
}

/// Coarse, so that much happens at the same moment.
fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let after = prop_oneof![0..12_u64, select(vec![0, 10, 20, 30, 100])];
    let end = prop_oneof![2 => Just(End::Failed), 3 => select(ENDS.to_vec())];
    vec(prop_oneof![9 => (after, end).prop_map(Some), 1 => Just(None)], 1..8)
}

fn delays() -> impl Strategy<Value = Option<u64>> {
    prop_oneof![
        1 => Just(None),
        6 => prop_oneof![0..12_u64, select(vec![0, 10, 50])].prop_map(Some),
    ]
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        select(vec![Duration::ZERO, TICK, MILLISECOND, SECOND, YEAR, Duration::MAX]),
        any::<Duration>(),
    ]
}

/// Any config at all.
fn config() -> impl Strategy<Value = Config> {
    let share = prop_oneof![
        3 => 0.001..0.5_f64,
        1 => select(vec![0.001, 0.02, 0.5, 0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE]),
    ];
    let after = prop_oneof![durations().prop_map(After::Delay), share.prop_map(After::ExtraLoad)];
    let hedges = prop_oneof![6 => 1..=10_u32, 1 => select(vec![0, 11, u32::MAX])];
    (after, hedges, durations(), any::<bool>()).prop_map(|(after, hedges, window, shadow)| {
        let mut config = Config::new().with_max_hedges(hedges).with_window(window);
        config.after = after;
        config.with_mode(if shadow { Mode::Shadow } else { Mode::Enforce })
    })
}

/// Calls that come to something, calls that are given up, and pauses.
async fn live(hedge: &Hedge, calls: &[(u64, u64, bool)]) {
    for (takes, patience, fails) in calls {
        let step = if *fails { Step::err("down") } else { Step::ok("up") };
        let backend = Script::new([step.after(Duration::from_millis(*takes))]);
        let call = async {
            if takes % 2 == 0 {
                hedge.call(|| backend.call()).await
            } else {
                hedge.layer().layer(Lift::layer().layer(backend.service())).oneshot(()).await
            }
        };
        let _ = timeout(Duration::from_millis(*patience), call).await;
        assert_eq!(backend.counts().in_flight, 0);
        assert!(backend.counts().calls <= 11);
        advance(Duration::from_millis(takes * patience)).await;
        serde_json::to_string(&hedge.snapshot()).unwrap();
    }
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn hedge_and_list_agree(delay in delays(), hedges in 0..=4_usize, attempts in attempts()) {
        compare(delay, hedges, &attempts)?;
    }

    #[test]
    fn every_config_is_refused_or_works(
        config in config(),
        other in config(),
        calls in vec((0..200_u64, 1..300_u64, any::<bool>()), 1..40),
    ) {
        paused(async {
            let hedge = match Hedge::new("any", config.clone()) {
                Ok(hedge) => hedge,
                Err(error) => {
                    prop_assert!(!error.flaws().is_empty());
                    prop_assert!(error.to_string().contains(error.flaws()[0].field));
                    return Ok(());
                }
            };
            live(&hedge, &calls).await;
            let before = hedge.snapshot();
            match hedge.reconfigure(other) {
                Ok(()) => live(&hedge, &calls).await,
                Err(_) => prop_assert_eq!(hedge.snapshot(), before),
            }
            Ok(())
        })?;
    }

    #[test]
    fn whatever_is_dropped_when_nothing_is_left_in_flight(
        delay in 0..30_u64,
        hedges in 1..=10_u32,
        calls in vec((0..60_u64, any::<bool>(), 0..90_u64), 1..30),
    ) {
        paused(async {
            let config = Config::after(Duration::from_millis(delay)).with_max_hedges(hedges);
            let hedge = Hedge::new("dropped", config).unwrap().without_budget();
            let steps = calls.iter().map(|(takes, fails, _)| {
                let step = if *fails { Step::err("down") } else { Step::ok("up") };
                step.after(Duration::from_millis(*takes))
            });
            let backend = Script::<_, &str>::new(steps);
            // All at once, each given up in its own time.
            let all = calls.iter().map(|(.., patience)| {
                timeout(Duration::from_millis(*patience), hedge.call(|| backend.call()))
            });
            futures::future::join_all(all).await;
            let seen = backend.counts();
            prop_assert_eq!(seen.in_flight, 0);
            prop_assert_eq!(seen.calls, seen.finished + seen.cancelled);
            let totals = hedge.snapshot().totals;
            prop_assert_eq!(seen.calls, calls.len() as u64 + totals.slow + totals.failed);
            Ok(())
        })?;
    }

    /// However it is loaded, whatever is slow or fails.
    #[test]
    fn the_share_of_calls_is_never_exceeded(
        thousandths in 1..=500_u32,
        hedges in 1..=10_u32,
        calls in vec((1..50_u64, any::<bool>()), 1..300),
    ) {
        paused(async {
            let share = f64::from(thousandths) / 1000.0;
            let config = Config::new().with_extra_load(share).with_max_hedges(hedges);
            let hedge = Hedge::new("share", config).unwrap().without_budget();
            let eager = hedge.patience(|_| Some(10 * MILLISECOND));
            for (number, (takes, fails)) in calls.iter().enumerate() {
                let step = if *fails { Step::err("down") } else { Step::ok("up") };
                let backend = Script::new([step.after(Duration::from_millis(*takes))]);
                let _ = eager.call(|| backend.call()).await;
                let totals = hedge.snapshot().totals;
                let allowed = (number as u64 + 1) * u64::from(thousandths) / 1000;
                prop_assert!(totals.slow + totals.failed <= allowed, "{:?}", totals);
            }
            Ok(())
        })?;
    }
}

#[test]
fn they_agree_on_round_numbers() {
    let failed = |after| Some((after, End::Failed));
    for delay in [None, Some(0), Some(1), Some(10), Some(100)] {
        for hedges in 0..=3 {
            for end in ENDS {
                for after in [0, 1, 9, 10, 11, 20, 30, 100] {
                    for other in [Some((10, End::Ok)), failed(0), failed(10), None] {
                        for attempts in [
                            vec![Some((after, end))],
                            vec![other, Some((after, end))],
                            vec![Some((after, end)), other, Some((10, End::Ok))],
                        ] {
                            compare(delay, hedges, &attempts).unwrap();
                        }
                    }
                }
            }
        }
    }
}
