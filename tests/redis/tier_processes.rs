//! Several processes, one load; who takes too long, dies or goes away; who has the last word.

use std::{
    env,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use buttress::cache::tier::redis::Config;

use crate::{
    fake::{Answer, Fake},
    server::{PATIENCE, Server, until},
    tier::{Loads, over},
};

/// Where a child finds its server.
const URL: &str = "BUTTRESS_TEST_TIER_URL";

/// What this test binary does when it is another process: it asks once, and counts in the store if it is
/// the one who loads.
#[tokio::test]
async fn as_a_process_of_its_own() {
    let Ok(url) = env::var(URL) else { return };
    let config = buttress::redis::Config::new(url.clone()).with_timeout(PATIENCE);
    let redis = buttress::redis::Redis::new("redis", config).unwrap();
    let texts = over(&redis, Config::new().with_wait(PATIENCE));
    let port: u16 = url.trim_end_matches("/0").rsplit(':').next().unwrap().parse().unwrap();
    let load = move || async move {
        Server::tell(port, "INCR loads").unwrap();
        if env::var("BUTTRESS_TEST_TIER_HANGS").is_ok() {
            tokio::time::sleep(PATIENCE).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        "loaded".to_owned()
    };
    assert_eq!(texts.get_or_load("a", load).await.as_deref(), Ok("loaded"));
    Server::tell(port, "INCR answers").unwrap();
}

/// Killed when it is dropped.
struct Process(Child);

impl Process {
    fn start(server: &Server, hangs: bool) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "tier_processes::as_a_process_of_its_own"]);
        command.env(URL, server.url()).stdout(Stdio::null()).stderr(Stdio::null());
        if hangs {
            command.env("BUTTRESS_TEST_TIER_HANGS", "yes");
        }
        Self(command.spawn().unwrap())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn two_processes_are_one_load() {
    let server = Server::start();
    let processes: Vec<Process> = (0..2).map(|_| Process::start(&server, false)).collect();
    until(async || server.value("answers").as_deref() == Some("2")).await;
    assert_eq!(server.value("loads").as_deref(), Some("1"));
    for mut process in processes {
        assert!(process.0.wait().unwrap().success());
    }
}

#[tokio::test]
async fn a_process_that_is_killed_holds_up_nobody_for_longer_than_its_lock() {
    let server = Server::start();
    let redis = server.redis();
    let process = Process::start(&server, true);
    until(async || server.value("loads").is_some()).await;
    drop(process);
    let texts = over(&redis, Config::new().with_wait(Duration::from_millis(100)));
    let (loads, begun) = (Loads::default(), Instant::now());
    assert_eq!(loads.load(&texts, "a").await, "value of a");
    assert!(begun.elapsed() >= Duration::from_millis(100), "it might have been there still");
    let totals = texts.snapshot().totals;
    assert_eq!((totals.gave_up, totals.claimed, totals.stored), (1, 0, 1));
}

#[tokio::test]
async fn who_waits_is_told_soon_after_it_is_there() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        "slow".to_owned()
    };
    let never = || async { panic!("it is loaded already") };
    let first = one.get_or_load("a", slow);
    let second = async {
        until(async || server.keys().iter().any(|key| key.contains('+'))).await;
        other.get_or_load("a", never).await
    };
    let (first, second) = futures::future::join(first, second).await;
    assert_eq!((first.as_deref(), second.as_deref()), (Ok("slow"), Ok("slow")));
    let totals = other.snapshot().totals;
    assert_eq!((totals.waited, totals.claimed, totals.gave_up), (1, 0, 0));
}

#[tokio::test]
async fn a_load_that_is_dropped_gives_its_right_back() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let (begins, begun) = tokio::sync::oneshot::channel::<()>();
    let mut hangs = Box::pin(one.get_or_load("a", move || {
        begins.send(()).unwrap();
        std::future::pending()
    }));
    futures::future::select(&mut hangs, begun).await;
    drop(hangs);
    assert_eq!(one.snapshot().totals.abandoned, 1);
    assert_eq!(Loads::default().load(&other, "a").await, "value of a");
    let totals = other.snapshot().totals;
    assert_eq!((totals.claimed, totals.gave_up), (1, 0), "it was given back");
    assert!(server.keys().iter().all(|key| !key.contains('+')), "nothing is left of it");
}

/// Overtaken: the right ended, another one loaded a newer value, and the first one comes home late.
#[tokio::test]
async fn who_comes_late_does_not_put_an_old_value_over_a_new_one() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let config = Config::new().with_lock(Some(Duration::from_millis(50)));
    let (one, other) = (over(&one, config.clone()), over(&other, config));
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let late = one.get_or_load("a", move || async move {
        gone.await.unwrap();
        "old".to_owned()
    });
    let overtakes = async {
        until(async || server.keys().iter().any(|key| key.contains('+'))).await;
        let new = other.get_or_load("a", || async { "new".to_owned() }).await;
        assert_eq!(new.as_deref(), Ok("new"));
        go.send(()).unwrap();
    };
    let (late, ()) = futures::future::join(late, overtakes).await;
    assert_eq!(late.as_deref(), Ok("old"), "who waited for it gets it");
    assert_eq!(one.snapshot().totals.outdated, 1);
    assert_eq!(one.cache().peek("a"), None, "nor is it kept here");
    assert_eq!(one.get("a").await.as_deref(), Some("new"));
}

#[tokio::test]
async fn a_right_of_before_the_store_forgot_is_worth_nothing() {
    let mut server = Server::start();
    let redis = server.redis();
    let texts = over(&redis, Config::new().with_listen(false));
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let late = texts.get_or_load("a", move || async move {
        gone.await.unwrap();
        "old".to_owned()
    });
    let restarts = async {
        until(async || server.keys().iter().any(|key| key.contains('+'))).await;
        server.kill();
        server.restart();
        // Somebody else has a right of the same number now.
        let other = server.redis();
        let other = over(&other, Config::new());
        let other = tokio::spawn(async move { other.get_or_load("a", std::future::pending).await });
        until(async || server.keys().iter().any(|key| key.contains('+'))).await;
        until(async || redis.ping().await.is_ok()).await;
        go.send(()).unwrap();
        other.abort();
    };
    let (late, ()) = futures::future::join(late, restarts).await;
    assert_eq!(late.as_deref(), Ok("old"));
    let totals = texts.snapshot().totals;
    assert_eq!((totals.outdated, totals.stored), (1, 0));
}

#[tokio::test]
async fn who_is_in_a_hurry_keeps_half_of_his_time_for_his_own_load() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let (one, other) = (over(&one, Config::new()), over(&other, Config::new()));
    let hangs = tokio::spawn(async move { one.get_or_load("a", std::future::pending).await });
    until(async || server.keys().iter().any(|key| key.contains('+'))).await;
    let soon = buttress::time::Deadline::within(Duration::from_secs(2));
    let value = soon.scope(async { Loads::default().load(&other, "a").await }).await;
    assert_eq!(value, "value of a");
    assert_eq!(other.snapshot().totals.gave_up, 1);
    hangs.abort();
}

#[tokio::test]
async fn without_a_lock_each_process_loads_for_itself() {
    let server = Server::start();
    let (one, other) = (server.redis(), server.redis());
    let config = Config::new().with_lock(None);
    let (one, other) = (over(&one, config.clone()), over(&other, config));
    let hangs = tokio::spawn(async move { one.get_or_load("a", std::future::pending).await });
    until(async || server.keys().iter().any(|key| key.contains('+'))).await;
    assert_eq!(Loads::default().load(&other, "a").await, "value of a");
    let totals = other.snapshot().totals;
    assert_eq!((totals.claimed, totals.gave_up, totals.waited), (1, 0, 0));
    hangs.abort();
}

/// Whoever asked twice for a right would wait for himself.
#[tokio::test]
async fn a_right_whose_answer_is_lost_is_not_asked_for_again() {
    // Nothing is there, says the server, and closes the connection.
    let fake = Fake::start(Answer::LastWith(b"*1\r\n$-1\r\n$-1\r\n*2\r\n$1\r\n0\r\n$1\r\n0\r\n"));
    let texts = over(&fake.redis(), Config::new().with_listen(false));
    assert_eq!(Loads::default().load(&texts, "a").await, "value of a");
    let totals = texts.snapshot().totals;
    assert_eq!((fake.asked(), totals.misses, totals.failed, totals.stored), (1, 1, 1, 0));
    assert_eq!(texts.cache().peek("a").as_deref(), Some("value of a"));
}
