//! What one process removes, the others do not keep: and what they may not have heard neither.

use std::time::Duration;

use buttress::{
    cache::tier::{TierFailure, redis::Config},
    redis::{Config as At, Redis},
};
use tokio::runtime::Handle;

use crate::{
    server::{PATIENCE, Server, until},
    tier::{Loads, Texts, over},
};

async fn listening(texts: &Texts) {
    assert_eq!(texts.get("nobody").await, None);
    until(async || texts.snapshot().listening == Some(true)).await;
}

#[tokio::test]
async fn what_one_removes_the_others_drop() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let loads = Loads::default();
    for key in ["a", "b"] {
        assert_eq!(loads.load(&one, key).await, loads.load(&other, key).await);
    }
    assert_eq!(loads.count(), 2);
    assert_eq!(one.invalidate("a").await, Ok(()));
    assert_eq!((one.cache().peek("a"), one.get("a").await), (None, None));
    until(async || other.cache().peek("a").is_none()).await;
    assert_eq!(other.get("a").await, None);
    assert!(other.cache().peek("b").is_some());
    assert_eq!(
        (one.snapshot().totals.heard, other.snapshot().totals.heard),
        (0, 1),
        "not one's own"
    );
    assert_eq!(other.clear().await, Ok(()));
    until(async || one.cache().is_empty()).await;
    assert_eq!((other.get("b").await, one.get("b").await), (None, None));
    assert_eq!(loads.load(&one, "b").await, "value of b");
    assert_eq!(loads.load(&other, "b").await, "value of b");
    assert_eq!(loads.count(), 3);
}

#[tokio::test]
async fn what_one_writes_the_others_find() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    assert_eq!(Loads::default().load(&other, "a").await, "value of a");
    listening(&other).await;
    assert_eq!(one.insert("a".to_owned(), "written".to_owned()).await, Ok(()));
    assert_eq!(one.cache().peek("a").as_deref(), Some("written"));
    until(async || other.cache().peek("a").is_none()).await;
    assert_eq!(other.get("a").await.as_deref(), Some("written"));
}

/// CA-10 across processes: what is removed while it is loaded anywhere is stored nowhere.
#[tokio::test]
async fn what_is_removed_during_a_load_elsewhere_is_not_stored() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    for everything in [false, true] {
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let loading = one.get_or_load("a", move || async move {
            gone.await.unwrap();
            "old".to_owned()
        });
        let removes = async {
            until(async || server.keys().iter().any(|key| key.contains('+'))).await;
            let done = if everything { other.clear().await } else { other.invalidate("a").await };
            assert_eq!(done, Ok(()));
            go.send(()).unwrap();
        };
        let (loaded, ()) = futures::future::join(loading, removes).await;
        assert_eq!(loaded.as_deref(), Ok("old"));
        assert_eq!((one.get("a").await, other.get("a").await), (None, None), "{everything}");
    }
    assert_eq!(one.snapshot().totals.stored, 0);
}

#[tokio::test]
async fn another_version_hears_of_it_too() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new().with_version(2)));
    let loads = Loads::default();
    assert_eq!(loads.load(&one, "a").await, loads.load(&other, "a").await);
    assert_eq!(loads.count(), 2);
    assert_eq!(one.invalidate("a").await, Ok(()));
    until(async || other.cache().peek("a").is_none()).await;
    assert_eq!(other.get("a").await, None, "nor does the store have it");
}

#[tokio::test]
async fn after_a_gap_nothing_is_believed_that_was_there() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let loads = Loads::default();
    assert_eq!(loads.load(&one, "a").await, loads.load(&other, "a").await);
    listening(&other).await;
    assert_eq!(other.snapshot().totals.gaps, 0, "nothing was there before it began");
    server.command("CLIENT KILL TYPE pubsub").unwrap();
    // Nobody hears this.
    assert_eq!(one.invalidate("a").await, Ok(()));
    until(async || other.snapshot().totals.gaps == 1).await;
    assert_eq!(other.cache().peek("a"), None);
    let snapshot = other.snapshot();
    assert_eq!((snapshot.totals.connected, snapshot.listening), (2, Some(true)));
    assert_eq!(loads.load(&other, "a").await, "value of a");
    assert_eq!(one.invalidate("a").await, Ok(()));
    until(async || other.cache().peek("a").is_none()).await;
}

#[tokio::test]
async fn a_server_that_stands_still_is_noticed_while_nothing_is_heard() {
    let server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let texts = over(&redis, Config::new().with_heartbeat(Duration::from_millis(50)));
    listening(&texts).await;
    let paused = server.pause();
    until(async || texts.snapshot().listening == Some(false)).await;
    drop(paused);
    until(async || texts.snapshot().listening == Some(true)).await;
    assert!(texts.snapshot().totals.gaps >= 1);
}

#[tokio::test]
async fn messages_that_nobody_understands_are_about_everything() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    let loads = Loads::default();
    for (message, is_heard) in
        [("garbage", true), ("\"0 1 7\"", true), ("\"0 9 7\"", false), ("\"0 1 \\\"b\\\"\"", false)]
    {
        assert_eq!(loads.load(&texts, "a").await, "value of a");
        listening(&texts).await;
        let heard = texts.snapshot().totals.heard;
        server.command(&format!("PUBLISH buttress:texts:removed {message}")).unwrap();
        server.command("PUBLISH buttress:texts:removed \"0 1 \\\"last\\\"\"").unwrap();
        until(async || texts.snapshot().totals.heard > heard + u64::from(is_heard)).await;
        assert_eq!(texts.cache().peek("a").is_none(), is_heard, "{message}");
    }
}

#[tokio::test]
async fn the_listener_goes_with_the_last_handle() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "nothing was asked yet");
    assert_eq!(Loads::default().load(&texts, "a").await, "value of a");
    listening(&texts).await;
    drop((texts.clone(), texts, redis));
    until(async || Handle::current().metrics().num_alive_tasks() == 0).await;
}

#[test]
fn a_tier_outlives_the_runtime_it_listened_in() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    for round in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listening(&texts).await;
            assert_eq!(Loads::default().load(&texts, "a").await, "value of a");
        });
        let totals = texts.snapshot().totals;
        assert_eq!((totals.connected, totals.gaps), (round, round - 1));
    }
}

#[tokio::test]
async fn a_dead_store_is_told_later_and_not_believed_until_then() {
    let mut server = Server::start();
    let (one, other) = (server.hasty(Duration::from_millis(500)), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let loads = Loads::default();
    assert_eq!(loads.load(&one, "a").await, "value of a");
    assert_eq!(loads.load(&one, "b").await, "value of b");
    let paused = server.pause();
    assert_eq!(one.invalidate("a").await, Err(TierFailure::TimedOut));
    assert_eq!(one.snapshot().owed, Some(1));
    let newer = one.get_or_load("a", || async { "newer".to_owned() }).await;
    assert_eq!(newer.as_deref(), Ok("newer"), "the store is not needed for it");
    drop(paused);
    // What is here goes with the gap, or with this.
    one.cache().clear();
    until(async || {
        one.cache().clear();
        let value = one.get_or_load("a", || async { "newest".to_owned() }).await;
        assert_ne!(value.as_deref(), Ok("value of a"), "it was removed");
        one.snapshot().owed == Some(0)
    })
    .await;
    assert_ne!(other.get("a").await.as_deref(), Some("value of a"));
    server.kill();
    one.cache().clear();
    assert_eq!(loads.load(&one, "c").await, "value of c");
    assert!(one.clear().await.is_err());
    assert_eq!(one.snapshot().owed, None);
    server.restart();
    until(async || {
        one.cache().clear();
        loads.load(&one, "c").await;
        one.snapshot().owed == Some(0)
    })
    .await;
}

#[tokio::test]
async fn without_a_store_everything_is_loaded_at_once_and_counted() {
    let mut server = Server::start();
    let redis = server.hasty(Duration::from_millis(500));
    let (texts, loads) = (over(&redis, Config::new()), Loads::default());
    server.kill();
    for round in 0..50 {
        let key = format!("k{round}");
        assert_eq!(loads.load(&texts, &key).await, format!("value of {key}"));
        assert_eq!(loads.load(&texts, &key).await, format!("value of {key}"));
    }
    let snapshot = texts.snapshot();
    assert_eq!((loads.count(), snapshot.totals.failed + snapshot.totals.timed_out), (50, 50));
    assert_eq!((snapshot.totals.claimed, snapshot.listening), (0, Some(false)));
    server.restart();
    until(async || {
        texts.cache().clear();
        loads.load(&texts, "back").await;
        texts.snapshot().totals.stored > 0
    })
    .await;
    until(async || texts.snapshot().listening == Some(true)).await;
    assert_eq!(texts.snapshot().totals.gaps, 1, "what was loaded meanwhile may be out of date");
}

#[tokio::test]
async fn a_store_that_stands_still_costs_a_timeout_and_then_nothing() {
    let server = Server::start();
    let at = At::new(server.url()).with_timeout(Duration::from_millis(500));
    let redis = Redis::new("redis", at.with_probe_every(10 * PATIENCE)).unwrap();
    let (texts, loads) = (over(&redis, Config::new()), Loads::default());
    listening(&texts).await;
    let paused = server.pause();
    for round in 0..20 {
        let key = format!("k{round}");
        assert_eq!(loads.load(&texts, &key).await, format!("value of {key}"));
    }
    let totals = texts.snapshot().totals;
    assert_eq!((totals.timed_out, totals.failed), (1, 19), "whoever knows does not ask");
    drop(paused);
}
