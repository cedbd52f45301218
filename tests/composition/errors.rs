//! Error types through a stack: flat, one's own, boxed, erased, nested by mistake.

use std::{error::Error as StdError, fmt, io};

use buttress::{
    Error, Fault, Lift, Pipeline, Refusal,
    circuit_breaker::{CircuitBreaker, State},
    testing::{Script, Step},
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::guards::{SECOND, breaker, down, failures, hang, timeout, up};

type BoxError = Box<dyn StdError + Send + Sync>;

/// An error type with room for a refusal, in three lines.
#[derive(Clone, Debug, PartialEq)]
enum ApiError {
    NotFound,
    Refused(Refusal),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault for ApiError {
    fn refusal(&self) -> Option<&Refusal> {
        if let Self::Refused(refusal) = self { Some(refusal) } else { None }
    }
}

fn open(name: &'static str) -> CircuitBreaker {
    let breaker = breaker(name, 1);
    breaker.isolate();
    breaker
}

/// Compiles if the error is the one flat type.
fn flat<S>(service: S) -> S
where
    S: Service<(), Response = u32, Error = Error<io::Error>>,
{
    service
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_stack_is_the_same_flat_type_for_any_number_of_layers() {
    let (b, t) = (breaker("b", 100), timeout("t", SECOND));
    let lifted = || ServiceBuilder::new().layer(Lift::layer()).service(service_fn(|()| up()));
    let one = flat(ServiceBuilder::new().layer(b.layer()).service(lifted()));
    let two = flat(ServiceBuilder::new().layer(t.layer()).service(one));
    let three = flat(ServiceBuilder::new().layer(b.layer()).service(two));
    let four = flat(ServiceBuilder::new().layer(t.layer()).service(three));
    let five = flat(ServiceBuilder::new().layer(b.layer()).service(four));
    let six = flat(ServiceBuilder::new().layer(t.layer()).service(five));
    assert_eq!(six.oneshot(()).await.unwrap(), 7);
}

#[tokio::test(start_paused = true)]
async fn an_error_with_room_of_its_own_stays_what_it_is_by_every_door() {
    let (b, t) = (breaker("b", 100), timeout("t", SECOND));
    let backend = Script::<u32, _>::new([Step::err(ApiError::NotFound), Step::hang()]);
    let pipeline = Pipeline::new().with(t.clone()).with(b.clone());
    let answer: Result<u32, ApiError> = pipeline.run(|| backend.call()).await;
    assert_eq!(answer, Err(ApiError::NotFound));
    let timed_out = ApiError::Refused(Refusal::TimedOut { name: "t".into(), limit: SECOND });
    assert_eq!(pipeline.run(|| backend.call()).await, Err(timed_out.clone()));
    assert_eq!(failures(&b), 2);

    // In tower: no `Lift`, and the stack's error is the service's.
    let service =
        ServiceBuilder::new().layer(t.layer()).layer(b.layer()).service(backend.service());
    let answer: Result<u32, ApiError> = service.oneshot(()).await;
    assert_eq!(answer, Err(timed_out));

    // `run` over `run`, by hand.
    b.isolate();
    let answer: Result<u32, ApiError> = t.run(|| b.run(|| backend.call())).await;
    assert_eq!(answer.unwrap_err().refusal().map(Refusal::kind), Some("circuit_open"));
}

#[tokio::test(start_paused = true)]
async fn boxed_errors_need_no_lift_and_show_what_is_inside() {
    async fn boxed() -> Result<u32, BoxError> {
        Ok(down().await?)
    }

    let (outer, inner) = (breaker("outer", 1), open("inner"));
    let pipeline = Pipeline::new().with(outer.clone()).with(inner.clone());
    let error: BoxError = pipeline.run(boxed).await.unwrap_err();
    assert!(error.is::<Refusal>());
    assert_eq!(error.refusal().unwrap().name().as_str(), "inner");

    let service = ServiceBuilder::new()
        .layer(outer.layer())
        .layer(inner.layer())
        .service(service_fn(|()| boxed()));
    let error: BoxError = service.oneshot(()).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().kind(), "circuit_open");
    assert_eq!(outer.state(), State::Closed, "nobody's failure");

    inner.reset();
    let error = pipeline.run(boxed).await.unwrap_err();
    assert!(error.is::<io::Error>() && error.refusal().is_none());
    assert_eq!(outer.state(), State::Open, "the backend's");
}

#[tokio::test(start_paused = true)]
async fn anyhow_errors_do_too_under_any_context() {
    use anyhow::Context;

    let (outer, inner) = (breaker("outer", 1), open("inner"));
    let answer: anyhow::Result<u32> = outer
        .run(async || {
            let answer = inner.call(up).await.context("asking the model")?;
            Ok::<_, anyhow::Error>(answer)
        })
        .await;
    let error = answer.unwrap_err().context("answering the question");
    assert_eq!(error.refusal().unwrap().name().as_str(), "inner");
    assert_eq!(outer.state(), State::Closed);

    let timed: anyhow::Result<u32> =
        timeout("t", SECOND).run(async || hang().await.context("never")).await;
    assert_eq!(timed.unwrap_err().to_string(), "`t` timed out after 1s");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_a_question_mark_erased_is_still_seen_by_a_call_around_it() {
    // The operation's error is a box or an `anyhow`: what `call` makes of it is `Error<BoxError>`.
    let (outer, inner) = (breaker("outer", 1), open("inner"));
    let boxed = outer.call(async || Ok::<_, BoxError>(inner.call(up).await?)).await;
    assert_eq!(boxed.unwrap_err().refusal().unwrap().name().as_str(), "inner");
    let erased = outer.call(async || Ok::<_, anyhow::Error>(inner.call(up).await?)).await;
    assert_eq!(erased.unwrap_err().refusal().unwrap().name().as_str(), "inner");
    let pipeline = Pipeline::new().with(outer.clone()).with(timeout("t", SECOND));
    let piped = pipeline.call(async || Ok::<_, BoxError>(inner.call(up).await?)).await;
    assert_eq!(piped.unwrap_err().refusal().unwrap().name().as_str(), "inner");
    assert_eq!(outer.state(), State::Closed, "three refusals further in, and no failure");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_wrapped_in_an_error_of_ones_own_is_found_along_its_sources() {
    #[derive(Debug)]
    struct Search(Error<io::Error>);

    impl fmt::Display for Search {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the search did not work")
        }
    }

    impl StdError for Search {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    let (outer, inner) = (breaker("outer", 1), open("inner"));
    let answer =
        outer.run(async || Ok::<u32, BoxError>(inner.call(up).await.map_err(Search)?)).await;
    let error = answer.unwrap_err();
    assert!(error.is::<Search>());
    assert_eq!(error.refusal().unwrap().kind(), "circuit_open");
    assert_eq!(outer.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_call_around_a_call_can_be_flattened() {
    let (outer, inner) = (timeout("outer", SECOND), breaker("inner", 2));
    let nested: Result<u32, Error<Error<io::Error>>> = outer.call(|| inner.call(down)).await;
    let flat: Result<u32, Error<io::Error>> = nested.map_err(Error::flatten);
    assert_eq!(flat.unwrap_err().inner().unwrap().to_string(), "down");

    let nested = outer.call(|| inner.call(hang)).await;
    assert_eq!(nested.map_err(Error::flatten).unwrap_err().refusal().unwrap().kind(), "timed_out");
    inner.isolate();
    let nested = outer.call(|| inner.call(up)).await;
    let flat = nested.map_err(Error::flatten).unwrap_err();
    assert_eq!(flat.refusal().unwrap().name().as_str(), "inner");
}

#[tokio::test(start_paused = true)]
async fn an_error_comes_apart_into_what_it_holds() {
    let inner: Error<&str> = breaker("b", 9).call(async || Err::<(), _>("down")).await.unwrap_err();
    assert_eq!(inner.inner(), Some(&"down"));
    assert_eq!(inner.retry_after(), None);
    assert_eq!(inner.clone().map_inner(str::len).into_inner(), Ok(4));

    let b = breaker("b", 9);
    b.open_for(SECOND);
    let refused: Error<&str> = b.call(async || Ok::<(), _>(())).await.unwrap_err();
    assert_eq!((refused.inner(), refused.retry_after()), (None, Some(SECOND)));
    assert_eq!(refused.into_inner().unwrap_err().kind(), "circuit_open");
}
