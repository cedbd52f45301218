//! The contracts of `table` that hold for layers whose readiness is deferred: they are always ready,
//! and make a clone of the inner service ready inside the call.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ::http::Response;
use buttress::{
    Mode,
    cache::{
        self, Cache,
        http::{self, HttpCache, ReplyBody, RequestKey},
        tier::{Fence, Found, Put, Tier, TierFailure},
    },
    rate_limit::{
        Rate,
        keyed::{Config, KeyedRateLimiter},
        redis::{Config as Stored, RedisRateLimiter},
    },
    redis::{self, OnStoreFailure, Redis},
};
use futures::FutureExt;
use tower::{Layer, Service, ServiceBuilder};

use crate::{
    contracts::{self, Unwilling},
    terms::{Inner, Request, Shows, Wrapped, ask, poll_ready, ready, request, up},
};

macro_rules! rows {
    ($($row:ident: $layer:expr;)*) => { $(
        mod $row {
            use super::*;

            contracts_of! {
                contracts, $layer;
                results_pass_through
                a_call_that_waits_is_not_polled_in_between
                a_call_takes_no_more_polls_than_the_backend_wakes
                a_call_dropped_in_flight_ends_the_inner_call
                a_call_dropped_unpolled_leaves_nothing_behind
                calls_of_one_service_run_side_by_side
                a_layer_makes_as_many_services_as_it_is_asked_for
                a_panic_of_one_call_leaves_the_service_usable
            }
            contracts_of! {
                super, $layer;
                a_service_is_ready_and_has_reserved_nothing
                an_inner_service_is_made_ready_inside_the_call
                an_error_of_readiness_is_the_answer_of_the_call
            }
        }
    )* };
}

macro_rules! contracts_of {
    ($home:ident, $layer:expr; $($contract:ident)*) => { $(
        #[tokio::test(start_paused = true)]
        async fn $contract() {
            $home::$contract($layer).await;
        }
    )* };
}

rows! {
    cache_of_what_was_not_there: answers().layer(each_its_own);
    cache_of_what_is_not_worth_it: answers().layer(each_its_own).cache_if(|_| false);
    cache_over_a_store_that_has_nothing: answers().over(Nothing(true)).layer(each_its_own);
    cache_over_a_store_that_is_gone: answers().over(Nothing(false)).layer(each_its_own);
    cache_that_finds_no_key: answers().layer(|_: &Request| None::<u64>);
    http_cache_of_what_may_be_kept: pages(|answer| Some(RequestKey::of(answer, [])));
    http_cache_that_finds_no_key: pages(|_| None);
    rate_limiter_by_key: keyed(MANY).layer(by_path);
    rate_limiter_by_exact_key: KeyedRateLimiter::<String>::exact("row", MANY).unwrap().layer(by_path);
    rate_limiter_by_key_of_two_rates: keyed(Config::new(MANY).also(Rate::per_day(1000))).layer(by_path);
    rate_limiter_by_key_that_finds_none: keyed(MANY).layer(|_: &Request| None::<String>);
    rate_limiter_by_key_that_only_watches: keyed(Config::new(NONE).with_mode(Mode::Shadow)).layer(by_path);
    rate_limiter_without_its_store_that_lets_everything_pass: stored(OnStoreFailure::Open, Mode::Enforce).layer(by_path);
    rate_limiter_without_its_store_that_decides_alone: stored(OnStoreFailure::local_of(2), Mode::Enforce).layer(by_path);
    rate_limiter_without_its_store_that_only_watches: stored(OnStoreFailure::Closed, Mode::Shadow).layer(by_path);
    rate_limiter_with_a_store_and_no_key: stored(OnStoreFailure::Closed, Mode::Enforce).layer(|_: &Request| None::<String>);
}

/// More than any contract asks for.
const MANY: Rate = Rate::per_second(1000);

/// Fewer.
const NONE: Rate = Rate::every(Duration::from_secs(86_400));

fn keyed(config: impl Into<Config>) -> KeyedRateLimiter<String> {
    KeyedRateLimiter::new("row", config).unwrap()
}

/// Its store is nowhere, which is found out at once: what is answered is answered here.
fn stored(policy: OnStoreFailure, mode: Mode) -> RedisRateLimiter {
    let redis = Redis::new("nowhere", redis::Config::new("unix:///nowhere/at/all")).unwrap();
    let config = Stored::new(MANY).with_on_store_failure(policy).with_mode(mode);
    RedisRateLimiter::new("row", &redis, config).unwrap()
}

fn answers() -> Cache<u64, &'static str> {
    Cache::new("row", cache::Config::new()).unwrap()
}

/// For a service that is made to speak HTTP inside, and outside no longer does.
fn pages(
    key: fn(&Request) -> Option<RequestKey>,
) -> impl Layer<Inner, Service: Wrapped> + Layer<Unwilling, Service: Wrapped> {
    fn its_own(mut request: Request) -> Request {
        let path = each_its_own(&request).unwrap().to_string();
        *request.uri_mut() = format!("/{path}").parse().unwrap();
        request
    }
    fn into_http(text: &'static str) -> Response<String> {
        Response::builder().header("x-text", text).body(String::new()).unwrap()
    }
    fn out_of_http(response: Response<ReplyBody<String>>) -> &'static str {
        response.headers()["x-text"].to_str().unwrap().to_owned().leak()
    }

    let pages = HttpCache::new("row", http::Config::new()).unwrap();
    ServiceBuilder::new()
        .map_request(its_own as fn(_) -> _)
        .map_response(out_of_http as fn(_) -> _)
        .layer(pages.layer(key))
        .map_response(into_http as fn(_) -> _)
}

/// A store that has nothing, or cannot say so.
struct Nothing(bool);

impl Nothing {
    fn says<T>(&self, answer: T) -> Result<T, TierFailure> {
        if self.0 { Ok(answer) } else { Err(TierFailure::Unavailable) }
    }
}

impl Tier<u64, &'static str> for Nothing {
    async fn get(&self, _: &u64) -> Result<Found<&'static str>, TierFailure> {
        self.says(Found::Nothing)
    }

    async fn put(
        &self,
        _: &u64,
        _: &&'static str,
        _: Option<Duration>,
        _: Fence,
    ) -> Result<Put, TierFailure> {
        self.says(Put::Stored { left: None })
    }

    async fn remove(&self, _: &u64) -> Result<(), TierFailure> {
        self.says(())
    }

    async fn clear(&self) -> Result<(), TierFailure> {
        self.says(())
    }
}

/// A key that no other request has.
fn each_its_own(_: &Request) -> Option<u64> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    Some(NEXT.fetch_add(1, Ordering::Relaxed))
}

fn by_path(request: &Request) -> Option<String> {
    Some(request.uri().path().to_owned())
}

async fn a_service_is_ready_and_has_reserved_nothing<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().never_ready();
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for _ in 0..3 {
        assert!(poll_ready(&mut service).is_ready());
        assert!(poll_ready(&mut service.clone()).is_ready());
    }
    drop(service);
    assert_eq!((seen().ready_polls, seen().reserved, seen().calls), (0, 0, 0));
}

async fn an_inner_service_is_made_ready_inside_the_call<L>(layer: L)
where
    L: Layer<Inner, Service: Wrapped>,
{
    let inner = up().service().ready_after(3);
    let seen = inner.watch();
    let mut service = layer.layer(inner);
    for calls in 1..=3 {
        assert_eq!(ask(&mut service).await.unwrap(), "up");
        assert_eq!((seen().calls, seen().finished), (calls, calls));
        assert_eq!(seen().ready_polls, 4 * calls, "three times not ready, then ready");
        assert_eq!((seen().reserved, seen().clones), (0, calls));
    }
    // Dropped before it is ready, and unpolled.
    let mut waiting = Box::pin(ready(&mut service).await.call(request()));
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(waiting);
    drop(ready(&mut service).await.call(request()));
    assert_eq!((seen().reserved, seen().calls), (0, 3));
}

async fn an_error_of_readiness_is_the_answer_of_the_call<L>(layer: L)
where
    L: Layer<Unwilling, Service: Wrapped>,
{
    let mut service = layer.layer(Unwilling);
    for _ in 0..3 {
        assert_eq!(ask(&mut service).await.unwrap_err().broken(), Some("unwilling"));
    }
}
