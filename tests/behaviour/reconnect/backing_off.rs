//! When it tries again, and when it gives up.

use std::time::Duration;

use buttress::{
    Error, Refusal,
    outcome::Standard,
    reconnect::{State, WhileBackingOff},
    testing::Polls,
};
use tokio::time::{Instant, advance, sleep};

use super::{SECOND, Server, config};

/// The server is killed twice; the client goes on both times, and its delays follow the schedule (138).
#[tokio::test(start_paused = true)]
async fn delays_follow_the_schedule_and_begin_again_after_a_stable_connection() {
    let server = Server::default();
    let db = server.kept(config());
    let mut changes = db.subscribe();
    for kill in 1..=2 {
        let connection = db.connected().await.unwrap();
        sleep(5 * SECOND).await;
        let before = server.gaps().len();
        server.down(true);
        assert!(connection.broken());
        let comes_up = async {
            sleep(10 * SECOND).await;
            server.down(false);
        };
        let (connection, ()) = tokio::join!(db.connected(), comes_up);
        assert!(connection.is_ok());
        // At once, then after 1, 2, 4 and 8 seconds.
        assert_eq!(server.gaps()[before + 1..], [1000, 2000, 4000, 8000], "kill {kill}");
        sleep(5 * SECOND).await;
    }
    let states: Vec<State> =
        std::iter::from_fn(|| changes.try_next()).map(|change| change.to).collect();
    let outage = [
        State::Idle,
        State::Connecting,
        State::BackingOff(1),
        State::Connecting,
        State::BackingOff(2),
        State::Connecting,
        State::BackingOff(3),
        State::Connecting,
        State::BackingOff(4),
        State::Connecting,
        State::Up,
    ];
    let first = [State::Connecting, State::Up];
    assert_eq!(states, [&first[..], &outage, &outage].concat());
}

/// D25: an endpoint that connects and then fails. Elsewhere a million connects in half a second, in one
/// poll.
#[tokio::test(start_paused = true)]
async fn what_connects_and_fails_is_not_connected_to_in_a_loop_d25() {
    let server = Server::default();
    let db = server.kept(config()).classify(Standard::default());
    let polls = Polls::new();
    let start = Instant::now();
    let mut calls = 0;
    while start.elapsed() < 60 * SECOND {
        let call = db.call(|_| async { Err::<(), _>("connected and no more") });
        let answer = polls.of(call).await;
        assert_eq!(answer, Err(Error::Inner("connected and no more")));
        calls += 1;
    }
    // At 0, 1, 3, 7, 15, 23 … seconds: two runs a call, each on a connection of its own.
    assert_eq!(server.connects(), 12);
    assert_eq!(server.gaps()[..5], [1000, 2000, 4000, 8000, 8000]);
    assert_eq!(calls, 6);
    polls.assert_at_most(calls * 4);
}

#[tokio::test(start_paused = true)]
async fn jitter_of_no_time_at_all_still_leaves_room_for_others() {
    use buttress::backoff::{Backoff, Jitter};
    let server = Server::default();
    server.down(true);
    let nanosecond = Backoff::constant(Duration::from_nanos(1));
    let db = server.kept(config().with_backoff(nanosecond).with_jitter(Jitter::Full));
    let other = async {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        server.down(false);
    };
    let (connected, ()) = tokio::join!(db.connected(), other);
    assert!(connected.is_ok());
    assert!(server.connects() <= 110, "one attempt a poll: {}", server.connects());
}

#[tokio::test(start_paused = true)]
async fn after_so_many_attempts_it_is_down_for_a_while() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_max_attempts(3).with_down_for(30 * SECOND));
    let start = Instant::now();
    let refusal = db.connected().await.unwrap_err();
    assert_eq!(start.elapsed(), 3 * SECOND);
    assert_eq!(
        refusal,
        Refusal::Disconnected { name: "db".into(), retry_after: Some(30 * SECOND) }
    );
    assert_eq!((db.state(), server.connects()), (State::Down, 3));
    assert_eq!(db.last_error().as_deref().map(String::as_str), Some("connect 3 failed"));
    // Refused at once, and told how long it still is.
    advance(10 * SECOND).await;
    let refused = db.call(|_| async { Ok::<_, ()>(()) }).await.unwrap_err();
    assert_eq!((refused.retry_after(), start.elapsed()), (Some(20 * SECOND), 13 * SECOND));
    assert_eq!(db.snapshot().retry_after, Some(20 * SECOND));
    server.down(false);
    advance(20 * SECOND).await;
    assert_eq!(*db.connected().await.unwrap(), 4);
    assert_eq!((db.state(), db.last_error()), (State::Up, None));
}

#[tokio::test(start_paused = true)]
async fn a_reset_begins_again_at_once_and_wakes_who_waits() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_max_attempts(1));
    assert!(db.connected().await.is_err());
    assert_eq!(db.state(), State::Down);
    server.down(false);
    db.reset();
    assert_eq!(db.state(), State::Idle);
    assert_eq!(*db.connected().await.unwrap(), 2);

    server.down(true);
    let db = server.kept(config());
    let start = Instant::now();
    let helped = async {
        sleep(SECOND / 2).await;
        server.down(false);
        db.reset();
    };
    let (connected, ()) = tokio::join!(db.connected(), helped);
    assert!(connected.is_ok());
    assert_eq!(start.elapsed(), SECOND / 2);
}

#[tokio::test(start_paused = true)]
async fn after_so_long_it_is_down() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_max_elapsed(7 * SECOND).with_down_for(SECOND));
    let start = Instant::now();
    assert!(db.connected().await.is_err());
    // At 0, 1, 3 and 7 seconds; the next would be at 15.
    assert_eq!((start.elapsed(), server.connects()), (7 * SECOND, 4));
}

/// Nobody asked in time: it has been down since then, and the next attempt is the first of others.
#[tokio::test(start_paused = true)]
async fn no_attempt_begins_after_so_long_even_if_nobody_asked_in_time() {
    let server = Server::default();
    server.down(true);
    let config = config().with_max_elapsed(3 * SECOND).with_down_for(10 * SECOND);
    let db = server.kept(config.with_wait(SECOND / 2));
    assert!(db.connected().await.is_err());
    assert_eq!(db.state(), State::BackingOff(1));
    advance(5 * SECOND).await;
    let refused = db.connected().await.unwrap_err();
    assert_eq!((server.connects(), db.state()), (1, State::Down));
    assert_eq!(refused.retry_after(), Some(8 * SECOND));
    advance(8 * SECOND).await;
    assert!(db.connected().await.is_err());
    assert_eq!((server.connects(), db.state()), (2, State::BackingOff(1)));
    advance(600 * SECOND).await;
    assert!(db.connected().await.is_err());
    assert_eq!((server.connects(), db.state()), (3, State::BackingOff(1)));
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_until_a_connection_was_stable() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_wait(SECOND / 2));
    assert!(db.connected().await.is_err());
    server.down(false);
    advance(SECOND).await;
    assert!(db.connected().await.is_ok());
    advance(4 * SECOND).await;
    assert_eq!((db.state(), db.snapshot().failures), (State::Up, 1));
    advance(SECOND).await;
    assert_eq!((db.state(), db.snapshot().failures), (State::Up, 0));
}

#[tokio::test(start_paused = true)]
async fn callers_wait_or_are_refused_while_it_backs_off() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_while_backing_off(WhileBackingOff::Refuse));
    let start = Instant::now();
    assert_eq!(db.connected().await.unwrap_err().retry_after(), Some(SECOND));
    assert_eq!(start.elapsed(), Duration::ZERO);
    advance(SECOND / 2).await;
    assert_eq!(db.connected().await.unwrap_err().retry_after(), Some(SECOND / 2));
    assert_eq!(server.connects(), 1);
    server.down(false);
    advance(SECOND / 2).await;
    assert_eq!(*db.connected().await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_in_vain_is_refused_at_once() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config().with_wait(SECOND / 2));
    let start = Instant::now();
    assert_eq!(db.connected().await.unwrap_err().retry_after(), Some(SECOND));
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn closed_is_closed() {
    let server = Server::default();
    let db = server.kept(config());
    let connection = db.connected().await.unwrap();
    db.close();
    assert_eq!(db.connected().await.unwrap_err(), Refusal::ShuttingDown { name: "db".into() });
    assert!(db.try_connected().is_none());
    assert!(!connection.broken());
    db.reset();
    assert_eq!((db.state(), server.connects()), (State::Closed, 1));

    // Who waits is told.
    server.down(true);
    let db = server.kept(config());
    let closes = async {
        sleep(SECOND / 2).await;
        db.close();
    };
    let (refused, ()) = tokio::join!(db.connected(), closes);
    assert_eq!(refused.unwrap_err().kind(), "shutting_down");
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_the_outage_and_when_the_next_attempt_is_due() {
    let server = Server::default();
    server.down(true);
    let db = server.kept(config());
    let mut changes = db.subscribe();
    let watching = async {
        assert_eq!(changes.next().await.to, State::Connecting);
        let change = changes.next().await;
        assert_eq!((change.from, change.to), (State::Connecting, State::BackingOff(1)));
        assert_eq!(change.due.map(|due| due.since(change.at)), Some(SECOND));
        server.down(false);
        assert_eq!(changes.next().await.to, State::Connecting);
        assert_eq!(changes.next().await.to, State::Up);
    };
    let (connected, ()) = tokio::join!(db.connected(), watching);
    assert!(connected.is_ok());
}
