//! Who may name whom.

use super::{Rule, SHARED, fine, reported};

#[test]
fn a_ground_that_names_a_room_is_reported() {
    let text = "use std::fmt;\nuse crate::resilience::retry::Retry;";
    reported(Rule::Wings, 2, "src/ground/mode.rs", text);
    reported(Rule::Wings, 1, "src/ground/mode.rs", "use super::super::retry;");
    reported(Rule::Wings, 1, "src/ground/mode.rs", "fn f() -> crate::Refusal {}");
}

#[test]
fn a_room_that_names_another_room_is_reported() {
    for text in [
        "use crate::resilience::bulkhead::Permit;",
        "use super::super::bulkhead;",
        "use super::super::{bulkhead::{self}};",
        "use crate::web::hints as h;",
        "fn f() { let x = buttress::resilience::bulkhead::f::<u8>(); }",
        "mod inner { use super::super::super::bulkhead::Permit; }",
    ] {
        reported(Rule::Wings, 1, SHARED, text);
    }
}

#[test]
fn a_room_named_inside_braces_over_several_lines_is_reported() {
    let text = "use crate::{\n    ground::time,\n    resilience::{\n        budget::{self as purse, Budget},\n        bulkhead::Permit,\n    },\n};";
    reported(Rule::Wings, 5, SHARED, text);
}

#[test]
fn a_room_named_by_its_public_path_is_reported() {
    reported(Rule::Wings, 1, "src/resilience/budget/shared.rs", "use crate::retry::Retry;");
}

#[test]
fn a_stair_walked_upwards_is_reported() {
    let text = "use crate::resilience::retry::Retry;";
    reported(Rule::Wings, 1, "src/resilience/budget/shared.rs", text);
}

#[test]
fn a_room_that_names_the_roof_or_the_root_is_reported() {
    for text in [
        "use crate::stack::Pipeline;",
        "use crate::testing;",
        "use crate::Refusal;",
        "use crate as buttress;",
        "use super::super::*;",
    ] {
        reported(Rule::Wings, 1, SHARED, text);
    }
}

#[test]
fn a_stack_that_names_the_testing_tools_is_reported() {
    reported(Rule::Wings, 1, "src/stack/mod.rs", "use crate::testing::Script;");
}

#[test]
fn a_web_room_that_shows_two_rooms_is_reported() {
    let text = "use crate::retry::Retry;\nuse crate::budget::Budget;";
    reported(Rule::Wings, 2, "src/web/hints/mod.rs", text);
}

#[test]
fn a_web_room_that_names_another_web_room_is_reported() {
    reported(Rule::Wings, 1, "src/web/problem/mod.rs", "use crate::web::hints::Hint;");
}

#[test]
fn a_file_that_uses_one_to_its_right_is_reported() {
    for text in [
        "use super::handle::Retry;",
        "use super::{machine::Machine, permit::Permit};",
        "fn f() { super::layer::g() }",
        "use crate::resilience::retry::future;",
        "use crate::retry::redis::Script;",
        "mod inner { use super::super::handle::Retry; }",
    ] {
        reported(Rule::Order, 1, SHARED, text);
    }
}

#[test]
fn an_added_file_that_uses_the_machine_is_reported() {
    let text = "use super::machine::Machine;";
    reported(Rule::Order, 1, "src/resilience/retry/backoff.rs", text);
}

#[test]
fn a_file_that_goes_through_the_door_of_its_own_room_is_reported() {
    for text in ["use super::Config;", "use super::*;", "use super as room;"] {
        reported(Rule::Order, 1, SHARED, text);
    }
}

#[test]
fn a_file_in_a_folder_stands_where_the_folder_stands() {
    let path = "src/resilience/retry/machine/queue.rs";
    fine(path, "use super::Machine;\nuse super::super::config::Config;");
    reported(Rule::Order, 1, path, "use super::super::shared::Shared;");
}

#[test]
fn a_room_inside_a_room_is_a_room() {
    let shared = "src/resilience/timeout/stream/shared.rs";
    let machine = "src/resilience/timeout/stream/machine.rs";
    fine(shared, "use super::machine::Machine;");
    reported(Rule::Order, 1, machine, "use super::shared::Shared;");
    reported(Rule::Order, 1, shared, "use super::Config;");
    reported(Rule::Purity, 1, machine, "struct Machine(Mutex<u8>);");
    for text in ["use super::super::shared::Shared;", "use crate::timeout::Timeout;"] {
        reported(Rule::Wings, 1, shared, text);
    }
    let outer = "use super::stream::shared::Shared;";
    reported(Rule::Wings, 1, "src/resilience/timeout/shared.rs", outer);
    reported(Rule::Wings, 1, SHARED, "use crate::timeout::stream::StreamTimeout;");
}
