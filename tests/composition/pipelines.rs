//! What a pipeline can be made of, and where it can be used.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use buttress::{
    Error, Pipeline,
    circuit_breaker::{CircuitBreaker, State},
    outcome::Outcome,
    policy::Policy,
    timeout::Timeout,
};

use crate::guards::{SECOND, breaker, down, failures, hang, timeout, up};

/// Compiles if the error is one flat type, whatever stands around.
async fn flat<P>(pipeline: &Pipeline<P>)
where
    P: Policy<u32, Error<io::Error>>,
{
    let answer: Result<u32, Error<io::Error>> = pipeline.call(up).await;
    assert_eq!(answer.unwrap(), 7);
    let answer: Result<u32, Error<io::Error>> = pipeline.call(down).await;
    assert_eq!(answer.unwrap_err().into_inner().unwrap().to_string(), "down");
}

#[tokio::test(start_paused = true)]
async fn the_error_is_the_same_flat_type_for_any_number_of_guards() {
    let (b, t) = (breaker("b", 100), timeout("t", SECOND));
    let none = Pipeline::new();
    flat(&none).await;
    let one = none.with(b.clone());
    flat(&one).await;
    let two = one.with(t.clone());
    flat(&two).await;
    let three = two.with(b.clone());
    flat(&three).await;
    let four = three.with(t.clone());
    flat(&four).await;
    let five = four.with(b.clone());
    flat(&five).await;
    let six = five.with(t.clone());
    flat(&six).await;
    let twelve = six.clone().with(six);
    flat(&twelve).await;
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_inside_a_pipeline_is_as_if_it_were_written_out() {
    let (outer, inner) = (breaker("outer", 1), breaker("inner", 1));
    let call = Pipeline::new().with(timeout("t", SECOND)).with(inner.clone());
    let whole = Pipeline::new().with(outer.clone()).with(call);
    assert!(whole.call(hang).await.is_err());
    assert_eq!((outer.state(), inner.state()), (State::Open, State::Open));
    outer.reset();
    let answer = whole.call(up).await;
    assert!(matches!(answer, Err(Error::Refused(refusal)) if refusal.name().as_str() == "inner"));
    assert_eq!(outer.state(), State::Closed);
}

#[tokio::test(start_paused = true)]
async fn guards_may_be_lent_instead_of_given() {
    let (b, t) = (breaker("b", 1), timeout("t", SECOND));
    let lent = Pipeline::new().with(&t).with(&b);
    assert!(lent.call(hang).await.is_err());
    assert_eq!((b.state(), t.snapshot().totals.timed_out), (State::Open, 1));
}

#[tokio::test(start_paused = true)]
async fn handles_in_a_pipeline_share_with_those_outside() {
    let b = breaker("b", 2);
    let pipeline = Pipeline::new().with(b.clone());
    assert!(pipeline.call(down).await.is_err());
    assert!(b.call(down).await.is_err());
    assert!(matches!(pipeline.clone().call(up).await, Err(Error::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_can_be_spawned_with_locals_that_the_operation_borrows() {
    async fn ask(prompt: &str) -> Result<usize, io::Error> {
        tokio::task::yield_now().await;
        Ok(prompt.len())
    }

    let pipeline = Arc::new(Pipeline::new().with(timeout("t", SECOND)).with(breaker("b", 1)));
    let shared = Arc::clone(&pipeline);
    let by_closure = tokio::spawn(async move {
        let prompt = String::from("why?");
        shared.call(|| ask(&prompt)).await
    });
    let shared = Arc::clone(&pipeline);
    let by_async_closure = tokio::spawn(async move {
        let prompt = String::from("why not?");
        shared.call(async || ask(&prompt).await).await
    });
    let shared = Arc::clone(&pipeline);
    let by_block = tokio::spawn(async move {
        let prompt = String::from("why now?!");
        shared
            .run(|| async {
                let first = ask(&prompt).await?;
                let second = ask("and").await?;
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(first + second)
            })
            .await
            .map_err(|error| error.to_string())
    });
    assert_eq!(by_closure.await.unwrap().unwrap(), 4);
    assert_eq!(by_async_closure.await.unwrap().unwrap(), 8);
    assert_eq!(by_block.await.unwrap(), Ok(12));
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_can_be_spawned_with_what_the_operation_owns() {
    let pipeline = Pipeline::new().with(timeout("t", SECOND)).with(breaker("b", 1));
    let prompt = String::from("why?");
    let work = move || {
        let prompt = prompt.clone();
        async move { Ok::<_, io::Error>(prompt.len()) }
    };
    let task = tokio::spawn(async move { pipeline.call(work).await });
    assert_eq!(task.await.unwrap().unwrap(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_can_be_kept_in_a_struct_with_its_type_spelled_out() {
    use buttress::policy::{Chain, Nothing};

    struct Client {
        guarded: Pipeline<Chain<Chain<Nothing, Timeout>, CircuitBreaker>>,
        calls: AtomicU32,
    }

    impl Client {
        async fn ask(&self) -> Result<u32, Error<io::Error>> {
            let operation = async || {
                self.calls.fetch_add(1, Ordering::Relaxed);
                up().await
            };
            self.guarded.call(operation).await
        }
    }

    let guarded = Pipeline::new().with(timeout("t", SECOND)).with(breaker("b", 1));
    let client = Arc::new(Client { guarded, calls: AtomicU32::new(0) });
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.ask().await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 7);
    }
    assert_eq!(client.calls.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_keeps_its_classifier_in_a_pipeline() {
    let b = breaker("b", 1);
    let lenient = b.classify(|result: &Result<u32, Error<io::Error>>| match result {
        Err(Error::Inner(error)) if error.to_string() == "down" => Outcome::Ignore,
        Err(_) => Outcome::Failure,
        Ok(_) => Outcome::Success,
    });
    let pipeline = Pipeline::new().with(lenient).with(timeout("t", SECOND));
    for _ in 0..10 {
        assert!(pipeline.call(down).await.is_err());
    }
    assert_eq!(failures(&b), 0);
    assert!(pipeline.call(hang).await.is_err());
    assert_eq!(b.state(), State::Open, "a timeout reaches the classifier: it began");
}

#[tokio::test(start_paused = true)]
async fn a_pipeline_without_guards_only_runs_the_operation() {
    assert_eq!(Pipeline::new().call(up).await.unwrap(), 7);
    assert_eq!(Pipeline::new().call(down).await.unwrap_err().to_string(), "down");
}

#[test]
fn a_pipeline_is_as_small_as_its_guards_and_prints_them() {
    let (b, t) = (breaker("b", 1), timeout("t", SECOND));
    let guards = size_of_val(&b) + size_of_val(&t);
    let pipeline = Pipeline::new().with(t).with(b);
    assert_eq!(size_of_val(&pipeline), guards);
    let text = format!("{pipeline:?}");
    assert!(text.contains("Timeout") && text.contains("CircuitBreaker"), "{text}");
}
