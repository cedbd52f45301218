//! What it costs to take secrets out of events of `tracing`, against the same format that does not.
//!
//! A call is sixteen events, each with a message and four fields, without a secret, written to nowhere.

use std::io;

use buttress::redact::logs::Logs;
use tracing::{Dispatch, dispatcher::with_default, info};
use tracing_subscriber::{
    fmt, fmt::format::DefaultFields, layer::Layer, prelude::*, registry::Registry,
};

use crate::harness::{Contest, Gate, Report};
use crate::sampling::Side;

/// Events in a call.
const EVENTS: u64 = 16;

/// Holds the contests of this room.
pub fn run(report: &mut Report) {
    let logs = Logs::default();
    let text = || fmt::layer().with_writer(io::sink);
    let json = || fmt::layer().json().with_writer(io::sink);

    report.hold(
        Contest::new("redact.tracing", side("buttress.layer", logs.layer(text())))
            .against(side("fmt.bare", text()), Gate::at_most(1.5)),
    );
    // As often as the format itself does.
    report.hold(
        Contest::new("redact.tracing_json", side("buttress.layer", logs.layer(json())))
            .allocating(3.0 * EVENTS as f64)
            .against(side("fmt.bare", json()), Gate::at_most(1.5)),
    );
    let fields = logs.fields(DefaultFields::new());
    report.hold(
        Contest::new("redact.tracing_fields", side("buttress.fields", text().fmt_fields(fields)))
            .against(side("fmt.bare", text()), Gate::at_most(1.5)),
    );
    // The nets look at the whole line.
    let lines = logs.lines(fmt::format().with_ansi(true));
    report.hold(
        Contest::new("redact.tracing_lines", side("buttress.lines", text().event_format(lines)))
            .beside(side("fmt.bare", text())),
    );
    let writers = fmt::layer().with_writer(logs.writers(io::sink));
    report.hold(
        Contest::new("redact.tracing_writers", side("buttress.writers", writers))
            .beside(side("fmt.bare", text())),
    );
}

fn side(name: &'static str, layer: impl Layer<Registry> + Send + Sync) -> Side {
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let mut id = 0_u64;
    Side::new(name, move || {
        with_default(&dispatch, || {
            for _ in 0..EVENTS {
                id += 1;
                info!(user = "bob", path = %"/v1/items", status = 200, id, "request served");
            }
        });
        id
    })
}
