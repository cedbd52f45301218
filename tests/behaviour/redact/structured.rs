//! Values that are not text yet: by path, by name and by what they look like.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
};

use buttress::redact::{Mask, Redacting, Redactor, RuleSet, Set};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

const GITHUB: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

fn with(rules: RuleSet) -> Redactor {
    Redactor::new(rules).unwrap()
}

fn paths(paths: &[&str]) -> Redactor {
    with(paths.iter().fold(RuleSet::empty(), |rules, path| rules.path(*path)))
}

/// What is left of `value`, serialized and in place: the same.
#[track_caller]
fn left(redactor: &Redactor, value: impl Serialize) -> Value {
    let mut document = serde_json::to_value(&value).unwrap();
    let before = document.clone();
    let found = redactor.redact_value(&mut document);
    let serialized = redactor.serialize(&value, serde_json::value::Serializer).unwrap();
    assert_eq!(serialized, document, "the serializer and the walk differ");
    assert_eq!(found.is_empty(), document == before, "{found:?}");
    let mut again = document.clone();
    redactor.redact_value(&mut again);
    assert_eq!(again, document, "twice is once");
    document
}

#[track_caller]
fn becomes(value: impl Serialize, clean: Value) {
    assert_eq!(left(&Redactor::built_in(), value), clean);
}

#[track_caller]
fn stays(value: Value) {
    assert_eq!(left(&Redactor::built_in(), &value), value);
}

#[test]
fn by_name_in_any_spelling() {
    for name in [
        "password",
        "dbPassword",
        "DB_PASSWORD",
        "db-password",
        "db.password",
        "Password",
        "clientSecret",
        "пароль",
    ] {
        let clean = left(&Redactor::built_in(), json!({ name: "hunter2", "user": "bob" }));
        let mask = clean[name].as_str().unwrap();
        assert!(mask.starts_with("[REDACTED:"), "{name}: {clean}");
        assert_eq!(clean["user"], "bob");
    }
    stays(json!({
        "password_changed_at": "2026-01-01", "public_key": "abcdef0123456789abcdef", "token_type": "bearer",
        "max_tokens": 4096, "monkey": "see", "keyboard": "qwerty12345678901234", "author": "alice",
    }));
}

#[test]
fn numbers_are_masked_as_their_names_say() {
    becomes(
        json!({ "pin": 1234, "cvv": 123, "otp": 123_456, "password": 12345, "api_key": 1_234_567_890 }),
        json!({
            "pin": "[REDACTED:code]", "cvv": "[REDACTED:code]", "otp": "[REDACTED:code]",
            "password": "[REDACTED:password]", "api_key": "[REDACTED:api-key]",
        }),
    );
    stays(
        json!({ "max_tokens": 12, "pins": 3, "key": 7, "status": 200, "pi": 3.5, "tokens": 512 }),
    );
}

#[test]
fn what_is_no_secret_under_a_name_of_one_stays() {
    stays(json!({
        "password": null, "secret": true, "token": "${TOKEN}", "api_key": "<your-key>", "pwd": "",
        "passphrase": "********", "secrets": [], "credentials": {}, "client_secret": "[REDACTED]",
    }));
}

#[test]
fn by_value() {
    becomes(
        json!({ "note": format!("use {GITHUB} now"), "url": "redis://:hunter2@cache/0", "n": 1 }),
        json!({ "note": "use [REDACTED:github-pat] now", "url": "redis://:[REDACTED:url-password]@cache/0", "n": 1 }),
    );
}

#[test]
fn shapes_under_a_name_of_a_secret_stay_and_what_is_in_them_does_not() {
    becomes(
        json!({ "credentials": { "user": "bob", "login": { "n": 42, "on": true }, "old": ["a1", null] } }),
        json!({ "credentials": {
            "user": "[REDACTED:secret]", "login": { "n": "[REDACTED:secret]", "on": true },
            "old": ["[REDACTED:secret]", null],
        } }),
    );
    becomes(
        json!({ "session": { "user": "id-8f7a6b5c4d3e2f1a9b8c" }, "private_key": [12, 200, 7] }),
        json!({
            "session": { "user": "id-8f7a6b5c4d3e2f1a9b8c" },
            "private_key": ["[REDACTED:api-key]", "[REDACTED:api-key]", "[REDACTED:api-key]"],
        }),
    );
}

#[test]
fn headers_and_cookies() {
    becomes(
        json!({
            "Authorization": "Bearer 4f9K2mQx7R", "cookie": "theme=dark; sid=9f8e7d6c5b",
            "set-cookie": ["sid=9f8e7d6c5b; Path=/; HttpOnly"], "x-api-key": "9f8e7d6c", "accept": "*/*",
        }),
        json!({
            "Authorization": "Bearer [REDACTED:authorization]",
            "cookie": "theme=dark; sid=[REDACTED:cookie]",
            "set-cookie": ["sid=[REDACTED:cookie]; Path=/; HttpOnly"], "x-api-key": "[REDACTED:api-key]",
            "accept": "*/*",
        }),
    );
    stays(json!({ "cookies": { "theme": "dark", "lang": "en" }, "authorization": "none" }));
}

#[test]
fn pairs_of_a_name_and_its_value() {
    becomes(
        json!([
            { "name": "authorization", "value": "Bearer 4f9K2mQx7R" }, { "name": "accept", "value": "*/*" },
            { "Key": "DB_PASSWORD", "Value": "letmein" }, { "k": "pin", "v": 1234 },
        ]),
        json!([
            { "name": "authorization", "value": "Bearer [REDACTED:authorization]" },
            { "name": "accept", "value": "*/*" }, { "Key": "DB_PASSWORD", "Value": "[REDACTED:password]" },
            { "k": "pin", "v": "[REDACTED:code]" },
        ]),
    );
    becomes(
        vec![("set-cookie", "sid=9f8e7d6c5b; Secure"), ("password", "letmein"), ("host", "db")],
        json!([
            ["set-cookie", "sid=[REDACTED:cookie]; Secure"],
            ["password", "[REDACTED:password]"],
            ["host", "db"],
        ]),
    );
    stays(json!([["password", "user", "email"], ["a", "b"], { "name": "bob", "value": 3 }]));
}

#[test]
fn json_in_a_text_is_a_document() {
    let inner = json!({ "user": "bob", "dbPassword": "hun ter\"2", "n": 1.5 }).to_string();
    let twice = json!({ "body": inner }).to_string();
    becomes(
        json!({ "body": inner, "twice": twice, "list": " [1, {\"pin\": 4711}] " }),
        json!({
            "body": r#"{"dbPassword":"[REDACTED:password]","n":1.5,"user":"bob"}"#,
            "twice": r#"{"body":"{\"dbPassword\":\"[REDACTED:password]\",\"n\":1.5,\"user\":\"bob\"}"}"#,
            "list": r#"[1,{"pin":"[REDACTED:code]"}]"#,
        }),
    );
    stays(
        json!({ "body": "{ \"z\": 1.0, \"a\":  [ ] }", "log": "[main] it [works]", "odd": "{x}" }),
    );
    // The first of two equal names is not forgotten.
    let doubled = r#"{"password":"hunter2","password":null}"#;
    let clean = left(&Redactor::built_in(), json!({ "body": doubled }));
    assert!(!clean.to_string().contains("hunter2"), "{clean}");
    // Deeper than is looked: the text engine does.
    let deep = (0..8)
        .fold(json!({ "password": "hunter2x" }), |inner, _| json!({ "a": inner.to_string() }));
    let clean = left(&Redactor::built_in(), deep);
    assert!(!clean.to_string().contains("hunter2x"), "{clean}");
}

#[test]
fn names_that_are_secrets_themselves() {
    let other = GITHUB.replace("16C7", "26D8");
    becomes(
        BTreeMap::from([(GITHUB, 1), (&other, 2), ("plain", 3)]),
        json!({ "[REDACTED:github-pat]": 1, "[REDACTED:github-pat]~2": 2, "plain": 3 }),
    );
    let mut document = json!({ "tokens": { GITHUB: { "pin": 1234 } } });
    let found = Redactor::built_in().redact_value(&mut document);
    assert!(!format!("{found:?}").contains(&GITHUB[4..]), "{found:?}");
    let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["tokens", "tokens[\"[REDACTED:github-pat]\"].pin"]);
}

#[test]
fn by_path() {
    let redactor =
        paths(&["**.ssn", "user.*.note", "items[*].serial", "exact", "rows[*][1]", "**.*_ref"]);
    assert_eq!(
        left(
            &redactor,
            json!({
                "a": { "SSN": "123-45", "ssn_of": 1 },
                "user": { "x": { "note": { "deep": ["n", 1, true, null] } }, "note": "stays" },
                "items": [{ "serial": 9 }, { "serial": "s", "n": 1 }],
                "exact": true, "below": { "exact": "stays", "the_ref": "May" }, "rows": [["a", "b"], ["c"]],
            })
        ),
        json!({
            "a": { "SSN": "[REDACTED:secret]", "ssn_of": 1 },
            "user": {
                "x": { "note": { "deep": ["[REDACTED:secret]", "[REDACTED:secret]", "[REDACTED:secret]", null] } },
                "note": "stays",
            },
            "items": [{ "serial": "[REDACTED:secret]" }, { "serial": "[REDACTED:secret]", "n": 1 }],
            "exact": "[REDACTED:secret]", "below": { "exact": "stays", "the_ref": "[REDACTED:secret]" },
            "rows": [["a", "[REDACTED:secret]"], ["c"]],
        })
    );
    // Through a text that is a document, and through enums.
    #[derive(Serialize)]
    enum Event {
        Login { ssn: u32 },
        Pair(u8, Box<Self>),
        New(BTreeMap<String, String>),
    }
    let map = BTreeMap::from([("ssn".to_owned(), "x".to_owned())]);
    let event = Event::Pair(1, Box::new(Event::New(map)));
    assert_eq!(
        left(&redactor, (json!({ "ssn": 1 }).to_string(), event, Event::Login { ssn: 5 })),
        json!([
            r#"{"ssn":"[REDACTED:secret]"}"#, { "Pair": [1, { "New": { "ssn": "[REDACTED:secret]" } }] },
            { "Login": { "ssn": "[REDACTED:secret]" } },
        ])
    );
}

#[test]
fn a_bad_path_names_itself_and_its_fault() {
    let rules = RuleSet::empty().path("a..b").path("user.name").path("a[x]").path("**");
    let error = Redactor::new(rules).unwrap_err().to_string();
    for part in [
        "paths [0] `a..b` must have a name",
        "[2] `a[x]` must have `*`, a number",
        "[3] `**` must name",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!error.contains("user.name"), "{error}");
    let rules: RuleSet = toml::from_str("paths = [\"**.ssn\"]").unwrap();
    assert_eq!(rules.paths, ["**.ssn"]);
    assert_eq!(left(&with(rules), json!({ "ssn": 1 })), json!({ "ssn": "[REDACTED:secret]" }));
}

#[test]
fn rules_of_the_users_own() {
    let rules = RuleSet::builder()
        .key("x-internal-ticket")
        .literal("door", "48151623")
        .allow("letmein")
        .mask(Mask::Fixed("(gone)".into()));
    assert_eq!(
        left(
            &with(rules),
            json!({
                "xInternalTicket": "t", "my.x_internal_ticket": 5, "monkeyxinternalticket": "t",
                "n": 48_151_623, "password": "letmein", "pwd": "letmeout",
            })
        ),
        json!({
            "xInternalTicket": "(gone)", "my.x_internal_ticket": "(gone)", "monkeyxinternalticket": "t",
            "n": "(gone)", "password": "letmein", "pwd": "(gone)",
        })
    );
    let persons = with(RuleSet::empty().set(Set::Pii));
    assert_eq!(
        left(&persons, json!({ "card": 4_111_111_111_111_111_u64, "password": "x" })),
        json!({ "card": "[REDACTED:card]", "password": "x" })
    );
    assert_eq!(
        left(&with(RuleSet::builder().without(Set::Keys)), json!({ "password": "hunter2" })),
        json!({ "password": "hunter2" })
    );
}

#[test]
fn every_kind_of_value() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct New(&'static str);
    #[derive(Serialize)]
    struct Two(u8, &'static str);
    #[derive(Serialize)]
    enum Kinds {
        Unit,
        Password(&'static str),
        Tuple(i128, Option<char>),
        Struct { token: Option<&'static str>, at: f32 },
    }
    #[derive(Serialize)]
    struct All {
        unit: Unit,
        empty: (),
        secret: New,
        two: Two,
        kinds: [Kinds; 4],
        pin: Option<u16>,
        secret_mode: Kinds,
        keyed: HashMap<u64, bool>,
        printed: std::net::Ipv4Addr,
        big: u128,
        password: u128,
        not: f64,
    }
    let all = All {
        unit: Unit,
        empty: (),
        secret: New("hunter2"),
        two: Two(1, "pwd=hunter2"),
        kinds: [
            Kinds::Unit,
            Kinds::Password("hunter2"),
            Kinds::Tuple(-1, Some('x')),
            Kinds::Struct { token: Some("9f8e7d6c5b4a"), at: 0.5 },
        ],
        pin: Some(1234),
        secret_mode: Kinds::Unit,
        keyed: HashMap::from([(7, true)]),
        printed: [10, 0, 0, 1].into(),
        big: 18_446_744_073_709_551_615,
        password: 5,
        not: f64::NAN,
    };
    becomes(
        all,
        json!({
            "unit": null, "empty": null, "secret": "[REDACTED:secret]", "two": [1, "pwd=[REDACTED:password]"],
            "kinds": [
                "Unit", { "Password": "[REDACTED:password]" }, { "Tuple": [-1, "x"] },
                { "Struct": { "token": "[REDACTED:token]", "at": 0.5 } },
            ],
            "pin": "[REDACTED:code]", "secret_mode": "Unit", "keyed": { "7": true }, "printed": "10.0.0.1",
            "big": 18_446_744_073_709_551_615_u64, "password": "[REDACTED:password]", "not": null,
        }),
    );
}

/// Bytes, as formats that have them see them.
#[test]
fn bytes_under_a_name_of_a_secret_are_one_mask() {
    struct Bytes(&'static [u8]);
    impl Serialize for Bytes {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(self.0)
        }
    }
    let value = BTreeMap::from([
        ("data", Bytes(b"a=1")),
        ("signing_key", Bytes(b"\x00\xff\x80")),
        ("text", Bytes(b"pwd=hunter2")),
    ]);
    let line = serde_json::to_string(&Redactor::built_in().sanitized(&value)).unwrap();
    let masked: Vec<u8> = b"pwd=[REDACTED:password]".to_vec();
    assert_eq!(
        serde_json::from_str::<Value>(&line).unwrap(),
        json!({ "data": b"a=1", "signing_key": "[REDACTED:api-key]", "text": masked })
    );
}

#[test]
fn what_lies_too_deep_is_masked_and_nothing_overflows() {
    let mut deep = Value::String("x".into());
    for _ in 0..300_000 {
        deep = Value::Array(vec![deep]);
    }
    let found = Redactor::built_in().redact_value(&mut deep);
    assert_eq!((found.len(), found[0].kind.as_str()), (1, "too-deep"));
    assert!(deep.to_string().contains("[[\"[REDACTED:too-deep]\"]]"));

    /// It never ends.
    struct Endless(Cell<u32>);
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.0.set(self.0.get() + 1);
            match self.0.get() % 3 {
                0 => serializer.serialize_some(self),
                1 => serializer.serialize_newtype_struct("Endless", self),
                _ => serializer.collect_seq([self]),
            }
        }
    }
    let endless = Endless(Cell::new(0));
    let line = serde_json::to_string(&Redactor::built_in().sanitized(&endless)).unwrap();
    assert!(line.contains("[REDACTED:too-deep]") && endless.0.get() < 200);
}

#[test]
fn other_formats() {
    #[derive(Serialize)]
    struct Config {
        name: &'static str,
        password: &'static str,
        until: toml::value::Datetime,
        secret_until: toml::value::Datetime,
        list: Vec<(u8, bool)>,
    }
    let date: toml::value::Datetime = "1979-05-27T07:32:00Z".parse().unwrap();
    let config = Config {
        name: "a",
        password: "hunter2",
        until: date,
        secret_until: date,
        list: vec![(1, true)],
    };
    let table = toml::Value::try_from(Redactor::built_in().sanitized(&config)).unwrap();
    // As without us.
    assert_eq!(table["until"], toml::Value::try_from(&config).unwrap()["until"]);
    assert_eq!(table["secret_until"].as_str(), Some("[REDACTED:token]"));
    assert_eq!(table["password"].as_str(), Some("[REDACTED:password]"));
    let redactor = Redactor::built_in();
    assert!(Redacting::new(&redactor, serde_json::value::Serializer).is_human_readable());
}

#[test]
fn one_field() {
    let redactor = with(RuleSet::builder().path("http.body.*").allow("changeme"));
    for (name, value, clean) in [
        ("password", "hunter2", "[REDACTED:password]"),
        ("password", "changeme", "changeme"),
        ("http.request.header.authorization", "Bearer x7", "Bearer [REDACTED:authorization]"),
        ("http.body.note", "anything", "[REDACTED:secret]"),
        ("message", "pwd=hunter2", "pwd=[REDACTED:password]"),
        ("message", "all is well", "all is well"),
        ("session", "short", "short"),
    ] {
        assert_eq!(redactor.redact_field(name, value), clean, "{name}");
        assert_eq!(redactor.redact_field(name, clean), clean, "{name}, again");
    }
}
