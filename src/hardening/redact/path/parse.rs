//! Paths as they are written.

use super::{super::custom::Fault, plain};

/// The longest name of a path.
const LONGEST: usize = 96;

/// One step of a path.
pub(super) enum Step {
    Name(Vec<u8>),
    Glob(Vec<u8>),
    Item(usize),
    Anything,
    AnyItem,
}

/// A piece of a path as it is written.
pub(super) enum Part {
    /// `**`
    Gap,
    Step(Step),
}

/// Takes a path apart.
pub(super) fn parts(path: &str) -> Result<Vec<Part>, Fault> {
    let mut parts = Vec::new();
    let mut rest = path;
    if rest.is_empty() {
        return Err(Fault::Empty);
    }
    loop {
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = in_brackets(inside)?;
            parts.push(Part::Step(step));
            rest = after;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            parts.push(named(word)?);
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(after) if after.starts_with('[') => {
                return Err(Fault::Path("must not have a `.` before a `[`"));
            }
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(parts),
            None if rest.starts_with('[') => {}
            None => return Err(Fault::Path("must have a `.` or a `[` behind a `]`")),
        }
    }
}

/// What stands between dots.
fn named(word: &str) -> Result<Part, Fault> {
    match word {
        "" => Err(Fault::Path(
            "must have a name between two dots, before the first and behind the last",
        )),
        "**" => Ok(Part::Gap),
        "*" => Ok(Part::Step(Step::Anything)),
        _ if word.contains("**") => Err(Fault::Path("must have `**` alone between dots")),
        _ if word.contains(['"', '\'', ']', '\\']) => {
            Err(Fault::Path("must have quotes only inside of brackets: `[\"a name\"]`"))
        }
        _ => {
            let name = name(word)?;
            Ok(Part::Step(if name.contains(&b'*') { Step::Glob(name) } else { Step::Name(name) }))
        }
    }
}

/// What stands behind `[`, and what follows its `]`.
fn in_brackets(inside: &str) -> Result<(Step, &str), Fault> {
    const OPEN: Fault = Fault::Path("must have a `]` for every `[`");
    if let Some(quote) = inside.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let (text, after) = inside[1..].split_once(quote).ok_or(OPEN)?;
        let after = after.strip_prefix(']').ok_or(OPEN)?;
        return Ok((Step::Name(name(text)?), after));
    }
    let (text, after) = inside.split_once(']').ok_or(OPEN)?;
    let step = match text {
        "*" => Step::AnyItem,
        _ => Step::Item(text.parse().map_err(|_| {
            Fault::Path("must have `*`, a number or a name in quotes between brackets")
        })?),
    };
    Ok((step, after))
}

/// The letters of a name of a path.
fn name(text: &str) -> Result<Vec<u8>, Fault> {
    let name: Vec<u8> = plain(text.as_bytes()).collect();
    if !(1..=LONGEST).contains(&name.len()) {
        return Err(Fault::Path("must have names of 1 to 96 letters"));
    }
    Ok(name)
}
