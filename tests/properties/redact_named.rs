//! What is left of a value whose name is known is the same through every door: a field of an event, a key and
//! value of a record, a value by hand, a field, an item of a document, and one on its way to a serializer.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use buttress::redact::{
    Redactor, RuleSet, Set,
    logs::{Config, Logs},
};
use log::{Log, Metadata, Record};
use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};
use tracing::{
    Dispatch, Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    layer::{Context, Layer},
    prelude::*,
};

use super::cases;

/// Each name as a text, and an event with a field of that name.
macro_rules! names {
    ($($name:literal)*) => {
        const NAMES: &[&str] = &[$($name),*];

        fn tell(name: &str, value: &dyn tracing::Value) {
            match name {
                $($name => tracing::info!({ $name } = value),)*
                _ => unreachable!("{name}"),
            }
        }
    };
}

names! {
    "password" "dbPassword" "db.password" "pass" "secret" "client_secret" "credentials" "token" "access_token"
    "retry_token" "api_key" "key" "cache_key" "session" "auth" "cookie" "set-cookie" "authorization"
    "proxy-authorization" "pin" "otp" "signature" "x-ticket" "user.ssn" "ssn" "user" "note" "message" "status_code"
    "password_changed_at" "token_type" "пароль"
}

const VALUES: &[&str] = &[
    "",
    " ",
    "5",
    "42",
    "4831",
    "483920",
    "45.5",
    "1500",
    "true",
    "null",
    "None",
    "bob",
    "hunter2",
    "correct horse battery staple",
    "four words of it",
    "${TOKEN}",
    "${TOKEN:-hunter2}",
    "{{ .Values.password }}",
    "<your-key>",
    "********",
    "*****hunter2",
    "Bearer",
    "Bearer 4f9K2mQx7R",
    "Basic Ym9iOmh1bnRlcjI=",
    "Digest username=\"bob\", response=\"9f8e7d6c5b4a\"",
    "sid=9f8e7d6c5b4a",
    "theme=\"dark\"; sid=9f8e7d6c5b4a; Path=/",
    "a b; c=d e9f8e7d6c5b",
    "[REDACTED]",
    "[REDACTED:token]",
    "[REDACTED:x] hunter2",
    "x [REDACTED:x] hunter2",
    "9f8e7d6c5b4a39281706f5e4d3c2b1a0",
    "9f8e7d6c-5b4a-4928-8170-6f5e4d3c2b1a",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "redis://:hunter2@cache/0",
    "https://host/path?x=1",
    "https://host/path?token=9f8e7d6c5b4a",
    "pwd=hunter2 and more",
    "a\nb\"c\\d",
    "/run/secrets/db",
    "user:12:profile",
    "1.2.3",
    "4111 1111 1111 1111",
    "allowed words",
    "日本語",
];

fn redactor() -> Redactor {
    let rules = RuleSet::builder().set(Set::Pii).key("x-ticket").path("**.ssn");
    Redactor::new(rules.allow("allowed words")).unwrap()
}

/// Keeps what it is shown, as JSON.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<Value>>>);

impl Kept {
    fn keep(&self, value: impl Into<Value>) {
        self.0.lock().unwrap().push(value.into());
    }

    fn one(&self) -> Value {
        let kept = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(kept.len(), 1, "{kept:?}");
        kept.into_iter().next().unwrap()
    }
}

impl<S: Subscriber> Layer<S> for Kept {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Kept {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.keep(format!("{value:?}"));
    }

    fn record_str(&mut self, _: &Field, value: &str) {
        self.keep(value);
    }

    fn record_i64(&mut self, _: &Field, value: i64) {
        self.keep(value);
    }

    fn record_f64(&mut self, _: &Field, value: f64) {
        self.keep(value);
    }

    fn record_bool(&mut self, _: &Field, value: bool) {
        self.keep(value);
    }
}

impl Log for Kept {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        struct Each<'k>(&'k Kept);
        impl<'kvs> log::kv::VisitSource<'kvs> for Each<'_> {
            fn visit_pair(
                &mut self,
                _: log::kv::Key<'kvs>,
                value: log::kv::Value<'kvs>,
            ) -> Result<(), log::kv::Error> {
                self.0.keep(value.to_string());
                Ok(())
            }
        }
        record.key_values().visit(&mut Each(self)).unwrap();
    }

    fn flush(&self) {}
}

fn logs(redactor: &Redactor) -> Logs {
    let config = Config::new().with_neutralize(false).with_max_field(usize::MAX);
    Logs::new(redactor, config).unwrap()
}

fn of_event(logs: &Logs, name: &str, value: &dyn tracing::Value) -> Value {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::registry().with(logs.layer(kept.clone()));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || tell(name, value));
    kept.one()
}

fn of_record(logs: &Logs, name: &str, value: &str) -> Value {
    let kept = Kept::default();
    let pairs = [(name, value)];
    logs.logger(kept.clone())
        .log(&Record::builder().args(format_args!("said")).key_values(&pairs).build());
    kept.one()
}

fn of_document(redactor: &Redactor, name: &str, value: impl Into<Value>) -> Value {
    let mut document = json!({ name: value.into() });
    redactor.redact_value(&mut document);
    document[name].take()
}

fn of_serializer(redactor: &Redactor, name: &str, value: impl serde::Serialize) -> Value {
    let map = BTreeMap::from([(name, value)]);
    redactor.serialize(&map, serde_json::value::Serializer).unwrap()[name].take()
}

fn through_all_doors(redactor: &Redactor, name: &str, text: &str) -> Result<(), TestCaseError> {
    let logs = logs(redactor);
    let left = redactor.redact_field(name, text);
    prop_assert_eq!(&logs.value(name, text), &left, "value: {} = {}", name, text);
    prop_assert_eq!(of_event(&logs, name, &text), &*left, "event: {} = {}", name, text);
    let shown = tracing::field::display(text);
    prop_assert_eq!(of_event(&logs, name, &shown), &*left, "displayed: {} = {}", name, text);
    prop_assert_eq!(of_record(&logs, name, text), &*left, "record: {} = {}", name, text);
    prop_assert_eq!(of_document(redactor, name, text), &*left, "document: {} = {}", name, text);
    prop_assert_eq!(of_serializer(redactor, name, text), &*left, "serializer: {} = {}", name, text);
    prop_assert_eq!(redactor.redact_field(name, &left), &*left, "twice: {} = {}", name, text);
    Ok(())
}

#[test]
fn every_name_with_every_value() {
    for redactor in [redactor(), Redactor::built_in()] {
        for name in NAMES {
            for value in VALUES {
                through_all_doors(&redactor, name, value).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn values_of_all_kinds(
        name in select(NAMES),
        text in prop_oneof![
            "\\PC{0,40}",
            "[A-Za-z0-9]{4,40}",
            (select(VALUES), "[ ;=&:.]{1,2}", select(VALUES)).prop_map(|(a, by, b)| format!("{a}{by}{b}")),
        ],
        number: i64,
        small in 0..100_000_i64,
        half: i32,
        truth: bool,
    ) {
        // A document in a text is one to whoever reads documents.
        let text = text.replace(['{', '['], "(");
        for redactor in [redactor(), Redactor::built_in()] {
            through_all_doors(&redactor, name, &text)?;
            let logs = logs(&redactor);
            for number in [number, small] {
                let left = of_event(&logs, name, &number);
                prop_assert_eq!(&left, &of_document(&redactor, name, number), "{} = {}", name, number);
                prop_assert_eq!(&left, &of_serializer(&redactor, name, number), "{} = {}", name, number);
            }
            let half = f64::from(half) / 8.0;
            prop_assert_eq!(of_event(&logs, name, &half), of_serializer(&redactor, name, half), "{} = {}", name, half);
            prop_assert_eq!(of_event(&logs, name, &truth), of_document(&redactor, name, truth), "{} = {}", name, truth);
        }
    }

    #[test]
    fn under_a_certain_name_nothing_is_left(
        name in select(&["password", "client_secret", "api_key", "access_token", "authorization", "x-ticket"][..]),
        text in "[ -~]{0,20}[a-z][0-9][ -~]{8}[a-z][0-9][ -~]{0,20}",
    ) {
        let left = redactor().redact_field(name, &text).into_owned();
        let behind_scheme = left.split(' ').next_back().unwrap_or_default();
        let stood_in = text.starts_with('<') || text.starts_with("${") || text.starts_with("{{");
        prop_assert!(stood_in || (behind_scheme.starts_with("[REDACTED:") && behind_scheme.ends_with(']')), "{} -> {}", text, left);
    }
}
