//! Secrets are taken out of texts, and nothing else is.

mod byte_names;
mod kinds;
mod persons;
mod rules;
mod secrets;
mod structured;
mod syntax;
mod writers;

use buttress::redact::Redactor;

/// Whether `secret` is gone from `text`, whole and in pieces of eight.
#[track_caller]
pub(crate) fn gone(text: &str, secret: &str) {
    let clean = Redactor::built_in().redact(text).into_owned();
    assert_ne!(clean, text, "nothing was found");
    for piece in secret.as_bytes().windows(secret.len().min(8)) {
        let left = clean.as_bytes().windows(piece.len()).any(|here| here == piece);
        assert!(!left, "{text:?} became {clean:?}");
    }
    assert_eq!(Redactor::built_in().redact(&clean), clean, "twice is once");
}

/// Whether `text` stays as it is.
#[track_caller]
pub(crate) fn stays(text: &str) {
    assert_eq!(Redactor::built_in().redact(text), text);
}

#[test]
fn a_text_without_secrets_is_handed_back() {
    let text = "2026-03-01T12:00:00Z INFO billing: invoice 12 created in 3ms";
    assert!(
        matches!(Redactor::built_in().redact(text), std::borrow::Cow::Borrowed(same) if same.as_ptr() == text.as_ptr())
    );
    assert!(Redactor::built_in().is_clean(text));
}

#[test]
fn what_is_around_a_secret_stays() {
    let redactor = Redactor::built_in();
    for (text, clean) in [
        (
            r#"{"user":"bob","password":"hunter2","n":1}"#,
            r#"{"user":"bob","password":"[REDACTED:password]","n":1}"#,
        ),
        ("password=hunter2&user=bob", "password=[REDACTED:password]&user=bob"),
        ("(password: hunter2)", "(password: [REDACTED:password])"),
        ("Authorization: Bearer 4f9K2mQx7R", "Authorization: Bearer [REDACTED:bearer]"),
        ("https://bob:hunter2@host/path?x=1", "https://bob:[REDACTED:url-password]@host/path?x=1"),
        ("a=1 token=9f8e7d6c5b4a b=2", "a=1 token=[REDACTED:token] b=2"),
    ] {
        assert_eq!(redactor.redact(text), clean);
    }
}

#[test]
fn the_line_below_a_head_may_be_no_row() {
    let redactor = Redactor::built_in();
    for (text, clean) in [
        ("id,password\n1,hunter22x\n", "id,password\n1,[REDACTED:password]\n"),
        (
            "id,password\nDB_PASSWORD=id,password\n",
            "id,password\nDB_PASSWORD=[REDACTED:password]\n",
        ),
        ("id,password\naGk=,hunter22x\n", "id,password\naGk=,[REDACTED:password]\n"),
    ] {
        let once = redactor.redact(text);
        assert_eq!(once, clean);
        assert_eq!(redactor.redact(&once), once);
    }
}

#[test]
fn names_of_secrets_in_any_spelling() {
    for name in [
        "password",
        "dbPassword",
        "DB_PASSWORD",
        "X-Api-Key",
        "access_token",
        "clientSecret",
        "пароль",
    ] {
        assert!(buttress::redact::is_secret_key(name), "{name}");
    }
    for name in [
        "key",
        "session",
        "primary_key",
        "monkey",
        "token_type",
        "max_tokens",
        "author",
        "password_policy",
        "user",
    ] {
        assert!(!buttress::redact::is_secret_key(name), "{name}");
    }
}

#[test]
fn bytes_need_not_be_text() {
    let redactor = Redactor::built_in();
    let clean = redactor.redact_bytes(b"\xff\xfe password=hunter2\xff \x00");
    assert!(clean.starts_with(b"\xff\xfe password=[REDACTED:password]"), "{clean:?}");
    assert_eq!(redactor.redact("тут пароль: тайна7 да"), "тут пароль: [REDACTED:password] да");
}

#[test]
fn findings_hold_no_secret() {
    let findings =
        Redactor::built_in().findings("user=bob password=hunter2 key=AKIAQ3EGRVMP5ZTN2WXY");
    let printed = format!("{findings:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("AKIAQ3"), "{printed}");
    assert_eq!(
        findings.iter().map(|finding| finding.kind.as_str()).collect::<Vec<_>>(),
        ["password", "aws-access-key-id"]
    );
    assert_eq!(findings[0].span, 18..25);
}
