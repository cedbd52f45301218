//! Leases of several processes, and a server that stands still at times: over the whole span no more than
//! one bucket would have let through.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use buttress::rate_limit::{
    Rate,
    redis::{Config, RedisRateLimiter},
};

use crate::server::Server;

const BURST: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn leases_and_answers_that_are_late_or_lost_let_no_more_through_than_one_bucket() {
    let server = Server::start();
    let quota = Rate::per_second(500).with_burst(BURST);
    // Late answers are lost: the timeout is shorter than the pauses.
    let limiters: Vec<_> = (0..4)
        .map(|_| {
            let redis = server.hasty(Duration::from_millis(20));
            let config = Config::new(quota).with_lease(16).also(Rate::per_day(100_000));
            RedisRateLimiter::new("shared", &redis, config).unwrap()
        })
        .collect();
    let admitted = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let lasting = Duration::from_millis(1500);
    let most = move || BURST + (started.elapsed().as_secs_f64() * 500.0) as u64 + 1;
    let callers = (0..16).map(|caller| {
        let (limiter, admitted) = (limiters[caller % 4].clone(), Arc::clone(&admitted));
        tokio::spawn(async move {
            while started.elapsed() < lasting {
                match limiter.try_acquire("key").await {
                    Ok(()) => {
                        let so_far = admitted.fetch_add(1, Ordering::Relaxed) + 1;
                        assert!(so_far <= most(), "{so_far} of {}", most());
                    }
                    Err(_) => tokio::time::sleep(Duration::from_micros(300)).await,
                }
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for round in 0..12_u64 {
        tokio::time::sleep(Duration::from_millis(40 + round * 3)).await;
        let paused = server.pause();
        tokio::time::sleep(Duration::from_millis(10 + (round % 4) * 15)).await;
        drop(paused);
    }
    for caller in callers {
        caller.await.unwrap();
    }
    let (admitted, totals) =
        (admitted.load(Ordering::Relaxed), limiters[0].redis().snapshot().totals);
    assert!(admitted > BURST && totals.timed_out > 0, "{admitted} {totals:?}");
}
