//! What metrics say of a store, and of those that do without it.

use std::{
    io::{Read, Write},
    os::unix::net::UnixListener,
    time::{Duration, Instant},
};

use buttress::{
    Mode,
    rate_limit::{
        Rate,
        redis::{Config, RedisAll, RedisRateLimiter},
    },
    redis::{self, Failure, OnStoreFailure, Redis},
};
use metrics_util::debugging::DebuggingRecorder;

use crate::telemetry::metrics;

/// Says OK to everything, until the process ends.
fn agrees(listener: UnixListener) {
    std::thread::spawn(move || {
        while let Ok((mut socket, _)) = listener.accept() {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = socket.read(&mut bytes) {
                let commands = bytes[..read].split(|byte| *byte == b'\n');
                for _ in commands.filter(|line| line.starts_with(b"*")) {
                    let _ = socket.write_all(b"+OK\r\n");
                }
            }
        }
    });
}

#[test]
fn a_store_that_goes_and_comes_is_counted_and_so_is_what_is_done_without_it() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let directory = own_directory();
    let path = directory.join("secret-socket");
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = format!("unix://{}?pass=pa55word", path.display());
            let often = Duration::from_millis(1);
            let config = redis::Config::new(url).with_timeout(Duration::from_secs(10));
            let store = Redis::new("store", config.with_probe_every(often)).unwrap();
            let of = |name: &'static str, policy, mode| {
                let config = Config::new(Rate::per_day(2)).with_on_store_failure(policy);
                RedisRateLimiter::new(name, &store, config.with_mode(mode)).unwrap()
            };
            let open = of("open", OnStoreFailure::Open, Mode::Enforce);
            let closed = of("closed", OnStoreFailure::Closed, Mode::Enforce);
            let local = of("local", OnStoreFailure::local_of(2), Mode::Enforce);
            let watching = of("watching", OnStoreFailure::Closed, Mode::Shadow);
            for _ in 0..3 {
                assert!(open.try_acquire("secret").await.is_ok());
                assert!(closed.try_acquire("secret").await.is_err());
                let _ = local.try_acquire("secret").await;
                assert!(watching.try_acquire("secret").await.is_ok());
            }
            let both = RedisAll::of([open, closed]).unwrap();
            assert!(both.try_acquire([&"secret", &"secret"]).await.is_err());
            agrees(UnixListener::bind(&path).unwrap());
            let started = Instant::now();
            while let Err(Failure::Down { .. } | Failure::Disconnected) = store.ping().await {
                assert!(started.elapsed() < Duration::from_secs(10), "{:?}", store.snapshot());
                std::thread::yield_now();
            }
        });
    });
    std::fs::remove_dir_all(directory).unwrap();
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_rate_limit_without_store_total{name=closed,policy=closed} 4",
            "buttress_rate_limit_without_store_total{name=local,policy=local} 3",
            "buttress_rate_limit_without_store_total{name=open,policy=open} 3",
            "buttress_rate_limit_without_store_total{name=watching,policy=closed} 3",
            "buttress_refusals_total{kind=rate_limited,mode=enforce,name=local} 2",
            "buttress_refusals_total{kind=store_unavailable,mode=enforce,name=closed} 4",
            "buttress_refusals_total{kind=store_unavailable,mode=shadow,name=watching} 3",
            "buttress_store_transitions_total{from=down,name=store,to=up} 1",
            "buttress_store_transitions_total{from=up,name=store,to=down} 1",
        ]
    );
}

#[test]
fn what_goes_wrong_under_a_cache_is_counted() {
    use buttress::cache::{Cache, tier::redis::RedisTier};

    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let nowhere = Redis::new("nowhere", redis::Config::new("unix:///no/where")).unwrap();
            let cache = Cache::<String, u8>::new("numbers", Default::default()).unwrap();
            let tier = RedisTier::new("secret-tier", &nowhere, Default::default()).unwrap();
            let numbers = cache.over(tier);
            for key in ["secret", "other-secret"] {
                assert_eq!(numbers.get_or_load(key, || async { 7 }).await, Ok(7));
            }
        });
    });
    assert_eq!(
        metrics(&snapshotter),
        [
            "buttress_cache_loads_total{name=numbers,outcome=loaded} 2",
            "buttress_cache_tier_troubles_total{name=numbers,what=failed} 2",
            "buttress_store_transitions_total{from=up,name=nowhere,to=down} 1",
        ]
    );
}

/// A directory of this test's own.
fn own_directory() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("buttress-stores-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}
