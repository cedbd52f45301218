//! A chain of providers.

use buttress::{
    Error, Fault, Mode, Refusal,
    circuit_breaker::{self, CircuitBreaker},
    fallback::{Cause, Failed, Failover, FailoverConfig, Served},
    outcome::Outcome,
    testing::{Script, Step},
    time::Deadline,
    timeout::Timeout,
};

use super::{Answer, Down, Eyes, SECOND, broken, eyes, refused};

pub(super) type Backend = Script<u32, Error<Down>>;

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A provider for each, which plays it again and again.
pub(super) fn chain(
    config: FailoverConfig,
    steps: &[Step<u32, Error<Down>>],
) -> Failover<Backend, Eyes> {
    let backends = steps.iter().map(|step| Script::new([step.clone()]));
    Failover::new("chain", config, NAMES.into_iter().zip(backends)).unwrap().classify(eyes as Eyes)
}

pub(super) fn calls(chain: &Failover<Backend, Eyes>) -> Vec<u64> {
    chain.providers().map(|(_, backend)| backend.counts().calls).collect()
}

pub(super) async fn ask(
    chain: &Failover<Backend, Eyes>,
) -> Result<Served<u32>, Failed<Error<Down>>> {
    chain.run(|backend| backend.call()).await
}

fn error(down: Down) -> Step<u32, Error<Down>> {
    Step::err(Error::Inner(down))
}

fn refusal(refusal: Refusal) -> Step<u32, Error<Down>> {
    Step::err(Error::Refused(refusal))
}

#[tokio::test(start_paused = true)]
async fn the_first_good_answer_is_served_with_who_gave_it() {
    for (steps, by, index) in [
        (vec![Step::ok(1), broken(), broken()], "a", 0),
        (vec![broken(), Step::ok(1), broken()], "b", 1),
        (vec![broken(), Step::ok(500), Step::ok(1)], "c", 2),
    ] {
        let chain = chain(FailoverConfig::new(), &steps);
        let served = ask(&chain).await.unwrap();
        assert_eq!((served.value, served.by.as_str(), served.index), (1, by, index));
        assert_eq!((served.attempts as usize, served.degraded), (index + 1, index > 0));
        assert_eq!(served.outcome, Outcome::Success);
        let asked: Vec<u64> = (0..3).map(|at| u64::from(at <= index)).collect();
        assert_eq!(calls(&chain), asked);
        let snapshot = chain.snapshot();
        let good: Vec<u64> = (0..3).map(|at| u64::from(at == index)).collect();
        let seen: Vec<u64> = snapshot.providers.iter().map(|provider| provider.served).collect();
        assert_eq!((seen, snapshot.totals.error, snapshot.totals.failed), (good, index as u64, 0));
        assert_eq!(served.map(|value| value + 1).into_inner(), 2);
    }
}

/// Every kind of result at every place of a chain of three, the others broken or good.
#[tokio::test(start_paused = true)]
async fn what_a_result_means_decides_about_the_next() {
    let name = || "guard".into();
    let rows = [
        (broken(), Some(Cause::Error)),
        (error(Down::Busy(SECOND)), Some(Cause::Error)),
        (Step::ok(500), Some(Cause::Error)),
        (Step::ok(429), Some(Cause::Error)),
        (refusal(refused(None)), Some(Cause::ShortCircuited)),
        (refusal(Refusal::RateLimited { name: name(), retry_after: None }), Some(Cause::Rejected)),
        (refusal(Refusal::Full { name: name(), limit: 1 }), Some(Cause::Rejected)),
        (refusal(Refusal::Throttled { name: name() }), Some(Cause::Rejected)),
        (refusal(Refusal::Overloaded { name: name() }), Some(Cause::Rejected)),
        (refusal(Refusal::TimedOut { name: name(), limit: SECOND }), Some(Cause::TimedOut)),
        (
            refusal(Refusal::Exhausted { name: name(), attempts: 3, retry_after: None }),
            Some(Cause::Error),
        ),
        (refusal(Refusal::Panicked { name: name() }), Some(Cause::Error)),
        (refusal(Refusal::Mismatched { name: name(), answers: 1, items: 2 }), Some(Cause::Error)),
        (error(Down::Mistake), None),
        (refusal(Refusal::Invalid { name: name(), rule: "must be text" }), None),
        (Step::ok(404), None),
    ];
    for (step, cause) in rows {
        let goes_on = cause.is_some();
        for place in 0..3 {
            let mut steps = vec![broken(); 3];
            steps[place] = step.clone();
            if place < 2 {
                steps[place + 1] = Step::ok(1);
            }
            let chain = chain(FailoverConfig::new(), &steps);
            let result = ask(&chain).await;
            let asked = calls(&chain).iter().sum::<u64>() as usize;
            let about = format!("{step:?} at {place}: {result:?}");
            let last = if goes_on && place < 2 { place + 1 } else { place };
            assert_eq!(asked, last + 1, "{about}");
            match result {
                Ok(served) => {
                    assert_eq!(served.index, last, "{about}");
                    let poor = matches!(served.value, 500 | 429);
                    assert_eq!(served.outcome == Outcome::Success, !poor, "{about}");
                    assert_eq!(poor, goes_on && place == 2, "{about}");
                }
                Err(failed) => {
                    assert_eq!(failed.tried().len(), place + 1, "{about}");
                    let end = &failed.tried()[place];
                    assert_eq!((end.index, end.by.as_str()), (place, NAMES[place]), "{about}");
                    assert_eq!(end.cause, cause, "{about}");
                    assert!(
                        failed.tried()[..place]
                            .iter()
                            .all(|tried| tried.error == Error::Inner(Down::Broken))
                    );
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_is_the_last_that_began_or_else_the_first_refusal() {
    let (open, full) = (refused(Some(SECOND)), Refusal::Full { name: "guard".into(), limit: 1 });
    let timed_out = Refusal::TimedOut { name: "guard".into(), limit: SECOND };
    for (steps, chief) in [
        ([broken(), error(Down::Busy(SECOND)), refusal(open.clone())], 1),
        ([refusal(open.clone()), broken(), refusal(full.clone())], 1),
        ([broken(), refusal(timed_out), refusal(full.clone())], 1),
        ([refusal(full.clone()), refusal(open.clone()), refusal(open)], 0),
    ] {
        let failed = ask(&chain(FailoverConfig::new(), &steps)).await.unwrap_err();
        assert_eq!(failed.error(), &failed.tried()[chief].error, "{failed:?}");
        assert_eq!(failed.refusal(), failed.error().refusal());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_means_failure_is_better_than_none() {
    let steps = [Step::ok(500), Step::ok(503), broken()];
    let chain = chain(FailoverConfig::new(), &steps);
    let served = ask(&chain).await.unwrap();
    assert_eq!((served.value, served.by.as_str(), served.attempts), (503, "b", 3));
    assert_eq!((served.outcome, served.degraded), (Outcome::Failure, true));
    let snapshot = chain.snapshot();
    assert_eq!((snapshot.totals.failed, snapshot.totals.error), (1, 3));
    assert!(snapshot.providers.iter().all(|provider| provider.served == 0));
}

#[tokio::test(start_paused = true)]
async fn a_mistake_stops_the_chain_even_after_a_poor_answer() {
    let steps = [Step::ok(500), error(Down::Mistake), Step::ok(1)];
    let failed = ask(&chain(FailoverConfig::new(), &steps)).await.unwrap_err();
    assert_eq!(failed.error(), &Error::Inner(Down::Mistake));
    assert_eq!((failed.tried().len(), failed.tried()[0].by.as_str()), (1, "b"));
}

#[tokio::test(start_paused = true)]
async fn providers_keep_their_own_guards() {
    struct Provider {
        breaker: CircuitBreaker,
        timeout: Timeout,
        backend: Script<u32, Down>,
    }
    let provider = |step: Step<u32, Down>| Provider {
        breaker: CircuitBreaker::new(
            "b",
            circuit_breaker::Config::off().with_consecutive_failures(2),
        )
        .unwrap(),
        timeout: Timeout::new("t", SECOND).unwrap(),
        backend: Script::new([step]),
    };
    let providers = [("slow", provider(Step::hang())), ("up", provider(Step::ok(9)))];
    let chain = Failover::new("chain", FailoverConfig::new(), providers).unwrap();
    for _ in 0..5 {
        let served = chain
            .run(|provider| {
                provider.breaker.run(|| provider.timeout.call(|| provider.backend.call()))
            })
            .await
            .unwrap();
        assert_eq!(served.by.as_str(), "up");
    }
    let totals = chain.snapshot().totals;
    assert_eq!((totals.timed_out, totals.short_circuited), (2, 3));
    let slow = chain.providers().next().unwrap().1;
    assert_eq!(slow.backend.counts().calls, 2, "then its circuit was open");
}

#[tokio::test(start_paused = true)]
async fn errors_of_operations_are_lifted() {
    let backends = [("a", Script::<u32, _>::new([Step::err(Down::Broken)]))];
    let chain = Failover::new("chain", FailoverConfig::new(), backends).unwrap();
    let failed = chain.call(|backend| backend.call()).await.unwrap_err();
    assert_eq!(failed.into_error(), Error::Inner(Down::Broken));
}

#[tokio::test(start_paused = true)]
async fn the_first_is_asked_with_the_call_and_the_others_when_it_failed() {
    let chain = chain(FailoverConfig::new(), &[broken().after(SECOND), Step::ok(1)]);
    let call = ask_later(&chain);
    assert_eq!(calls(&chain), [1, 0]);
    drop(call);
    let call = tokio::time::timeout(SECOND / 2, ask_later(&chain));
    assert!(call.await.is_err());
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(calls(&chain), [2, 0], "for a caller who is gone nobody else is asked");
    assert_eq!(chain.snapshot().totals, Default::default());
}

fn ask_later(
    chain: &Failover<Backend, Eyes>,
) -> impl Future<Output = Result<Served<u32>, Failed<Error<Down>>>> {
    chain.run(|backend| backend.call())
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_no_other_is_asked() {
    let chain = chain(FailoverConfig::new(), &[broken().after(2 * SECOND), Step::ok(1)]);
    let failed = Deadline::within(SECOND).scope(ask(&chain)).await.unwrap_err();
    assert_eq!(failed.error(), &Error::Inner(Down::Broken));
    assert_eq!(calls(&chain), [1, 0]);
    let totals = chain.snapshot().totals;
    assert_eq!((totals.too_late, totals.error, totals.failed), (1, 0, 1));
    assert!(Deadline::within(3 * SECOND).scope(ask(&chain)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_the_first_result_stands() {
    let config = FailoverConfig::new().with_mode(Mode::Shadow);
    let chain = chain(config, &[broken(), Step::ok(1)]);
    assert_eq!(ask(&chain).await.unwrap_err().into_error(), Error::Inner(Down::Broken));
    assert_eq!((calls(&chain), chain.snapshot().totals.error), (vec![1, 0], 1));
    chain.reconfigure(FailoverConfig::new()).unwrap();
    assert_eq!(ask(&chain.clone()).await.unwrap().by.as_str(), "b", "clones share the config");
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_chain_can_be_spawned() {
    let chain = chain(FailoverConfig::new(), &[broken().after(SECOND), Step::ok(1).after(SECOND)]);
    let task = tokio::spawn(async move {
        let prompt = String::from("why?");
        let served = chain
            .run(|backend| async {
                let answer = backend.call().await;
                assert_eq!(prompt.len(), 4);
                answer
            })
            .await?;
        Ok::<_, Failed<Error<Down>>>(served.value)
    });
    assert_eq!(task.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_chain_can_be_guarded_itself() {
    let breaker =
        CircuitBreaker::new("whole", circuit_breaker::Config::off().with_consecutive_failures(1))
            .unwrap();
    let open = chain(FailoverConfig::new(), &[refusal(refused(None)), refusal(refused(None))]);
    let failed = breaker.run(|| ask(&open)).await.unwrap_err();
    assert_eq!(failed.refusal().map(Refusal::kind), Some("circuit_open"));
    assert_eq!(breaker.snapshot().counts.calls, 0, "what never began is nobody's failure");
    let down = chain(FailoverConfig::new(), &[broken(), refusal(refused(None))]);
    assert!(breaker.run(|| ask(&down)).await.is_err());
    let failed = breaker.run(|| ask(&down)).await.unwrap_err();
    assert_eq!((failed.tried().len(), failed.tried()[0].by.as_str()), (1, "whole"));
}

#[test]
fn any_classifier_does() {
    let chain = Failover::new("chain", FailoverConfig::new(), [("a", ())]).unwrap();
    let by_closure = chain.classify(|answer: &Answer| match answer {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Ignore,
    });
    assert_eq!(by_closure.name().as_str(), "chain");
    assert_eq!(format!("{by_closure:?}"), "Failover { name: \"chain\", providers: [\"a\"], .. }");
}
