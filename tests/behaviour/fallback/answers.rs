//! What is answered, by a value, a function and an operation.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use buttress::{
    Error,
    fallback::{Cause, Degraded},
    testing::{Script, Step},
};

use super::{Answer, Down, Eyes, SECOND, ask, broken, eyes, fallback};

#[tokio::test(start_paused = true)]
async fn a_good_answer_is_left_alone_and_nothing_else_is_run_fb_01() {
    let runs = Arc::new(AtomicU32::new(0));
    let count = || {
        let runs = Arc::clone(&runs);
        move || runs.fetch_add(1, Ordering::Relaxed)
    };
    assert_eq!(ask!(fallback().to_value(7), Step::ok(1)), Ok(1));
    let run = count();
    let function = fallback().to_fn(move |failed: Answer| {
        run();
        failed
    });
    assert_eq!(ask!(function, Step::ok(1)), Ok(1));
    let run = count();
    let operation = fallback().to_operation(move |failed: Answer| {
        run();
        async { failed }
    });
    assert_eq!(ask!(operation, Step::ok(1).after(SECOND)), Ok(1));
    assert_eq!(runs.load(Ordering::Relaxed), 0);
    assert_eq!(operation.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_answered_by_value_function_or_operation_fb_01() {
    assert_eq!(ask!(fallback().to_value(7), broken()), Ok(7));
    assert_eq!(ask!(fallback().to_value(7), broken().after(SECOND)), Ok(7));
    let function = fallback().to_fn(|failed: Answer| match failed {
        Err(Error::Inner(Down::Broken)) => Ok(8),
        other => other,
    });
    assert_eq!(ask!(function, broken()), Ok(8));
    let other = Script::new([Step::ok(9).after(SECOND)]);
    let operation = {
        let other = other.clone();
        fallback().to_operation(move |_: Answer| other.call())
    };
    assert_eq!(ask!(operation, broken()), Ok(9));
    assert_eq!(other.counts().finished, 2);
    assert_eq!(operation.snapshot().totals.error, 2);
    assert_eq!(operation.snapshot().totals.failed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_can_bring_its_own_fb_01() {
    let fallback = fallback();
    let (backend, other) = (Script::new([Step::err(Down::Broken)]), Script::new([Step::ok(9)]));
    let answer = fallback
        .call_or(
            || backend.call(),
            |failed| {
                assert_eq!(failed, Err(Error::Inner(Down::Broken)));
                async { other.call().await.map_err(Error::Inner::<Down>) }
            },
        )
        .await;
    assert_eq!(answer, Ok(9));
    let up = Script::new([Step::<_, Error<Down>>::ok(1)]);
    let not_needed = |_| async { unreachable!("nothing failed") };
    assert_eq!(fallback.run_or(|| up.call(), not_needed).await, Ok(1));
    assert_eq!(fallback.snapshot().totals.error, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_means_failure_is_replaced_and_another_is_not_fb_02() {
    let zero = fallback().classify(eyes as Eyes).to_value(0);
    assert_eq!(ask!(zero, Step::ok(500)), Ok(0));
    assert_eq!(ask!(zero, Step::ok(400)), Ok(400));
    assert_eq!(ask!(zero, Step::ok(429)), Ok(0));
    assert_eq!(zero.snapshot().totals.error, 4);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_failure_passes_through_as_it_is_fb_03() {
    let zero = fallback().classify(eyes as Eyes).to_value(0);
    let mistake = Error::Inner(Down::Mistake);
    assert_eq!(ask!(zero, Step::err(mistake.clone())), Err(mistake));
    assert_eq!(zero.snapshot().totals, Default::default());
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_fails_can_attach_the_original_fb_04() {
    let both = |failed: Answer| async {
        let original = Box::new(failed.unwrap_err().into_inner().unwrap());
        Err::<u32, _>(Error::Inner(Down::Both { own: Box::new(Down::Busy(SECOND)), original }))
    };
    let operation = fallback().to_operation(both);
    let expected = Error::Inner(Down::Both {
        own: Box::new(Down::Busy(SECOND)),
        original: Box::new(Down::Broken),
    });
    assert_eq!(ask!(operation, broken()), Err(expected));
    assert_eq!((operation.snapshot().totals.error, operation.snapshot().totals.failed), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_function_may_give_the_original_back_fb_05() {
    let declines = fallback().to_fn(|failed: Answer| failed);
    assert_eq!(ask!(declines, broken()), Err(Error::Inner(Down::Broken)));
    assert_eq!(declines.snapshot().totals.failed, 2);
}

#[tokio::test(start_paused = true)]
async fn only_an_answer_of_the_fallback_is_marked_and_says_why() {
    let marked = fallback()
        .classify(eyes as Eyes)
        .mark(|answer: &mut u32, why: &Degraded| {
            assert_eq!((why.by.as_str(), why.cause, why.age), ("fallback", Cause::Error, None));
            *answer += 1000;
        })
        .to_value(7);
    assert_eq!(ask!(marked, Step::ok(1)), Ok(1));
    assert_eq!(ask!(marked, broken()), Ok(1007));
    assert_eq!(ask!(marked, Step::ok(500)), Ok(1007));
    let mistake = Step::err(Error::Inner(Down::Mistake));
    assert!(ask!(marked, mistake).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_is_gone_gets_no_fallback_fb_06() {
    let other = Script::new([Step::ok(9)]);
    let operation = {
        let other = other.clone();
        fallback().to_operation(move |_: Answer| other.call())
    };
    let backend = Script::new([broken().after(SECOND)]);
    let call = tokio::time::timeout(SECOND / 2, operation.run(|| backend.call()));
    assert!(call.await.is_err());
    let service = tower::Layer::layer(&operation.layer(), backend.service());
    let call = tower::ServiceExt::oneshot(service, ());
    assert!(tokio::time::timeout(SECOND / 2, call).await.is_err());
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!((backend.counts().cancelled, other.counts().calls), (2, 0));
    assert_eq!(operation.snapshot().totals, Default::default());
}

/// What the operation holds (a connection, a place) may be what the fallback needs.
#[tokio::test(start_paused = true)]
async fn the_operation_is_gone_before_its_fallback_begins() {
    let held = Arc::new(());
    let fallback = fallback();
    // Keeps what it holds for as long as it exists, and not only until it is ready.
    let holding = || {
        let held = Arc::clone(&held);
        std::future::poll_fn(move |_| {
            assert!(Arc::strong_count(&held) > 1);
            std::task::Poll::Ready(Err::<u32, _>(Error::Inner(Down::Broken)))
        })
    };
    let other = |_| {
        assert_eq!(Arc::strong_count(&held), 1, "it still holds on");
        async { Ok(7) }
    };
    assert_eq!(fallback.run_or(holding, other).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_call_polled_after_its_end_waits_for_ever() {
    let value = fallback().to_value(7);
    let mut call = Box::pin(value.run(|| Script::new([broken()]).call()));
    assert_eq!(call.as_mut().await, Ok(7));
    assert!(tokio::time::timeout(SECOND, call).await.is_err());
}
