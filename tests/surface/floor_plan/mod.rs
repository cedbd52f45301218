//! Reads every file in `src/` and says where the house is not as planned.
//!
//! The plan is tables (`plan`), the checks are functions over path and text (`rules`), and each
//! rule is broken once on purpose (`teeth`). The check reads text: a macro that builds a path, or
//! a renamed crate, could hide from it.

use std::fmt;

mod features;
mod house;
mod paths;
mod plan;
mod rules;
mod teeth;
mod text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Clock,
    Exceptions,
    Features,
    Length,
    Order,
    Panics,
    Places,
    Purity,
    Sign,
    Wings,
}

impl Rule {
    fn what_to_do(self) -> &'static str {
        match self {
            Self::Clock => {
                "only src/ground/time/ reads a clock or sleeps: be told the time, or ask `ground::time`"
            }
            Self::Exceptions => "nothing needs this line any more: delete it from the table",
            Self::Features => {
                "`cfg(feature)` stands on `mod` and `pub use` lines only: move the code into a module"
            }
            Self::Length => "split the file by meaning",
            Self::Order => {
                "in a room, a file names the files left of it, each by its own name: config, added files, \
                 machine, shared, future, handle, layer, redis"
            }
            Self::Panics => {
                "nothing panics: return a refusal or an error, or make the state impossible"
            }
            Self::Places => {
                "files stand in src/{ground,resilience,hardening,web,service,stack,guide}/, lib.rs or testing.rs"
            }
            Self::Purity => {
                "a decision is told what it needs and returns what happened: move this to shared.rs"
            }
            Self::Sign => "rustc prints this line when `Lift` is missing: put the sign on it",
            Self::Wings => {
                "imports go down: ground, then rooms, then stack. Say `crate::ground::…`, or add a stair to \
                 the plan, with its reason"
            }
        }
    }
}

/// One place where the house is not as planned.
#[derive(Debug)]
struct Fault {
    path: String,
    line: usize,
    rule: Rule,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule, what } = self;
        let name = format!("{rule:?}").to_lowercase();
        write!(f, "{path}:{line}: {name}: `{what}`\n    {}", rule.what_to_do())
    }
}

#[test]
fn the_house_stands_as_planned() {
    let sources = match house::read() {
        Ok(sources) => sources,
        Err(error) => panic!("src/ cannot be read: {error}"),
    };
    assert!(!sources.is_empty(), "src/ has no Rust file");
    let faults = rules::check(&sources, plan::PLAN);
    let report: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(faults.is_empty(), "{} faults\n\n{}\n", faults.len(), report.join("\n"));
}

#[test]
fn every_line_of_the_plan_gives_its_reason() {
    let plan::Plan { stairs, standings, exceptions } = plan::PLAN;
    let stairs = stairs.iter().chain(standings).chain(&plan::ALCOVES).map(|line| line.2);
    for reason in stairs.chain(exceptions.iter().map(|line| line.3)) {
        assert!(reason.split_whitespace().count() > 2, "a reason is a sentence: `{reason}`");
    }
}

/// Path and text of every Rust file in `src/`, for other tests that read them.
pub(crate) fn read_house() -> Vec<(String, String)> {
    house::read().unwrap()
}

/// The words and marks of a file, without comments and without its tests.
pub(crate) fn lexemes(source: &str) -> Vec<String> {
    let (code, _) = text::without_tests(&text::lex(source));
    code.into_iter().map(|lexeme| lexeme.text).collect()
}
