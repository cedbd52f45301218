//! Each rule is broken once, to see it bite.

use super::{
    Rule,
    plan::{PLAN, Plan},
    rules::check,
};

mod code;
mod imports;

/// A house with no fault, and everywhere the words that would be one if they were code.
const SOUND: &[(&str, &str)] = &[
    (
        "src/lib.rs",
        "#![cfg_attr(docsrs, feature(doc_cfg))]
         mod ground;
         mod resilience;
         #[cfg(feature = \"tower\")]
         pub mod stack;
         #[cfg(feature = \"retry\")]
         #[doc(inline)]
         pub use resilience::retry;
         pub use ground::refusal::Refusal;",
    ),
    (
        "src/ground/refusal.rs",
        "use super::time::Instant;
         /* a comment /* in a comment */ panic!(\"no\") */
         pub struct Refusal { at: Instant }",
    ),
    (
        "src/ground/telemetry/enabled.rs",
        "pub fn tell() { #[cfg(feature = \"metrics\")] counter(); }",
    ),
    (
        "src/ground/time/clock.rs",
        "pub fn now() -> u64 { std::time::Instant::now(); tokio::time::sleep(1) }",
    ),
    ("src/resilience/mod.rs", "pub mod budget;\npub mod retry;"),
    (
        "src/resilience/budget/machine.rs",
        "use crate::ground::time::Instant;",
    ),
    (
        "src/resilience/retry/mod.rs",
        "mod config;\nmod machine;\npub use self::{config::Config, handle::Retry};",
    ),
    (
        "src/resilience/retry/config.rs",
        "#[cfg_attr(feature = \"serde\", derive(Serialize), serde(with = \"x::y\"))]
         pub struct Config { pub(in crate::resilience) a: u32 }",
    ),
    (
        "src/resilience/retry/backoff.rs",
        "use super::config::Config;\nuse super::jitter::Jitter;",
    ),
    ("src/resilience/retry/jitter.rs", "pub enum Jitter {}"),
    (
        "src/resilience/retry/machine.rs",
        "//! ```\n//! let started = Instant::now();\n//! ```
         use super::{backoff::Backoff, config::Config};
         use crate::ground::time::Instant;
         // never Instant::now(), never a Mutex
         /// Asks no `Arc` and no `super::shared`.
         fn decide(now: Instant, random: u64) -> char { let s = \"Mutex::\\\"lock\\\" panic!\"; '\"' }
         const RAW: &str = r#\"async \" crate::resilience::bulkhead::X\"#;
         #[cfg(test)]
         mod tests {
             use super::super::shared::Shared;
             fn t() { Instant::now(); Some(1).unwrap(); panic!(\"}\") }
         }",
    ),
    (
        "src/resilience/retry/shared.rs",
        "use super::machine::Machine;
         use crate::ground::{time, telemetry::tell};
         use crate::{resilience::budget::Budget};
         async fn wait() { time::sleep(3).await; self.clock.sleep(3).await }
         #[cfg(all(test, buttress_loom))]
         #[path = \"../../tests/loom/retry.rs\"]
         mod loom_tests;",
    ),
    ("src/resilience/retry/permit.rs", "use super::shared::Shared;"),
    ("src/resilience/retry/handle.rs", "use super::{permit::Permit, shared::Shared};"),
    (
        "src/resilience/retry/layer.rs",
        "use super::handle::Retry;
         pub struct RetryService<S> /* not a Service? add `.layer(Lift::layer())` as the innermost layer */ {
             inner: S,
         }",
    ),
    ("src/web/hints/mod.rs", "use crate::{ground::refusal::Refusal, retry::Retry};"),
    ("src/stack/mod.rs", "use crate::{budget::Budget, ground::time, resilience::retry::Retry};"),
    ("src/testing.rs", "use crate::stack::Pipeline;"),
];

/// A plan of a smaller house.
const SMALL: Plan =
    Plan { stairs: &[("retry", "budget", "for the teeth")], exceptions: &[], ..PLAN };

type Found = (String, usize, Rule);

/// What is reported about the sound house with one file changed or added.
fn found(plan: Plan, path: &str, text: &str) -> Vec<Found> {
    let sound = SOUND.iter().filter(|(known, _)| *known != path);
    let files: Vec<(String, String)> = sound
        .chain([&(path, text)])
        .map(|(path, text)| (path.to_string(), text.to_string()))
        .collect();
    let faults = check(&files, plan);
    let mut found: Vec<Found> =
        faults.into_iter().map(|fault| (fault.path, fault.line, fault.rule)).collect();
    found.dedup(); // one line may show one fault in two ways
    found
}

/// The file is reported, on this line, for breaking this rule; and nothing else is.
#[track_caller]
fn reported(rule: Rule, line: usize, path: &str, text: &str) {
    assert_eq!(found(SMALL, path, text), [(path.to_owned(), line, rule)], "{text}");
}

#[track_caller]
fn fine(path: &str, text: &str) {
    assert_eq!(found(SMALL, path, text), [], "{text}");
}

const MACHINE: &str = "src/resilience/retry/machine.rs";
const SHARED: &str = "src/resilience/retry/shared.rs";

#[test]
fn a_house_as_planned_has_no_fault() {
    fine("src/ground/mod.rs", "pub mod time;");
}
