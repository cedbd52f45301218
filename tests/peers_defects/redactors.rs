//! What users of redactors and scanners complain about.

use buttress::redact::{Literal, Pattern, Redactor, RuleSet, Set};

fn stays(text: &str) {
    assert_eq!(Redactor::built_in().redact(text), text);
}

fn gone(text: &str, secret: &str) {
    let clean = Redactor::built_in().redact(text);
    assert!(!clean.contains(secret), "{clean}");
}

/// gitleaks: its rule for names is most of the noise: public keys, `monkey`, names of secrets, commits
/// as versions, UUIDs. Ours reads the whole name.
#[test]
fn names_with_a_word_of_secrets_in_them_are_no_secrets() {
    for text in [
        "public_key=MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE",
        "monkey=9f8e7d6c5b4a39281706",
        "db_secret_name=prod-orders-db-1",
        "API_version=4f2a3b1c9d8e7f60514233241506978877665544",
        "request_id=35e833b2-1abe-4c37-968a-c5077e1484aa",
        "keyboard_layout=us-intl-2026-build-17",
    ] {
        stays(text);
    }
}

/// gitleaks, on the other side: `\"testSecret\": \"test\"` and weak passwords are not found, since they are not
/// random enough. With us the name decides.
#[test]
fn weak_passwords_are_secrets() {
    for (text, secret) in [
        (r#"{"testSecret": "test"}"#, "\"test\""),
        ("password=hunter2", "hunter2"),
        ("DB_PASSWORD=sunshine", "sunshine"),
        ("pwd: 1234", "1234"),
    ] {
        gone(text, secret);
    }
}

/// detect-secrets, zero: what is random is taken for secret: hashes of packages, names in camel case,
/// identifiers of all kinds, a hundred thousand of them in one repository.
#[test]
fn what_is_random_and_has_no_name_stays() {
    for text in [
        r#""integrity": "sha512-oRP0rZp3BXBa1hYkzJbWJo0yYk7mJ1lGx0yYw5n8o8m1h0Xr0m1k3O3iHh2b4n0rQ0b5v8==""#,
        "AbstractSingletonProxyFactoryBeanDefinitionParser2 loaded",
        "trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "pod/web-7d4b9c6f5d-x2x7k evicted",
    ] {
        stays(text);
    }
}

/// Redactors that work piece by piece let a secret through that is split over two writes.
#[test]
fn a_secret_over_two_writes_is_found() {
    let redactor = Redactor::built_in();
    let text = b"a ghp_16C7e42F292c6912E7710c838347Ae178B4a b";
    for cut in 0..text.len() {
        let (mut stream, mut clean) = (redactor.stream(), Vec::new());
        stream.push(&text[..cut], &mut clean);
        stream.push(&text[cut..], &mut clean);
        stream.finish(&mut clean);
        assert_eq!(clean, b"a [REDACTED:github-pat] b", "cut at {cut}");
    }
}

/// actions/runner: a secret of one letter that somebody has registered masks everything. Ours is
/// refused, by name, and so is a common word.
#[test]
fn a_literal_that_stands_everywhere_is_refused() {
    for value in ["a", "true", "12345", "password", "aaaaaaaa"] {
        let fault = Redactor::new(RuleSet::builder().literal("flag", value)).unwrap_err();
        assert!(fault.to_string().contains("`flag`"), "{fault}");
        assert!(value.len() < 4 || !fault.to_string().contains(&format!("`{value}`")), "{fault}");
    }
}

/// Wrapper types print what they hold as soon as somebody derives `Debug` around them. Rules and findings
/// show no byte of a secret.
#[test]
fn rules_and_findings_print_no_secret() {
    let rules = RuleSet::builder().literal("database", "correct horse 9");
    let printed = format!(
        "{rules:?} {:?} {:?}",
        Literal::new("x", "correct horse 9"),
        Redactor::new(rules.clone()).unwrap()
    );
    assert!(!printed.contains("horse"), "{printed}");
    let findings = format!("{:?}", Redactor::new(rules).unwrap().findings("at correct horse 9"));
    assert!(findings.contains("database") && !findings.contains("horse"), "{findings}");
}

/// Presidio: `lic` in `public` is a word for a driver's licence, one letter and digits inside of a hash its
/// number. Ours are apart from letters, and so are the words before them; none is on unless asked for.
#[test]
fn numbers_of_persons_are_apart_and_asked_for() {
    let all = Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap();
    for text in [
        "public 219099999 items",
        "digest 4f2a3b1c9d8e4111111111111111f60514233241",
        "classn 219-09-9999",
        "hotel 030 9018 2000 rooms",
        "2026-05-04T10:11:12.123456789Z 1714817472123 v1.2.3.4 10.0.0.1:8080",
    ] {
        assert_eq!(all.redact(text), text);
    }
    stays("SSN: 219-09-9999, card 4111 1111 1111 1111");
}

/// Rules by regular expression are tried everywhere and take the time they take. Ours begin with a text
/// that one pass looks for, and one that does not is refused with the reason.
#[test]
fn a_pattern_without_a_beginning_is_refused() {
    let rules = RuleSet::builder().pattern(Pattern::new("any", "[0-9a-f]{8,}"));
    let fault = Redactor::new(rules).unwrap_err().to_string();
    assert!(fault.contains("`any`") && fault.contains("anchor"), "{fault}");
}
