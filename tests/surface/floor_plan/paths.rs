//! The paths that a file names, in imports and in its code, written out in full.

use super::text::{Kind, Lexeme, after_group, is};

/// One path, as `crate::a::b` says it, or from another crate, or relative to what was imported.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) segments: Vec<String>,
    pub(super) line: usize,
    /// Whether `segments` count from this crate's root.
    pub(super) ours: bool,
}

impl Path {
    /// The path as words and marks, as if it had been written out.
    pub(super) fn written(&self) -> Vec<Lexeme> {
        let mut written = Vec::new();
        for (at, segment) in self.segments.iter().enumerate() {
            let mut push = |kind, text: &str| {
                let line = self.line;
                written.push(Lexeme { kind, text: text.to_owned(), line });
            };
            if at > 0 {
                push(Kind::Mark, "::");
            }
            push(Kind::Word, segment);
        }
        written
    }
}

/// Every path of two segments or more in the file whose module is `home`. Trees of imports
/// (`use a::{b, c::{d, self}}`) are taken apart, `self`, `super` and `crate` resolved, also where
/// a module written into the file surrounds them.
pub(super) fn paths(code: &[Lexeme], home: &[String]) -> Vec<Path> {
    let mut module = home.to_vec();
    let mut braces: Vec<bool> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if is(code, at, "mod") && is(code, at + 2, "{") {
            module.push(code[at + 1].text.clone());
            braces.push(true);
            at += 3;
        } else if is(code, at, "{") {
            braces.push(false);
            at += 1;
        } else if is(code, at, "}") {
            if braces.pop() == Some(true) {
                module.pop();
            }
            at += 1;
        } else if is(code, at, "(") && is(code, at + 1, "in") {
            at = after_group(code, at); // the path of `pub(in …)` names who may look, not what is used
        } else if starts_path(code, at) {
            let mut named = Vec::new();
            at = tree(code, at, Vec::new(), &mut named);
            found.extend(named.into_iter().map(|path| resolve(path, &module)));
        } else {
            at += 1;
        }
    }
    found
}

/// Whether a path of two segments or more begins at `at`, or the crate itself is renamed there.
fn starts_path(code: &[Lexeme], at: usize) -> bool {
    let continues = at > 1
        && is(code, at - 1, "::")
        && (code[at - 2].is_word() || is(code, at - 2, ">"))
        && !is(code, at - 2, "use");
    let renamed = is(code, at + 1, "as") && at > 0 && is(code, at - 1, "use");
    code[at].is_word() && !continues && (is(code, at + 1, "::") || renamed)
}

type Named = (Vec<String>, usize);

/// Takes the path or tree of paths at `at` apart, and returns the place after it.
fn tree(code: &[Lexeme], mut at: usize, mut prefix: Vec<String>, found: &mut Vec<Named>) -> usize {
    loop {
        let Some(lexeme) = code.get(at) else {
            return at;
        };
        if lexeme.is("{") {
            let end = after_group(code, at);
            at += 1;
            while at + 1 < end {
                at = tree(code, at, prefix.clone(), found);
                while at + 1 < end && !is(code, at, ",") {
                    at += 1; // a new name, `as …`
                }
                at += 1;
            }
            return end;
        }
        if !lexeme.is_word() && !lexeme.is("*") {
            found.push((prefix, lexeme.line)); // a turbofish, or the end of a fragment
            return at;
        }
        prefix.push(lexeme.text.clone());
        at += 1;
        if !is(code, at, "::") {
            found.push((prefix, lexeme.line));
            return at;
        }
        at += 1;
    }
}

fn resolve((mut segments, line): Named, module: &[String]) -> Path {
    if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let mut base = match segments.first().map(String::as_str) {
        Some("crate" | "buttress") => Vec::new(),
        Some("self" | "super") => module.to_vec(),
        _ => {
            return Path { segments, line, ours: false };
        }
    };
    let tail: Vec<String> = segments
        .into_iter()
        .skip_while(|segment| match segment.as_str() {
            "super" => {
                base.pop();
                true
            }
            "crate" | "buttress" | "self" => true,
            _ => false,
        })
        .collect();
    base.extend(tail);
    Path { segments: base, line, ours: true }
}
