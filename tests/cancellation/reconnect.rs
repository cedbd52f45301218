//! A connection that is made, used and watched, given up at every await.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{
    backoff::{Backoff, Jitter},
    outcome::Standard,
    reconnect::{Config, Reconnect, State},
    testing::drop_at_every_await,
};
use tokio::time::sleep;
use tower::{ServiceExt, service_fn};

use crate::circuit::{SECOND, STEP};

fn config() -> Config {
    Config::new().with_backoff(Backoff::constant(STEP)).with_jitter(Jitter::None)
}

/// Takes three steps; counts how many began and how many ended.
#[derive(Clone, Default)]
struct Server {
    began: Arc<AtomicU32>,
    ended: Arc<AtomicU32>,
}

impl Server {
    async fn connect(self) -> Result<u32, ()> {
        let number = self.began.fetch_add(1, Ordering::Relaxed) + 1;
        for _ in 0..3 {
            sleep(STEP).await;
        }
        self.ended.fetch_add(1, Ordering::Relaxed);
        Ok(number)
    }

    fn kept(&self) -> Reconnect<u32, ()> {
        let server = self.clone();
        Reconnect::new("db", config(), move || server.clone().connect()).unwrap()
    }

    fn counts(&self) -> (u32, u32) {
        (self.began.load(Ordering::Relaxed), self.ended.load(Ordering::Relaxed))
    }
}

/// However far it came, one who asks afterwards has the connection, and there is one.
#[tokio::test(start_paused = true)]
async fn a_caller_who_waits_for_a_connect() {
    let server = Server::default();
    let mut kept = Vec::new();
    let drops = drop_at_every_await(
        STEP,
        || {
            let db = server.kept();
            kept.push(db.clone());
            async move { db.connected().await.map(|connection| *connection) }
        },
        |_| {},
    )
    .await;
    assert!(drops >= 4);
    for db in kept {
        assert!(db.connected().await.is_ok());
        assert_eq!(db.state(), State::Up);
        assert_eq!(db.snapshot().totals.made, 1);
    }
    let (began, ended) = server.counts();
    assert_eq!(began, ended, "each was finished, by whoever asked");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_connection_breaks_under_it() {
    let server = Server::default();
    let mut kept = Vec::new();
    let drops = drop_at_every_await(
        STEP,
        || {
            let db = server.kept().classify(Standard::default());
            kept.push(db.clone());
            async move {
                db.call(|connection| async move {
                    sleep(STEP).await;
                    // Every odd one breaks.
                    if connection % 2 == 1 { Err(()) } else { Ok(()) }
                })
                .await
            }
        },
        |_| {},
    )
    .await;
    assert!(drops >= 4);
    for db in kept {
        assert!(db.connected().await.is_ok());
        let totals = db.snapshot().totals;
        assert_eq!(totals.made, totals.lost + 1);
        assert_eq!(totals.failed, 0);
    }
    let (began, ended) = server.counts();
    assert_eq!(began, ended);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat() {
    let server = Server::default();
    let db = server.kept();
    for steps in 0..20_u32 {
        let heartbeat = db.heartbeat(|_| async {
            sleep(STEP).await;
            Ok::<_, ()>(())
        });
        assert!(tokio::time::timeout(STEP * steps, heartbeat).await.is_err());
        assert!(matches!(db.state(), State::Connecting | State::Up));
    }
    sleep(10 * SECOND).await;
    assert!(db.connected().await.is_ok());
    assert_eq!(server.counts(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_of_a_service() {
    let connects = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&connects);
    let peer = Reconnect::new("peer", config(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async {
            sleep(STEP).await;
            Ok::<_, ()>(service_fn(|request: u32| async move {
                sleep(STEP).await;
                Ok::<_, buttress::Error<()>>(request)
            }))
        }
    })
    .unwrap();
    let drops = drop_at_every_await(STEP, || peer.service().oneshot(7), |_| {}).await;
    assert!(drops >= 2);
    assert_eq!(peer.service().oneshot(7).await, Ok(7));
    assert_eq!(connects.load(Ordering::Relaxed), 1);
}
