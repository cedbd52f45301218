//! Rights to load where the store forgets, is emptied, or has another clock.

use std::time::Duration;

use buttress::cache::tier::redis::Config;

use crate::{
    server::{Server, until},
    tier::{Loads, Texts, over},
};

const META: &str = "buttress:texts:v1";
const GUARD: &str = r#""buttress:texts:v1:+\"a\"""#;

async fn a_right_is_out(server: &Server) {
    until(async || server.keys().iter().any(|key| key.contains('+'))).await;
}

/// It comes back from a snapshot, or its replica takes over: the last rights it has given were never given.
#[tokio::test]
async fn a_store_that_forgets_its_last_rights_gives_none_of_them_again() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let config = Config::new().with_listen(false);
    let (one, other) = (over(&one, config.clone()), over(&other, config));
    for key in ["b", "c", "d"] {
        Loads::default().load(&one, key).await;
    }
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let late = one.get_or_load("a", move || async move {
        gone.await.unwrap();
        "old".to_owned()
    });
    let forgets = async {
        a_right_is_out(&server).await;
        server.command(&format!("HSET {META} number 0")).unwrap();
        server.command(&format!("DEL {GUARD}")).unwrap();
        let (begin, begun) = tokio::sync::oneshot::channel::<()>();
        let newer = other.get_or_load("a", move || async move {
            begin.send(()).unwrap();
            std::future::pending::<String>().await
        });
        tokio::spawn(newer);
        begun.await.unwrap();
        go.send(()).unwrap();
    };
    let (late, ()) = futures::future::join(late, forgets).await;
    assert_eq!((late.as_deref(), one.snapshot().totals.outdated), (Ok("old"), 1));
    assert_eq!(one.get("a").await, None);
}

/// What is loaded when everything is forgotten is not stored: nobody is to wait for it.
#[tokio::test]
async fn nobody_waits_for_a_load_of_before_everything_was_forgotten() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let hangs = tokio::spawn(async move { one.get_or_load("a", std::future::pending).await });
    a_right_is_out(&server).await;
    assert_eq!(other.clear().await, Ok(()));
    assert_eq!(Loads::default().load(&other, "a").await, "value of a");
    let totals = other.snapshot().totals;
    assert_eq!((totals.claimed, totals.gave_up, totals.stored), (1, 0, 1));
    hangs.abort();
}

/// What is known of all is the first to be evicted, or somebody deletes it.
#[tokio::test]
async fn guards_of_a_former_era_do_not_stand_in_the_way() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    for round in 0..5 {
        Loads::default().load(&one, &format!("k{round}")).await;
    }
    let hangs = tokio::spawn(async move { one.get_or_load("a", std::future::pending).await });
    a_right_is_out(&server).await;
    server.command(&format!("DEL {META}")).unwrap();
    let load = |_: Vec<String>| async { Ok::<_, ()>([("a".to_owned(), "new".to_owned())]) };
    let many = other.load_many(["a".to_owned()], load).await.unwrap();
    assert_eq!((many[0].as_deref(), other.snapshot().totals.stored), (Some("new"), 1));
    hangs.abort();
}

/// The clock was set back, or that of a replica is behind: what is there was written later than now.
#[tokio::test]
async fn what_nobody_understands_is_replaced_even_if_it_is_of_tomorrow() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    Loads::default().load(&texts, "b").await;
    let answer = Server::tell(server.port(), &format!("HGET {META} era")).unwrap();
    let era = answer.lines().nth(1).unwrap();
    let value =
        format!("{era}9999999999999999" /* when */) + "0000000000000000" + "00000000garbage";
    server.command(&format!(r#"SET "{META}:=\"a\"" {value}"#)).unwrap();
    let loads = Loads::default();
    let loading = tokio::time::timeout(Duration::from_secs(5), loads.load(&texts, "a"));
    assert_eq!(loading.await.as_deref(), Ok("value of a"));
    let totals = texts.snapshot().totals;
    assert_eq!((totals.undecodable, totals.claimed, totals.stored), (1, 2, 2));
}

/// A list where a value should be: a miss as any other, of that key alone.
#[tokio::test]
async fn what_is_no_value_at_all_is_in_nobody_elses_way() {
    let server = Server::start();
    let redis = server.redis();
    let (texts, loads) = (over(&redis, Config::new()), Loads::default());
    loads.load(&texts, "b").await;
    texts.cache().clear();
    server.command(&format!(r#"LPUSH "{META}:=\"a\"" garbage"#)).unwrap();
    server.command(&format!(r#"LPUSH "{META}:+\"c\"" garbage"#)).unwrap();
    let keys = ["a", "b"].map(str::to_owned);
    assert_eq!(texts.get_many(keys).await, [None, Some("value of b".to_owned())]);
    for key in ["a", "c"] {
        assert_eq!(loads.load(&texts, key).await, format!("value of {key}"));
    }
    let totals = texts.snapshot().totals;
    assert_eq!((totals.failed, totals.stored), (0, 3));
}

/// Ten thousand keys at once would keep the server from everybody else.
#[tokio::test]
async fn very_many_keys_are_stored_a_thousand_at_a_time() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    let before = redis.snapshot().totals.sent;
    let keys = || (0..2500).map(|key| format!("k{key}"));
    let load = |keys: Vec<String>| async move {
        Ok::<_, ()>(keys.into_iter().map(|key| (key.clone(), key)))
    };
    assert_eq!(texts.load_many(keys(), load).await.unwrap().len(), 2500);
    let sent = redis.snapshot().totals;
    assert_eq!(sent.sent - sent.scripts_loaded - before, 9, "three to read, claim and put each");
    let next = over(&redis, Config::new());
    assert_eq!(next.get_many(keys()).await.iter().flatten().count(), 2500);
    assert!(server.keys().iter().all(|key| !key.contains('+')), "no right is left of it");
    // Large ones are fewer.
    let large = |keys: Vec<String>| async move {
        Ok::<_, ()>(keys.into_iter().map(|key| (key, "x".repeat(1 << 20 >> 1))))
    };
    let before = redis.snapshot().totals.sent;
    let keys = (0..20).map(|key| format!("large{key}"));
    assert_eq!(texts.load_many(keys, large).await.unwrap().len(), 20);
    assert_eq!(redis.snapshot().totals.sent - before, 5, "8 of them in each of three");
    assert_eq!(texts.snapshot().totals.stored, 2520);
}

/// Whoever the store has heard last: nobody keeps what another has written over.
#[tokio::test]
async fn two_who_write_at_once_agree_in_the_end() {
    let server = Server::start();
    let (one, other, third) = (server.redis(), server.redis(), server.redis());
    let [one, other, third] = [one, other, third].map(|redis| over(&redis, Config::new()));
    for texts in [&one, &other] {
        assert_eq!(texts.get("nobody").await, None);
        until(async || texts.snapshot().listening == Some(true)).await;
    }
    for round in 0..50 {
        let write = |texts: &Texts, who| {
            let texts = texts.clone();
            async move { texts.insert("a".to_owned(), format!("{who} {round}")).await }
        };
        let both = futures::future::join(write(&one, "one"), write(&other, "other")).await;
        assert_eq!(both, (Ok(()), Ok(())));
        third.cache().clear();
        let stored = third.get("a").await;
        assert!(stored.as_ref().is_some_and(|stored| stored.ends_with(&format!(" {round}"))));
        until(async || {
            let kept = [one.cache().peek("a"), other.cache().peek("a")];
            kept.into_iter().flatten().all(|kept| Some(kept) == stored)
        })
        .await;
    }
}
