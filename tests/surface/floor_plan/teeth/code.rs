//! What code may do, and where.

use super::{MACHINE, Plan, Rule, SHARED, SMALL, check, fine, found, reported};
use crate::floor_plan::plan::{CLOCKS, IMPURE, PANICS, SIGN};

#[test]
fn a_machine_that_reads_a_clock_is_reported() {
    reported(Rule::Purity, 1, MACHINE, "fn f() { crate::ground::time::now(); }");
    reported(Rule::Purity, 1, MACHINE, "use crate::ground::time::{self, recent};");
}

#[test]
fn a_machine_that_does_more_than_decide_is_reported() {
    for text in [
        "use crate::ground::sync::Mutex;",
        "use crate::ground::{sync::{Padded, RwLock}};",
        "struct Machine { calls: AtomicU64 }",
        "struct Machine { name: Arc<str> }",
        "struct Machine { told: Box<dyn FnMut(u8)> }",
        "async fn f() {}",
        "fn f() { task.await }",
        "use crate::ground::telemetry;",
        "fn f() { tracing::info!(\"x\") }",
        "fn f() { metrics::counter!(\"x\") }",
        "fn f() { println!(\"x\") }",
        "fn f() { rand::rng() }",
        "fn f() -> f64 { random() }",
    ] {
        reported(Rule::Purity, 1, MACHINE, text);
    }
}

#[test]
fn an_added_file_left_of_the_machine_is_pure_as_well() {
    reported(Rule::Purity, 1, "src/resilience/retry/jitter.rs", "struct Jitter(Mutex<u8>);");
    reported(Rule::Purity, 1, "src/resilience/retry/machine/queue.rs", "struct Queue(Mutex<u8>);");
    fine("src/resilience/retry/store.rs", "async fn f() {}");
}

#[test]
fn a_clock_outside_the_ground_is_reported() {
    for text in [
        "fn f() { Instant::now(); }",
        "use std::time::{Duration, Instant};",
        "use std::{fmt, time::SystemTime};",
        "use tokio::{sync::watch, time};",
        "use ::tokio::{time as clock};",
        "fn f() { tokio::time::timeout(a, b) }",
        "use std::thread::{self, sleep as wait};",
        "fn f() { std::thread::sleep(a) }",
        "fn f() { sleep(a) }",
    ] {
        reported(Rule::Clock, 1, SHARED, text);
        reported(Rule::Clock, 1, "src/ground/mode.rs", text);
    }
}

#[test]
fn a_feature_asked_for_inside_a_file_is_reported() {
    for text in [
        "#[cfg(feature = \"tower\")] fn f() {}",
        "#[cfg(not(feature = \"tower\"))] #[inline] pub fn f() {}",
        "#[cfg(feature = \"tower\")] use tower::Layer;",
        "#![cfg(feature = \"tower\")]",
        "fn f() { if cfg!(feature = \"tower\") {} }",
        "#[cfg_attr(feature = \"tower\", derive(Debug))] struct S;",
        "#[cfg_attr(any(feature = \"serde\"), derive(Debug))] struct S;",
        "#[cfg_attr(feature = \"tower\", allow(dead_code), derive(Debug))] struct S;",
        "#[cfg(any(test, feature = \"tower\"))] fn f() {}",
    ] {
        reported(Rule::Features, 1, SHARED, text);
    }
    fine(SHARED, "#[cfg(feature = \"tower\")]\n#[path = \"x.rs\"]\npub(crate) mod layer;");
    fine(SHARED, "#[cfg_attr(docsrs, doc(cfg(feature = \"tower\")))] fn f() {}");
    fine(
        SHARED,
        "#[cfg_attr(not(feature = \"tower\"), expect(dead_code, reason = \"x\"),)] fn f() {}",
    );
}

#[test]
fn a_file_of_more_than_400_lines_is_reported() {
    fine(SHARED, &"// a line\n".repeat(400));
    reported(Rule::Length, 401, SHARED, &"// a line\n".repeat(401));
}

#[test]
fn a_service_without_its_sign_is_reported() {
    let layer = "src/resilience/retry/layer.rs";
    reported(Rule::Sign, 2, layer, "\npub struct RetryService<S> {}");
    let below = format!("pub struct RetryService<S>\n{SIGN} {{}}");
    reported(Rule::Sign, 1, layer, &below);
}

#[test]
fn a_way_to_panic_is_reported() {
    for text in [
        "unsafe fn f() {}",
        "fn f() { todo!() }",
        "fn f() { unimplemented!() }",
        "fn f() { dbg!(1) }",
        "fn f() { Some(1)\n.unwrap() }",
        "fn f() { Some(1)\n.expect(\"x\") }",
        "fn f() { panic!(\"x\") }",
        "#[cfg(not(test))]\nfn f() { panic!() }",
        "#[cfg(all(unix, not(test)))]\nfn f() { panic!() }",
        "#[cfg(test)] mod tests { fn f() {} }\nfn f() { panic!() }",
        "#[cfg(test)] use std::{fmt, io};\nfn f() { panic!() }",
        "struct S { #[cfg(test)] a: u8,\nb: [u8; panic!()] }",
        "fn f<'a>(a: &'a str) { let c = '\\''; let d = b\"\\\\\";\npanic!(\"x\") }",
    ] {
        let line = text.lines().count();
        reported(Rule::Panics, line, SHARED, text);
    }
}

#[test]
fn a_file_that_only_tests_see_may_do_as_it_likes() {
    let tests = ("src/resilience/retry/tests.rs", "use super::*;\nfn f() { panic!() }");
    let doors = ["#[cfg(test)] mod tests;", "mod tests;"];
    let faults = doors.map(|door| {
        let files = [("src/resilience/retry/mod.rs", door), tests];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
        check(&files, SMALL).len()
    });
    assert_eq!(faults, [0, 2]);
}

#[test]
fn a_file_without_a_place_in_the_plan_is_reported() {
    reported(Rule::Places, 1, "src/helpers.rs", "");
    reported(Rule::Places, 1, "src/utils/strings.rs", "");
}

#[test]
fn an_exception_is_heard_and_reported_when_nothing_needs_it() {
    const PLAN: Plan = Plan {
        exceptions: &[(Rule::Panics, "src/resilience/retry/shared.rs", "panic!", "for the teeth")],
        ..SMALL
    };
    assert_eq!(found(PLAN, SHARED, "fn f() { panic!() }"), []);
    let other = found(PLAN, SHARED, "fn f() { panic!(); todo!() }");
    assert_eq!(other, [(SHARED.to_owned(), 1, Rule::Panics)]);
    let plan = "tests/surface/floor_plan/plan.rs".to_owned();
    assert_eq!(found(PLAN, SHARED, "fn f() {}"), [(plan, 1, Rule::Exceptions)]);
}

#[test]
fn every_word_that_the_plan_forbids_is_reported() {
    let tables = [
        (IMPURE, Rule::Purity, MACHINE),
        (CLOCKS, Rule::Clock, SHARED),
        (PANICS, Rule::Panics, SHARED),
    ];
    for (words, rule, path) in tables {
        for word in words {
            let text = format!("fn f() {{ a {} }}", word.replace('*', "Some"));
            let found = found(SMALL, path, &text);
            assert!(found.contains(&(path.to_owned(), 1, rule)), "{word}");
        }
    }
}
