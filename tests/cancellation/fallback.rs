//! A call with a fallback, and a call through a chain, dropped at every await: what runs is dropped,
//! nothing more is begun, and nothing is left of it.

use buttress::{
    Error, OpenReason, Refusal,
    fallback::{Config, Failover, FailoverConfig, Fallback, WhenAllOpen},
    testing::{Probe, Script, Step, drop_at_every_await},
};
use futures::{StreamExt, stream};
use tokio::time::sleep;
use tower::{Layer, Service, ServiceExt};

use crate::circuit::{SECOND, STEP};

type Backend = Script<u32, Error<&'static str>>;

/// Fails in its third step.
fn down() -> Backend {
    Script::new([Step::err(Error::Inner("down")).after(2 * STEP)])
}

fn up() -> Backend {
    Script::new([Step::ok(7).after(2 * STEP)])
}

fn fallback() -> Fallback {
    Fallback::new("f", Config::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_falls_back_to_an_operation() {
    let (down, up, fallback) = (down(), up(), fallback());
    let drops = drop_at_every_await(
        STEP,
        || fallback.run_or(|| down.call(), |_| up.call()),
        |_| {
            assert_eq!((down.counts().in_flight, up.counts().in_flight), (0, 0));
            assert!(down.counts().peak <= 1);
        },
    )
    .await;
    assert!(drops >= 4);
    // Of the drops, those before the failure began no fallback.
    let (down, up) = (down.counts(), up.counts());
    assert_eq!(up.calls, down.finished);
    assert_eq!(fallback.snapshot().totals.error, down.finished);
    assert_eq!(up.finished, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_of_a_service_that_falls_back_to_another() {
    let (down, up, fallback) = (down(), up(), fallback());
    let backup = up.service().ready_after(2);
    let seen = backup.watch();
    let layer = fallback.to_service(backup).layer();
    let drops = drop_at_every_await(
        STEP,
        || {
            let service = layer.layer(down.service());
            async move { ServiceExt::<()>::oneshot(service, ()).await }
        },
        |_| {
            assert_eq!((down.counts().in_flight, up.counts().in_flight), (0, 0));
            assert_eq!((seen().reserved, seen().in_flight), (0, 0));
        },
    )
    .await;
    assert!(drops >= 6);
    assert_eq!(seen().clones, down.counts().finished);
    assert!(seen().clones > seen().calls, "some were dropped while the backup became ready");
    assert_eq!(up.counts().finished, 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_unpolled() {
    let (down, up, fallback) = (down(), up(), fallback());
    drop(fallback.run_or(|| down.call(), |_| up.call()));
    let mut service = fallback.to_service(up.service()).layer().layer(Probe::new(down.service()));
    let ready: &mut _ = ServiceExt::<()>::ready(&mut service).await.unwrap();
    drop(ready.call(()));
    assert_eq!((down.counts().cancelled, down.counts().in_flight, up.counts().calls), (2, 0, 0));
    assert_eq!(fallback.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_call_through_a_chain_that_waits_for_the_soonest() {
    let refused = |retry_after| {
        let reason = OpenReason::Tripped;
        Step::err(Error::Refused(Refusal::CircuitOpen { name: "b".into(), reason, retry_after }))
    };
    let config = FailoverConfig::new().with_when_all_open(WhenAllOpen::WaitUpTo(SECOND));
    let soon = Some(5 * STEP);
    let mut backends: Vec<Backend> = Vec::new();
    let mut chains = Vec::new();
    let drops = drop_at_every_await(
        STEP,
        || {
            let backend = Script::new([refused(soon).after(STEP), Step::ok(7).after(2 * STEP)]);
            backends.push(backend.clone());
            let providers = [("a", backend), ("b", Script::new([refused(None).after(STEP)]))];
            let chain = Failover::new("c", config.clone(), providers).unwrap();
            chains.push(chain.clone());
            async move { chain.run(|backend| backend.call()).await.map(|served| served.by) }
        },
        |_| {},
    )
    .await;
    assert!(drops >= 7);
    for (chain, backend) in chains.iter().zip(&backends) {
        assert_eq!(backend.counts().in_flight, 0);
        assert!(backend.counts().calls <= 2);
        assert_eq!(chain.snapshot().totals.failed, 0);
    }
    let waited = |chain: &Failover<Backend>| chain.snapshot().totals.waited;
    assert!(
        chains.iter().any(|chain| waited(chain) == 1 && chain.snapshot().providers[0].served == 0)
    );
    assert_eq!(chains.last().unwrap().snapshot().providers[0].served, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_on_its_way_to_its_first_content() {
    let alive = std::sync::Arc::new(());
    let chain = Failover::new("c", FailoverConfig::new(), [("a", 3_u64), ("b", 2)]).unwrap();
    let open = |fails_after: &u64| {
        let (alive, fails_after) = (std::sync::Arc::clone(&alive), *fails_after);
        let items = stream::unfold((0, alive), move |(at, alive)| async move {
            sleep(STEP).await;
            let item = match (fails_after, at) {
                (3, 3) => Err(Error::Inner("broken off")),
                (_, 2) if fails_after == 2 => Ok("content"),
                _ => Ok(""),
            };
            Some((item, (at + 1, alive)))
        });
        async move { Ok(Box::pin(items)) }
    };
    let drops = drop_at_every_await(
        STEP,
        || async {
            let served = chain.stream(open, |item: &&str| !item.is_empty()).await.unwrap();
            served.value.take(3).count().await
        },
        |_| assert_eq!(std::sync::Arc::strong_count(&alive), 1, "a stream outlived its caller"),
    )
    .await;
    assert!(drops >= 6);
    assert_eq!(chain.snapshot().providers[1].served, 1);
}
