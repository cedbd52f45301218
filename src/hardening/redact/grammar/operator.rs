//! What stands between a name and its value.

use super::{
    super::view::View,
    key::Key,
    links::{connected, remark, typed},
    nested::BARS,
    quote,
    twin::{next_tag, sibling},
};

/// How a name and its value are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    /// `=`, `=>`, `:=`.
    Equals,
    /// `==`, `!=`: only what stands in quotes.
    Compare,
    /// `:`.
    Colon,
    /// `--name value`.
    Flag,
    /// `name value`, `name is value`: only what cannot be a word of a sentence.
    Prose,
    /// `name("value")`.
    Call,
    /// `("name", "value")`.
    Comma,
    /// `| name | value |`.
    Table,
    /// `<name>value</name>`.
    Tag,
    /// A part of a form.
    Part,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Operator {
    pub(super) join: Join,
    /// Where the value may begin.
    pub(super) end: usize,
    /// A quote closed the name.
    pub(super) closed: bool,
}

/// Marks that join, longest first.
const MARKS: [(&[u8], Join); 30] = [
    (b"===", Join::Compare),
    (b"==>", Join::Equals),
    (b"::=", Join::Equals),
    (b"||=", Join::Equals),
    (b"-->", Join::Equals),
    (b"=>", Join::Equals),
    (b"==", Join::Compare),
    (b"!=", Join::Compare),
    (b":=", Join::Equals),
    (b"?=", Join::Equals),
    (b"+=", Join::Equals),
    (b"->", Join::Equals),
    (b"?:", Join::Equals),
    (b"??", Join::Equals),
    (b"<-", Join::Equals),
    (b"~>", Join::Equals),
    (b"eq ", Join::Compare),
    (b"||", Join::Equals),
    (b"%3D", Join::Equals),
    (b"%3A", Join::Colon),
    (b"\\u003d", Join::Equals),
    (b"\\u003a", Join::Colon),
    (b"&#61;", Join::Equals),
    ("→".as_bytes(), Join::Equals),
    ("←".as_bytes(), Join::Equals),
    ("…".as_bytes(), Join::Colon),
    ("＝".as_bytes(), Join::Equals),
    ("：".as_bytes(), Join::Colon),
    (b"=", Join::Equals),
    (b":", Join::Colon),
];

/// Whether one of the marks begins so, in lower case.
const fn begins_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'=' | b':'
            | b'-'
            | b'|'
            | b'!'
            | b'?'
            | b'+'
            | b'<'
            | b'~'
            | b'e'
            | b'%'
            | b'\\'
            | b'&'
            | 0xe2
            | 0xef
    )
}

/// What joins `key` to a value, if anything does.
pub(super) fn after(view: &View<'_>, key: &Key) -> Option<Operator> {
    let (at, closed) = closers(view, key);
    let marked = view.blanks(at, 40);
    let operator = |join, end| Some(Operator { join, end, closed });
    match view.get(marked)? {
        b'>' if marked == at && !view.is(at + 1, b'=') && (key.tag || closed) => {
            return operator(Join::Tag, at + 1);
        }
        b'|' if !view.is(marked + 1, b'|') => {
            let cell = marked > at || key.first || view.before(key.start) == Some(b'|');
            return cell.then_some(Operator { join: Join::Table, end: marked + 1, closed });
        }
        b'(' if marked == at && !closed => return operator(Join::Call, at + 1),
        b',' if closed && at == marked => {
            return match sibling(view, key, at, closed) {
                Some(end) => operator(Join::Equals, end),
                None if is_tuple(view, key.start) => operator(Join::Equals, at + 1),
                None => operator(Join::Comma, at + 1),
            };
        }
        // `{name,"value"}`
        b',' if is_tuple(view, key.start) && matches!(view.get(at + 1), Some(b'"' | b'<')) => {
            return operator(Join::Equals, at + 1);
        }
        b';' if closed && at == marked => {
            if let Some(end) = serialized(view, at + 1) {
                return operator(Join::Equals, end);
            }
            if quote::open(view, at + 1).is_some() {
                return operator(Join::Comma, at + 1);
            }
        }
        // `("name" . "value")`
        b'.' if marked > at && view.is(marked + 1, b' ') => {
            let end = marked + 2;
            return quote::open(view, end).and_then(|_| operator(Join::Equals, end));
        }
        // `name ........ value`
        b'.' if view.is(marked + 1, b'.') => {
            let mut end = marked;
            while end - marked < 80 && view.is(end, b'.') {
                end += 1;
            }
            let mark = view.blanks(end, 4);
            let colon = matches!(view.get(mark), Some(b':' | b'='));
            return operator(
                if colon { Join::Colon } else { Join::Prose },
                mark + usize::from(colon),
            );
        }
        // An argument, as it stands in the list of a process.
        0 if key.flag => return operator(Join::Flag, at + 1),
        b',' if key.flag && view.is(at + 1, b' ') => return operator(Join::Prose, at + 2),
        b'.' if key.flag && closed && view.starts(marked, b".arg(") => {
            return operator(Join::Flag, marked + 5);
        }
        b'a' if key.flag && closed && marked == at + 1 => {
            let mark = view.run(marked + 1, &super::super::class::DIGIT, 3);
            return view.starts(mark, b"=\"").then_some(Operator {
                join: Join::Flag,
                end: mark + 1,
                closed,
            });
        }
        b'\\' if view.starts(at, b"\\u003e") => {
            let tag = view.starts(key.start, b"u003c");
            return tag.then_some(Operator { join: Join::Equals, end: at + 6, closed });
        }
        b'&' if marked == at && view.starts(at, b"&gt;") => {
            let tag = key.start >= 4 && view.starts(key.start - 4, b"&lt;");
            return tag.then_some(Operator { join: Join::Equals, end: at + 4, closed });
        }
        b':' if view.is(marked + 1, b':') && !view.is(marked + 2, b'=') => {
            let blank = matches!(view.get(marked + 2), Some(b' '));
            return if blank { operator(Join::Colon, marked + 2) } else { None };
        }
        _ => {}
    }
    // The two most common ones, alone.
    if let (Some(mark @ (b'=' | b':')), Some(next)) = (view.get(marked), view.get(marked + 1)) {
        if !matches!(next, b'=' | b'>' | b':') {
            return operator(if mark == b'=' { Join::Equals } else { Join::Colon }, marked + 1);
        }
    }
    let first = view.get(marked).map(|byte| byte.to_ascii_lowercase());
    let begins = |(text, _): &&(&[u8], Join)| {
        text.first().copied() == first && view.starts_uncased(marked, text)
    };
    let may = match first {
        Some(b'-') => matches!(view.get(marked + 1), Some(b'-' | b'>')),
        first => first.is_some_and(begins_mark),
    };
    let mark = if may { MARKS.iter().find(begins) } else { None };
    if let Some((text, join)) = mark {
        if *text != b"eq " || marked > at {
            return operator(*join, marked + text.len());
        }
    }
    // Right behind a quote it may be a mask.
    let remark = if closed && marked == at { None } else { remark(view, marked) };
    if let Some(end) = remark.or_else(|| typed(view, at, marked)) {
        return operator(Join::Equals, end);
    }
    if !key.tag {
        if let Some(end) = sibling(view, key, at, closed) {
            return operator(Join::Equals, end);
        }
    }
    let named = key.start >= 5 && view.starts(key.start - 5, b"name=");
    if let Some(end) = part(view, at, closed || named) {
        return operator(Join::Part, end);
    }
    if key.tag {
        if let Some(end) = sibling(view, key, at, closed) {
            return operator(Join::Equals, end);
        }
        return tag_end(view, at).and_then(|end| operator(Join::Tag, end));
    }
    if view.starts(at, b"</") {
        return next_tag(view, at).and_then(|(join, end)| operator(join, end));
    }
    if marked == at {
        return None;
    }
    // Behind many blanks stands what a flag is for.
    if key.flag && marked - at < 3 {
        return operator(Join::Flag, marked);
    }
    if view.is(marked, 0xe2) && BARS.iter().any(|bar| view.starts(marked, bar.as_bytes())) {
        return operator(Join::Table, marked + 3);
    }
    operator(Join::Prose, connected(view, marked))
}

/// Whether the name at `start` is the first of two in braces or, as a binary, in `<<"…">>`.
fn is_tuple(view: &View<'_>, start: usize) -> bool {
    let Some(before) = start.checked_sub(1) else {
        return false;
    };
    match view.get(before) {
        Some(b'{') => true,
        Some(b'"') => {
            before > 1 && view.starts(before - 2, b"<<") || before > 0 && view.is(before - 1, b'{')
        }
        _ => false,
    }
}

/// Past `s:12:`, the length of a text that PHP has serialized.
fn serialized(view: &View<'_>, at: usize) -> Option<usize> {
    let mut end = at + 2;
    while end - at < 10 && view.get(end).is_some_and(|byte| byte.is_ascii_digit()) {
        end += 1;
    }
    (view.starts(at, b"s:") && end > at + 2 && view.is(end, b':')).then_some(end + 1)
}

/// Past what closes a name: quotes, brackets, an index, stars, colours.
fn closers(view: &View<'_>, key: &Key) -> (usize, bool) {
    let (mut at, mut closed) = (key.end, false);
    for _ in 0..6 {
        if let Some((_, end)) = quote::open(view, at) {
            (at, closed) = (end, true);
        } else if let Some(end) = index(view, at) {
            at = end;
        } else if closed && view.starts(at, b">>") && is_tuple(view, key.start) {
            at += 2;
        } else if matches!(view.get(at), Some(b']' | b')'))
            || is_star(view, key, at)
            || view.is(at, b'%')
                && view.before(key.start) == Some(b'%')
                && !view.get(at + 1).is_some_and(|next| next.is_ascii_hexdigit())
        {
            at += 1;
        } else if view.starts(at, b"}}") && key.start >= 2 && view.starts(key.start - 2, b"{{") {
            at += 2;
        } else if let Some(end) = colour(view, at) {
            at = end;
        } else {
            break;
        }
    }
    (at, closed)
}

/// Whether a star belongs to the name: `**name**`, `Name*:`. Three are a mask.
fn is_star(view: &View<'_>, key: &Key, at: usize) -> bool {
    let alone = || !view.is(at + 1, b'*') && view.before(at) != Some(b'*');
    view.is(at, b'*') && (view.before(key.start) == Some(b'*') || alone())
}

/// Past `[0]`, `[]` and `%5D`.
fn index(view: &View<'_>, at: usize) -> Option<usize> {
    if view.starts(at, b"%5") {
        return matches!(view.get(at + 2), Some(b'D' | b'd')).then_some(at + 3);
    }
    if !view.is(at, b'[') {
        return None;
    }
    let mut end = at + 1;
    while end - at < 4 && view.get(end).is_some_and(|byte| byte.is_ascii_digit()) {
        end += 1;
    }
    view.is(end, b']').then_some(end + 1)
}

/// Past an escape for a colour, itself or in letters.
pub(super) fn colour(view: &View<'_>, at: usize) -> Option<usize> {
    const STARTS: [&[u8]; 5] = [b"\x1b[", b"\\x1b[", b"\\u001b[", b"\\033[", b"\\e["];
    if !matches!(view.get(at), Some(0x1b | b'\\')) {
        return None;
    }
    let start = STARTS.iter().find(|start| view.starts_uncased(at, start))?;
    let mut end = at + start.len();
    while end - at < 24 && matches!(view.get(end), Some(b'0'..=b'9' | b';')) {
        end += 1;
    }
    view.is(end, b'm').then_some(end + 1)
}

/// Past blanks, line ends and colours.
pub(super) fn space(view: &View<'_>, start: usize, most: usize) -> usize {
    let mut at = start;
    while at - start < most {
        if matches!(view.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            at += 1;
        } else if let Some(end) = colour(view, at) {
            at = end;
        } else {
            break;
        }
    }
    at
}

/// The part of a form whose name was closed at `at`.
fn part(view: &View<'_>, at: usize, closed: bool) -> Option<usize> {
    if !closed {
        return None;
    }
    const ENDS: [(&[u8], &[u8]); 4] =
        [(b"\r\n", b"\r\n"), (b"\n", b"\n"), (b"\\r\\n", b"\\r\\n"), (b"\\n", b"\\n")];
    let (first, end) = ENDS.iter().find(|(end, _)| view.starts(at, end))?;
    let mut at = at + first.len();
    for _ in 0..4 {
        if view.starts(at, end) {
            return Some(at + end.len());
        }
        if !view.starts_uncased(at, b"content-") {
            return None;
        }
        let line = view.slice(at, at + 120);
        let length = line.windows(end.len()).position(|here| here == *end)?;
        at += length + end.len();
    }
    None
}

/// Past the attributes of the tag whose name ended at `at`.
fn tag_end(view: &View<'_>, at: usize) -> Option<usize> {
    if !matches!(view.get(at), Some(b' ')) {
        return None;
    }
    let end = view.find(at, b'>', 160)?;
    let inside = view.slice(at, end);
    (!inside.contains(&b'<') && inside.last() != Some(&b'/')).then_some(end + 1)
}
