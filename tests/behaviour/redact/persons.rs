//! What identifies a person, if it is asked for.

use buttress::redact::{Confidence, Mask, Redactor, RuleSet, Set};

fn redactor() -> Redactor {
    Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap()
}

#[test]
fn numbers_with_check_digits() {
    for (kind, text, number) in [
        ("card", "paid with 4111 1111 1111 1111 today", "4111 1111 1111 1111"),
        ("card", "card=5555555555554444", "5555555555554444"),
        ("card", "amex 378282246310005.", "378282246310005"),
        ("iban", "to GB82 WEST 1234 5698 7654 32 now", "GB82 WEST 1234 5698 7654 32"),
        ("iban", "DE89370400440532013000", "DE89370400440532013000"),
        ("us-ssn", "SSN: 219-09-9999", "219-09-9999"),
        ("email", "mail bob.b+x@mail.example.org now", "bob.b+x@mail.example.org"),
        ("phone", "call +49 30 901820 today", "+49 30 901820"),
        ("phone", "phone: 030 9018 2000", "030 9018 2000"),
        ("uk-nhs", "NHS number 943 476 5919", "943 476 5919"),
        ("pl-pesel", "44051401359", "44051401359"),
        ("br-cpf", "111.444.777-35", "111.444.777-35"),
        ("it-fiscal-code", "RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ("es-nif", "12345678Z", "12345678Z"),
    ] {
        let findings = redactor().findings(text);
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.kind.as_str(), &text[finding.span.clone()]))
            .collect();
        assert_eq!(found, [(kind, number)], "{text}");
    }
}

#[test]
fn numbers_that_are_none() {
    for text in [
        "card 4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "part no 219-09-9999-X",
        "219-09-9999",
        "trace 35e833b2-1abe-4c37-968a-c5077e1484aa",
        "id 1234567890123456",
        "2026-03-01T12:00:00.123456Z",
        "v1.2.3+build.45",
        "git@",
        "10.0.0.1:8080",
    ] {
        assert_eq!(redactor().redact(text), text);
    }
}

#[test]
fn only_if_it_is_asked_for() {
    let text = "4111 1111 1111 1111 bob@example.org";
    assert_eq!(Redactor::built_in().redact(text), text);
}

#[test]
fn what_can_be_guessed_has_no_fingerprint() {
    let rules =
        RuleSet::builder().set(Set::Pii).mask(Mask::Fingerprint("a key of sixteen bytes".into()));
    let redactor = Redactor::new(rules).unwrap();
    assert_eq!(redactor.redact("4111 1111 1111 1111"), "[REDACTED:card]");
    assert_eq!(redactor.findings("4111 1111 1111 1111")[0].confidence, Confidence::Certain);
}
