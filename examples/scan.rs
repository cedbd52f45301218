//! A filter for logs: plain lines in, plain lines without secrets out, a summary on stderr.
//!
//! ```text
//! cargo run --release --example scan -- redact < app.log
//! cargo run --release --example scan -- redact --rules rules.toml < app.log
//! cargo run --release --example scan -- redact --lines-json < lines.jsonl   # a JSON string a line
//! ```

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, BufRead, Write},
    sync::Arc,
};

use buttress::redact::{Finding, RedactWriter, Redactor, RuleSet};
use parking_lot::Mutex;

const USAGE: &str = "usage: scan redact [--lines-json] [--rules FILE] < INPUT";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("redact") {
        return Err(USAGE.into());
    }
    let (mut lines_json, mut rules) = (false, RuleSet::builder());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--lines-json" => lines_json = true,
            "--rules" => {
                rules = toml::from_str(&std::fs::read_to_string(arguments.next().ok_or(USAGE)?)?)?
            }
            _ => return Err(USAGE.into()),
        }
    }
    let redactor = Redactor::new(rules)?;
    let summary = Arc::new(Mutex::new(BTreeMap::<String, usize>::new()));
    let count = {
        let summary = summary.clone();
        move |finding: &Finding| *summary.lock().entry(finding.kind.to_string()).or_default() += 1
    };
    let (mut input, mut output) = (io::stdin().lock(), io::BufWriter::new(io::stdout().lock()));
    if lines_json {
        for line in input.lines() {
            let text: String = serde_json::from_str(&line?)?;
            redactor.findings(&text).iter().for_each(&count);
            serde_json::to_writer(&mut output, &redactor.redact(&text))?;
            output.write_all(b"\n")?;
        }
        output.flush()?;
    } else {
        let mut writer = RedactWriter::new(&redactor, output).watched_by(count);
        io::copy(&mut input, &mut writer)?;
        writer.finish()?;
    }
    for (kind, count) in &*summary.lock() {
        eprintln!("{count:8} {kind}");
    }
    Ok(())
}
