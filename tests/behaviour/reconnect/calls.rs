//! Calls on a connection, and what becomes of it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{
    Error, Refusal,
    outcome::{Outcome, Standard},
    reconnect::State,
};
use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, advance, sleep};

use super::{MILLISECOND, SECOND, Server, config};

#[derive(Clone, Debug, PartialEq)]
enum Fails {
    Broken,
    NotFound,
}

fn broken(result: &Result<u32, Error<Fails>>) -> Outcome {
    match result {
        Err(Error::Inner(Fails::Broken)) => Outcome::Failure,
        _ => Outcome::Success,
    }
}

/// Works on every connection but the first.
async fn query(connection: u32) -> Result<u32, Fails> {
    sleep(10 * MILLISECOND).await;
    if connection == 1 { Err(Fails::Broken) } else { Ok(connection) }
}

/// A hundred calls find their connection broken: one connect, and all of them succeed (119).
#[tokio::test(start_paused = true)]
async fn a_hundred_calls_on_a_broken_connection_make_one_connect() {
    let server = Server::slow();
    let db = server.kept(config()).classify(broken);
    assert!(db.connected().await.is_ok());
    sleep(5 * SECOND).await;
    let answers = join_all((0..100).map(|_| db.call(query))).await;
    assert!(answers.into_iter().all(|answer| answer == Ok(2)));
    assert_eq!(server.connects(), 2);
    assert_eq!(db.snapshot().totals.lost, 1);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_says_nothing_of_the_connection_leaves_it() {
    let server = Server::default();
    let db = server.kept(config()).classify(broken);
    let answer = db.call(|_| async { Err::<u32, _>(Fails::NotFound) }).await;
    assert_eq!(answer, Err(Error::Inner(Fails::NotFound)));
    assert_eq!((server.connects(), db.state()), (1, State::Up));
    // Unless it is said which does, none does.
    let db = server.kept(config());
    assert!(db.call(|_| async { Err::<u32, _>(Fails::Broken) }).await.is_err());
    assert_eq!(db.state(), State::Up);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_made_twice_at_most() {
    let server = Server::default();
    let db = server.kept(config()).classify(Standard::default());
    let runs = AtomicU32::new(0);
    let call = db.call(|_| {
        runs.fetch_add(1, Ordering::Relaxed);
        async { Err::<(), _>("broken") }
    });
    assert_eq!(call.await, Err(Error::Inner("broken")));
    assert_eq!((runs.load(Ordering::Relaxed), server.connects()), (2, 2));
    assert_eq!(db.state(), State::BackingOff(2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_must_not_be_repeated_is_not() {
    let server = Server::default();
    let db = server.kept(config().with_call_again(false)).classify(broken);
    assert_eq!(db.call(query).await, Err(Error::Inner(Fails::Broken)));
    assert_eq!((server.connects(), db.state()), (1, State::BackingOff(1)));
    assert_eq!(db.call(query).await, Ok(2));
}

/// That the call broke its connection says more than that there is no other, and it did begin.
#[tokio::test(start_paused = true)]
async fn without_another_connection_the_answer_is_the_first() {
    let server = Server::default();
    let db = server.kept(config().with_max_attempts(1)).classify(broken);
    assert!(db.connected().await.is_ok());
    assert_eq!(db.call(query).await, Err(Error::Inner(Fails::Broken)));
    assert_eq!((server.connects(), db.state()), (1, State::Down));
    // The next has not begun.
    let refused = db.call(query).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::Disconnected { .. })), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn refusals_of_guards_inside_break_nothing() {
    let server = Server::default();
    let db = server.kept(config()).classify(Standard::default());
    let full = Refusal::Full { name: "inside".into(), limit: 1 };
    let refused = db.run(|_| async { Err::<(), Error<()>>(full.clone().into()) }).await;
    assert_eq!(refused, Err(Error::Refused(full)));
    assert_eq!((db.state(), server.connects()), (State::Up, 1));
    // One that began does.
    let limit = SECOND;
    let late = Refusal::TimedOut { name: "inside".into(), limit };
    let refused = db.run(|_| async { Err::<(), Error<()>>(late.clone().into()) }).await;
    assert_eq!(refused, Err(Error::Refused(late.clone())));
    assert_eq!(db.snapshot().totals.lost, 2);
}

#[tokio::test(start_paused = true)]
async fn news_of_a_connection_that_was_replaced_breaks_nothing() {
    let server = Server::default();
    let db = server.kept(config()).classify(broken);
    let old = db.connected().await.unwrap();
    let late = old.clone();
    advance(5 * SECOND).await;
    assert!(old.broken());
    assert_eq!(*db.connected().await.unwrap(), 2);
    assert!(!late.broken(), "it was given up before");
    // A call that began on the first, and fails on it once the second is up.
    assert_eq!((db.state(), server.connects()), (State::Up, 2));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_says_nothing_of_its_connection() {
    let server = Server::default();
    let db = server.kept(config()).classify(Standard::default());
    assert!(db.connected().await.is_ok());
    let call = db.call(|_| std::future::pending::<Result<(), ()>>());
    assert!(call.now_or_never().is_none());
    assert_eq!((db.state(), server.connects()), (State::Up, 1));
}

/// Compiling is the test, and that it answers: calls run in spawned tasks, on connections of any kind.
#[tokio::test(start_paused = true)]
async fn calls_run_in_tasks_of_their_own() {
    let server = Server::slow();
    let db = server.kept(config());
    let total = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (db, total) = (db.clone(), Arc::clone(&total));
            tokio::spawn(async move {
                let answer = db.call(|connection| async move { Ok::<_, ()>(connection) }).await;
                total.fetch_add(answer.unwrap(), Ordering::Relaxed);
            })
        })
        .collect();
    let start = Instant::now();
    join_all(tasks).await;
    assert_eq!((total.load(Ordering::Relaxed), start.elapsed()), (10, 50 * MILLISECOND));
}
