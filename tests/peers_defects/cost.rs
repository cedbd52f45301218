//! What a call costs in allocations, and a circuit in memory.

use std::{convert::Infallible, future::ready, time::Duration};

use buttress::{
    Error, Lift, Pipeline,
    bulkhead::{self, Adaptive, Bulkhead},
    circuit_breaker::{CircuitBreaker, Config, State, Window},
    latency::{self, Ending, Latency},
    rate_limit::{
        self, All, Rate, RateLimiter,
        keyed::{self, KeyedRateLimiter},
    },
    time::{Clock, Deadline},
    timeout::Timeout,
};
use tokio::{task::yield_now, time::advance};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::allocator::{allocations, live_bytes};

const SECOND: Duration = Duration::from_secs(1);

/// How many allocations a thousand of these make, after a few to warm up.
async fn allocations_of<F: Future>(mut call: impl FnMut() -> F) -> u64 {
    for _ in 0..10 {
        call().await;
    }
    let before = allocations();
    for _ in 0..1000 {
        call().await;
    }
    allocations() - before
}

/// One for each way of counting.
fn breakers() -> Vec<CircuitBreaker> {
    let configs = [
        Config::off().with_consecutive_failures(5),
        Config::new(),
        Config::new().with_window(Window::Count(100)),
        Config::new().with_slow_calls(SECOND, 0.5),
    ];
    configs.into_iter().map(|config| CircuitBreaker::new("cost", config).unwrap()).collect()
}

fn timeout() -> Timeout {
    Timeout::new("cost", SECOND).unwrap()
}

/// Exact, coarse, and of several quotas; none of them ever short.
fn limiters() -> Vec<RateLimiter> {
    let many = rate_limit::Config::new(Rate::per_second(1_000_000));
    let configs = [
        many.clone(),
        many.clone().with_clock(Clock::Coarse),
        many.clone().also(Rate::per_day(1_000_000)),
        many.with_waiting(SECOND),
    ];
    configs.into_iter().map(|config| RateLimiter::new("cost", config).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn d16_a_limited_call_allocates_nothing_nor_does_a_refusal() {
    for limiter in limiters() {
        let call = || async {
            limiter.call(|| ready(Ok::<_, Infallible>(()))).await.unwrap();
            limiter.acquire().await.unwrap();
            limiter.reserve(2).unwrap().settle(1);
            let _ = limiter.check(1);
        };
        assert_eq!(allocations_of(call).await, 0);
        let mut service = limiter
            .layer()
            .layer(Lift::layer().layer(service_fn(|()| ready(Ok::<_, Infallible>(())))));
        assert_eq!(
            allocations_of(|| {
                let call = async { service.ready().await.unwrap().call(()).await.unwrap() };
                std::future::ready(futures::FutureExt::now_or_never(call))
            })
            .await,
            0
        );
        limiter.drain();
        let refused = || async { assert!(limiter.try_acquire_n(500_000).is_err()) };
        assert_eq!(allocations_of(refused).await, 0);
    }
}

/// The counter counts, or every test below would prove nothing.
#[tokio::test(start_paused = true)]
async fn the_counter_counts() {
    assert_eq!(allocations_of(|| drop_later(Box::new(7))).await, 1000);
    let before = live_bytes();
    let kept = vec![0_u8; 4096];
    assert_eq!(live_bytes() - before, 4096);
    drop(kept);
    assert_eq!(live_bytes(), before);
}

async fn drop_later(boxed: Box<u32>) {
    std::hint::black_box(boxed);
}

/// By key: not when the key has a bucket, by any store and whatever its type, nor when it is refused.
#[tokio::test]
async fn d16_a_call_by_key_allocates_nothing_once_the_key_has_a_bucket() {
    let many = keyed::Config::new(Rate::per_second(1_000_000)).with_max_keys(100);
    let tagged = KeyedRateLimiter::<str>::new("cost", many.clone()).unwrap();
    let both = KeyedRateLimiter::<str>::new("cost", many.clone().also(Rate::per_day(1_000_000)));
    let (both, exact) = (both.unwrap(), KeyedRateLimiter::<str>::exact("cost", many).unwrap());
    let refusing = KeyedRateLimiter::<str>::exact("cost", Rate::per_day(1)).unwrap();
    let call = || tagged.call("ann", || ready(Ok::<_, ()>(7)));
    assert_eq!(allocations_of(call).await, 0);
    let call = || exact.call("ann", || ready(Ok::<_, ()>(7)));
    assert_eq!(allocations_of(call).await, 0);
    let call = || refusing.call("ann", || ready(Ok::<_, ()>(7)));
    assert_eq!(allocations_of(call).await, 0);
    assert_eq!(refusing.snapshot().totals.admitted, 1);
    let all = || All::of([&both.of("ann"), &exact.of("ann"), &tagged.of("ann")]).try_acquire();
    assert_eq!(allocations_of(|| ready(all().is_ok())).await, 0);
    assert!(all().is_ok());
    // Nor for a new key, if none is kept.
    let names: Vec<String> = (0..1010).map(|name| name.to_string()).collect();
    let mut next = names.iter();
    let call = || ready(tagged.try_acquire(next.next().unwrap()).is_ok());
    assert_eq!(allocations_of(call).await, 0);
}

/// A key takes what it was said to, and what is refused for want of places takes nothing.
#[test]
fn a_limiter_by_key_takes_the_bytes_it_tells() {
    let config = keyed::Config::new(Rate::per_day(1)).with_max_keys(1_000_000);
    let before = live_bytes();
    let keys = KeyedRateLimiter::<u64>::new("bytes", config).unwrap();
    let told = keys.snapshot().bytes as i64;
    (0..2_000_000).for_each(|key| drop(keys.try_acquire(&key)));
    let taken = live_bytes() - before;
    assert!(told <= 40 * 1_000_000 && taken <= told + 10_000, "{taken} of {told}");
    assert!(keys.snapshot().totals.crowded > 0);
}

/// tower-resilience: three allocations for each call of a closed breaker. Ours make none, by every
/// rule, through either door.
#[tokio::test(start_paused = true)]
async fn d16_a_call_of_a_closed_breaker_allocates_nothing() {
    for breaker in breakers() {
        let made = allocations_of(|| breaker.call(|| ready(Ok::<_, ()>(7)))).await;
        assert_eq!(made, 0, "{breaker:?}");
        let made = allocations_of(|| breaker.call(waits)).await;
        assert_eq!(made, 0, "{breaker:?}, an operation that waits");

        let mut service = ServiceBuilder::new()
            .layer(breaker.layer())
            .layer(Lift::layer())
            .service(service_fn(|()| ready(Ok::<_, Infallible>(7))));
        service.ready().await.unwrap();
        let made = allocations_of(|| {
            assert!(service.poll_ready(&mut cx()).is_ready());
            service.call(())
        })
        .await;
        assert_eq!(made, 0, "{breaker:?}, tower");

        let made = allocations_of(|| {
            breaker.try_acquire().unwrap().success();
            breaker.try_acquire_owned().unwrap().success();
            ready(())
        })
        .await;
        assert_eq!(made, 0, "{breaker:?}, permits");
    }
}

/// Nor does a refusal, which is what an overloaded caller makes most of.
#[tokio::test(start_paused = true)]
async fn d16_a_refusal_allocates_nothing() {
    for breaker in breakers() {
        breaker.open_for(SECOND);
        let made = allocations_of(|| breaker.call(|| ready(Ok::<_, ()>(7)))).await;
        assert_eq!(made, 0, "{breaker:?}");
        let mut service = ServiceBuilder::new()
            .layer(breaker.layer())
            .layer(Lift::layer())
            .service(service_fn(|()| ready(Ok::<_, Infallible>(7))));
        let made = allocations_of(|| {
            assert!(service.poll_ready(&mut cx()).is_ready());
            service.call(())
        })
        .await;
        assert_eq!(made, 0, "{breaker:?}, tower");
        assert_eq!(breaker.state(), State::Open);
    }
    let named_at_run_time = CircuitBreaker::new(String::from("cost"), Config::new()).unwrap();
    named_at_run_time.force_open();
    assert_eq!(allocations_of(|| named_at_run_time.call(|| ready(Ok::<_, ()>(7)))).await, 0);
}

/// Nor a failure that the circuit outlives, nor a call that is dropped.
#[tokio::test(start_paused = true)]
async fn d16_a_failure_and_a_drop_allocate_nothing() {
    let config = Config::new().with_failure_ratio(1.0).with_min_calls(1_000_000);
    let breaker = CircuitBreaker::new("cost", config).unwrap();
    assert_eq!(allocations_of(|| breaker.call(|| ready(Err::<(), _>(7)))).await, 0);
    let made = allocations_of(|| {
        drop(breaker.call(waits));
        ready(())
    });
    assert_eq!(made.await, 0);
}

/// tower-resilience: two allocations for each call of its time limiter. Ours makes none, whether
/// the operation waits or not, is in time or not, under a deadline or not.
#[tokio::test(start_paused = true)]
async fn d16_a_timed_call_allocates_nothing() {
    let timeout = timeout();
    assert_eq!(allocations_of(|| timeout.call(|| ready(Ok::<_, ()>(7)))).await, 0);
    assert_eq!(allocations_of(|| timeout.call(waits)).await, 0);
    assert_eq!(allocations_of(|| timeout.call(std::future::pending::<Result<(), ()>>)).await, 0);
    let under = |left| Deadline::within(left);
    assert_eq!(allocations_of(|| under(SECOND).scope(timeout.call(waits))).await, 0);
    assert_eq!(allocations_of(|| under(Duration::ZERO).scope(timeout.call(waits))).await, 0);
    let mut service = ServiceBuilder::new()
        .layer(timeout.layer())
        .layer(Lift::layer())
        .service(service_fn(|()| waits()));
    let made = allocations_of(|| {
        assert!(service.poll_ready(&mut cx()).is_ready());
        service.call(())
    });
    assert_eq!(made.await, 0);
}

/// Nor do several of them in a row.
#[tokio::test(start_paused = true)]
async fn d16_a_pipeline_allocates_nothing() {
    let breaker = CircuitBreaker::new("cost", Config::new()).unwrap();
    let pipeline =
        Pipeline::new().with(timeout()).with(breaker.clone()).with(timeout()).with(breaker.clone());
    assert_eq!(allocations_of(|| pipeline.call(|| ready(Ok::<_, ()>(7)))).await, 0);
    assert_eq!(allocations_of(|| pipeline.call(waits)).await, 0);
    assert_eq!(allocations_of(|| pipeline.run(|| ready(Ok::<_, Error<()>>(7)))).await, 0);
    breaker.force_open();
    assert_eq!(allocations_of(|| pipeline.call(waits)).await, 0, "refused");
}

/// recloser: every transition leaks the old state, 58 600 bytes in 600 of them. Ours takes not one
/// byte more after ten thousand rounds than after a hundred.
#[tokio::test(start_paused = true)]
async fn d29_ten_thousand_rounds_of_transitions_leak_nothing() {
    for window in [Window::Count(50), Window::Time { span: 30 * SECOND, buckets: 10 }] {
        let config = Config::new()
            .with_consecutive_failures(3)
            .with_window(window)
            .with_fixed_interval(SECOND)
            .with_probes(2);
        let breaker = CircuitBreaker::new("d29", config).unwrap();
        rounds(&breaker, 100).await;
        let before = live_bytes();
        rounds(&breaker, 10_000).await;
        assert_eq!(live_bytes() - before, 0, "{window:?}");
        assert_eq!(breaker.snapshot().totals.transitions, 3 * 10_100);
    }
}

/// Closed, open, half-open, and closed again, so many times.
async fn rounds(breaker: &CircuitBreaker, rounds: u32) {
    for _ in 0..rounds {
        for _ in 0..3 {
            let _ = breaker.call(|| ready(Err::<(), _>("down"))).await;
        }
        assert_eq!(breaker.state(), State::Open);
        advance(SECOND).await;
        for _ in 0..2 {
            assert!(breaker.call(|| ready(Ok::<_, ()>(()))).await.is_ok());
        }
        assert_eq!(breaker.state(), State::Closed);
    }
}

/// And guards that come and go leave nothing behind, in whatever list they stood meanwhile. (A list
/// shared with other tests may have grown by a node on this thread; ten thousand guards would show.)
#[tokio::test(start_paused = true)]
async fn d29_ten_thousand_guards_made_and_dropped_leak_nothing() {
    let come_and_go = |times: u32| {
        for _ in 0..times {
            drop((timeout().layer(), CircuitBreaker::new("d29", Config::new()).unwrap().layer()));
        }
    };
    come_and_go(100);
    let before = live_bytes();
    come_and_go(10_000);
    assert!((live_bytes() - before).abs() < 8192, "{} bytes", live_bytes() - before);
}

/// A subscriber that never reads costs no more than what is kept for it.
#[tokio::test(start_paused = true)]
async fn d29_a_subscriber_that_never_reads_takes_no_more_either() {
    let breaker = CircuitBreaker::new("d29", Config::new()).unwrap();
    let subscription = breaker.subscribe();
    let toggle = |times: u32| {
        for _ in 0..times {
            breaker.force_open();
            breaker.reset();
        }
    };
    toggle(100);
    let before = live_bytes();
    toggle(10_000);
    assert_eq!(live_bytes(), before);
    drop(subscription);
}

async fn waits() -> Result<u32, ()> {
    yield_now().await;
    Ok(7)
}

fn cx() -> std::task::Context<'static> {
    std::task::Context::from_waker(std::task::Waker::noop())
}

/// A histogram that grows, or one behind a boxed future, allocates on somebody's call. Ours has all
/// it needs after the first record of a thread.
#[tokio::test(start_paused = true)]
async fn a_record_allocates_nothing_through_any_door() {
    let config = latency::Config::new().with_window(3600 * SECOND);
    let latency = Latency::new("cost", config).unwrap();
    let operation = latency.operation("op");
    let recorded = || async { operation.record(SECOND, Ending::Ok) };
    assert_eq!(allocations_of(recorded).await, 0);
    let by_name = || async { latency.record("op", SECOND, Ending::Err) };
    assert_eq!(allocations_of(by_name).await, 0);
    assert_eq!(allocations_of(|| operation.wrap(waits())).await, 0);
    assert_eq!(allocations_of(|| async { drop(operation.wrap(waits())) }).await, 0, "cancelled");

    let mut service = latency.layer("op").layer(service_fn(|()| ready(Ok::<_, Infallible>(7))));
    let made = allocations_of(|| {
        assert!(service.poll_ready(&mut cx()).is_ready());
        service.call(())
    })
    .await;
    assert_eq!(made, 0, "tower");
}

/// An operation is as large as its docs say, however long it is used.
#[tokio::test(start_paused = true)]
async fn an_operation_takes_ten_kilobytes_for_each_thread_and_slice_and_no_more() {
    let latency = Latency::new("cost", latency::Config::new()).unwrap();
    let before = live_bytes();
    let operation = latency.operation("op");
    let unused = live_bytes() - before;
    assert!(unused <= 64 * 1024 / 2, "{unused} bytes before the first record");
    operation.record(SECOND, Ending::Ok);
    let first = live_bytes() - before - unused;
    assert!((9_000..=9_728).contains(&first), "{first} bytes for a thread");
    for second in 0..600 {
        operation.record(Duration::from_millis(second), Ending::Ok);
        advance(SECOND).await;
    }
    let all = live_bytes() - before - unused;
    assert!((7 * 9_000..=7 * 9_728).contains(&all), "{all} bytes for a thread and six slices");
}

/// tower-resilience's adaptive limiter: one allocation for each call, and a lock taken three times.
#[tokio::test(start_paused = true)]
async fn d16_a_limit_that_finds_itself_allocates_nothing() {
    let all =
        [Adaptive::aimd(SECOND), Adaptive::gradient(), Adaptive::min_rtt(), Adaptive::vegas()];
    for adaptive in all {
        let config = bulkhead::Config::new().with_limit(1).with_adaptive(adaptive);
        let bulkhead = Bulkhead::new("cost", config).unwrap();
        let mut served = 0;
        let made = allocations_of(|| {
            served += 1;
            let answer = if served % 10 == 0 { Err(()) } else { Ok(()) };
            let bulkhead = &bulkhead;
            async move {
                let _ = bulkhead.call(|| ready(answer)).await;
                advance(Duration::from_millis(5)).await;
            }
        })
        .await;
        let told = bulkhead.snapshot().adaptive.unwrap();
        assert_eq!((made, told.samples), (0, 1010), "{adaptive:?}");
    }
}
