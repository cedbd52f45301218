//! Names that nobody has seen, in all the forms in which names and values are written: the secret goes,
//! what is none stays, and that in one pass, in pieces and under every mask.

mod masks;

use buttress::redact::{Mask, Pattern, Redactor, RuleSet, Set};
use proptest::{prelude::*, sample::select};

use super::cases;

/// What people put before and behind the word that matters.
const FRONTS: &[&[&str]] = &[
    &[],
    &["acme", "billing"],
    &["db"],
    &["main", "db"],
    &["legacy", "edge"],
    &["partner"],
    &["orders", "svc", "backup"],
    &["my", "app"],
];

/// Words that promise a secret.
const HEADS: &[&[&str]] = &[
    &["password"],
    &["passwd"],
    &["secret"],
    &["client", "secret"],
    &["pwd"],
    &["passphrase"],
    &["passcode"],
    &["api", "key"],
    &["access", "token"],
    &["secret", "key"],
    &["signing", "key"],
    &["auth", "token"],
    &["api", "secret", "key"],
    &["private", "token"],
    &["refresh", "token"],
    &["encryption", "key"],
];

/// How a name is spelled, by its mark in a form and a number.
fn spelled(words: &[&str], mark: char, which: usize) -> String {
    let titled = |word: &str| {
        word.char_indices()
            .map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter })
            .collect::<String>()
    };
    let pascal = || words.iter().map(|word| titled(word)).collect::<String>();
    let camel = || format!("{}{}", words[0], &pascal()[words[0].len()..]);
    let header = || {
        let words: Vec<_> = words.iter().map(|word| titled(word)).collect();
        format!("X-{}", words.join("-"))
    };
    match (mark, which) {
        ('U', _) | ('N', 1) => words.join("_").to_uppercase(),
        ('C', 0..=2) | ('N', 2) => camel(),
        ('C', _) | ('N', 5) => pascal(),
        ('K', 0..=2) => header(),
        ('K', _) | ('N', 3) => words.join("-"),
        ('N', 4) => words.join("."),
        _ => words.join("_"),
    }
}

/// A form with its name and its secret.
fn filled(form: &str, words: &[&str], which: usize, secret: &str) -> String {
    let mut text = unescaped(form);
    for mark in ['N', 'U', 'C', 'K'] {
        let place = format!("@{mark}@");
        if text.contains(&place) {
            text = text.replace(&place, &spelled(words, mark, which));
        }
    }
    text.replace("@V@", secret)
}

/// `\n`, `\\r`, `\\t`, `\\e` and `\\` of the lists as what they stand for.
fn unescaped(line: &str) -> String {
    let (mut text, mut marks) = (String::new(), line.chars());
    while let Some(mark) = marks.next() {
        let next = if mark == '\\' { marks.next() } else { None };
        text.push(match next {
            None => mark,
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('e') => '\x1b',
            Some(other) => other,
        });
    }
    text
}

fn lines(list: &'static str) -> Vec<&'static str> {
    list.lines().filter(|line| !line.starts_with("## ") && !line.is_empty()).collect()
}

fn forms() -> Vec<&'static str> {
    lines(include_str!("forms.txt"))
}

fn prose() -> Vec<&'static str> {
    lines(include_str!("prose.txt"))
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-f]{32}",
        "[A-Za-z0-9]{22}[A-Z][0-9][a-z]",
        "[A-Z][a-z0-9]{5}[!^*+~][a-z]{3}[0-9]{2}",
        "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    ]
}

fn words() -> impl Strategy<Value = Vec<&'static str>> {
    (select(FRONTS), select(HEADS)).prop_map(|(front, head)| [front, head].concat())
}

/// The rule sets: built in, with those for persons, and with all that users may add.
fn redactors() -> Vec<Redactor> {
    thread_local! {
        static ALL: Vec<Redactor> = [
            RuleSet::builder(),
            RuleSet::builder().set(Set::Pii),
            RuleSet::builder()
                .set(Set::Pii)
                .literal("known", "a known secret")
                .key("x-ticket")
                .pattern(Pattern::new("badge", "BDG-[0-9]{2,9}"))
                .mask(Mask::Fingerprint("sixteen bytes or more".into())),
        ]
        .map(|rules| Redactor::new(rules).unwrap())
        .to_vec();
    }
    ALL.with(Clone::clone)
}

fn in_pieces(redactor: &Redactor, text: &[u8], sizes: impl IntoIterator<Item = usize>) -> Vec<u8> {
    let (mut stream, mut clean, mut rest) = (redactor.stream(), Vec::new(), text);
    for size in sizes {
        let (piece, more) = rest.split_at(size.min(rest.len()));
        stream.push(piece, &mut clean);
        rest = more;
    }
    stream.push(rest, &mut clean);
    stream.finish(&mut clean);
    clean
}

/// Whether the text is the same however it is cut.
#[track_caller]
fn is_the_same_in_pieces(redactor: &Redactor, text: &str) {
    let whole = redactor.redact_bytes(text.as_bytes());
    for split in 0..=text.len() {
        let cut = in_pieces(redactor, text.as_bytes(), [split]);
        assert_eq!(whole, cut, "{text:?} cut at {split}");
    }
    let bytes = in_pieces(redactor, text.as_bytes(), text.bytes().map(|_| 1));
    assert_eq!(whole, bytes, "{text:?} cut at every byte");
}

/// Whether nothing of `secret` is left, in any rule set, and a second pass changes nothing.
#[track_caller]
fn is_gone(text: &str, secret: &str) {
    for redactor in redactors() {
        let clean = redactor.redact(text).into_owned();
        let left = secret
            .as_bytes()
            .windows(8)
            .any(|piece| clean.as_bytes().windows(8).any(|here| here == piece));
        assert!(!left, "{text:?} became {clean:?}");
        assert_eq!(redactor.redact(&clean), clean, "twice is once: {text:?}");
    }
}

#[test]
fn every_form_hides_its_secret() {
    let forms = forms();
    assert!(forms.len() > 900);
    for (at, form) in forms.iter().enumerate() {
        for (shift, secret) in
            ["9f8e7d6c5b4a39281706f5e4d3c2b1a0", "Kq3vzt*wm71"].iter().enumerate()
        {
            let at = at * 7 + shift * 3;
            let words = [FRONTS[at % FRONTS.len()], HEADS[at % HEADS.len()]].concat();
            is_gone(&filled(form, &words, at % 6, secret), secret);
        }
    }
}

#[test]
fn every_form_is_the_same_in_pieces() {
    let redactors = redactors();
    for (at, form) in forms().iter().enumerate() {
        let text = filled(form, HEADS[at % HEADS.len()], at % 6, "Kq3vzt*wm71");
        is_the_same_in_pieces(&redactors[at % redactors.len()], &text);
    }
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    for line in prose() {
        let text = unescaped(line);
        assert_eq!(Redactor::built_in().redact(&text), text);
        is_the_same_in_pieces(&redactors()[1], &text);
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_secret_in_any_form_behind_any_name_is_gone(
        form in select(forms()), words in words(), which in 0..6_usize, secret in secret(),
    ) {
        is_gone(&filled(form, &words, which, &secret), &secret);
    }

    #[test]
    fn any_form_is_the_same_in_pieces(
        form in select(forms()), words in words(), which in 0..6_usize, secret in secret(), rules in 0..3_usize,
    ) {
        is_the_same_in_pieces(&redactors()[rules], &filled(form, &words, which, &secret));
    }

    /// Between lines of prose a form is what it is alone.
    #[test]
    fn forms_among_prose(
        before in select(prose()), form in select(forms()), after in select(prose()),
        words in words(), which in 0..6_usize, secret in secret(),
    ) {
        let text = format!("{}\n{}\n{}\n", unescaped(before), filled(form, &words, which, &secret), unescaped(after));
        let clean = Redactor::built_in().redact(&text).into_owned();
        prop_assert_eq!(Redactor::built_in().redact(&clean), clean.clone(), "twice is once: {:?}", text);
        is_the_same_in_pieces(&Redactor::built_in(), &text);
    }
}
