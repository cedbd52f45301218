//! Where `cfg(feature = …)` may stand.

use super::{
    Rule,
    house::File,
    text::{Kind, Lexeme, after_attributes, after_group, after_visibility, is},
};

/// Features decide about whole modules and re-exports, about serde's derives, and about lints,
/// which change nothing that is built; inside `ground/telemetry/` about anything.
pub(super) fn check(file: &File, report: &mut impl FnMut(usize, Rule, &str)) {
    if file.module.starts_with(&["ground", "telemetry"].map(str::to_owned)) {
        return;
    }
    let code = &file.code;
    for at in 2..code.len() {
        let attribute = is(code, at - 1, "[");
        let asked = if is(code, at, "cfg") && is(code, at + 1, "!") {
            features(code, at + 2)
        } else if is(code, at, "cfg") && attribute && !on_module_or_reexport(code, at) {
            features(code, at + 1)
        } else if is(code, at, "cfg_attr") && attribute {
            condition(code, at + 1)
        } else {
            continue;
        };
        for feature in asked {
            report(code[at].line, Rule::Features, &feature);
        }
    }
}

/// The features named in the group at `open`.
fn features(code: &[Lexeme], open: usize) -> Vec<String> {
    named(&code[open.min(code.len())..after_group(code, open)])
}

/// The features that the `cfg_attr` whose group is at `open` asks for and may not.
fn condition(code: &[Lexeme], open: usize) -> Vec<String> {
    let mut comma = open + 1;
    while comma < code.len() && !is(code, comma, ",") {
        comma = if is(code, comma, "(") { after_group(code, comma) } else { comma + 1 };
    }
    let asked = &code[open..comma.min(code.len())];
    let serde = asked.len() == 4 && named(asked) == ["serde"];
    let lint = is(code, comma + 1, "allow") || is(code, comma + 1, "expect");
    let after = after_group(code, comma + 2);
    let last = is(code, after, ")") || is(code, after + 1, ")");
    match serde || (lint && last) {
        true => Vec::new(),
        false => named(asked),
    }
}

fn named(code: &[Lexeme]) -> Vec<String> {
    let named = code.windows(3).filter(|three| {
        three[0].is("feature") && three[1].is("=") && three[2].kind == Kind::Literal
    });
    named.map(|three| three[2].text.trim_matches('"').to_owned()).collect()
}

/// Whether the attribute whose `cfg` is at `at` belongs to a `mod` or a `pub use`.
fn on_module_or_reexport(code: &[Lexeme], at: usize) -> bool {
    let attribute = at - 2;
    if !is(code, attribute, "#") {
        return false; // `#![cfg(…)]` decides about the file from inside it
    }
    let item = after_attributes(code, attribute);
    let shown = after_visibility(code, item);
    is(code, shown, "mod") || (is(code, shown, "use") && shown > item)
}
