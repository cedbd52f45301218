//! What is logged holds no secrets, and does nothing to the log.

mod hooks;
mod http;
mod layers;
mod lines;
mod values;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use buttress::redact::logs::Logs;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::{fmt, fmt::MakeWriter, prelude::*, registry::LookupSpan};

/// What was written.
#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// `fmt`'s own layer, without times, on a page.
pub(crate) fn plain<S: Subscriber + for<'a> LookupSpan<'a>>(
    page: &Page,
) -> impl tracing_subscriber::Layer<S> {
    fmt::layer().without_time().with_target(false).with_ansi(false).with_writer(page.clone())
}

/// What `run` logs through `logs`, as text.
pub(crate) fn logged(logs: &Logs, run: impl FnOnce()) -> String {
    let page = Page::default();
    let subscriber = tracing_subscriber::registry().with(logs.layer(plain(&page)));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), run);
    page.text()
}

/// The same as JSON, an object for each event.
pub(crate) fn as_json(logs: &Logs, run: impl FnOnce()) -> Vec<serde_json::Value> {
    let page = Page::default();
    let json = fmt::layer().json().without_time().with_writer(page.clone());
    let subscriber = tracing_subscriber::registry().with(logs.layer(json));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), run);
    page.text().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}
