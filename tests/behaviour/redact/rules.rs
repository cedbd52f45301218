//! Rules of the user's own, and masks.

use buttress::redact::{Mask, Pattern, Redactor, RuleSet, Set};

#[test]
fn a_known_secret_is_found_in_every_form() {
    let secret = "p/\"4 ss+wörd";
    let redactor = Redactor::new(RuleSet::empty().literal("database", secret)).unwrap();
    for form in [
        secret.to_owned(),
        "p/\\\"4 ss+wörd".to_owned(),
        "p%2F%224%20ss%2Bw%C3%B6rd".to_owned(),
        "p%2f%224%20ss%2bw%c3%b6rd".to_owned(),
        "702f223420 73732b77c3b67264".replace(' ', ""),
        "702F22342073732B77C3B67264".to_owned(),
        "cC8iNCBzcyt3w7ZyZA==".to_owned(), // alone
        "eHAvIjQgc3Mrd8O2cmQ=".to_owned(), // behind one byte
        "eHhwLyI0IHNzK3fDtnJk".to_owned(), // behind two
    ] {
        let clean = redactor.redact(&form).into_owned();
        assert!(clean.contains("[REDACTED:database]"), "{form}: {clean}");
    }
    assert_eq!(redactor.redact("p/\"4 ss+word"), "p/\"4 ss+word");
}

#[test]
fn a_name_in_every_spelling() {
    let redactor = Redactor::new(RuleSet::empty().key("x-internal-ticket")).unwrap();
    for text in [
        "X-Internal-Ticket: abc def",
        "x_internal_ticket=abc",
        r#"{"xInternalTicket":"abc"}"#,
        "--x-internal-ticket abc",
    ] {
        assert!(!redactor.redact(text).contains("abc"), "{}", redactor.redact(text));
    }
    assert_eq!(redactor.redact("password=abc"), "password=abc");
}

#[test]
fn a_pattern_and_its_anchor() {
    let rules = RuleSet::empty()
        .pattern(Pattern::new("badge", r"BDG-[0-9]{6}"))
        .pattern(Pattern::new("seat", r"[0-9]+[A-F]\b").after("seat "));
    let redactor = Redactor::new(rules).unwrap();
    assert_eq!(
        redactor.redact("BDG-123456 in seat 12F, BDG-12"),
        "[REDACTED:badge] in seat [REDACTED:seat], BDG-12"
    );
}

#[test]
fn what_is_allowed_stays() {
    let redactor = Redactor::new(RuleSet::builder().allow("hunter2")).unwrap();
    assert_eq!(
        redactor.redact("password=hunter2 password=hunter3"),
        "password=hunter2 password=[REDACTED:password]"
    );
}

#[test]
fn a_set_can_be_left_out() {
    let redactor = Redactor::new(RuleSet::builder().without(Set::Urls).without(Set::Keys)).unwrap();
    assert_eq!(
        redactor.redact("redis://:hunter2@cache/0 password=x"),
        "redis://:hunter2@cache/0 password=x"
    );
}

#[test]
fn a_bad_rule_names_itself_and_its_fault_and_no_secret() {
    let rules = RuleSet::builder()
        .literal("short", "abc")
        .literal("word", "password")
        .key("?")
        .pattern(Pattern::new("open", "[0-9]{6}"))
        .pattern(Pattern::new("broken", "BDG-(["))
        .pattern(Pattern::new("nothing", "a*"))
        .pattern(Pattern::new("wide", "BDG-.*").within(1 << 20))
        .mask(Mask::Fingerprint("short".into()));
    let printed = format!("{rules:?}");
    assert!(!printed.contains("abc") && !printed.contains("Fingerprint(\""), "{printed}");
    let error = Redactor::new(rules).unwrap_err().to_string();
    for part in [
        "`short`",
        "at least 6 bytes",
        "`word`",
        "[0] `?`",
        "`open`",
        "begin with a text",
        "`broken`",
        "`nothing`",
        "`wide`",
        "4096",
        "mask must have a key",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("abc") && !error.contains("\"password\""), "{error}");
}

#[test]
fn rules_from_a_file() {
    let rules: RuleSet = toml::from_str(
        r#"
        sets = ["keys", "pii"]
        keys = ["x-ticket"]
        allow = ["changeme"]
        mask = { fixed = "(gone)" }

        [[literals]]
        name = "database"
        value = "correct horse"

        [[patterns]]
        name = "badge"
        regex = "BDG-[0-9]{6}"
        "#,
    )
    .unwrap();
    let redactor = Redactor::new(rules).unwrap();
    assert_eq!(
        redactor.redact("password=changeme pwd=x7 X-Ticket: 9 BDG-123456 correct horse"),
        "password=changeme pwd=(gone) X-Ticket: (gone) (gone) (gone)",
    );
    assert!(toml::from_str::<RuleSet>("colour = 3").is_err());
}

#[test]
fn the_end_of_a_generated_secret_may_be_kept() {
    let redactor = Redactor::new(RuleSet::builder().mask(Mask::KeepLastFour)).unwrap();
    assert_eq!(redactor.redact("AKIAQ3EGRVMP5ZTN2WXY"), "[REDACTED:aws-access-key-id:2WXY]");
    assert_eq!(
        redactor.redact("password=averylongpassword1234567"),
        "password=[REDACTED:password]"
    );
    let twice = redactor.redact("AKIAQ3EGRVMP5ZTN2WXY").into_owned();
    assert_eq!(redactor.redact(&twice), twice);
}

#[test]
fn equal_secrets_have_equal_fingerprints_under_one_key() {
    let with =
        |key: &str| Redactor::new(RuleSet::builder().mask(Mask::Fingerprint(key.into()))).unwrap();
    let (one, other) = (with("a key of sixteen bytes"), with("another key of sixteen bytes"));
    let text = "id AKIAQ3EGRVMP5ZTN2WXY.";
    assert_eq!(one.redact(text), one.redact(text));
    assert_ne!(one.redact(text), other.redact(text));
    assert_eq!(one.redact(text).len(), "id [REDACTED:aws-access-key-id#0123456789ab].".len());
    assert_eq!(one.redact("password=hunter2"), "password=[REDACTED:password]");
}

#[test]
fn five_hundred_known_secrets() {
    let mut rules = RuleSet::builder();
    for number in 0..500_u64 {
        rules = rules.literal(
            format!("secret-{number}"),
            format!("{:016x}-Q", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        );
    }
    let redactor = Redactor::new(rules).unwrap();
    let text = format!("x {:016x}-Q y", 499_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    assert_eq!(redactor.redact(&text), "x [REDACTED:secret-499] y");
}
