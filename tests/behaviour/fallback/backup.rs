//! Another service to fall back to.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
};

use buttress::{
    Error, Lift, Mode, Refusal,
    fallback::Config,
    testing::{Probe, Script, Step},
};
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{Answer, Down, Eyes, SECOND, broken, eyes, fallback};

/// A request that counts its copies.
#[derive(Debug, Default)]
struct Asked(Arc<AtomicU32>);

impl Clone for Asked {
    fn clone(&self) -> Self {
        self.0.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(&self.0))
    }
}

fn up() -> Script<u32, Error<Down>> {
    Script::new([Step::ok(9)])
}

fn down() -> Script<u32, Error<Down>> {
    Script::new([broken()])
}

async fn ready<S: Service<()>>(service: &mut S) -> &mut S {
    assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
    service
}

async fn ask<S: Service<()>>(service: &mut S) -> Result<S::Response, S::Error> {
    ready(service).await.call(()).await
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_answered_by_the_backup_with_the_same_request_fb_01() {
    let echo = |add: u32| {
        service_fn(move |request: u32| async move { Ok::<_, Error<Down>>(request + add) })
    };
    let fallback = fallback().classify(eyes as Eyes).to_service(echo(1));
    let service = fallback.layer().layer(echo(480));
    assert_eq!(service.clone().oneshot(3).await, Ok(483));
    assert_eq!(service.oneshot(20).await, Ok(21), "500 is a failure");
    assert_eq!(fallback.snapshot().totals.error, 1);
}

#[tokio::test(start_paused = true)]
async fn the_backup_is_cloned_and_readied_only_when_it_is_needed() {
    let backup = up().service().ready_after(2);
    let seen = backup.watch();
    let layer = fallback().to_service(backup).layer();
    let mut good = layer.layer(up().service());
    assert_eq!(ask(&mut good).await, Ok(9));
    assert_eq!((seen().clones, seen().ready_polls, seen().calls), (0, 0, 0));
    let mut bad = layer.layer(down().service());
    for calls in 1..=3 {
        assert_eq!(ask(&mut bad).await, Ok(9));
        assert_eq!((seen().clones, seen().calls, seen().reserved), (calls, calls, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_behind_another_calls_readiness() {
    #[derive(Clone)]
    struct FirstStuck(Arc<AtomicU32>, bool);
    impl Service<()> for FirstStuck {
        type Response = u32;
        type Error = Error<Down>;
        type Future = std::future::Ready<Answer>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
            self.1 |= self.0.fetch_add(1, Ordering::Relaxed) == 0;
            if self.1 { Poll::Pending } else { Poll::Ready(Ok(())) }
        }

        fn call(&mut self, (): ()) -> Self::Future {
            std::future::ready(Ok(9))
        }
    }
    let layer = fallback().to_service(FirstStuck(Arc::default(), false)).layer();
    let mut service = layer.layer(down().service());
    let mut stuck = Box::pin(ready(&mut service).await.call(()));
    assert!(stuck.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(ask(&mut service).await, Ok(9));
    assert!(tokio::time::timeout(SECOND, stuck).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_copied_for_a_backup_once_and_for_a_value_never() {
    let (asked, other) = (Asked::default(), Asked::default());
    let answer = |_: Asked| async { Err::<u32, Error<Down>>(Error::Inner(Down::Broken)) };
    let value = fallback().to_value(7).layer().layer(service_fn(answer));
    assert_eq!(value.oneshot(Asked(Arc::clone(&asked.0))).await, Ok(7));
    assert_eq!(asked.0.load(Ordering::Relaxed), 0);
    let backup = fallback().to_service(service_fn(|_: Asked| async { Ok(9) }));
    let service = backup.layer().layer(service_fn(answer));
    assert_eq!(service.clone().oneshot(Asked(Arc::clone(&other.0))).await, Ok(9));
    assert_eq!(other.0.load(Ordering::Relaxed), 1);
    backup.reconfigure(Config::new().with_mode(Mode::Shadow)).unwrap();
    let watched = service.oneshot(Asked(Arc::clone(&other.0))).await;
    assert_eq!(watched, Err(Error::Inner(Down::Broken)));
    assert_eq!(other.0.load(Ordering::Relaxed), 1, "where it only watches, no copy is needed");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_copied_has_no_fallback() {
    struct Once(u32);
    let double = |request: Once| async move {
        if request.0 > 9 { Err(Error::Inner(Down::Broken)) } else { Ok(request.0) }
    };
    let spare = service_fn(|request: Once| async move { Ok(request.0 * 2) });
    let fallback = fallback()
        .to_service(spare)
        .replay(|request: &Once| (request.0 % 2 == 0).then_some(Once(request.0)));
    let service = fallback.layer().layer(service_fn(double));
    assert_eq!(service.clone().oneshot(Once(3)).await, Ok(3));
    assert_eq!(service.clone().oneshot(Once(10)).await, Ok(20));
    assert_eq!(service.oneshot(Once(11)).await, Err(Error::Inner(Down::Broken)));
    assert_eq!((fallback.snapshot().totals.error, fallback.snapshot().totals.failed), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_backups_own_error_surfaces_and_the_original_can_be_attached_fb_04() {
    let busy = Script::new([Step::err(Error::Inner(Down::Busy(SECOND)))]);
    let plain = fallback().to_service(busy.service());
    let answer = plain.layer().layer(down().service()).oneshot(()).await;
    assert_eq!(answer, Err(Error::Inner(Down::Busy(SECOND))));
    assert_eq!((plain.snapshot().totals.error, plain.snapshot().totals.failed), (1, 1));

    let both = plain.on_both_failed(join);
    let answer = both.layer().layer(down().service()).oneshot(()).await;
    let expected =
        Down::Both { own: Box::new(Down::Busy(SECOND)), original: Box::new(Down::Broken) };
    assert_eq!(answer, Err(Error::Inner(expected)));
}

fn join(original: Answer, own: Error<Down>) -> Error<Down> {
    match (original, own) {
        (Err(Error::Inner(original)), Error::Inner(own)) => {
            Error::Inner(Down::Both { own: Box::new(own), original: Box::new(original) })
        }
        (_, own) => own,
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_cannot_become_ready_has_failed_fb_05() {
    #[derive(Clone)]
    struct Unwilling;
    impl Service<()> for Unwilling {
        type Response = u32;
        type Error = Error<Down>;
        type Future = std::future::Pending<Answer>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error<Down>>> {
            Poll::Ready(Err(Error::Inner(Down::Busy(SECOND))))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            unreachable!("it was not ready")
        }
    }
    let fallback = fallback().to_service(Unwilling).on_both_failed(join);
    let answer = fallback.layer().layer(down().service()).oneshot(()).await;
    let expected =
        Down::Both { own: Box::new(Down::Busy(SECOND)), original: Box::new(Down::Broken) };
    assert_eq!(answer, Err(Error::Inner(expected)));
    let unwilling = fallback.layer().layer(Unwilling).oneshot(()).await;
    assert_eq!(unwilling, Err(Error::Inner(Down::Busy(SECOND))), "no call, no fallback");
    assert_eq!(fallback.snapshot().totals.error, 1);
}

#[tokio::test(start_paused = true)]
async fn backups_behind_backups_are_asked_in_turn() {
    let (first, second) = (down(), Script::new([broken()]));
    let inner = fallback().to_service(up().service());
    let backup = inner.layer().layer(second.service());
    let service = fallback().to_service(backup).layer().layer(first.service());
    assert_eq!(service.oneshot(()).await, Ok(9));
    assert_eq!((first.counts().calls, second.counts().calls), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_boxed_backup_can_be_spawned() {
    let backup = tower::util::BoxCloneSyncService::new(up().service());
    let lifted =
        Lift::layer().layer(Probe::new(service_fn(|()| async { Err::<u32, _>(Down::Broken) })));
    let service = fallback().to_service(backup).layer().layer(lifted);
    assert_eq!(tokio::spawn(service.oneshot(())).await.unwrap(), Ok(9));
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_answered_by_the_backup() {
    let open =
        Script::new([Step::err(Error::Refused(Refusal::Full { name: "b".into(), limit: 1 }))]);
    let fallback = fallback().to_service(up().service());
    assert_eq!(fallback.layer().layer(open.service()).oneshot(()).await, Ok(9));
    assert_eq!(fallback.snapshot().totals.rejected, 1);
}
