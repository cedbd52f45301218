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

/// Numbers that their issuers publish for tests.
#[test]
fn published_test_numbers() {
    for (kind, number) in [
        ("card", "4242424242424242"),
        ("card", "5105105105105100"),
        ("card", "2223003122003222"),
        ("card", "6011 1111 1111 1117"),
        ("card", "3782 822463 10005"),
        ("card", "3056 930902 5904"),
        ("card", "3566-0020-2036-0505"),
        ("iban", "GB29 NWBK 6016 1331 9268 19"),
        ("iban", "FR1420041010050500013M02606"),
        ("iban", "NL91ABNA0417164300"),
        ("in-aadhaar", "2341 2341 2346"),
        ("phone", "+1 415 555 0132"),
        ("phone", "+442079460958"),
    ] {
        let text = format!("see {number}, then");
        let findings = redactor().findings(&text);
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.kind.as_str(), &text[finding.span.clone()]))
            .collect();
        assert_eq!(found, [(kind, number)], "{text}");
    }
}

/// Columns, ranges, signs and places are numbers of nobody.
#[test]
fn numbers_of_logs() {
    for text in [
        "323 500 6850 40009 12",
        "8694 9038 1004 7987",
        "bytes 3818084-7354467/34452544",
        "moved by +415660582 ms",
        "at +94.352652 +60.342885",
        "@@ -1234,12 +1240,15 @@",
        "1714817472 1714817472123 1714817472123456",
        "build 20260504101112 of v12.34.567-8901",
        "10.1.2.3 - - [04/May/2026:10:11:12 +0000] \"GET /v1/items/123456 HTTP/1.1\" 200 51230",
    ] {
        assert_eq!(redactor().redact(text), text);
    }
}

#[test]
fn a_phone_is_the_first_of_more_digits_than_one_has() {
    let redactor = Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap();
    for (text, clean) in [
        ("phone 030 901820 4111 1111 1111 1111", "phone [REDACTED:phone] [REDACTED:card]"),
        ("phone 030 9018204111 1111 1111 1111", "phone [REDACTED:phone] 1111 1111 1111"),
        ("phone 1234567890123 1234567", "phone [REDACTED:phone] 1234567"),
        ("phone 1234567890123456 1234567", "phone 1234567890123456 1234567"),
    ] {
        let once = redactor.redact(text);
        assert_eq!(redactor.redact(&once), once, "{text}");
        assert_eq!(once, clean, "{text}");
    }
}

#[test]
fn no_word_inside_of_a_mask_says_what_follows() {
    let redactor = Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap();
    for blanks in 0..60 {
        let text = format!("SSN [REDACTED:us-ssn]{} 219-09-9999", ".".repeat(blanks));
        assert_eq!(redactor.redact(&text), text);
    }
}
