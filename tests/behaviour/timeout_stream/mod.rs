//! Streams that may not fall silent.

mod deadlines;
mod edges;
mod schedules;

use std::{
    fmt::Write as _,
    io,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use buttress::{
    Error, Fault, Refusal, StallPhase,
    timeout::stream::{Config, Content, StreamTimeout},
};
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, sleep};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// What a stream passes on, and how it goes on after the last item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Content,
    KeepAlive,
    Fault,
    /// Silent for ever.
    Hang,
}

/// A piece of an answer; empty ones keep the connection alive.
pub(crate) type Piece = &'static str;

/// A stream of these steps, each so many seconds after the one before; what takes no time is there at once.
pub(crate) fn playing(
    steps: impl IntoIterator<Item = (u64, Step)>,
) -> impl Stream<Item = Result<Piece, io::Error>> {
    stream::unfold(steps.into_iter(), |mut steps| async {
        let (seconds, step) = steps.next()?;
        if seconds > 0 {
            sleep(seconds as u32 * SECOND).await;
        }
        let item = match step {
            Step::Content => Ok("word"),
            Step::KeepAlive => Ok(""),
            Step::Fault => Err(io::Error::other("reset")),
            Step::Hang => std::future::pending().await,
        };
        Some((item, steps))
    })
}

/// Notes when it is dropped, and what the stream it is in has come to.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<Mutex<Vec<Instant>>>);

impl Drops {
    pub(crate) fn watch<S: Stream>(&self, stream: S) -> impl Stream<Item = S::Item> + use<S> {
        struct Note(Drops);
        impl Drop for Note {
            fn drop(&mut self) {
                self.0.0.lock().unwrap().push(Instant::now());
            }
        }
        let note = Note(self.clone());
        stream.inspect(move |_| {
            let _ = &note;
        })
    }

    pub(crate) fn times(&self) -> Vec<Instant> {
        self.0.lock().unwrap().clone()
    }
}

/// Reads a stream to its end: `2:word 5:- 25:gap/1`, in seconds from now.
pub(crate) async fn read<E: Fault>(stream: impl Stream<Item = Result<Piece, E>>) -> String {
    let start = Instant::now();
    let mut stream = pin!(stream);
    let mut seen = String::new();
    while let Some(item) = stream.next().await {
        let what = match &item {
            Ok("") => "-".to_owned(),
            Ok(piece) => (*piece).to_owned(),
            Err(error) => error.refusal().map_or("fault".to_owned(), kind),
        };
        let _ = write!(seen, "{}:{what} ", start.elapsed().as_secs_f64());
    }
    assert!(stream.next().await.is_none(), "after its end there is nothing");
    let _ = write!(seen, "{}:end", start.elapsed().as_secs_f64());
    seen
}

fn kind(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Stalled { phase, items, .. } => {
            let phase = match phase {
                StallPhase::First => "first",
                StallPhase::Gap => "gap",
                _ => "total",
            };
            format!("{phase}/{items}")
        }
        Refusal::DeadlineExceeded { began, .. } => {
            if *began { "deadline" } else { "not-started" }.to_owned()
        }
        other => other.kind().to_owned(),
    }
}

/// Empty pieces are no content.
pub(crate) fn timeout(config: Config) -> StreamTimeout<impl Content<Piece> + Clone> {
    StreamTimeout::new("model", config).unwrap().content(|piece: &Piece| !piece.is_empty())
}

/// The stream through both doors: what was read is the same, and the stream inside is dropped when it ends.
pub(crate) async fn played(config: &Config, steps: &[(u64, Step)]) -> String {
    let timeout = timeout(config.clone());
    let drops = Drops::default();
    let play = || drops.watch(playing(steps.to_vec()));
    let start = Instant::now();
    let lifted = read(timeout.stream(play())).await;
    let ended = [Instant::now()];
    assert_eq!(drops.times(), ended, "{:?} after the start", start.elapsed());
    let unchanged = read(timeout.run_stream(play().map(|item| item.map_err(Error::Inner)))).await;
    assert_eq!(lifted, unchanged);
    lifted
}
