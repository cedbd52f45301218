//! A document is the same without its secrets whichever way it is written, and no secret survives in
//! it, however deep it lies.

use buttress::redact::{Redactor, RuleSet, Set};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::cases;

const NAMES: &[&str] = &[
    "password",
    "dbPassword",
    "secret",
    "token",
    "key",
    "session",
    "cookie",
    "Authorization",
    "pin",
    "api_key",
    "credentials",
    "name",
    "value",
    "k",
    "v",
    "user",
    "id",
    "items",
    "note",
    "пароль",
    "a.b",
    "x-ticket",
    "ssn",
    "",
];

const TEXTS: &[&str] = &[
    "",
    "bob",
    "hunter2",
    "Bearer 4f9K2mQx7R",
    "sid=9f8e7d6c5b; Path=/",
    "password",
    "cookie",
    "x-ticket",
    "${TOKEN}",
    "null",
    "********",
    "[REDACTED:token]",
    "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "redis://:hunter2@cache/0",
    "pwd=hunter2 and more",
    "4111 1111 1111 1111",
    "{\"password\":\"hunter2\"}",
    "[\"password\", \"hunter2\"]",
    "{\"a\":[{\"pin\":1234,\"b\":\"{\\\"token\\\":\\\"9f8e7d6c5b4a\\\"}\"}]}",
    "{}",
    "[not json]",
    "日本語",
    "key: \"Zx9kQ7vLm2pR4tYb\"",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (0..100_000_u32).prop_map(Value::from),
        Just(Value::from(4_111_111_111_111_111_u64)),
        // To the digit: what is parsed need not be.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        select(TEXTS).prop_map(Value::from),
        select(TEXTS).prop_map(Value::from),
        (select(TEXTS), select(TEXTS)).prop_map(|(a, b)| Value::from(format!("{a} {b}"))),
        "\\PC{0,12}".prop_map(Value::from),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            8 => select(NAMES).prop_map(str::to_owned),
            1 => select(TEXTS).prop_map(str::to_owned),
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            vec((name, inner.clone()), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            inner.prop_map(|inner| Value::String(inner.to_string())),
        ]
    })
}

fn redactor() -> Redactor {
    thread_local! {
        static ALL: Redactor = Redactor::new(
            RuleSet::builder()
                .set(Set::Pii)
                .key("x-ticket")
                .allow("sid=9f8e7d6c5b")
                .path("**.ssn")
                .path("items[1].*")
                .path("user.**.note"),
        )
        .unwrap();
    }
    ALL.with(Clone::clone)
}

fn in_place(redactor: &Redactor, value: &Value) -> Value {
    let mut value = value.clone();
    redactor.redact_value(&mut value);
    value
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn a_serializer_decides_as_a_walk_does(value in document()) {
        for redactor in [redactor(), Redactor::built_in()] {
            let walked = in_place(&redactor, &value);
            let written = redactor.serialize(&value, serde_json::value::Serializer).unwrap();
            prop_assert_eq!(&walked, &written);
            let text = serde_json::to_string(&redactor.sanitized(&value)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), walked);
        }
    }

    #[test]
    fn twice_is_once(value in document()) {
        for redactor in [redactor(), Redactor::built_in()] {
            let once = in_place(&redactor, &value);
            prop_assert_eq!(in_place(&redactor, &once), once);
        }
    }

    #[test]
    fn who_finds_nothing_changes_nothing(value in document()) {
        let redactor = redactor();
        let mut clean = value.clone();
        let found = redactor.redact_value(&mut clean);
        prop_assert_eq!(found.is_empty(), clean == value);
        if found.is_empty() {
            let text = serde_json::to_string(&redactor.sanitized(&value)).unwrap();
            prop_assert_eq!(text, serde_json::to_string(&value).unwrap());
        }
    }

    #[test]
    fn a_secret_leaves_no_piece_under_any_nesting(
        secret in "[A-Za-z0-9]{4}[0-9]{2}[A-Za-z0-9!%+/_ \"\\\\-]{2,40}",
        name in select(&["password", "DB_PASSWORD", "clientSecret", "ssn"][..]),
        nesting in vec(0..7_u8, 0..6),
        around in document(),
    ) {
        let mut value = json!({ name: secret });
        for step in &nesting {
            value = match step {
                0 => json!([around, value]),
                1 => json!({ "a": value, "b": around }),
                2 => json!({ name: [value] }),
                3 if nesting.iter().filter(|step| **step == 3).count() <= 3 => json!({ "body": value.to_string() }),
                4 => json!({ "name": name, "value": value }),
                5 => json!([name, [secret], value]),
                _ => json!({ "x": [[value]] , "list": [{ "name": "password", "value": secret }, ["password", secret]] }),
            };
        }
        let left = in_place(&redactor(), &value);
        if !nesting.contains(&5) {
            let text = left.to_string();
            for piece in secret.as_bytes().windows(8) {
                prop_assert!(!text.as_bytes().windows(8).any(|here| here == piece), "{} -> {}", value, text);
            }
        }
        let text = serde_json::to_string(&redactor().sanitized(&value)).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), left);
    }

    #[test]
    fn what_prints_itself_is_printed_as_a_text_would_be(pieces in vec(select(TEXTS), 0..60), cut in 1..200_usize) {
        struct Cut<'c>(&'c str, usize);
        impl std::fmt::Display for Cut<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let mut rest = self.0;
                while !rest.is_empty() {
                    let end = (self.1..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
                    f.write_str(&rest[..end])?;
                    rest = &rest[end..];
                }
                Ok(())
            }
        }
        let text = pieces.join(" ");
        let redactor = redactor();
        prop_assert_eq!(redactor.redact_display(&Cut(&text, cut)).to_string(), redactor.redact(&text));
    }
}

/// Documents of round sizes.
#[test]
fn round_depths_and_sizes() {
    let redactor = redactor();
    for depth in [0, 1, 2, 63, 64, 65, 126, 127] {
        let value = (0..depth).fold(json!({ "pwd": "hunter2" }), |inner, _| json!([inner]));
        assert!(!in_place(&redactor, &value).to_string().contains("hunter2"), "{depth}");
        let text = serde_json::to_string(&redactor.sanitized(&value)).unwrap();
        assert_eq!(text, in_place(&redactor, &value).to_string(), "{depth}");
    }
    for length in [0, 1, 2, 3, 255, 256, 257, 4095, 4096, 4097, 70_000] {
        let fields: Map<String, Value> =
            (0..length).map(|at| (format!("n{at}"), Value::from(at))).collect();
        let value =
            json!({ "fields": fields, "text": "x".repeat(length), "key": "y".repeat(length) });
        assert_eq!(in_place(&redactor, &value), value, "{length}");
        let secret = json!({ "password": "z".repeat(length), "cookie": format!("a={}", "1b".repeat(length)) });
        let left = in_place(&redactor, &secret).to_string();
        assert!(
            length == 0 || (left.len() < 90 && left.matches("[REDACTED").count() >= 1),
            "{length}: {left}"
        );
    }
}
