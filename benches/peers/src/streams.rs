//! Timeouts of streams against tokio-stream's, an item at a time.
//!
//! Every item has twenty seconds. It is there at once, or after one `Pending`, when a timer must be
//! armed; an earlier timer stands all the while, as in `timeout.rs`. A stream is polled where it
//! stands, and never ends.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress::circuit_breaker::CircuitBreaker;
use buttress::timeout::stream::{Config, StreamTimeout};
use futures_core::Stream;
use tokio_stream::StreamExt;

use crate::calls::{Answer, accepted, answer};
use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;
use crate::timeout::in_a_runtime;

/// The time every item has.
const LIMIT: Duration = Duration::from_secs(20);

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    in_a_runtime(|| {
        report.hold(timed("streams.ready", false, Gate::at_most(0.2).aim(0.07)));
        report.hold(timed("streams.pending", true, Gate::at_most(1.05).aim(0.9)));
        report.hold(bounded());
        report.hold(held());
    });
}

/// A first content and a gap, as presets have them.
fn timed(name: &'static str, waits: bool, gate: Gate) -> Contest {
    let config = Config::new().with_first_content(LIMIT).with_gap(LIMIT);
    let timeout = StreamTimeout::new("peers", config).expect("a sound config");
    let ours = side("buttress.stream", timeout.stream(Items::new(waits)), accepted);
    let tokio = side("tokio_stream.timeout", Items::new(waits).timeout(LIMIT), |item| {
        item.map_or_else(|_| unreachable!("no time has passed"), accepted)
    });
    let bare = side("bare.stream", Items::new(waits), accepted);
    Contest::new(name, ours).against(tokio, gate).beside(bare)
}

/// A total: one coarse reading of the clock for each item.
fn bounded() -> Contest {
    let config = Config::new().with_gap(LIMIT).with_total(Duration::from_secs(3_600));
    let timeout = StreamTimeout::new("peers", config).expect("a sound config");
    let ours = side("buttress.stream_total", timeout.stream(Items::new(false)), accepted);
    let tokio = side("tokio_stream.timeout", Items::new(false).timeout(LIMIT), |item| {
        item.map_or_else(|_| unreachable!("no time has passed"), accepted)
    });
    Contest::new("streams.total", ours).against(tokio, Gate::at_most(0.4).aim(0.15))
}

/// A breaker's permit, held until the end. Nobody else does.
fn held() -> Contest {
    let breaker = CircuitBreaker::new("peers", Default::default()).expect("the default config");
    let ours = side("buttress.held", breaker.stream(|| Items::new(false)), accepted);
    let bare = side("bare.stream", Items::new(false), accepted);
    Contest::new("streams.held", ours).beside(bare)
}

/// An item of this stream, again and again.
fn side<S: Stream + Send + 'static>(
    name: &'static str,
    stream: S,
    accept: impl Fn(S::Item) -> u64 + Send + 'static,
) -> Side {
    let mut stream = Box::pin(stream);
    Side::new(name, move || {
        let mut context = Context::from_waker(Waker::noop());
        loop {
            match stream.as_mut().poll_next(&mut context) {
                Poll::Ready(Some(item)) => return accept(item),
                Poll::Ready(None) => unreachable!("it never ends"),
                Poll::Pending => {}
            }
        }
    })
}

/// Items without end, each at once or after one `Pending`.
struct Items {
    waits: bool,
    waited: bool,
}

impl Items {
    const fn new(waits: bool) -> Self {
        Self { waits, waited: false }
    }
}

impl Stream for Items {
    type Item = Answer;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Answer>> {
        self.waited = self.waits && !self.waited;
        if self.waited { Poll::Pending } else { Poll::Ready(Some(answer())) }
    }
}
