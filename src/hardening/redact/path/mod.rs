//! Paths through structured data: `user.*.token`, `items[*].secret`, `**.password`.

mod parse;

use hashbrown::HashTable;

use self::parse::{Part, Step, parts};
use super::custom::Fault;

/// How many names and places all paths together may have.
const STEPS: usize = 256;

/// How far each path has been followed: the steps that may come next.
pub(super) type Trail = Bits;

/// A set of steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Bits([u64; STEPS / 64]);

impl Bits {
    const fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    const fn is_empty(&self) -> bool {
        matches!(self.0, [0, 0, 0, 0])
    }

    fn and(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    fn or(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    fn without(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= !other);
        self
    }

    /// Each step's successor.
    fn next(mut self) -> Self {
        let mut carry = 0;
        for word in &mut self.0 {
            (*word, carry) = (*word << 1 | carry, *word >> 63);
        }
        self
    }
}

/// All paths, compiled: what one step of each is called, and which steps follow it.
#[derive(Debug, Default)]
pub(super) struct Paths {
    count: usize,
    /// The first steps.
    first: Bits,
    /// The last ones.
    last: Bits,
    /// Those before which there may be any others.
    gaps: Bits,
    /// `*`.
    anything: Bits,
    /// `[*]`.
    any_item: Bits,
    names: HashTable<(Box<[u8]>, Bits)>,
    items: Vec<(usize, Bits)>,
    /// Names with a `*` in them.
    globs: Vec<(Box<[u8]>, usize)>,
}

impl Paths {
    /// Adds a path.
    pub(super) fn add(&mut self, path: &str) -> Result<(), Fault> {
        let mut steps = Vec::new();
        let mut gap = false;
        for part in parts(path)? {
            match part {
                Part::Gap => gap = true,
                Part::Step(step) => steps.push((std::mem::take(&mut gap), step)),
            }
        }
        if gap {
            // What ends in `**` is everything below.
            steps.push((true, Step::Anything));
        }
        if steps.iter().all(|(_, step)| matches!(step, Step::Anything | Step::AnyItem)) {
            return Err(Fault::Path("must name something: it leads everywhere"));
        }
        if self.count + steps.len() > STEPS {
            return Err(Fault::Path("must be fewer: all paths together may have 256 steps"));
        }
        let length = steps.len();
        for (number, (gap, step)) in steps.into_iter().enumerate() {
            let at = self.count;
            self.count += 1;
            if number == 0 {
                self.first.set(at);
            }
            if number + 1 == length {
                self.last.set(at);
            }
            if gap {
                self.gaps.set(at);
            }
            self.add_step(step, at);
        }
        Ok(())
    }

    fn add_step(&mut self, step: Step, at: usize) {
        match step {
            Step::Anything => self.anything.set(at),
            Step::AnyItem => self.any_item.set(at),
            Step::Glob(glob) => self.globs.push((glob.into(), at)),
            Step::Item(item) => match self.items.iter_mut().find(|(known, _)| *known == item) {
                Some((_, bits)) => bits.set(at),
                None => {
                    let mut bits = Bits::default();
                    bits.set(at);
                    self.items.push((item, bits));
                }
            },
            Step::Name(name) => {
                let hash = |(name, _): &(Box<[u8]>, Bits)| hash(name);
                let same = |(known, _): &(Box<[u8]>, Bits)| **known == *name;
                match self.names.find_mut(self::hash(&name), same) {
                    Some((_, bits)) => bits.set(at),
                    None => {
                        let mut bits = Bits::default();
                        bits.set(at);
                        self.names.insert_unique(self::hash(&name), (name.into(), bits), hash);
                    }
                }
            }
        }
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where all paths begin.
    pub(super) const fn start(&self) -> Trail {
        self.first
    }

    /// One name further on `trail`, and whether a path ends there. A name with dots is also several.
    pub(super) fn by_name(&self, trail: &Trail, name: &str) -> (Trail, bool) {
        if trail.is_empty() {
            return (*trail, false);
        }
        let (mut whole, mut ends) = self.follow(trail, &self.called(trail, name.as_bytes()));
        if name.contains('.') {
            let mut trail = *trail;
            for piece in name.split('.') {
                let ended;
                (trail, ended) = self.follow(&trail, &self.called(&trail, piece.as_bytes()));
                ends |= ended;
            }
            whole = whole.or(&trail);
        }
        (whole, ends)
    }

    /// One item of a list further.
    pub(super) fn by_item(&self, trail: &Trail, item: usize) -> (Trail, bool) {
        if trail.is_empty() {
            return (*trail, false);
        }
        let any = self.anything.or(&self.any_item);
        let known = self.items.iter().find(|(known, _)| *known == item);
        self.follow(trail, &known.map_or(any, |(_, bits)| any.or(bits)))
    }

    /// The steps that have this name.
    fn called(&self, trail: &Trail, name: &[u8]) -> Bits {
        let same = |(known, _): &(Box<[u8]>, Bits)| known.iter().copied().eq(plain(name));
        let known = self.names.find(hash(name), same);
        let mut called = known.map_or(self.anything, |(_, bits)| self.anything.or(bits));
        for (glob, at) in &self.globs {
            let mut bit = Bits::default();
            bit.set(*at);
            if !bit.and(trail).is_empty() && matches(glob, name) {
                called.set(*at);
            }
        }
        called
    }

    fn follow(&self, trail: &Trail, taken: &Bits) -> (Trail, bool) {
        let taken = trail.and(taken);
        let ends = !taken.and(&self.last).is_empty();
        (trail.and(&self.gaps).or(&taken.without(&self.last).next()), ends)
    }
}

/// What does not tell names apart: `apiKey`, `api_key`, `API-KEY`.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b' ')
}

/// The letters of a name, however it is spelled.
fn plain(name: &[u8]) -> impl Iterator<Item = u8> + '_ {
    name.iter().filter(|byte| !is_separator(**byte)).map(u8::to_ascii_lowercase)
}

/// FNV-1a: the names of the table are the user's own, so nobody makes them collide.
fn hash(name: &[u8]) -> u64 {
    plain(name).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Whether `glob` describes the whole of `name`.
fn matches(glob: &[u8], name: &[u8]) -> bool {
    let letter = |from: usize| {
        let rest = name.get(from..).unwrap_or_default();
        let skipped = rest.iter().position(|byte| !is_separator(*byte))?;
        Some((rest[skipped].to_ascii_lowercase(), from + skipped + 1))
    };
    let (mut at, mut from) = (0, 0);
    // Behind the last `*`, and how much of the name that has taken.
    let mut star = None;
    loop {
        match (glob.get(at), letter(from)) {
            (Some(b'*'), _) => {
                at += 1;
                star = Some((at, from));
            }
            (None, None) => return true,
            (Some(wanted), Some((byte, next))) if *wanted == byte => (at, from) = (at + 1, next),
            (_, None) => return false,
            _ => {
                let Some((behind, (_, next))) =
                    star.and_then(|(behind, taken)| Some((behind, letter(taken)?)))
                else {
                    return false;
                };
                star = Some((behind, next));
                (at, from) = (behind, next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a path ends at a place; numbers are items.
    fn leads(path: &str, place: &[&str]) -> bool {
        let mut paths = Paths::default();
        paths.add(path).unwrap();
        let mut trail = paths.start();
        place.iter().any(|step| {
            let ends;
            (trail, ends) = match step.parse() {
                Ok(item) => paths.by_item(&trail, item),
                Err(_) => paths.by_name(&trail, step),
            };
            ends
        })
    }

    #[test]
    fn where_paths_lead() {
        for (path, place, leads_there) in [
            ("a", &["a"][..], true),
            ("a", &["b", "a"], false),
            ("a.b", &["a", "b"], true),
            ("a.b", &["a.b"], true),
            ("a.b", &["a"], false),
            ("a.b", &["a", "x", "b"], false),
            ("a.*.b", &["a", "x", "b"], true),
            ("a.*.b", &["a", "3", "b"], true),
            ("a.*.b", &["a", "b"], false),
            ("**.b", &["b"], true),
            ("**.b", &["a", "7", "x", "b"], true),
            ("a.**.b", &["a", "b"], true),
            ("a.**.b", &["a", "x", "y", "b"], true),
            ("a.**.b", &["x", "a", "b"], false),
            ("**.a.b", &["a", "a", "b"], true),
            ("**.a.*.a.b", &["a", "a", "a", "a", "b"], true),
            ("a.**", &["a", "x"], true),
            ("a.**", &["a"], false),
            ("items[*].secret", &["items", "12", "secret"], true),
            ("items[*].secret", &["items", "x", "secret"], false),
            ("items[2].secret", &["items", "2", "secret"], true),
            ("items[2].secret", &["items", "3", "secret"], false),
            ("[*].a", &["0", "a"], true),
            ("**[0]", &["x", "0"], true),
            ("rows[*][1]", &["rows", "5", "1"], true),
            ("user.api_key", &["User", "apiKey"], true),
            ("user.apiKey", &["USER", "API-KEY"], true),
            ("**.*token", &["x", "refresh_token"], true),
            ("**.*token", &["x", "token_id"], false),
            ("**.x-*-id*", &["X-Some-Ids"], true),
            ("[\"a.b\"].c", &["a.b", "c"], true),
            ("['odd name']", &["odd name"], true),
            ("größe", &["größe"], true),
        ] {
            assert_eq!(leads(path, place), leads_there, "{path} to {place:?}");
        }
    }

    #[test]
    fn paths_do_not_lead_each_other_astray() {
        let mut paths = Paths::default();
        for path in ["a.b", "**.c", "x[*].b", "d.e.f"] {
            paths.add(path).unwrap();
        }
        let (a, ended) = paths.by_name(&paths.start(), "a");
        assert!(!ended && paths.by_name(&a, "b").1 && paths.by_name(&a, "c").1);
        let (x, _) = paths.by_name(&paths.start(), "x");
        assert!(!paths.by_name(&x, "b").1 && !paths.by_name(&x, "f").1);
    }

    #[test]
    fn steps_go_over_words() {
        let mut paths = Paths::default();
        let long: Vec<String> = (0..128).map(|step| format!("n{step}")).collect();
        paths.add(&long.join(".")).unwrap();
        paths.add(&long.join(".")).unwrap();
        assert!(matches!(paths.add("a"), Err(Fault::Path(_))));
        let mut trail = paths.start();
        for (at, name) in long.iter().enumerate() {
            let ends;
            (trail, ends) = paths.by_name(&trail, name);
            assert_eq!(ends, at == 127);
        }
    }

    #[test]
    fn bad_paths() {
        for path in [
            "", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[]", "a[1", "a]", "a[1]b", "a.[1]", "***",
            "a.**b", "*", "**", "*.**", "[*]", "a[\"b]", "a\"b", "-", "a[-1]",
        ] {
            assert!(Paths::default().add(path).is_err(), "{path:?}");
        }
        assert!(Paths::default().add(&"x".repeat(97)).is_err());
    }
}
