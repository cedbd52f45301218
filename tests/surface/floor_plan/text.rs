//! Rust source as words and marks: no comments, no blanks, and no test code.

/// One word, mark or literal of the source, and the line it stands on.
#[derive(Clone, Debug)]
pub(super) struct Lexeme {
    pub(super) kind: Kind,
    pub(super) text: String,
    pub(super) line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// A string, character or number: never mistaken for code.
    Literal,
    /// One sign of punctuation, or `::`.
    Mark,
    /// A name, keyword or lifetime.
    Word,
}

impl Lexeme {
    /// Whether this is the word or mark `text`.
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// Whether the word or mark `text` stands at `at`.
pub(super) fn is(code: &[Lexeme], at: usize, text: &str) -> bool {
    code.get(at).is_some_and(|lexeme| lexeme.is(text))
}

/// Whether the words and marks of `pattern` stand at `at`. A word directly followed by `*` in the
/// pattern stands for every word that begins so: `Atomic*`.
pub(super) fn stands(pattern: &[Lexeme], code: &[Lexeme], at: usize) -> bool {
    let mut here = at;
    let mut rest = pattern.iter().peekable();
    while let Some(wanted) = rest.next() {
        let family = wanted.is_word() && rest.next_if(|next| next.is("*")).is_some();
        let found = match code.get(here) {
            Some(lexeme) if family => lexeme.is_word() && lexeme.text.starts_with(&wanted.text),
            Some(lexeme) => lexeme.is(&wanted.text),
            None => false,
        };
        if !found {
            return false;
        }
        here += 1;
    }
    true
}

/// The words, marks and literals of `source`.
pub(super) fn lex(source: &str) -> Vec<Lexeme> {
    let mut reader = Reader { rest: source, line: 1 };
    let mut found = Vec::new();
    while let Some(first) = reader.rest.chars().next() {
        let line = reader.line;
        let (kind, length) = match first {
            _ if first.is_whitespace() => {
                reader.take(first.len_utf8());
                continue;
            }
            '/' if reader.rest.starts_with("//") => {
                reader.take(reader.rest.find('\n').unwrap_or(reader.rest.len()));
                continue;
            }
            '/' if reader.rest.starts_with("/*") => {
                reader.take(block_comment(reader.rest));
                continue;
            }
            _ if starts_string(reader.rest) => (Kind::Literal, string(reader.rest)),
            '\'' => quote(reader.rest),
            _ if first.is_ascii_digit() => (Kind::Literal, word(reader.rest)),
            _ if first == '_' || first.is_alphabetic() => {
                if reader.rest.starts_with("r#") {
                    reader.take(2);
                }
                (Kind::Word, word(reader.rest))
            }
            ':' if reader.rest.starts_with("::") => (Kind::Mark, 2),
            _ => (Kind::Mark, first.len_utf8()),
        };
        let text = reader.take(length).to_owned();
        found.push(Lexeme { kind, text, line });
    }
    found
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Whether `rest` begins a string, with or without `b`, `c`, `r` and hashes before its quote.
fn starts_string(rest: &str) -> bool {
    let prefix = word(rest);
    let after = rest[prefix..].trim_start_matches('#');
    let hashes = rest.len() - prefix - after.len();
    after.starts_with('"')
        && matches!(&rest[..prefix], "" | "b" | "c" | "r" | "br" | "cr")
        && (hashes == 0 || rest[..prefix].ends_with('r'))
}

fn string(rest: &str) -> usize {
    let prefix = word(rest);
    let raw = rest[..prefix].ends_with('r');
    let body = rest[prefix..].find('"').map_or(rest.len(), |quote| prefix + quote + 1);
    let end = format!("\"{}", "#".repeat(body - prefix - 1));
    let mut at = body;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(end.as_bytes()) {
            return at + end.len();
        }
        at += if here[0] == b'\\' && !raw { 2 } else { 1 };
    }
    rest.len()
}

/// A character, or a lifetime.
fn quote(rest: &str) -> (Kind, usize) {
    let mut inside = rest[1..].chars();
    let first = inside.next();
    if first == Some('\\') {
        let escaped = 2 + inside.next().map_or(0, char::len_utf8);
        let close = rest.get(escaped..).and_then(|after| after.find('\''));
        return (Kind::Literal, close.map_or(rest.len(), |close| escaped + close + 1));
    }
    if inside.next() == Some('\'') {
        return (Kind::Literal, 2 + first.map_or(0, char::len_utf8));
    }
    (Kind::Word, 1 + word(&rest[1..]))
}

/// The place just after the bracket that closes the one at `open`.
pub(super) fn after_group(code: &[Lexeme], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, lexeme) in code.iter().enumerate().skip(open) {
        if opens(lexeme) {
            depth += 1;
        } else if closes(lexeme) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    code.len()
}

fn opens(lexeme: &Lexeme) -> bool {
    ["(", "[", "{"].iter().any(|mark| lexeme.is(mark))
}

fn closes(lexeme: &Lexeme) -> bool {
    [")", "]", "}"].iter().any(|mark| lexeme.is(mark))
}

/// Whether an attribute begins at `at`; inner ones (`#![…]`) too.
pub(super) fn is_attribute(code: &[Lexeme], at: usize) -> bool {
    is(code, at, "#") && (is(code, at + 1, "[") || is(code, at + 1, "!") && is(code, at + 2, "["))
}

/// The place of the item that the attributes at `at` belong to.
pub(super) fn after_attributes(code: &[Lexeme], mut at: usize) -> usize {
    while is_attribute(code, at) {
        at = after_group(code, at + 1);
    }
    at
}

/// The place after `pub`, `pub(crate)` and the like at `at`.
pub(super) fn after_visibility(code: &[Lexeme], at: usize) -> usize {
    match is(code, at, "pub") {
        true if is(code, at + 1, "(") => after_group(code, at + 1),
        true => at + 1,
        false => at,
    }
}

/// Whether `#[cfg(test)]` or `#[cfg(all(…, test, …))]` stands at `at`.
fn is_cfg_test(code: &[Lexeme], at: usize) -> bool {
    let starts = |text: &str| is(code, at, "#") && stands(&lex(text), code, at);
    if starts("#[cfg(test)]") {
        return true;
    }
    // The parts of `all`, not of a `not` or `any` inside it.
    let mut part = at + 6;
    let end = after_group(code, at + 5);
    while starts("#[cfg(all(") && part < end {
        if is(code, part, "test") && !is(code, part + 1, "(") {
            return true;
        }
        part = if is(code, part + 1, "(") { after_group(code, part + 1) } else { part + 1 };
    }
    false
}

/// The place after the item, field or statement at `at`.
fn after_item(code: &[Lexeme], at: usize) -> usize {
    const ITEMS: [&str; 13] = [
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "macro_rules",
        "mod",
        "static",
        "struct",
        "trait",
        "type",
        "use",
    ];
    let at = after_attributes(code, at);
    let start = after_visibility(code, at);
    let item = ITEMS.iter().any(|word| is(code, start, word));
    let mut here = start;
    while here < code.len() && !closes(&code[here]) {
        if is(code, here, ";") || (is(code, here, ",") && !item) {
            return here + 1;
        }
        if is(code, here, "{") && !is(code, start, "use") {
            return after_group(code, here);
        }
        here = if opens(&code[here]) { after_group(code, here) } else { here + 1 };
    }
    here
}

/// `code` without the items that only a test build sees, and the names of the modules among them.
pub(super) fn without_tests(code: &[Lexeme]) -> (Vec<Lexeme>, Vec<String>) {
    let mut kept = Vec::new();
    let mut modules = Vec::new();
    let mut at = 0;
    while at < code.len() {
        if !is_cfg_test(code, at) {
            kept.push(code[at].clone());
            at += 1;
            continue;
        }
        let item = after_visibility(code, after_attributes(code, at));
        if is(code, item, "mod") && item + 1 < code.len() {
            modules.push(code[item + 1].text.clone());
        }
        at = after_item(code, at);
    }
    (kept, modules)
}
