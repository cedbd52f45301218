//! Slow readers, streams that never wait, and what a config may say.

use std::{
    pin::pin,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use buttress::timeout::stream::{Config, StreamTimeout, presets};
use futures::{
    FutureExt, Stream, StreamExt,
    future::{Either, poll_immediate, select},
    stream,
    stream::FusedStream,
};
use tokio::time::{Instant, advance};

use super::{
    SECOND,
    Step::{Content, Hang, KeepAlive},
    playing, read, timeout,
};

const MODEL: Config = presets::COMPLETION;

#[tokio::test(start_paused = true)]
async fn what_a_reader_does_with_an_item_is_not_the_streams_time() {
    let timeout = timeout(MODEL);
    let mut stream = pin!(timeout.stream(playing([(1, Content), (19, Content), (0, Hang)])));
    assert!(stream.next().await.is_some());
    advance(100 * SECOND).await;
    let start = Instant::now();
    assert!(stream.next().await.unwrap().is_ok());
    assert_eq!(start.elapsed(), 19 * SECOND, "it is waited for from now on");
    advance(100 * SECOND).await;
    assert!(stream.next().await.unwrap().is_err());
    assert_eq!(start.elapsed(), (19 + 100 + 20) * SECOND);
}

#[tokio::test(start_paused = true)]
async fn what_came_while_nobody_looked_is_passed_on() {
    let timeout = timeout(MODEL);
    let mut stream = pin!(timeout.stream(playing([(10, KeepAlive), (0, Content), (0, Hang)])));
    assert!(poll_immediate(stream.next()).await.is_none(), "its clock runs");
    advance(100 * SECOND).await;
    assert_eq!(stream.next().await.unwrap().unwrap(), "");
    assert_eq!(stream.next().await.unwrap().unwrap(), "word");
    let start = Instant::now();
    assert!(stream.next().await.unwrap().is_err());
    assert_eq!(start.elapsed(), 20 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_polled_late_starts_late() {
    let timeout = timeout(MODEL.with_total(25 * SECOND));
    let stream = timeout.stream(playing([(0, Hang)]));
    advance(100 * SECOND).await;
    assert_eq!(read(stream).await, "25:total/0 25:end");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_always_ready_ends_by_its_total_and_its_deadline() {
    let endless = || {
        stream::repeat_with(|| {
            advance(SECOND).now_or_never();
            Ok::<_, ()>("word")
        })
    };
    let total = timeout(Config::new().with_total(10 * SECOND));
    assert_eq!(total.stream(endless()).take(20).count().await, 10, "the tenth is the refusal");
    assert_eq!(total.snapshot().totals.total, 1);
    let none = timeout(Config::new());
    let deadline = buttress::time::Deadline::within(10 * SECOND);
    let stream = deadline.scope(async { none.stream(endless()) }).await;
    assert_eq!(stream.take(20).count().await, 10);
    assert_eq!(none.snapshot().totals.deadline_struck, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_uses_its_tasks_budget_up_is_cut_off_on_the_dot() {
    // Each poll takes all of tokio's cooperative budget and passes a sign of life on only then.
    let greedy = stream::unfold((), |()| async {
        for _ in 0..300 {
            tokio::task::coop::consume_budget().await;
        }
        Some((Ok::<_, ()>(""), ()))
    });
    let ticker = tokio::spawn(async {
        loop {
            advance(SECOND).await;
        }
    });
    let timeout = timeout(MODEL);
    let start = Instant::now();
    let mut stream = pin!(timeout.stream(greedy));
    let last = loop {
        match stream.next().await.unwrap() {
            Ok(_) => assert!(start.elapsed() <= 31 * SECOND, "nobody cuts it off"),
            Err(error) => break error,
        }
    };
    ticker.abort();
    assert!(last.into_inner().is_err());
    assert_eq!(timeout.snapshot().totals.first_content, 1);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_woken_for_a_clock_that_no_longer_runs() {
    let polls = AtomicU32::new(0);
    let mut inside = Box::pin(playing([(10, Content), (0, Hang)]));
    let counted = stream::poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        inside.as_mut().poll_next(cx)
    });
    let timeout = timeout(Config::new().with_first_content(30 * SECOND));
    let mut stream = pin!(timeout.stream(counted));
    assert!(stream.next().await.is_some());
    let hour = tokio::time::sleep(3_600 * SECOND);
    assert!(matches!(select(pin!(hour), stream.next()).await, Either::Left(_)));
    assert_eq!(polls.load(Ordering::Relaxed), 3, "to wait, for the word, to wait again");
}

#[tokio::test(start_paused = true)]
async fn every_item_that_passes_is_asked_about_once() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let timeout = StreamTimeout::new("model", MODEL).unwrap().content(|piece: &&str| {
        ASKED.fetch_add(1, Ordering::Relaxed);
        !piece.is_empty()
    });
    read(timeout.stream(playing([(1, KeepAlive), (1, Content), (1, Content), (0, Hang)]))).await;
    assert_eq!(ASKED.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn its_size_is_that_of_the_stream_and_a_refusal() {
    let timeout = StreamTimeout::new("model", MODEL).unwrap();
    let mut stream = pin!(timeout.stream(stream::iter([Ok::<_, ()>(1), Ok(2)])));
    assert_eq!((stream.size_hint(), stream.is_terminated()), ((1, Some(3)), false));
    while stream.next().await.is_some() {}
    assert_eq!((stream.size_hint(), stream.is_terminated()), ((0, Some(0)), true));
    assert_eq!(format!("{stream:?}"), "TimedStream(done)");
    let none = timeout.stream(stream::empty::<Result<(), ()>>());
    assert_eq!(none.size_hint(), (0, Some(1)));
}

#[test]
fn every_fault_of_a_config_is_named() {
    let zero = Duration::ZERO;
    let config = Config::new().with_first_content(zero).with_gap(zero).with_total(zero);
    assert_eq!(
        StreamTimeout::new("model", config).unwrap_err().to_string(),
        "timeout::stream config: first_content must be above zero, or off; \
         gap must be above zero, or off; total must be above zero, or off"
    );
}

#[test]
fn a_config_is_data() {
    let text = "first_content = \"3m\"\ngap = \"1m\"\n";
    let config: Config = toml::from_str(text).unwrap();
    assert_eq!(config, presets::REASONING);
    let off: Config = toml::from_str("gap = \"off\"").unwrap();
    assert_eq!(off, Config::new());
    let written = serde_json::to_string(&MODEL).unwrap();
    assert_eq!(serde_json::from_str::<Config>(&written).unwrap(), MODEL);
    assert!(toml::from_str::<Config>("idle = \"3s\"").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_limit_without_end_is_none() {
    let config = Config::new()
        .with_first_content(Duration::MAX)
        .with_gap(Duration::MAX)
        .with_total(Duration::MAX);
    let timeout = timeout(config);
    assert_eq!(read(timeout.stream(playing([(9_999, Content)]))).await, "9999:word 9999:end");
    assert_eq!(timeout.snapshot().total, None);
}
