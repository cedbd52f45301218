//! A text is the same without its secrets however it is cut, and redacting it twice changes nothing.

use buttress::redact::{Redactor, RuleSet, Set};
use proptest::{collection::vec, prelude::*, sample::select};

use super::cases;

/// Pieces that rules look for, and pieces that confuse them.
pub(crate) const PIECES: &[&str] = &[
    "password",
    "token",
    "secret",
    "api_key",
    "key",
    "Authorization",
    "Cookie",
    "otp",
    "DB_PASSWORD",
    "пароль",
    "=",
    ": ",
    ":",
    "=>",
    " := ",
    "\"",
    "'",
    "\\\"",
    "\\\\\\\"",
    "&",
    ",",
    ";",
    " ",
    "\n",
    "\r\n",
    "\t",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    "</",
    "|",
    "\\n",
    "%3D",
    "%22",
    "&quot;",
    "\u{1b}[3m",
    "\u{1b}[0m",
    "hunter2",
    "Zx9kQ7vLm2pR",
    "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "Bearer ",
    "Basic ",
    "Some(",
    "ghp_",
    "AKIA",
    "eyJ",
    "sk-",
    "xoxb-",
    "://",
    "@",
    "bob",
    "-----BEGIN ",
    "RSA PRIVATE KEY-----",
    "-----END ",
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    "AQ3EGRVMP5ZTN2WXY7ABCDEFGHIJKLMNOPQRSTUVWX",
    "[REDACTED",
    "[REDACTED:token]",
    "--",
    "-p ",
    "mysql ",
    "curl -u ",
    "name",
    "value",
    "4111 1111 1111 1111",
    "GB82",
    "+49 30 901820",
    "e=mc2",
    "日本語",
    "：",
    "x",
    "0",
    "|\n  ",
    "$",
    "${X}",
    "null",
    "***",
];

fn text() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![4 => pieces, 1 => vec(any::<u8>(), 0..300)]
}

fn redactor() -> Redactor {
    thread_local! {
        static ALL: Redactor = Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap();
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

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_stream_gives_what_the_whole_gives(text in text()) {
        let redactor = redactor();
        let whole = redactor.redact_bytes(&text);
        for split in 0..=text.len() {
            prop_assert_eq!(&*whole, &in_pieces(&redactor, &text, [split])[..], "cut at {}", split);
        }
        prop_assert_eq!(&*whole, &in_pieces(&redactor, &text, text.iter().map(|_| 1))[..], "cut at every byte");
    }

    #[test]
    fn a_stream_gives_what_the_whole_gives_for_any_cuts(text in text(), sizes in vec(0..40_usize, 0..30)) {
        let redactor = redactor();
        prop_assert_eq!(&*redactor.redact_bytes(&text), &in_pieces(&redactor, &text, sizes)[..]);
    }

    #[test]
    fn twice_is_once(pieces in vec(select(PIECES), 0..12)) {
        let once = Redactor::built_in().redact(&pieces.concat()).into_owned();
        prop_assert_eq!(Redactor::built_in().redact(&once), once.clone());
    }

    #[test]
    fn a_secret_behind_its_name_leaves_no_piece(secret in "[A-Za-z0-9]{4}[0-9]{2}[A-Za-z0-9!%+/_-]{2,60}", name in select(&["password", "DB_PASSWORD", "clientSecret"][..]), shape in select(&["N=V", "N: V", "\"N\":\"V\"", "N='V'", "<N>V</N>", "?N=V&x=1", "--N V", "N := \"V\""][..])) {
        let text = shape.replace('N', name).replace('V', &secret);
        let clean = redactor().redact(&text).into_owned();
        for piece in secret.as_bytes().windows(8) {
            prop_assert!(!clean.as_bytes().windows(8).any(|here| here == piece), "{} -> {}", text, clean);
        }
        prop_assert_eq!(redactor().redact(&clean), clean.clone());
    }

    #[test]
    fn findings_are_in_order_and_apart(text in text()) {
        let findings = redactor().findings(&text);
        prop_assert!(findings.iter().all(|finding| finding.span.start < finding.span.end && finding.span.end <= text.len()));
        prop_assert!(findings.windows(2).all(|two| two[0].span.end <= two[1].span.start));
    }
}

#[test]
fn round_cuts() {
    let redactor = redactor();
    let text = "a password=hunter2 b\n".repeat(2_000);
    let whole = redactor.redact(&text).into_owned();
    for size in [1, 2, 3, 4, 7, 8, 16, 64, 255, 256, 1024, 4095, 4096, 4097, 8192, 16_384, 65_536] {
        let sizes = std::iter::repeat_n(size, text.len() / size);
        assert_eq!(
            in_pieces(&redactor, text.as_bytes(), sizes),
            whole.as_bytes(),
            "pieces of {size}"
        );
    }
}

#[test]
fn round_lengths_of_secrets() {
    let redactor = redactor();
    for length in [
        1, 8, 95, 96, 97, 255, 256, 257, 4095, 4096, 4097, 8191, 8192, 16_383, 16_384, 16_385,
        70_000,
    ] {
        for shape in [
            "password=V next",
            "password=\"V\" next",
            "ghp_V next",
            "<password>V</password>",
            "eyJhbGciOiJub25lIn0.V.V next",
            "x: V",
        ] {
            let secret: String = "aB3dE5gH7jK9mN1pQ3s".chars().cycle().take(length).collect();
            let text = shape.replace('V', &secret);
            let whole = redactor.redact(&text).into_owned();
            for size in [1000, 4096, 4097] {
                let sizes = std::iter::repeat_n(size, text.len() / size + 1);
                assert_eq!(
                    in_pieces(&redactor, text.as_bytes(), sizes),
                    whole.as_bytes(),
                    "{shape} of {length} in {size}"
                );
            }
        }
    }
}
