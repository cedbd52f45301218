//! What each room costs around an operation that is ready at once: nanoseconds by criterion, and
//! allocations by a counting allocator, on one thread and on two.
//!
//! ```text
//! cargo bench --bench overhead
//! ```
//!
//! The crate is its own dev-dependency with every feature, `test-util` among them, so a coarse
//! reading costs what an exact one does here. `benches/peers` measures without it.

#![allow(clippy::expect_used, reason = "a bench that cannot start should say so")]

mod allocations;

use std::{
    cell::{Cell, RefCell},
    future::{Future, pending, poll_fn, ready},
    hint::black_box,
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use ::http::{Request, Response};
use buttress::{
    Error, Lift, Pipeline,
    batch::{self, Batcher},
    budget::Budget,
    bulkhead::{self, Bulkhead},
    cache::{
        self, Cache,
        http::{self, HttpCache},
    },
    circuit_breaker::{CircuitBreaker, Config, Window},
    fallback::{self, Failover, FailoverConfig, Fallback},
    hedge::{self, Hedge},
    latency::{Ending, Latency},
    rate_limit::{self, Rate, RateLimiter, keyed::KeyedRateLimiter, redis::RedisRateLimiter},
    redis::{self, OnStoreFailure, Redis},
    retry::Retry,
    single_flight::SingleFlight,
    throttle::{
        self, Throttle,
        shed::{self, Shed},
    },
    timeout::{Timeout, stream},
};
use criterion::Criterion;
use futures::Stream;
use tower::{Layer, Service, service_fn};

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let breakers = [
        ("consecutive", Config::off().with_consecutive_failures(5)),
        ("count", Config::new().with_window(Window::Count(100))),
        ("time", Config::new()),
        ("slow_calls", Config::new().with_slow_calls(Duration::from_secs(1), 0.5)),
    ];
    for (name, config) in breakers {
        let breaker = CircuitBreaker::new("bench", config).expect("a config of this file");
        let call = || now(breaker.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok();
        both(&mut criterion, "circuit_breaker", name, call);
        let service = breaker.layer().layer(
            Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::Error>(request)))),
        );
        let layered = move || {
            let mut service = service.clone();
            now(service.call(black_box(1))).is_ok()
        };
        one(&mut criterion, "circuit_breaker", &format!("{name}_layer_cloned"), layered);
    }

    let refusing = CircuitBreaker::new("bench", Config::new()).expect("the default config");
    refusing.open_for(Duration::from_secs(86_400));
    both(&mut criterion, "circuit_breaker", "refused", || {
        matches!(now(refusing.call(|| ready(Ok::<u64, io::Error>(1)))), Err(Error::Refused(_)))
    });

    let timeout = Timeout::new("bench", Duration::from_secs(30)).expect("a limit above zero");
    both(&mut criterion, "timeout", "ready", || {
        now(timeout.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });

    let limits = stream::Config::new().with_gap(Duration::from_secs(30));
    let streams = stream::StreamTimeout::new("bench", limits).expect("a limit above zero");
    let words = || futures::stream::repeat_with(|| black_box(Ok::<u64, io::Error>(1)));
    item(&mut criterion, "timeout", "stream_item", streams.stream(words()));
    let breaker = CircuitBreaker::new("bench", Config::new()).expect("the default config");
    item(&mut criterion, "circuit_breaker", "stream_item", breaker.stream(words));

    let breaker =
        CircuitBreaker::new("bench", Config::off().with_consecutive_failures(5)).expect("as above");
    let pipeline = Pipeline::new().with(timeout).with(breaker);
    both(&mut criterion, "pipeline", "timeout_breaker", || {
        now(pipeline.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    let budget = Budget::new("bench", Default::default()).expect("the default config");
    both(&mut criterion, "budget", "deposit", || {
        budget.deposit();
        true
    });

    let operation = Latency::new("bench", Default::default()).expect("the default config");
    let operation = operation.operation("search");
    both(&mut criterion, "latency", "record", || {
        operation.record(black_box(Duration::from_millis(3)), Ending::Ok);
        true
    });
    both(&mut criterion, "latency", "wrap", || {
        now(operation.wrap(ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    rate_limits(&mut criterion);
    fallbacks(&mut criterion);
    again(&mut criterion);
    bulkheads(&mut criterion);
    throttles(&mut criterion);
    caches(&mut criterion);
    sharing(&mut criterion);
    criterion.final_summary();
}

fn bulkheads(criterion: &mut Criterion) {
    let bulkhead = Bulkhead::new("bench", bulkhead::Config::new()).expect("the default config");
    both(criterion, "bulkhead", "try_acquire", || bulkhead.try_acquire().is_ok());
    both(criterion, "bulkhead", "call", || {
        now(bulkhead.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    let mut service = bulkhead
        .layer()
        .layer(Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::Error>(request)))));
    let service = RefCell::new(&mut service);
    one(criterion, "bulkhead", "layer", || now(service.borrow_mut().call(black_box(1))).is_ok());
    let one_place = bulkhead::Config::new().with_limit(1);
    let full = Bulkhead::new("bench", one_place).expect("a limit above zero");
    let _taken = full.try_acquire();
    both(criterion, "bulkhead", "refused", || {
        now(full.call(|| ready(Ok::<u64, io::Error>(1)))).is_err()
    });
    let adaptive = bulkhead::Config::new().with_adaptive(bulkhead::Adaptive::gradient());
    let adaptive = Bulkhead::new("bench", adaptive).expect("as above");
    both(criterion, "bulkhead", "adaptive_call", || {
        now(adaptive.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    // Somebody waits, and is given the place that another leaves: one allocation.
    let queue = bulkhead::Config::new().with_limit(1).with_queue(1, Duration::MAX);
    let handed = Bulkhead::new("bench", queue).expect("as above");
    one(criterion, "bulkhead", "handed_over", || {
        let leaving = handed.try_acquire();
        let coming = handed.acquire();
        drop(leaving);
        now(coming).is_ok()
    });
}

/// What is there needs no load; what is not takes three allocations.
fn caches(criterion: &mut Criterion) {
    let hour = Duration::from_secs(3600);
    for (name, config) in [
        ("plain", cache::Config::new()),
        ("ttl", cache::Config::new().with_ttl(hour)),
        ("stale_after", cache::Config::new().with_ttl(hour).with_stale_after(hour / 2)),
        ("lru", cache::Config::new().with_eviction(cache::Eviction::Lru)),
        ("disabled", cache::Config::new().with_mode(cache::CacheMode::Disabled)),
    ] {
        let is_enabled = config.mode == cache::CacheMode::Enabled;
        let pages = Cache::new("bench", config).expect("a config of this file");
        pages.insert(7_u64, 1_u64);
        both(criterion, "cache", &format!("{name}_get"), || {
            pages.get(&black_box(7)).is_some() == is_enabled
        });
        both(criterion, "cache", &format!("{name}_get_or_load"), || {
            now(pages.get_or_load(&black_box(7), || ready(1))).is_ok()
        });
        let inner =
            Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::ErrorKind>(request))));
        let service = pages.layer(|request: &u64| Some(*request)).layer(inner);
        one(criterion, "cache", &format!("{name}_layer_cloned"), move || {
            now(service.clone().call(black_box(7))).is_ok()
        });
    }
    let full = Cache::new("bench", cache::Config::entries(1000)).expect("a config of this file");
    let next = Cell::new(0_u64);
    one(criterion, "cache", "insert", || {
        next.set(next.get() + 1);
        full.insert(next.get(), 1_u64).is_stored()
    });
    one(criterion, "cache", "load", || {
        next.set(next.get() + 1);
        now(full.get_or_load(&next.get(), || ready(1))).is_ok()
    });
    let pages = HttpCache::new("bench", Default::default()).expect("the default config");
    one(criterion, "cache", "http_hit", || {
        let key = Some(http::RequestKey::of(&Request::new(()), []));
        let send = |_| ready(Ok::<_, io::ErrorKind>(Response::new(String::new())));
        now(pages.call(key, Request::new(()), send)).is_ok()
    });
}

/// What is shared, with nobody to share it: two allocations for a flight, several for a batch.
fn sharing(criterion: &mut Criterion) {
    let flight = SingleFlight::new("bench", Default::default()).expect("the default config");
    one(criterion, "single_flight", "alone", || {
        now(flight.call(black_box(7_u64), || ready(Ok::<u64, io::ErrorKind>(1)))).is_ok()
    });
    let echo = |keys: Vec<u64>| ready(Ok::<_, io::ErrorKind>(keys));
    let single = batch::Config::new().with_max_items(1);
    let batcher = Batcher::new("bench", single, echo).expect("a config of this file");
    one(criterion, "batch", "of_one", || now(batcher.load(black_box(7))).is_ok());
    let ten = batch::Config::new().with_max_items(10);
    let batcher = Batcher::new("bench", ten, echo).expect("a config of this file");
    one(criterion, "batch", "of_ten", || now(batcher.load_many(0..10)).len() == 10);
    let mut waiting = pin!(flight.call(black_box(9), pending::<Result<u64, io::ErrorKind>>));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    one(criterion, "single_flight", "joined_and_left", || {
        drop(flight.call(black_box(9), pending::<Result<u64, io::ErrorKind>>));
        flight.in_flight() == 1
    });
}

fn rate_limits(criterion: &mut Criterion) {
    let many = Rate::per_second(1_000_000_000);
    for (name, config) in [
        ("call", rate_limit::Config::new(many)),
        ("call_of_two", rate_limit::Config::new(many).also(many)),
    ] {
        let limiter = RateLimiter::new("bench", config).expect("a config of this file");
        both(criterion, "rate_limit", name, || {
            now(limiter.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
        });
    }
    let limiter = RateLimiter::new("bench", Rate::per_day(1)).expect("a config of this file");
    limiter.drain();
    both(criterion, "rate_limit", "refused", || limiter.try_acquire().is_err());
    let keys = KeyedRateLimiter::<u64>::new("bench", many).expect("a config of this file");
    both(criterion, "rate_limit", "by_key", || {
        now(keys.call(black_box(&7), || ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    // What a round trip costs, `benches/peers` tells. This is what is left when there is none.
    let nowhere = redis::Config::new("unix:///nowhere/at/all").with_probe_every(Duration::MAX);
    let store = Redis::new("bench", nowhere).expect("a config of this file");
    let open = rate_limit::redis::Config::new(many).with_on_store_failure(OnStoreFailure::Open);
    let open = RedisRateLimiter::new("bench", &store, open).expect("a config of this file");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let found_out = runtime.map(|runtime| runtime.block_on(store.ping()));
    assert!(matches!(found_out, Ok(Err(_))), "there is nothing there");
    both(criterion, "rate_limit", "store_down", || {
        now(open.call(&7_u64, || ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
}

fn fallbacks(criterion: &mut Criterion) {
    let value = Fallback::new("bench", fallback::Config::new())
        .expect("the default config")
        .to_value(black_box(7_u64));
    both(criterion, "fallback", "value_not_needed", || {
        now(value.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    both(criterion, "fallback", "value", || {
        now(value.call(|| ready(Err(io::Error::from(io::ErrorKind::TimedOut))))).is_ok()
    });
    let backup = value.to_service(service_fn(|request: u64| ready(Ok(request))));
    let mut service = backup
        .layer()
        .layer(Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::Error>(request)))));
    let service = std::cell::RefCell::new(&mut service);
    one(criterion, "fallback", "service_not_needed_layer", || {
        now(service.borrow_mut().call(black_box(1))).is_ok()
    });
    let providers = [("first", 1_u64), ("second", 2)];
    let failover =
        Failover::new("bench", FailoverConfig::new(), providers).expect("the default config");
    both(criterion, "fallback", "failover_first", || {
        now(failover.call(|provider| ready(Ok::<u64, io::Error>(*provider)))).is_ok()
    });
}

/// What may be made again, and is not.
fn again(criterion: &mut Criterion) {
    let inner =
        || Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::Error>(request))));
    let retry = Retry::new("bench", Default::default()).expect("the default config");
    both(criterion, "retry", "ready", || {
        now(retry.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    let service = RefCell::new(retry.layer().layer(inner()));
    one(criterion, "retry", "ready_layer", || now(service.borrow_mut().call(black_box(1))).is_ok());
    let after = hedge::Config::after(Duration::from_secs(30));
    for (case, config) in [("delay", after), ("measured", hedge::Config::new())] {
        let hedge = Hedge::new("bench", config).expect("a config of this file");
        both(criterion, "hedge", case, || {
            now(hedge.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
        });
        let service = RefCell::new(hedge.layer().layer(inner()));
        one(criterion, "hedge", &format!("{case}_layer"), || {
            now(service.borrow_mut().call(black_box(1))).is_ok()
        });
    }
}

fn throttles(criterion: &mut Criterion) {
    let calm = Throttle::new("bench", throttle::Config::new()).expect("the default config");
    both(criterion, "throttle", "calm", || {
        now(calm.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok()
    });
    let service = calm
        .layer()
        .layer(Lift::layer().layer(service_fn(|request: u64| ready(Ok::<_, io::Error>(request)))));
    one(criterion, "throttle", "calm_layer_cloned", move || {
        let mut service = service.clone();
        now(service.call(black_box(1))).is_ok()
    });
    // Refuses four in five, and goes on: nothing is ever accepted.
    let config = throttle::Config::new().with_window(Duration::from_secs(86_400));
    let throttling = Throttle::new("bench", config).expect("the default config but for its window");
    both(criterion, "throttle", "throttling", || {
        now(throttling.call(|| ready(Err::<u64, _>(io::ErrorKind::TimedOut)))).is_err()
    });
    let shed = Shed::new("bench", shed::Config::new()).expect("the default config");
    both(criterion, "shed", "call", || now(shed.call(|| ready(Ok::<u64, io::Error>(1)))).is_ok());
}

fn both(criterion: &mut Criterion, room: &str, case: &str, call: impl Fn() -> bool + Send + Sync) {
    one(criterion, room, case, &call);
    two(criterion, room, case, &call);
}

/// One item of a stream, which is there at once.
fn item<S: Stream>(criterion: &mut Criterion, room: &str, case: &str, stream: S) {
    let stream = RefCell::new(Box::pin(stream));
    one(criterion, room, case, || {
        now(poll_fn(|cx| stream.borrow_mut().as_mut().poll_next(cx))).is_some()
    });
}

/// On this thread, and how much it allocates.
fn one(criterion: &mut Criterion, room: &str, case: &str, call: impl Fn() -> bool) {
    assert!(call(), "{room} {case} does not do what is measured");
    let (count, bytes) = allocations::of(|| {
        (0..1000).for_each(|_| {
            black_box(call());
        })
    });
    eprintln!(
        "{room}/{case}: {} allocations, {} bytes a call",
        count as f64 / 1000.0,
        bytes as f64 / 1000.0
    );
    criterion.bench_function(&format!("{room}/{case}"), |bencher| bencher.iter(&call));
}

/// On two threads at once: the time a call takes each of them.
fn two(criterion: &mut Criterion, room: &str, case: &str, call: impl Fn() -> bool + Send + Sync) {
    let call = Arc::new(call);
    criterion.bench_function(&format!("{room}/{case}_2_threads"), |bencher| {
        bencher.iter_custom(|calls| {
            let start = Instant::now();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        (0..calls).for_each(|_| {
                            black_box(call());
                        })
                    });
                }
            });
            start.elapsed()
        });
    });
}

/// The output of a future that is ready at once.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the operation is ready"),
    }
}
