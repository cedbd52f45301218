//! Inside other people's frames: boxed, buffered, shed, stacked in every spelling.

use std::{fmt, time::Duration};

use buttress::{
    Error, Fault, Lift, OpenReason, Refusal,
    circuit_breaker::{CircuitBreaker, Config, State},
    testing::{Script, Step},
    timeout::Timeout,
};
use tower::{
    BoxError, Layer, Service, ServiceBuilder, ServiceExt,
    buffer::Buffer,
    load_shed::LoadShed,
    util::{BoxCloneService, BoxService},
};

use crate::terms::{Request, ask, request};

const SECOND: Duration = Duration::from_secs(1);

fn breaker() -> CircuitBreaker {
    CircuitBreaker::new("backend", Config::off().with_consecutive_failures(1)).unwrap()
}

fn timeout() -> Timeout {
    Timeout::new("call", SECOND).unwrap()
}

/// Up, then hanging for good.
fn backend() -> Script<&'static str, fmt::Error> {
    Script::new([Step::ok("up"), Step::hang()])
}

fn up() -> Script<&'static str, fmt::Error> {
    Script::new([Step::ok("up")])
}

fn kind<E: Fault>(error: &E) -> &'static str {
    error.refusal().map_or("none", Refusal::kind)
}

/// Served once, timed out once, and refused from then on.
async fn up_then_timed_out_then_refused<S, E>(mut service: S)
where
    S: Service<Request, Response = &'static str, Error = E>,
    E: Fault + std::fmt::Debug,
{
    assert_eq!(ask(&mut service).await.unwrap(), "up");
    let error = ask(&mut service).await.unwrap_err();
    assert_eq!(kind(&error), "timed_out");
    let error = ask(&mut service).await.unwrap_err();
    assert_eq!(kind(&error), "circuit_open");
}

#[tokio::test(start_paused = true)]
async fn inside_a_service_builder() {
    let service = ServiceBuilder::new()
        .layer(breaker().layer())
        .layer(timeout().layer())
        .layer(Lift::layer())
        .service(backend().service());
    up_then_timed_out_then_refused::<_, Error<fmt::Error>>(service).await;
}

#[tokio::test(start_paused = true)]
async fn as_a_tuple_of_layers() {
    let service = (breaker().layer(), timeout().layer(), Lift::layer()).layer(backend().service());
    up_then_timed_out_then_refused::<_, Error<fmt::Error>>(service).await;
}

#[tokio::test(start_paused = true)]
async fn as_optional_layers() {
    let breaker = breaker();
    for guarded in [true, false] {
        let backend = Script::<(), _>::new([Step::err(fmt::Error)]);
        let service = ServiceBuilder::new()
            .option_layer(guarded.then(|| breaker.layer()))
            .layer(Lift::layer())
            .service(backend.service());
        assert!(service.oneshot(request()).await.is_err());
    }
    assert_eq!(breaker.state(), State::Open);
}

#[tokio::test(start_paused = true)]
async fn boxed_and_cloned() {
    let service: BoxCloneService<Request, &'static str, Error<fmt::Error>> = ServiceBuilder::new()
        .layer(BoxCloneService::layer())
        .layer(breaker().layer())
        .layer(timeout().layer())
        .layer(Lift::layer())
        .service(backend().service());
    up_then_timed_out_then_refused(service.clone()).await;
    assert_eq!(kind(&service.oneshot(request()).await.unwrap_err()), "circuit_open", "a clone");
}

#[tokio::test(start_paused = true)]
async fn boxed_inside_and_outside() {
    let inner = BoxService::new(Lift::layer().layer(backend().service()));
    let timed = BoxService::new(timeout().layer().layer(inner));
    up_then_timed_out_then_refused(BoxService::new(breaker().layer().layer(timed))).await;
}

#[tokio::test(start_paused = true)]
async fn outside_a_buffer_whose_boxed_errors_need_no_lift() {
    let buffered = Buffer::new(backend().service(), 8);
    let service =
        ServiceBuilder::new().layer(breaker().layer()).layer(timeout().layer()).service(buffered);
    up_then_timed_out_then_refused::<_, BoxError>(service).await;
}

#[tokio::test(start_paused = true)]
async fn inside_a_buffer_whose_boxed_errors_still_show_the_refusal() {
    let guarded = ServiceBuilder::new()
        .layer(breaker().layer())
        .layer(timeout().layer())
        .layer(Lift::layer())
        .service(backend().service());
    up_then_timed_out_then_refused::<_, BoxError>(Buffer::new(guarded, 8)).await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_from_inside_a_buffer_is_nobodys_failure_outside_it() {
    let inner = breaker();
    inner.isolate();
    let guarded = inner.layer().layer(Lift::layer().layer(backend().service()));
    let outer = breaker();
    let mut service = outer.layer().layer(Buffer::new(guarded, 8));
    for _ in 0..10 {
        let error: BoxError = ask(&mut service).await.unwrap_err();
        assert!(matches!(
            error.refusal(),
            Some(Refusal::CircuitOpen { reason: OpenReason::Isolated, .. })
        ));
    }
    assert_eq!(outer.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_buffer_of_refused_calls_serves_again_once_the_circuit_is_closed() {
    let breaker = breaker();
    let backend = up();
    let guarded = breaker.layer().layer(Lift::layer().layer(backend.service()));
    let mut service = Buffer::new(guarded, 8);
    breaker.force_open();
    for _ in 0..20 {
        assert!(ask(&mut service).await.is_err());
    }
    breaker.reset();
    assert_eq!(ask(&mut service).await.unwrap(), "up");
}

#[tokio::test(start_paused = true)]
async fn a_load_shed_inside_a_breaker_sheds_and_is_a_failure_only_if_classified_so() {
    let inner = backend().service().never_ready();
    let breaker = breaker();
    let mut service = breaker.layer().layer(LoadShed::new(inner));
    let error: BoxError = ask(&mut service).await.unwrap_err();
    assert!(error.is::<tower::load_shed::error::Overloaded>());
    assert_eq!(breaker.state(), State::Open, "to us it is an error as any other");

    breaker.reset();
    let ignoring = breaker.classify(|result: &Result<&str, BoxError>| match result {
        Err(error) if error.is::<tower::load_shed::error::Overloaded>() => {
            buttress::outcome::Outcome::Ignore
        }
        Err(_) => buttress::outcome::Outcome::Failure,
        Ok(_) => buttress::outcome::Outcome::Success,
    });
    let inner = backend().service().never_ready();
    let mut service = ignoring.layer().layer(LoadShed::new(inner));
    for _ in 0..5 {
        assert!(ask(&mut service).await.is_err());
    }
    assert_eq!(breaker.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn spawned_with_everything_it_needs() {
    let service = ServiceBuilder::new()
        .layer(breaker().layer())
        .layer(timeout().layer())
        .layer(Lift::layer())
        .service(Script::<_, fmt::Error>::new([Step::ok("up").after(SECOND / 2)]).service());
    let calls: Vec<_> = (0..8).map(|_| tokio::spawn(service.clone().oneshot(request()))).collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap(), "up");
    }
}
