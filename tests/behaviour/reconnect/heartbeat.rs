//! A connection that says nothing is asked.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use buttress::{
    Error, Refusal,
    latency::{self, Latency},
    outcome::{Outcome, Standard},
    reconnect::{Config, State},
    testing::Polls,
};
use tokio::{
    task::{JoinHandle, yield_now},
    time::{Instant, sleep, timeout},
};

use super::{SECOND, Server, config};

/// Every 10 seconds, two missed.
fn beating() -> Config {
    config().with_heartbeat(10 * SECOND, 2)
}

/// A peer that answers pings, or not.
#[derive(Clone, Default)]
struct Peer {
    silent: Arc<AtomicBool>,
    pings: Arc<Mutex<Vec<(u32, Instant)>>>,
}

impl Peer {
    async fn ping(self, connection: u32) -> Result<(), &'static str> {
        self.pings.lock().unwrap().push((connection, Instant::now()));
        if self.silent.load(Ordering::Relaxed) {
            pending::<()>().await;
        }
        Ok(())
    }

    fn pings(&self) -> usize {
        self.pings.lock().unwrap().len()
    }
}

async fn ends(heartbeat: JoinHandle<()>) {
    timeout(SECOND, heartbeat).await.expect("it ends at once").unwrap();
}

/// A silent peer is dropped at twice the interval (139).
#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_dropped_at_twice_the_interval_and_connected_to_again() {
    let (server, peer) = (Server::default(), Peer::default());
    let db = server.kept(beating());
    peer.silent.store(true, Ordering::Relaxed);
    let start = Instant::now();
    let mut changes = db.subscribe();
    let pinged = peer.clone();
    let heartbeat = tokio::spawn(db.heartbeat(move |number| pinged.clone().ping(number)));
    assert_eq!(changes.next().await.to, State::Connecting);
    assert_eq!(changes.next().await.to, State::Up);
    assert_eq!((changes.next().await.to, start.elapsed()), (State::Idle, 20 * SECOND));
    assert_eq!(changes.next().await.to, State::Connecting);
    assert_eq!(changes.next().await.to, State::Up);
    assert_eq!((server.connects(), start.elapsed()), (2, 20 * SECOND));
    yield_now().await;
    let pings: Vec<_> = peer.pings.lock().unwrap().clone();
    let at = |seconds| start + SECOND * seconds;
    assert_eq!(pings, [(1, at(0)), (1, at(10)), (2, at(20))]);
    drop(db);
    ends(heartbeat).await;
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_is_left_alone_and_one_that_goes_silent_later_is_dropped() {
    let (server, peer) = (Server::default(), Peer::default());
    let db = server.kept(beating());
    let pinged = peer.clone();
    let polls = Polls::new();
    let heartbeat = tokio::spawn(polls.of(db.heartbeat(move |number| pinged.clone().ping(number))));
    sleep(95 * SECOND).await;
    assert_eq!((peer.pings(), server.connects(), db.state()), (10, 1, State::Up));
    polls.assert_at_most(15);
    peer.silent.store(true, Ordering::Relaxed);
    // The ping at 100 s is the first that is not answered.
    sleep(24 * SECOND).await;
    assert_eq!(server.connects(), 1);
    sleep(2 * SECOND).await;
    assert_eq!(server.connects(), 2);
    drop(db);
    ends(heartbeat).await;
}

#[tokio::test(start_paused = true)]
async fn one_missed_beat_is_forgiven_and_errors_are_missed_beats() {
    let server = Server::default();
    let db = server.kept(beating());
    let pings = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&pings);
    // Every other ping fails.
    let heartbeat = tokio::spawn(db.heartbeat(move |_| {
        let number = counted.fetch_add(1, Ordering::Relaxed);
        async move { if number % 2 == 0 { Err("no") } else { Ok(()) } }
    }));
    sleep(95 * SECOND).await;
    assert_eq!((pings.load(Ordering::Relaxed), server.connects()), (10, 1));
    heartbeat.abort();

    let db = server.kept(beating());
    let heartbeat = tokio::spawn(db.heartbeat(|_| async { Err::<(), _>("no") }));
    sleep(9 * SECOND).await;
    assert_eq!(server.connects(), 2);
    // The second is missed when it fails, at 10 s.
    sleep(2 * SECOND).await;
    assert_eq!(server.connects(), 3);
    heartbeat.abort();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_the_connection_gives_it_up_at_once() {
    let server = Server::default();
    let db = server.kept(beating()).classify(|result: &Result<(), Error<&str>>| match result {
        Err(Error::Inner("broken pipe")) => Outcome::Failure,
        _ => Outcome::Success,
    });
    let heartbeat =
        tokio::spawn(db.heartbeat(|number| async move {
            if number == 1 { Err("broken pipe") } else { Ok(()) }
        }));
    sleep(2 * SECOND).await;
    assert_eq!((server.connects(), db.state()), (2, State::Up));
    heartbeat.abort();
}

#[tokio::test(start_paused = true)]
async fn it_notices_what_others_break_and_reconnects() {
    let (server, peer) = (Server::default(), Peer::default());
    let db = server.kept(beating());
    let pinged = peer.clone();
    let heartbeat = tokio::spawn(db.heartbeat(move |number| pinged.clone().ping(number)));
    sleep(6 * SECOND).await;
    assert!(db.try_connected().unwrap().broken());
    sleep(SECOND).await;
    assert_eq!((server.connects(), db.state(), peer.pings()), (2, State::Up, 2));
    db.close();
    ends(heartbeat).await;
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_while_the_server_is_down_and_ends_with_the_last_handle() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(beating().with_max_attempts(2).with_down_for(30 * SECOND));
    let heartbeat = tokio::spawn(db.heartbeat(|_| async { Ok::<_, ()>(()) }));
    sleep(5 * SECOND).await;
    assert_eq!((db.state(), server.connects()), (State::Down, 2));
    sleep(28 * SECOND).await;
    assert_eq!(server.connects(), 4, "it asks again when it may");
    let other = db.clone();
    drop(db);
    sleep(SECOND).await;
    assert!(!heartbeat.is_finished());
    drop(other);
    ends(heartbeat).await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_while_connecting_pinging_and_waiting() {
    let connecting = Server::slow();
    let db = connecting.kept(beating());
    let heartbeat = tokio::spawn(db.heartbeat(|_| async { Ok::<_, ()>(()) }));
    yield_now().await;
    assert_eq!(db.state(), State::Connecting);
    drop(db);
    ends(heartbeat).await;

    for silent in [false, true] {
        let (server, peer) = (Server::default(), Peer::default());
        peer.silent.store(silent, Ordering::Relaxed);
        let db = server.kept(beating());
        let pinged = peer.clone();
        let heartbeat = tokio::spawn(db.heartbeat(move |number| pinged.clone().ping(number)));
        sleep(SECOND).await;
        assert_eq!(peer.pings(), 1);
        drop(db);
        ends(heartbeat).await;
    }
}

/// A guard around the ping that refuses it says nothing about the connection, whoever classifies.
#[tokio::test(start_paused = true)]
async fn a_ping_that_never_began_says_nothing_about_the_connection() {
    let server = Server::default();
    let db = server.kept(beating()).classify(Standard::default());
    let full = Refusal::Full { name: "pings".into(), limit: 1 };
    let heartbeat = tokio::spawn(db.heartbeat(move |_| {
        let full = full.clone();
        async move { Err::<(), _>(full) }
    }));
    sleep(95 * SECOND).await;
    assert_eq!((server.connects(), db.snapshot().totals.lost), (1, 0));
    heartbeat.abort();

    // One that began says as much as any error: it breaks this connection, and the next.
    let late = Refusal::TimedOut { name: "pings".into(), limit: SECOND };
    let heartbeat = tokio::spawn(db.heartbeat(move |_| {
        let late = late.clone();
        async move { Err::<(), _>(late) }
    }));
    sleep(SECOND).await;
    assert_eq!(db.snapshot().totals.lost, 2);
    heartbeat.abort();
}

/// A ping is cut off when its time is up, and only then: one whose connection is gone is cancelled.
#[tokio::test(start_paused = true)]
async fn a_ping_fails_when_its_time_is_up_and_is_cancelled_when_its_connection_is_gone() {
    let server = Server::default();
    let db = server.kept(beating());
    let pings = Latency::new("db", latency::Config::new()).unwrap();
    let measured = pings.operation("ping");
    let heartbeat = tokio::spawn(db.heartbeat(move |_| {
        let measured = measured.clone();
        async move { measured.wrap(pending::<Result<(), ()>>()).await }
    }));
    let ended = || {
        let summary = pings.summary();
        summary.operation("ping").map(|ping| (ping.err, ping.cancelled))
    };
    sleep(11 * SECOND).await;
    assert_eq!(ended(), Some((1, 0)), "missed");
    db.close();
    ends(heartbeat).await;
    assert_eq!(ended(), Some((1, 1)), "its connection is gone");
}
