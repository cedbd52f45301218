//! The task's deadline, shadow mode, and what is counted.

use std::time::Duration;

use buttress::{
    Error, Mode, Refusal, StallPhase,
    time::Deadline,
    timeout::{
        DeadlineLayer,
        stream::{Config, StreamTimeout, presets},
    },
};
use futures::{Stream, StreamExt, stream};
use tokio::time::{advance, sleep};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use super::{
    Drops, SECOND,
    Step::{Content, Hang, KeepAlive},
    playing, read, timeout,
};

const MODEL: Config = presets::COMPLETION;

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_stream_that_is_polled_outside_of_its_task() {
    let timeout = timeout(MODEL);
    let deadline = Deadline::within(25 * SECOND);
    let steps = [(10, Content), (10, Content), (10, Content)];
    let stream = deadline.scope(async { timeout.stream(playing(steps)) }).await;
    assert_eq!(Deadline::current(), None);
    assert_eq!(read(stream).await, "10:word 20:word 25:deadline 25:end");
    assert_eq!(timeout.snapshot().totals.deadline_struck, 1);
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_clock_and_deadline_ends_it() {
    let timeout = timeout(MODEL);
    for (left, expected) in [(29, "29:deadline 29:end"), (31, "30:first/0 30:end")] {
        let stream = Deadline::within(left * SECOND)
            .scope(async { timeout.stream(playing([(0, Hang)])) })
            .await;
        assert_eq!(read(stream).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_deadline_has_passed_is_not_polled() {
    let timeout = timeout(MODEL);
    let deadline = Deadline::within(SECOND);
    advance(3 * SECOND).await;
    let drops = Drops::default();
    let polled = stream::poll_fn(|_| -> std::task::Poll<Option<Result<&str, ()>>> {
        panic!("it is polled")
    });
    let stream = deadline.scope(async { timeout.stream(drops.watch(polled)) }).await;
    assert_eq!(drops.times().len(), 1, "there is no use for it");
    assert_eq!(stream.size_hint(), (1, Some(1)));
    let items: Vec<_> = stream.collect().await;
    let late = 2 * SECOND;
    let refusal = Refusal::DeadlineExceeded { name: "model".into(), began: false, late };
    assert_eq!(items, [Err(Error::Refused(refusal))]);
    assert_eq!(timeout.snapshot().totals.not_started, 1);
}

#[tokio::test(start_paused = true)]
async fn in_shadow_mode_everything_passes_and_is_counted() {
    let config = MODEL.with_total(60 * SECOND).with_mode(Mode::Shadow);
    let timeout = timeout(config);
    let late = Deadline::within(SECOND);
    advance(2 * SECOND).await;
    let steps = [(40, KeepAlive), (10, Content), (30, Content), (30, KeepAlive), (30, Content)];
    let stream = late.scope(async { timeout.stream(playing(steps)) }).await;
    assert_eq!(read(stream).await, "40:- 50:word 80:word 110:- 140:word 140:end");
    let totals = timeout.snapshot().totals;
    assert_eq!((totals.first_content, totals.gap, totals.total), (1, 2, 1));
    assert_eq!((totals.deadline_struck, totals.not_started), (0, 1));
    let stream =
        Deadline::within(SECOND).scope(async { timeout.stream(playing([(2, Content)])) }).await;
    assert_eq!(read(stream).await, "2:word 2:end");
    assert_eq!(timeout.snapshot().totals.deadline_struck, 1);
}

#[tokio::test(start_paused = true)]
async fn a_ready_item_is_counted_once_when_only_watched() {
    let config = Config::new().with_total(SECOND).with_mode(Mode::Shadow);
    let timeout = timeout(config);
    let steps = [(2, Content), (0, Content), (0, Content)];
    assert_eq!(read(timeout.stream(playing(steps))).await, "2:word 2:word 2:word 2:end");
    assert_eq!(timeout.snapshot().totals.total, 1);
}

#[tokio::test(start_paused = true)]
async fn the_snapshot_counts_by_phase() {
    let timeout = timeout(MODEL.with_total(45 * SECOND));
    for steps in [
        &[(0, Hang)][..],
        &[(1, Content), (0, Hang)],
        &[(1, Content), (0, Hang)],
        &[(20, Content), (19, Content), (0, Hang)],
    ] {
        read(timeout.stream(playing(steps.to_vec()))).await;
    }
    let snapshot = timeout.snapshot();
    let totals = snapshot.totals;
    assert_eq!((totals.first_content, totals.gap, totals.total), (1, 2, 1));
    let limits = (snapshot.first_content, snapshot.gap, snapshot.total);
    assert_eq!(limits, (Some(30 * SECOND), Some(20 * SECOND), Some(45 * SECOND)));
    let json = serde_json::to_value(&snapshot).unwrap();
    assert_eq!((&json["first_content_ms"], &json["gap_ms"]), (&30_000.into(), &20_000.into()));
}

#[tokio::test(start_paused = true)]
async fn other_limits_are_for_streams_from_then_on() {
    let timeout = timeout(MODEL);
    let before = timeout.stream(playing([(0, Hang)]));
    timeout.reconfigure(Config::new().with_first_content(SECOND)).unwrap();
    let after = timeout.clone().stream(playing([(0, Hang)]));
    assert!(timeout.reconfigure(Config::new().with_gap(Duration::ZERO)).is_err());
    assert_eq!(read(after).await, "1:first/0 1:end");
    assert_eq!(read(before).await, "30:first/0 30:end");
    assert_eq!(timeout.snapshot().first_content, Some(SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_service_maps_its_response_and_the_stream_knows_the_requests_deadline() {
    let timeout = timeout(MODEL);
    let watched = timeout.clone();
    let service = ServiceBuilder::new()
        .layer(DeadlineLayer::new(10 * SECOND).unwrap())
        .map_response(move |stream: stream::BoxStream<'static, _>| timeout.stream(stream))
        .service(service_fn(|wait: u64| async move {
            sleep(2 * SECOND).await;
            Ok::<_, ()>(playing([(wait, Content), (0, Hang)]).boxed())
        }));
    let stream = service.oneshot(3).await.unwrap();
    assert_eq!(read(stream).await, "3:word 8:deadline 8:end");
    assert_eq!(watched.snapshot().totals.deadline_struck, 1);
}

#[tokio::test(start_paused = true)]
async fn the_refusal_says_what_was_waited_for() {
    let timeout = StreamTimeout::new("model", MODEL).unwrap();
    let items: Vec<_> = timeout.stream(playing([(1, Content), (0, Hang)])).collect().await;
    let Some(Err(Error::Refused(refusal))) = items.last() else { panic!("{items:?}") };
    let (phase, limit) = (StallPhase::Gap, 20 * SECOND);
    assert_eq!(*refusal, Refusal::Stalled { name: "model".into(), phase, items: 1, limit });
    assert!(refusal.began(), "the backend's failure");
    assert_eq!(
        refusal.to_string(),
        "`model`: the next content did not come within 20s, after 1 items"
    );
}
