//! One connection for everybody: made once, given up once, and made again.

mod backing_off;
mod calls;
mod config;
mod heartbeat;
mod service;
mod sharing;
mod sockets;

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use buttress::{
    backoff::{Backoff, Jitter},
    reconnect::{Config, Reconnect},
};
use tokio::time::{Instant, sleep};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MILLISECOND: Duration = Duration::from_millis(1);

/// Delays of 1, 2, 4, 8, 8 … seconds; never down.
pub(crate) fn config() -> Config {
    Config::new()
        .with_backoff(Backoff::exponential(SECOND, 8 * SECOND))
        .with_jitter(Jitter::None)
        .with_stable_after(5 * SECOND)
        .with_wait(60 * SECOND)
        .without_giving_up()
}

/// Something to connect to. A connection is its number.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Inner>);

#[derive(Default)]
struct Inner {
    connects: AtomicU32,
    down: AtomicBool,
    takes: Mutex<Duration>,
    /// When each connect began.
    times: Mutex<Vec<Instant>>,
}

type Connecting = Pin<Box<dyn Future<Output = Result<u32, String>> + Send>>;

impl Server {
    /// One that takes 50 ms to connect to.
    pub(crate) fn slow() -> Self {
        let server = Self::default();
        *server.0.takes.lock().unwrap() = 50 * MILLISECOND;
        server
    }

    pub(crate) fn down(&self, down: bool) {
        self.0.down.store(down, Ordering::Relaxed);
    }

    pub(crate) fn connects(&self) -> u32 {
        self.0.connects.load(Ordering::Relaxed)
    }

    /// Milliseconds between the beginnings of the connects.
    pub(crate) fn gaps(&self) -> Vec<u64> {
        let times = self.0.times.lock().unwrap();
        times.windows(2).map(|pair| (pair[1] - pair[0]).as_millis() as u64).collect()
    }

    pub(crate) fn connect(&self) -> Connecting {
        let server = Arc::clone(&self.0);
        let number = server.connects.fetch_add(1, Ordering::Relaxed) + 1;
        server.times.lock().unwrap().push(Instant::now());
        let takes = *server.takes.lock().unwrap();
        Box::pin(async move {
            if !takes.is_zero() {
                sleep(takes).await;
            }
            match server.down.load(Ordering::Relaxed) {
                true => Err(format!("connect {number} failed")),
                false => Ok(number),
            }
        })
    }

    pub(crate) fn kept(&self, config: Config) -> Reconnect<u32, String> {
        let server = self.clone();
        Reconnect::new("db", config, move || server.connect()).unwrap()
    }
}
