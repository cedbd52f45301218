//! What the compiler says about common mistakes.
//!
//! Each program in `ui/` says in comments at its top what its errors must contain: `first` in the
//! first error, `once` in exactly one of them, `contains` in any, `errors` how many there are.
//! Substrings only: the rest of the text is the compiler's own.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn common_mistakes_are_explained_where_they_are_made() {
    let said = compile();
    let mut faults = Vec::new();
    for program in programs() {
        let name = program.file_stem().unwrap().to_string_lossy().into_owned();
        let errors = said.get(&name).cloned().unwrap_or_default();
        for (expectation, text) in expectations(&program) {
            if !holds(&expectation, &text, &errors) {
                faults.push(format!(
                    "{name}: `{expectation}: {text}` does not hold of:\n{}",
                    errors.join("\n")
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn an_expectation_that_does_not_hold_is_noticed() {
    let errors = ["first: this".to_owned(), "second: that, that".to_owned()];
    assert!(holds("first", "this", &errors) && !holds("first", "that", &errors));
    assert!(holds("once", "this", &errors) && !holds("once", "that", &errors));
    assert!(holds("contains", "that", &errors) && !holds("contains", "other", &errors));
    assert!(holds("errors", "2", &errors) && !holds("errors", "1", &errors));
    assert!(!holds("first", "this", &[]));
}

fn holds(expectation: &str, text: &str, errors: &[String]) -> bool {
    match expectation {
        "first" => errors.first().is_some_and(|error| error.contains(text)),
        "once" => errors.iter().map(|error| error.matches(text).count()).sum::<usize>() == 1,
        "contains" => errors.iter().any(|error| error.contains(text)),
        "errors" => text.parse() == Ok(errors.len()),
        other => panic!("no such expectation: {other}"),
    }
}

fn expectations(program: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(program).unwrap();
    let expectations: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("// ")?.split_once(": "))
        .map(|(expectation, text)| (expectation.to_owned(), text.to_owned()))
        .collect();
    assert!(!expectations.is_empty(), "{} expects nothing", program.display());
    expectations
}

fn programs() -> Vec<PathBuf> {
    let folder = ui().join("src/bin");
    let mut programs: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    programs.sort();
    assert!(programs.len() >= 8, "programs are missing");
    programs
}

fn ui() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/surface/ui")
}

/// The errors of each program, as the compiler prints them.
fn compile() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--bins", "--keep-going", "--message-format=json", "--locked", "--quiet"])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/ui"))
        .current_dir(ui())
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    let mut said = BTreeMap::<String, Vec<String>>::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_error =
            message["reason"] == "compiler-message" && message["message"]["level"] == "error";
        // "aborting due to …" has no place of its own.
        let placed = message["message"]["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        if is_error && placed {
            let program = message["target"]["name"].as_str().unwrap().to_owned();
            said.entry(program)
                .or_default()
                .push(message["message"]["rendered"].as_str().unwrap().to_owned());
        }
    }
    assert!(!said.is_empty(), "nothing was compiled: {}", String::from_utf8_lossy(&output.stderr));
    said
}
