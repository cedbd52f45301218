//! A filter for logs: plain lines in, plain lines without secrets out, a summary on stderr.
//!
//! ```text
//! cargo run --release --example scan -- redact < app.log
//! cargo run --release --example scan -- redact --rules rules.toml < app.log
//! cargo run --release --example scan -- redact --lines-json < lines.jsonl   # a JSON string a line
//! ```
//!
//! It leaves with 0 if all went well, whatever was found (also where the reader of its output has left
//! early, as `head` does), with 2 if it was called wrongly or a rule is none, with 1 if reading or writing failed.

use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, BufRead, BufWriter, ErrorKind, Write},
    process::ExitCode,
    sync::Arc,
};

use buttress::redact::{Finding, RedactWriter, Redactor, RuleSet};
use parking_lot::Mutex;

const USAGE: &str = "usage: scan redact [--lines-json] [--rules FILE] < INPUT";

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// How often each kind was found.
type Summary = Arc<Mutex<BTreeMap<String, usize>>>;

fn main() -> ExitCode {
    let (redactor, lines_json) = match asked() {
        Ok(asked) => asked,
        Err(fault) => {
            eprintln!("scan: {fault}");
            return ExitCode::from(2);
        }
    };
    let summary = Summary::default();
    let done = if lines_json {
        redact_strings(&redactor, &summary)
    } else {
        redact_bytes(&redactor, &summary)
    };
    for (kind, count) in &*summary.lock() {
        eprintln!("{count:8} {kind}");
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) if fault.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("scan: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments ask for.
fn asked() -> Result<(Redactor, bool), String> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("redact") {
        return Err(USAGE.into());
    }
    let (mut lines_json, mut rules, mut file) = (false, RuleSet::builder(), None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--lines-json" => lines_json = true,
            "--rules" => {
                let path = arguments.next().ok_or("--rules needs a FILE")?;
                let text = std::fs::read_to_string(&path).map_err(|fault| in_file(&path, fault))?;
                rules = toml::from_str(&text).map_err(|fault| in_file(&path, fault.message()))?;
                file = Some(path);
            }
            other => return Err(format!("`{}` is not known; {USAGE}", other.escape_debug())),
        }
    }
    let file = file.unwrap_or_default();
    let redactor = Redactor::new(rules).map_err(|fault| in_file(&file, fault))?;
    Ok((redactor, lines_json))
}

fn in_file(path: &str, fault: impl Display) -> String {
    format!("{path}: {fault}")
}

fn note(summary: &Summary, finding: &Finding) {
    *summary.lock().entry(finding.kind.to_string()).or_default() += 1;
}

/// Bytes of any kind, in lines of any length.
fn redact_bytes(redactor: &Redactor, summary: &Summary) -> io::Result<()> {
    let output = BufWriter::with_capacity(PIECE, io::stdout().lock());
    let watched = summary.clone();
    let mut writer =
        RedactWriter::new(redactor, output).watched_by(move |finding| note(&watched, finding));
    let mut input = io::BufReader::with_capacity(PIECE, io::stdin().lock());
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(fault) if fault.kind() == ErrorKind::Interrupted => continue,
            Err(fault) => return Err(fault),
        };
        if piece.is_empty() {
            return writer.finish()?.flush();
        }
        writer.write_all(piece)?;
        let length = piece.len();
        input.consume(length);
        // What a slow pipe has given is shown at once.
        if length < PIECE {
            writer.flush()?;
        }
    }
}

/// A JSON string a line.
fn redact_strings(redactor: &Redactor, summary: &Summary) -> io::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
        let text: String = serde_json::from_str(&line?)
            .map_err(|fault| io::Error::other(format!("line {number}: {fault}")))?;
        for finding in redactor.findings(&text) {
            note(summary, &finding);
        }
        serde_json::to_writer(&mut output, &redactor.redact(&text))?;
        output.write_all(b"\n")?;
    }
    output.flush()
}
