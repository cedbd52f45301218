//! Stream timeouts against a model that knows the whole schedule beforehand.

use std::{pin::pin, time::Duration};

use buttress::{
    Error, Mode, Refusal, StallPhase,
    time::Deadline,
    timeout::stream::{Config, StreamTimeout, Totals},
};
use futures::{Stream, StreamExt, stream};
use proptest::{collection::vec, option, prelude::*, sample::select};
use tokio::time::{Instant, sleep};

use crate::{MILLISECOND, cases, paused};

/// So long after the reader asks for it comes an item; the reader is so long over it.
#[derive(Clone, Copy, Debug)]
struct Step {
    wait: u64,
    kind: Kind,
    pause: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Content,
    KeepAlive,
    Fault,
}

/// What the reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Item(Kind),
    Stalled(StallPhase, u32),
    Deadline,
    End,
}

/// In milliseconds; none is off.
#[derive(Clone, Copy, Debug)]
struct Limits {
    first: Option<u64>,
    gap: Option<u64>,
    total: Option<u64>,
    deadline: Option<u64>,
}

const NEVER: u64 = u64::MAX;

impl Limits {
    fn config(self) -> Config {
        let mut config = Config::new();
        let duration = |limit: Option<u64>| limit.map(Duration::from_millis);
        config.first_content = duration(self.first);
        config.gap = duration(self.gap);
        config.total = duration(self.total);
        config
    }

    /// What the reader must see, and when.
    fn predict(self, steps: &[Step]) -> Vec<(u64, Seen)> {
        let total = self.total.unwrap_or(NEVER);
        let deadline = self.deadline.unwrap_or(NEVER);
        let (mut now, mut content, mut clock) = (0, 0, None);
        let mut seen = Vec::new();
        for step in steps {
            let arrives = now + step.wait;
            let (phase, limit) = match content {
                0 => (StallPhase::First, self.first),
                _ => (StallPhase::Gap, self.gap),
            };
            let ends = [
                (0, Seen::Stalled(phase, content)),
                (total, Seen::Stalled(StallPhase::Total, content)),
                (deadline, Seen::Deadline),
            ];
            if step.wait > 0 {
                let clock = *clock.get_or_insert(limit.map_or(NEVER, |limit| now + limit));
                let [(_, stalled), total, deadline] = ends;
                let all = [(clock, stalled), total, deadline];
                let (due, end) = *all.iter().min_by_key(|(at, _)| *at).unwrap();
                if due.max(now) < arrives {
                    seen.push((due.max(now), end));
                    return ended(seen);
                }
            }
            let [_, total, deadline] = ends;
            let (due, end) = if deadline.0 < total.0 { deadline } else { total };
            if step.kind != Kind::Fault && due <= arrives {
                seen.push((arrives, end));
                return ended(seen);
            }
            seen.push((arrives, Seen::Item(step.kind)));
            if step.kind == Kind::Content {
                content += 1;
                clock = None;
            }
            now = arrives + step.pause;
        }
        seen.push((now, Seen::End));
        seen
    }
}

fn ended(mut seen: Vec<(u64, Seen)>) -> Vec<(u64, Seen)> {
    let at = seen.last().map_or(0, |(at, _)| *at);
    seen.push((at, Seen::End));
    seen
}

fn playing(steps: Vec<Step>) -> impl Stream<Item = Result<Kind, ()>> {
    stream::unfold(steps.into_iter(), |mut steps| async {
        let step = steps.next()?;
        if step.wait > 0 {
            sleep(Duration::from_millis(step.wait)).await;
        }
        Some((if step.kind == Kind::Fault { Err(()) } else { Ok(step.kind) }, steps))
    })
}

/// What the reader saw, and what was counted.
fn read(limits: Limits, mode: Mode, steps: &[Step]) -> (Vec<(u64, Seen)>, Totals) {
    paused(async {
        let timeout = StreamTimeout::new("model", limits.config().with_mode(mode))
            .unwrap()
            .content(|kind: &Kind| *kind == Kind::Content);
        let stream = timeout.stream(playing(steps.to_vec()));
        let stream = match limits.deadline {
            None => stream,
            Some(left) => {
                drop(stream);
                Deadline::within(Duration::from_millis(left))
                    .scope(async { timeout.stream(playing(steps.to_vec())) })
                    .await
            }
        };
        let start = Instant::now();
        let mut stream = pin!(stream);
        let mut seen = Vec::new();
        let mut pauses = steps.iter().map(|step| step.pause);
        loop {
            let item = stream.next().await;
            let at = u64::try_from(start.elapsed().as_millis()).unwrap();
            let what = match item {
                None => Seen::End,
                Some(Ok(kind)) => Seen::Item(kind),
                Some(Err(Error::Inner(()))) => Seen::Item(Kind::Fault),
                Some(Err(Error::Refused(Refusal::Stalled { phase, items, limit, .. }))) => {
                    let configured = match phase {
                        StallPhase::First => limits.first,
                        StallPhase::Gap => limits.gap,
                        _ => limits.total,
                    };
                    assert_eq!(Some(limit), configured.map(Duration::from_millis));
                    Seen::Stalled(phase, items)
                }
                Some(Err(Error::Refused(refusal))) => {
                    assert!(matches!(refusal, Refusal::DeadlineExceeded { began: true, .. }));
                    Seen::Deadline
                }
            };
            seen.push((at, what));
            match what {
                Seen::End => break,
                Seen::Item(_) => {
                    let pause = pauses.next().unwrap_or_default();
                    if pause > 0 {
                        sleep(pause as u32 * MILLISECOND).await;
                    }
                }
                _ => {}
            }
        }
        (seen, timeout.snapshot().totals)
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    let limit = || option::of(select(vec![1_u64, 10, 20, 30, 60, 100]));
    (limit(), limit(), limit(), limit()).prop_map(|(first, gap, total, deadline)| Limits {
        first,
        gap,
        total,
        deadline,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wait = prop_oneof![2 => Just(0), 3 => select(vec![1_u64, 9, 10, 11, 20, 29, 30, 31, 60]), 1 => 0..120_u64];
    let pause = prop_oneof![4 => Just(0), 1 => select(vec![1_u64, 10, 20, 30, 100])];
    let kind =
        select(vec![Kind::Content, Kind::Content, Kind::KeepAlive, Kind::KeepAlive, Kind::Fault]);
    vec((wait, kind, pause).prop_map(|(wait, kind, pause)| Step { wait, kind, pause }), 0..12)
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn a_stream_is_cut_off_when_the_model_says(limits in limits(), steps in steps()) {
        let (seen, totals) = read(limits, Mode::Enforce, &steps);
        prop_assert_eq!(&seen, &limits.predict(&steps));
        let cut = seen.iter().filter(|(_, seen)| !matches!(seen, Seen::Item(_) | Seen::End)).count();
        let counted = totals.first_content + totals.gap + totals.total + totals.deadline_struck;
        prop_assert_eq!(counted, cut as u64);
    }

    /// Whatever is counted in shadow mode changes nothing for the reader, and the first that is
    /// counted is what would have ended the stream.
    #[test]
    fn shadow_mode_passes_everything(limits in limits(), steps in steps()) {
        let off = Limits { first: None, gap: None, total: None, deadline: None };
        let (seen, totals) = read(limits, Mode::Shadow, &steps);
        prop_assert_eq!(seen, off.predict(&steps));
        let counted = totals.first_content + totals.gap + totals.total + totals.deadline_struck;
        let cut = limits.predict(&steps).iter().any(|(_, seen)| !matches!(seen, Seen::Item(_) | Seen::End));
        prop_assert_eq!(counted > 0, cut);
        prop_assert!(totals.first_content <= 1 && totals.total <= 1 && totals.deadline_struck <= 1);
    }
}

/// Round numbers: everything at one moment, and one to either side of it.
#[test]
fn at_the_same_moment_the_narrower_clock_strikes_and_content_comes_first() {
    let ten = Limits { first: Some(10), gap: Some(10), total: Some(10), deadline: Some(10) };
    let step = |wait, kind| Step { wait, kind, pause: 0 };
    let first = (10, Seen::Stalled(StallPhase::First, 0));
    let total = |items| (10, Seen::Stalled(StallPhase::Total, items));
    let open = Limits { total: None, deadline: None, ..ten };
    let late = Limits { deadline: Some(9), ..ten };
    let word = |at| (at, Seen::Item(Kind::Content));
    for (limits, steps, expected) in [
        (ten, vec![step(9, Kind::Content)], vec![word(9), (9, Seen::End)]),
        (ten, vec![step(10, Kind::Content)], vec![total(0), (10, Seen::End)]),
        (ten, vec![step(11, Kind::Content)], vec![first, (10, Seen::End)]),
        (open, vec![step(10, Kind::Content); 2], vec![word(10), word(20), (20, Seen::End)]),
        (late, vec![step(11, Kind::Content)], vec![(9, Seen::Deadline), (9, Seen::End)]),
    ] {
        assert_eq!(limits.predict(&steps), expected, "the model");
        assert_eq!(read(limits, Mode::Enforce, &steps).0, expected, "{limits:?} {steps:?}");
    }
}
