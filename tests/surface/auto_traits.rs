//! Send, Sync, Clone and `'static` of what users store, spawn and share. Compiling is the test; the
//! functions say of which types.

use std::{cell::Cell, future::Ready, hash::RandomState, io, rc::Rc};

use buttress::{
    Error, Keyed, Lift, Lifted, Name, Pipeline, Refusal,
    batch::{BatchLayer, BatchService, Batcher, BatcherService, Loading, LoadingMany},
    budget::Budget,
    bulkhead::{
        self, Acquiring, Bulkhead, BulkheadLayer, BulkheadService, Calling, CallingForBody, Class,
        Closing, UntilBodyEndsLayer, UntilBodyEndsService,
    },
    cache::{self, tier::redis::RedisTier},
    circuit_breaker::{
        self, CircuitBreaker, CircuitBreakerLayer, CircuitBreakerService, Guarded, Permit,
    },
    config::ConfigError,
    fallback::{
        self, Backed, Degraded, Failed, Fallback, FallbackLayer, FallbackService, LastGood, Never,
        Served, Streamed, Unmarked, Value,
    },
    hedge::{self, Hedge, HedgeLayer, HedgeService, Hedging},
    latency::{self, Distribution, Latency, LatencyLayer, LatencyService, Measured, Summary},
    manner::{Unchanged, Wrapped},
    outcome::{Outcome, Standard},
    policy::{Chain, Nothing},
    rate_limit::{
        self, Acquire, All, Decision, Limited, RateLimitLayer, RateLimitService, RateLimiter,
        Reservation,
        keyed::{
            ApiKey, ByPrefix, Exact, FirstOf, Forwarded, KeyedRateLimitService, KeyedRateLimiter,
            OfKey, PeerAddress, Tagged,
        },
        redis::{RedisAll, RedisRateLimitService, RedisRateLimiter},
    },
    reconnect::{Connection, Reconnect, ReconnectService},
    redact::{
        FieldFinding, Masked, Redacted, RedactedDebug, RedactedDisplay, Redacting, Redactor,
        Sanitized,
        logs::{
            EventWriter, HttpLogLayer, HttpLogService, HttpLogged, Logs, RedactFields, RedactLayer,
            RedactLines, RedactLogger, RedactWriters, Scrubbed,
        },
    },
    retry::{
        self, Attempted, Detailed, Planned, Retry, RetryLayer, RetryService, Retrying, Unwatched,
    },
    single_flight::{Flying, SingleFlight, SingleFlightLayer, SingleFlightService},
    source::{ByClone, Lifting, Plain, Resend},
    stream::{self, HeldStream},
    throttle::{
        self, Throttle, ThrottleLayer, ThrottleService, Throttling,
        shed::{self, Shed, ShedLayer, ShedService, Shedding},
    },
    time::{Deadline, Scoped},
    timeout::{
        self, DeadlineService, HttpDeadlineService, Timed, Timeout, TimeoutLayer, TimeoutService,
        stream::StreamTimeout,
    },
};
use tower::util::ServiceFn;

fn shared<T: Send + Sync + 'static>() {}
fn cloned<T: Clone>() {}
fn sent<T: Send>() {}

/// What is shared need not be cloned itself.
struct NotCloned;

type Operation = Ready<Result<u8, Error<std::io::Error>>>;
type Bare = Ready<Result<u8, std::io::Error>>;
/// How a service's call holds its hedge.
type Owner = hedge::Owned<Standard, hedge::AsPlanned>;
type Requests<Request> = tower::util::ServiceFn<fn(Request) -> Operation>;

/// A request that is sent again, and how its call holds the retry.
type Sent = Resend<ServiceFn<fn(()) -> Operation>, (), ByClone>;
type Kept = retry::Owned<Standard, Unwatched, Planned>;
type Lent<'a> = retry::Borrowed<'a, Standard, Unwatched, Planned>;

#[test]
fn handles_and_layers_are_shared_and_cloned() {
    shared::<CircuitBreaker>();
    shared::<CircuitBreakerLayer>();
    shared::<Budget>();
    shared::<Hedge>();
    shared::<HedgeLayer>();
    shared::<hedge::Snapshot>();
    shared::<Bulkhead>();
    shared::<BulkheadLayer>();
    shared::<Keyed<String, Bulkhead>>();
    cloned::<Bulkhead<fn(&()) -> Class>>();
    cloned::<BulkheadLayer>();
    shared::<UntilBodyEndsLayer>();
    cloned::<UntilBodyEndsLayer>();
    cloned::<Bulkhead<Class, fn(&Result<(), ()>) -> Outcome>>();
    shared::<Latency>();
    shared::<Logs>();
    cloned::<Logs>();
    shared::<HttpLogLayer>();
    cloned::<HttpLogLayer>();
    shared::<RedactLayer<()>>();
    shared::<RedactFields<()>>();
    shared::<RedactLines<()>>();
    shared::<RedactWriters<()>>();
    cloned::<RedactWriters<Rc<u8>>>();
    shared::<RedactLogger<()>>();
    shared::<EventWriter<'_, Vec<u8>>>();
    shared::<RateLimiter>();
    shared::<KeyedRateLimiter<str>>();
    cloned::<KeyedRateLimiter<Cell<u8>>>();
    shared::<KeyedRateLimiter<str, Exact<str>>>();
    shared::<KeyedRateLimiter<str, Tagged<RandomState>>>();
    shared::<KeyedRateLimitService<(), str, PeerAddress>>();
    cloned::<KeyedRateLimitService<(), str, PeerAddress, Exact<str>>>();
    shared::<OfKey<'static, str>>();
    shared::<FirstOf<ApiKey, ByPrefix<Forwarded>>>();
    shared::<RedisRateLimiter>();
    cloned::<RedisRateLimiter>();
    shared::<RedisRateLimitService<(), PeerAddress>>();
    cloned::<RedisRateLimitService<Rc<u8>, PeerAddress>>();
    shared::<RedisAll<2>>();
    shared::<buttress::redis::Redis>();
    shared::<RateLimitLayer>();
    shared::<All<'static, 2>>();
    shared::<LatencyLayer>();
    shared::<latency::Operation>();
    shared::<Retry>();
    shared::<RetryLayer>();
    shared::<Timeout>();
    shared::<TimeoutLayer>();
    shared::<Throttle>();
    shared::<ThrottleLayer>();
    shared::<Shed>();
    shared::<ShedLayer>();
    cloned::<ShedLayer>();
    cloned::<Throttle>();
    cloned::<ThrottleLayer>();
    shared::<Keyed<String, Throttle>>();
    shared::<StreamTimeout>();
    cloned::<StreamTimeout<fn(&u8) -> bool>>();
    shared::<Keyed<String, CircuitBreaker>>();
    shared::<Pipeline<Chain<Chain<Nothing, Timeout>, CircuitBreaker>>>();
    shared::<Reconnect<u8, io::Error>>();
    shared::<Connection<u8, io::Error>>();
    cloned::<Reconnect<Cell<u8>, Cell<u8>>>();
    cloned::<Connection<Cell<u8>, Cell<u8>>>();
    shared::<SingleFlight<String, Vec<u8>, io::ErrorKind>>();
    shared::<SingleFlightLayer<String, Vec<u8>, io::ErrorKind, fn(&()) -> Option<String>>>();
    cloned::<SingleFlight<Rc<str>, NotCloned, NotCloned>>();
    shared::<Batcher<String, Vec<u8>, io::ErrorKind>>();
    shared::<BatchLayer<String, Vec<u8>, io::ErrorKind>>();
    cloned::<Batcher<Rc<str>, NotCloned, NotCloned>>();
    cloned::<BatchLayer<Rc<str>, NotCloned, NotCloned>>();
    shared::<Fallback>();
    shared::<Fallback<Value<u8>>>();
    shared::<FallbackLayer<Value<u8>, Standard, Unmarked>>();
    shared::<fallback::Failover<u8>>();
    shared::<LastGood<u8>>();
    shared::<Pipeline<Chain<Chain<Chain<Nothing, Timeout>, Retry>, CircuitBreaker>>>();
    cloned::<CircuitBreaker>();
    cloned::<Fallback<Rc<u8>>>();
    cloned::<fallback::Failover<NotCloned>>();
    cloned::<LastGood<NotCloned>>();
    cloned::<CircuitBreakerLayer>();
    cloned::<Hedge>();
    cloned::<HedgeLayer>();
    cloned::<RateLimiter>();
    cloned::<RateLimitLayer>();
    cloned::<Latency>();
    cloned::<LatencyLayer>();
    cloned::<latency::Operation>();
    cloned::<Retry>();
    cloned::<RetryLayer>();
    cloned::<Timeout>();
    cloned::<Keyed<Rc<str>, CircuitBreaker>>();
    cloned::<Pipeline<Chain<Nothing, Timeout>>>();
}

#[test]
fn redactors_are_shared_and_what_is_redacted_is_what_it_holds() {
    shared::<Redactor>();
    cloned::<Redactor>();
    shared::<Redacted<String>>();
    cloned::<Redacted<Vec<u8>>>();
    sent::<Redacted<Option<[u8; 32]>>>();
    shared::<Masked>();
    shared::<FieldFinding>();
    shared::<Sanitized<'static, str>>();
    shared::<RedactedDebug<'static, str>>();
    shared::<RedactedDisplay<'static, dyn std::fmt::Display + Sync>>();
    // What it has heard of a name stays on one thread.
    fn debugged<T: std::fmt::Debug>() {}
    debugged::<Redacting<'static, Rc<u8>>>();
}

#[test]
fn services_are_what_the_service_inside_is() {
    shared::<BulkheadService<(), Class, Standard>>();
    sent::<BulkheadService<Cell<u8>, Class, Standard>>();
    cloned::<BulkheadService<Rc<u8>, Class, Standard>>();
    shared::<UntilBodyEndsService<(), Class, Standard>>();
    cloned::<UntilBodyEndsService<Rc<u8>, Class, Standard>>();
    shared::<cache::CacheService<(), u8, u8>>();
    cloned::<cache::CacheService<Rc<u8>, u8, u8>>();
    shared::<cache::CacheLayer<String, Vec<u8>>>();
    shared::<cache::http::HttpCacheService<(), fn(&()) -> Option<cache::http::RequestKey>>>();
    sent::<cache::http::HttpCacheService<Cell<u8>, ()>>();
    cloned::<cache::http::HttpCacheService<Rc<u8>, Rc<u8>>>();
    shared::<cache::http::HttpCacheLayer<()>>();
    shared::<cache::tier::TieredService<(), String, Vec<u8>, RedisTier>>();
    cloned::<cache::tier::TieredService<Rc<u8>, String, Vec<u8>, RedisTier>>();
    shared::<cache::tier::TieredLayer<String, Vec<u8>, RedisTier>>();
    shared::<SingleFlightService<(), u8, u8, u8, fn(&()) -> Option<u8>>>();
    sent::<SingleFlightService<Cell<u8>, u8, u8, u8, ()>>();
    cloned::<SingleFlightService<Rc<u8>, u8, u8, u8, ()>>();
    shared::<BatchService<(), u8, u8, u8>>();
    sent::<BatchService<Cell<u8>, u8, u8, u8>>();
    cloned::<BatchService<Rc<u8>, u8, u8, u8>>();
    shared::<BatcherService<u8, u8, u8>>();
    shared::<CircuitBreakerService<(), Standard>>();
    shared::<HedgeService<(), Standard, hedge::AsPlanned, ByClone>>();
    shared::<RateLimitService<()>>();
    cloned::<RateLimitService<Rc<u8>>>();
    shared::<LatencyService<()>>();
    shared::<HttpLogService<()>>();
    cloned::<HttpLogService<Rc<u8>>>();
    shared::<FallbackService<(), Value<u8>, Standard, Unmarked>>();
    sent::<FallbackService<Cell<u8>, Value<u8>, Standard, Unmarked>>();
    cloned::<FallbackService<Rc<u8>, Value<NotCloned>, Standard, Unmarked>>();
    shared::<RetryService<(), Standard, Unwatched, Planned, ByClone>>();
    shared::<ThrottleService<(), Standard>>();
    shared::<ShedService<()>>();
    cloned::<ShedService<Rc<u8>>>();
    sent::<ThrottleService<Cell<u8>, Standard>>();
    cloned::<ThrottleService<Rc<u8>, Standard>>();
    shared::<TimeoutService<()>>();
    shared::<DeadlineService<()>>();
    shared::<HttpDeadlineService<()>>();
    shared::<ReconnectService<u8, io::Error>>();
    cloned::<ReconnectService<Rc<u8>, io::Error>>();
    shared::<Lift<()>>();
    sent::<CircuitBreakerService<Cell<u8>, Standard>>();
    cloned::<CircuitBreakerService<Rc<u8>, Standard>>();
    sent::<HedgeService<Cell<u8>, Standard, hedge::AsPlanned, ByClone>>();
    cloned::<HedgeService<Rc<u8>, Standard, hedge::AsPlanned, ByClone>>();
    cloned::<LatencyService<Rc<u8>>>();
    cloned::<RetryService<Rc<u8>, Standard, Unwatched, Planned, ByClone>>();
    cloned::<TimeoutService<Rc<u8>>>();
}

/// What waits for a store can be spawned, whoever is waited for.
#[test]
fn what_a_tier_is_asked_is_sent_between_threads() {
    fn sent(_: impl Future + Send) {}
    fn asked(texts: &cache::tier::Tiered<String, String, RedisTier>) {
        sent(texts.get("a"));
        sent(texts.get_many(["a".to_owned()]));
        sent(texts.insert(String::new(), String::new()));
        sent(texts.invalidate("a"));
        sent(texts.clear());
        sent(texts.get_or_load("a", || async { String::new() }));
        sent(texts.load_many([String::new()], |_| async { Ok::<_, u8>([]) }));
    }
    let _ = asked;
}

#[test]
fn futures_are_what_the_operation_is() {
    sent::<cache::Fetching<String, Vec<u8>, io::Error, cache::Bare<Wrapped>>>();
    sent::<cache::Fetching<String, Vec<u8>, io::Error, cache::Aged<Unchanged>>>();
    sent::<cache::http::Replying<String, io::Error, Wrapped>>();
    sent::<cache::http::ReplyBody<String>>();
    sent::<cache::FetchingMany<String, Vec<u8>, io::Error, Wrapped>>();
    sent::<Flying<String, Vec<u8>, io::ErrorKind, Wrapped>>();
    sent::<Flying<Cell<u8>, u8, Error<u8>, Unchanged>>();
    sent::<Loading<String, Vec<u8>, io::ErrorKind, Wrapped>>();
    sent::<LoadingMany<Cell<u8>, u8, u8, Wrapped>>();
    shared::<Guarded<Operation, circuit_breaker::Owned>>();
    shared::<Calling<bulkhead::Ran<fn() -> Operation>, bulkhead::Owned>>();
    sent::<Calling<bulkhead::Called<fn() -> Operation>, bulkhead::Borrowed<'_>>>();
    shared::<cache::Cache<String, Vec<u8>>>();
    shared::<cache::http::HttpCache>();
    shared::<cache::http::Reply>();
    shared::<cache::tier::Tiered<String, Vec<u8>, RedisTier>>();
    cloned::<cache::tier::Tiered<String, Vec<u8>, RedisTier<NotCloned>>>();
    shared::<RedisTier<u8>>();
    shared::<Acquiring<bulkhead::Owned>>();
    shared::<bulkhead::Permit<bulkhead::Owned>>();
    sent::<bulkhead::Permit<bulkhead::Borrowed<'_>>>();
    shared::<bulkhead::Settling<bulkhead::Owned>>();
    shared::<CallingForBody<bulkhead::Ran<fn() -> Operation>, bulkhead::Owned>>();
    shared::<stream::HeldBody<(), bulkhead::Permit<bulkhead::Owned>>>();
    shared::<Closing>();
    shared::<Limited<fn() -> Operation, Operation, rate_limit::Owned>>();
    sent::<Limited<Cell<u8>, Cell<u8>, rate_limit::Borrowed<'_>>>();
    sent::<Acquire<'_>>();
    shared::<Reservation<rate_limit::Owned>>();
    shared::<Decision>();
    shared::<Measured<Operation, latency::Owned>>();
    shared::<HttpLogged<Operation>>();
    sent::<HttpLogged<Cell<u8>>>();
    sent::<Measured<Cell<u8>, latency::Borrowed<'_>>>();
    shared::<Throttling<Operation, throttle::Owned<Standard>>>();
    sent::<Throttling<Cell<u8>, throttle::Borrowed<'_, Standard>>>();
    shared::<throttle::Permit<throttle::Owned<Standard>>>();
    shared::<Shedding<Operation, shed::Owned>>();
    sent::<Shedding<Cell<u8>, shed::Borrowed<'_>>>();
    shared::<shed::Permit<shed::Owned>>();
    shared::<Timed<Operation, timeout::Owned>>();
    shared::<Hedging<Plain<fn() -> Operation>, Owner>>();
    shared::<Hedging<Lifting<fn() -> Bare>, hedge::Borrowed<'_, Standard, hedge::AsPlanned>>>();
    shared::<Hedging<Resend<Requests<u8>, u8, ByClone>, Owner>>();
    sent::<Hedging<Resend<Requests<Cell<u8>>, Cell<u8>, ByClone>, Owner>>();
    shared::<Backed<Operation, fallback::Owned<Value<u8>>, (), Never<u8, Error<std::io::Error>>>>();
    sent::<Backed<Cell<u8>, fallback::Borrowed<'_, Value<u8>>, (), Cell<u8>>>();
    shared::<Streamed<futures::stream::Empty<u8>>>();
    shared::<Retrying<Sent, Kept>>();
    shared::<Detailed<Sent, Kept>>();
    sent::<Retrying<Plain<fn() -> Operation>, Lent<'_>>>();
    sent::<Retrying<Lifting<fn() -> Operation>, Lent<'_>>>();
    shared::<Attempted<u8, Error<std::io::Error>>>();
    shared::<Lifted<Operation>>();
    shared::<Scoped<Operation>>();
    sent::<Guarded<Cell<u8>, circuit_breaker::Borrowed<'_>>>();
    shared::<Permit<circuit_breaker::Owned>>();
    sent::<Permit<circuit_breaker::Borrowed<'_>>>();
}

#[test]
fn streams_are_what_the_stream_inside_is() {
    shared::<timeout::stream::TimedStream<(), Standard>>();
    shared::<stream::GuardedStream<(), Permit<circuit_breaker::Owned>>>();
    shared::<HeldStream<(), Permit<circuit_breaker::Owned>>>();
    shared::<HeldStream<(), bulkhead::Permit<bulkhead::Owned>>>();
    sent::<timeout::stream::TimedStream<Cell<u8>, Standard>>();
    sent::<HeldStream<Cell<u8>, circuit_breaker::Recording<circuit_breaker::Borrowed<'_>>>>();
}

#[test]
fn redactors_are_shared_and_their_streams_are_sent() {
    use buttress::redact::{AsyncRedactWriter, Finding, RedactWriter, Redactor, RuleSet, Stream};

    shared::<Redactor>();
    cloned::<Redactor>();
    shared::<RuleSet>();
    cloned::<RuleSet>();
    shared::<Finding>();
    sent::<Stream>();
    sent::<RedactWriter<Vec<u8>>>();
    sent::<AsyncRedactWriter<Vec<u8>>>();
}

#[test]
fn errors_travel_anywhere() {
    shared::<Refusal>();
    shared::<Error<std::io::Error>>();
    shared::<Scrubbed<Error<std::io::Error>>>();
    shared::<Failed<Error<std::io::Error>>>();
    shared::<Served<u8>>();
    shared::<Degraded>();
    shared::<ConfigError>();
    shared::<Name>();
    shared::<Deadline>();
    shared::<latency::Snapshot>();
    shared::<Distribution>();
    shared::<Summary>();
}

#[test]
fn a_monitor_takes_an_operation_that_is_not_send() {
    let latency = Latency::new("local", Default::default()).unwrap();
    let local = Rc::new(7);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(latency.wrap("op", async { Ok::<_, ()>(*local) }));
    assert_eq!(answer, Ok(7));
}

#[test]
fn a_single_guard_takes_an_operation_that_is_not_send() {
    let breaker = CircuitBreaker::new("local", Default::default()).unwrap();
    let local = Rc::new(7);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(breaker.call(|| async { Ok::<_, ()>(*local) }));
    assert_eq!(answer, Ok(7));
}

#[test]
fn a_retry_takes_an_operation_that_is_not_send_and_one_that_changes_what_it_holds() {
    let retry = Retry::new("local", Default::default()).unwrap();
    let mut tries = Rc::new(0);
    let operation = || {
        *Rc::make_mut(&mut tries) += 1;
        std::future::ready(Ok::<_, ()>(7))
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(retry.call(operation)), Ok(7));
    assert_eq!(*tries, 1);
}

#[test]
fn a_hedge_takes_operations_that_are_not_send() {
    let hedge = Hedge::new("local", hedge::Config::after(std::time::Duration::ZERO)).unwrap();
    let local = Rc::new(Cell::new(0));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(hedge.call(async || {
        local.set(local.get() + 1);
        tokio::task::yield_now().await;
        Ok::<_, ()>(Rc::clone(&local))
    }));
    assert_eq!(answer.map(|calls| calls.get()), Ok(2));
}
