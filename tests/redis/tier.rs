//! A cache over a real store: what is there, for how long, in which version, and what is not.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use buttress::{
    cache::{
        Cache, Config as CacheConfig, Loaded,
        tier::{
            Tiered,
            redis::{Codec, Config, Json, RedisTier},
        },
    },
    redis::Redis,
};
use serde::{Deserialize, Serialize};

use crate::server::{Server, until};

pub(crate) type Texts = Tiered<String, String, RedisTier>;

pub(crate) fn over(redis: &Redis, config: Config) -> Texts {
    let cache = Cache::new("texts", CacheConfig::entries(1000)).unwrap();
    cache.over(RedisTier::new("texts", redis, config).unwrap())
}

/// A loader that counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads(Arc<AtomicUsize>);

impl Loads {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) async fn load(&self, texts: &Texts, key: &str) -> String {
        let loads = self.clone();
        let value = format!("value of {key}");
        let load = move || async move {
            loads.0.fetch_add(1, Ordering::SeqCst);
            value
        };
        texts.get_or_load(key, load).await.unwrap()
    }
}

#[tokio::test]
async fn what_one_process_has_loaded_the_next_one_finds() {
    let server = Server::start();
    let loads = Loads::default();
    // Each handle is a process of its own, as far as the store knows.
    for (round, redis) in (0..3).map(|round| (round, server.redis())) {
        let texts = over(&redis, Config::new());
        assert_eq!(loads.load(&texts, "a").await, "value of a");
        assert_eq!(loads.load(&texts, "a").await, "value of a", "from the cache");
        let totals = texts.snapshot().totals;
        assert_eq!((totals.hits, totals.misses), (u64::from(round > 0), u64::from(round == 0)));
        assert_eq!((totals.claimed, totals.stored), (totals.misses, totals.misses));
    }
    assert_eq!(loads.count(), 1);
    let keys = server.keys();
    assert_eq!(keys, ["buttress:texts:v1", "buttress:texts:v1:=\"a\""], "nobody's right is left");
}

#[tokio::test]
async fn one_process_asks_once_for_a_missing_key() {
    let server = Server::start();
    let redis = server.redis();
    let (texts, loads) = (over(&redis, Config::new()), Loads::default());
    let calls = (0..100).map(|_| loads.load(&texts, "a"));
    assert!(futures::future::join_all(calls).await.iter().all(|value| value == "value of a"));
    assert_eq!(loads.count(), 1);
    let totals = redis.snapshot().totals;
    assert_eq!(totals.sent - totals.scripts_loaded, 3, "read, take, put");
}

#[tokio::test]
async fn a_value_lives_no_longer_for_being_copied() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let life = Duration::from_secs(2);
    let config = Config::new().with_ttl(Duration::from_secs(900));
    let (one, other) = (over(&one, config.clone()), over(&other, config));
    let load =
        move || async move { Ok::<_, Infallible>(Loaded::new("short".to_owned()).with_ttl(life)) };
    let loaded = one.look_up_or_load("a", load).await.unwrap();
    assert_eq!((loaded.value.as_str(), loaded.is_stale), ("short", false));
    assert_eq!(other.get("a").await.as_deref(), Some("short"));
    let copies = || [one.cache().peek("a"), other.cache().peek("a")];
    assert_eq!(copies().iter().flatten().count(), 2);
    // Once the store has it no longer, nobody has.
    until(async || !server.keys().iter().any(|key| key.contains('='))).await;
    assert_eq!(copies(), [None, None]);
    assert_eq!((one.get("a").await, other.get("a").await), (None, None));
}

#[tokio::test]
async fn a_copy_tells_how_old_the_value_is() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let minute = Duration::from_secs(60);
    let make = |redis: &Redis| {
        let cache = Cache::new("texts", CacheConfig::entries(10).with_ttl(minute)).unwrap();
        cache.over(RedisTier::new("texts", redis, Config::new()).unwrap())
    };
    let (one, other): (Texts, Texts) = (make(&one), make(&other));
    assert_eq!(Loads::default().load(&one, "a").await, "value of a");
    tokio::time::sleep(Duration::from_millis(150)).await;
    let never = || async { Err::<Loaded<String>, ()>(()) };
    let hit = other.look_up_or_load("a", never).await.unwrap();
    assert!(hit.age.unwrap() >= Duration::from_millis(140), "{hit:?}");
    let kept = other.cache().look_up("a").unwrap();
    assert!(kept.age >= hit.age, "{kept:?}");
}

#[tokio::test]
async fn values_of_another_version_are_not_there() {
    let server = Server::start();
    let redis = server.redis();
    let loads = Loads::default();
    for version in [1, 2, 1] {
        let texts = over(&redis, Config::new().with_version(version));
        assert_eq!(loads.load(&texts, "a").await, "value of a");
    }
    assert_eq!(loads.count(), 2);
}

#[tokio::test]
async fn what_nobody_understands_is_a_miss_and_replaced() {
    let server = Server::start();
    let redis = server.redis();
    let numbers = Cache::<String, u64>::new("texts", CacheConfig::new()).unwrap();
    let numbers = numbers.over(RedisTier::new("texts", &redis, Config::new()).unwrap());
    assert_eq!(numbers.get_or_load("a", || async { 7 }).await, Ok(7));
    let (texts, loads) = (over(&redis, Config::new()), Loads::default());
    assert_eq!(texts.get("a").await, None, "a number is no text");
    assert_eq!(loads.load(&texts, "a").await, "value of a");
    let totals = texts.snapshot().totals;
    assert_eq!((totals.undecodable, totals.failed, totals.stored), (2, 0, 1));
    let again = over(&redis, Config::new());
    assert_eq!(loads.load(&again, "a").await, "value of a");
    assert_eq!(loads.count(), 1);
    // Neither ours nor of any shape.
    server.command(r#"SET "buttress:texts:v1:=\"b\"" garbage"#).unwrap();
    assert_eq!(loads.load(&again, "b").await, "value of b");
    server.command(r#"LPUSH "buttress:texts:v1:=\"c\"" garbage"#).unwrap();
    assert_eq!(loads.load(&again, "c").await, "value of c");
    assert_eq!(again.snapshot().totals.failed, 0, "what is no value at all is nothing");
}

#[tokio::test]
async fn what_is_too_large_is_loaded_given_and_not_stored() {
    let server = Server::start();
    let redis = server.redis();
    let config = Config::new().with_max_bytes(12);
    let (texts, loads) = (over(&redis, config.clone()), Loads::default());
    assert_eq!(loads.load(&texts, "a").await, "value of a", "with its quotes just so long");
    assert_eq!(loads.load(&texts, "aa").await, "value of aa");
    let totals = texts.snapshot().totals;
    assert_eq!((totals.stored, totals.too_large), (1, 1));
    let next = over(&redis, config);
    assert_eq!((next.get("aa").await, next.get("a").await.is_some()), (None, true));
    assert_eq!(server.keys().iter().filter(|key| key.contains('+')).count(), 0);
}

#[tokio::test]
async fn keys_of_any_length_and_shape_are_told_apart() {
    let server = Server::start();
    let redis = server.redis();
    let (texts, next) = (over(&redis, Config::new()), over(&redis, Config::new()));
    let keys = ["", " ", "\"", "{a}", "a\r\nDEL b", "#", "ä", &"x".repeat(10_000), "*"];
    let loads = Loads::default();
    for key in keys {
        assert_eq!(loads.load(&texts, key).await, format!("value of {key}"));
    }
    for key in keys {
        assert_eq!(next.get(key).await, Some(format!("value of {key}")));
    }
    assert!(server.keys().iter().all(|key| key.len() < 200));
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Search {
    text: String,
    top: u8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Reply {
    Rows(Vec<(String, f32)>),
    Nothing { why: Option<String> },
}

#[tokio::test]
async fn values_come_back_as_they_were() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let make = |redis: &Redis| {
        let cache = Cache::<Search, Arc<[Reply]>>::new("search", CacheConfig::new()).unwrap();
        cache.over(RedisTier::new("search", redis, Config::new()).unwrap().with_codec(Shared))
    };
    let key = Search { text: "soup {of} the day".to_owned(), top: 5 };
    let rows = vec![("a\u{0}b".to_owned(), 0.25), (String::new(), -1.5)];
    let reply: Arc<[Reply]> =
        Arc::new([Reply::Rows(rows), Reply::Nothing { why: None }, Reply::Rows(Vec::new())]);
    let given = Arc::clone(&reply);
    assert_eq!(make(&one).get_or_load(&key, || async { given }).await.as_ref(), Ok(&reply));
    assert_eq!(make(&other).get(&key).await, Some(reply));
}

/// One of a user's own.
#[derive(Debug)]
struct Shared;

impl Codec<Arc<[Reply]>> for Shared {
    fn encode(&self, value: &Arc<[Reply]>) -> Option<Vec<u8>> {
        Json.encode(&value.to_vec())
    }

    fn decode(&self, bytes: &[u8]) -> Option<Arc<[Reply]>> {
        <Json as Codec<Vec<Reply>>>::decode(&Json, bytes).map(Arc::from)
    }
}

#[tokio::test]
async fn many_keys_are_one_question_and_one_put() {
    let server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new());
    assert_eq!(Loads::default().load(&texts, "k3").await, "value of k3");
    let next = over(&redis, Config::new());
    let before = redis.snapshot().totals;
    let keys = || (0..100).map(|key| format!("k{key}"));
    let loaded = next.load_many(keys(), |missing| async move {
        assert_eq!(missing.len(), 99);
        Ok::<_, Infallible>(
            missing.into_iter().filter(|key| key != "k7").map(|key| (key, "new".to_owned())),
        )
    });
    let loaded = loaded.await.unwrap();
    assert_eq!((loaded[3].as_deref(), &loaded[7]), (Some("value of k3"), &None));
    assert_eq!(loaded.iter().flatten().filter(|value| *value == "new").count(), 98);
    let after = redis.snapshot().totals;
    let sent = (after.sent - after.scripts_loaded) - (before.sent - before.scripts_loaded);
    assert_eq!(sent, 3, "one to read, one for the right, one to put");
    let last = over(&redis, Config::new());
    let found = last.get_many(keys()).await;
    assert_eq!(found.iter().flatten().count(), 99);
    assert_eq!(last.snapshot().totals.hits, 99);
}

#[tokio::test]
async fn an_error_is_not_stored_and_the_next_one_loads_at_once() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let failed = one.try_get_or_load("a", || async { Err::<String, _>("no") }).await;
    assert!(failed.is_err());
    assert_eq!(Loads::default().load(&other, "a").await, "value of a");
    let totals = other.snapshot().totals;
    assert_eq!((totals.claimed, totals.gave_up), (1, 0), "the right was given back");
}
