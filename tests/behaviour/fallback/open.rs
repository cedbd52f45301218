//! What a chain does when every provider has refused without having begun.

use std::time::Duration;

use buttress::{
    Error, Fault, Refusal,
    circuit_breaker::{CircuitBreaker, Config},
    fallback::{Failover, FailoverConfig, WhenAllOpen},
    testing::{Script, Step},
    time::Deadline,
};
use tokio::time::Instant;

use super::{
    Down, Eyes, SECOND, broken, eyes,
    failover::{Backend, ask, calls, chain},
    refused,
};

const MILLISECOND: Duration = Duration::from_millis(1);

fn when(when: WhenAllOpen) -> FailoverConfig {
    FailoverConfig::new().with_when_all_open(when)
}

fn until(wait: Duration) -> Step<u32, Error<Down>> {
    Step::err(Error::Refused(refused(Some(wait))))
}

/// Providers that each play their steps in turn.
fn scripts<const N: usize>(
    config: FailoverConfig,
    scripts: [Vec<Step<u32, Error<Down>>>; N],
) -> Failover<Backend, Eyes> {
    let names = ["a", "b", "c"].into_iter();
    let backends = names.zip(scripts.into_iter().map(Script::new));
    Failover::new("chain", config, backends).unwrap().classify(eyes as Eyes)
}

#[tokio::test(start_paused = true)]
async fn it_fails_with_the_first_refusal_unless_told_otherwise() {
    let chain = chain(FailoverConfig::new(), &[until(SECOND), until(MILLISECOND)]);
    let failed = ask(&chain).await.unwrap_err();
    assert_eq!(failed.into_error(), Error::Refused(refused(Some(SECOND))));
    assert_eq!(calls(&chain), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_the_soonest_and_asks_it_first() {
    let start = Instant::now();
    let chain = scripts(
        when(WhenAllOpen::WaitUpTo(5 * SECOND)),
        [vec![until(4 * SECOND)], vec![until(3 * SECOND), Step::ok(7)]],
    );
    let served = ask(&chain).await.unwrap();
    assert_eq!((served.value, served.by.as_str(), served.attempts), (7, "b", 3));
    assert_eq!((start.elapsed(), calls(&chain)), (3 * SECOND, vec![1, 2]));
    assert_eq!(chain.snapshot().totals.waited, 1);
}

#[tokio::test(start_paused = true)]
async fn after_the_wait_the_others_are_asked_too_and_no_more_than_once() {
    let chain = scripts(
        when(WhenAllOpen::WaitUpTo(5 * SECOND)),
        [
            vec![until(4 * SECOND), until(SECOND)],
            vec![until(3 * SECOND), broken()],
            vec![until(9 * SECOND), Step::ok(7)],
        ],
    );
    let served = ask(&chain).await.unwrap();
    assert_eq!((served.by.as_str(), served.attempts), ("c", 6));

    let start = Instant::now();
    let never = scripts(
        when(WhenAllOpen::WaitUpTo(5 * SECOND)),
        [vec![until(SECOND)], vec![until(2 * SECOND)]],
    );
    let failed = ask(&never).await.unwrap_err();
    assert_eq!(failed.tried().len(), 4, "twice over, all kept");
    assert_eq!((start.elapsed(), calls(&never)), (SECOND, vec![2, 2]), "one wait");
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_longer_than_told_nor_past_the_deadline() {
    let start = Instant::now();
    let long =
        chain(when(WhenAllOpen::WaitUpTo(2 * SECOND)), &[until(3 * SECOND), until(4 * SECOND)]);
    assert!(ask(&long).await.is_err());
    let late = chain(when(WhenAllOpen::WaitUpTo(5 * SECOND)), &[until(3 * SECOND)]);
    assert!(Deadline::within(3 * SECOND).scope(ask(&late)).await.is_err());
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!((calls(&long), calls(&late)), (vec![1, 1], vec![1]));
    assert_eq!((long.snapshot().totals.waited, late.snapshot().totals.waited), (0, 0));
    let unknown =
        chain(when(WhenAllOpen::WaitUpTo(SECOND)), &[Step::err(Error::Refused(refused(None)))]);
    assert!(ask(&unknown).await.is_err());
    assert_eq!(calls(&unknown), [1], "it did not say when");
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_where_a_call_has_begun() {
    let start = Instant::now();
    let chain = chain(when(WhenAllOpen::WaitUpTo(5 * SECOND)), &[until(SECOND), broken()]);
    let failed = ask(&chain).await.unwrap_err();
    assert_eq!(
        (failed.into_error(), start.elapsed()),
        (Error::Inner(Down::Broken), Duration::ZERO)
    );
}

#[tokio::test(start_paused = true)]
async fn a_probe_is_one_more_question_within_a_tick() {
    let start = Instant::now();
    let config = when(WhenAllOpen::Probe);
    let soon =
        scripts(config.clone(), [vec![until(SECOND)], vec![until(20 * MILLISECOND), Step::ok(7)]]);
    assert_eq!(ask(&soon).await.unwrap().by.as_str(), "b");
    assert_eq!(start.elapsed(), 20 * MILLISECOND);
    let later = chain(config.clone(), &[until(SECOND), until(21 * MILLISECOND)]);
    assert!(ask(&later).await.is_err());
    assert_eq!(calls(&later), [1, 1]);
    let still = scripts(config, [vec![until(SECOND)], vec![until(Duration::ZERO)]]);
    assert!(ask(&still).await.is_err());
    assert_eq!(calls(&still), [1, 2], "once, and not the others");
}

/// The first provider's moment comes while the second is being asked.
#[tokio::test(start_paused = true)]
async fn a_moment_counts_from_its_refusal() {
    let start = Instant::now();
    let slow = Step::err(Error::Refused(refused(Some(9 * SECOND)))).after(SECOND);
    let chain = scripts(when(WhenAllOpen::Probe), [vec![until(SECOND), Step::ok(7)], vec![slow]]);
    assert_eq!(ask(&chain).await.unwrap().by.as_str(), "a");
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn real_circuits_are_probed_when_they_say() {
    let breaker = |open_for: Duration| {
        let breaker = CircuitBreaker::new("b", Config::new()).unwrap();
        breaker.open_for(open_for);
        breaker
    };
    let breakers = [("a", breaker(4 * SECOND)), ("b", breaker(2 * SECOND))];
    let chain = Failover::new("chain", when(WhenAllOpen::WaitUpTo(3 * SECOND)), breakers).unwrap();
    let start = Instant::now();
    let backend = Script::new([Step::<_, Down>::ok(7)]);
    let served = chain.run(|breaker| breaker.call(|| backend.call())).await.unwrap();
    assert_eq!(served.by.as_str(), "b");
    assert!((2 * SECOND..3 * SECOND).contains(&start.elapsed()), "{:?}", start.elapsed());
    chain.providers().for_each(|(_, breaker)| breaker.force_open());
    let failed = chain.run(|breaker| breaker.call(|| backend.call())).await.unwrap_err();
    assert!(matches!(failed.refusal(), Some(Refusal::CircuitOpen { retry_after: None, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_during_the_wait_asks_nobody() {
    let chain = chain(when(WhenAllOpen::WaitUpTo(5 * SECOND)), &[until(3 * SECOND)]);
    assert!(tokio::time::timeout(SECOND, ask(&chain)).await.is_err());
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(calls(&chain), [1]);
}
