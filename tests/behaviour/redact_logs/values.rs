//! Fields of events and spans.

use std::{
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use buttress::redact::{
    Redactor, RuleSet, Set,
    logs::{Config, Logs},
};
use tracing::{Dispatch, debug, error, field::Empty, info, info_span};
use tracing_subscriber::{filter::LevelFilter, prelude::*};

use super::{Page, as_json, logged, plain};

const PAT: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";

#[derive(Debug)]
struct Login {
    #[expect(dead_code, reason = "it is printed")]
    user: &'static str,
    #[expect(dead_code, reason = "it is printed")]
    password: &'static str,
}

#[derive(Debug)]
struct Failed(&'static str, Option<Box<Self>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.1.as_deref()?)
    }
}

#[test]
fn nothing_secret_is_what_it_was() {
    let text = logged(&Logs::default(), || {
        info!(user = "bob", count = 3, ratio = 0.5, ok = true, login = %"x", list = ?[1, 2], "created {}", 12);
    });
    assert_eq!(
        text,
        " INFO created 12 user=\"bob\" count=3 ratio=0.5 ok=true login=x list=[1, 2]\n"
    );
}

#[test]
fn values_by_what_they_say() {
    let text = logged(&Logs::default(), || {
        info!(url = "https://bob:hunter2@host/", "cloned with {PAT}");
        info!(login = ?Login { user: "bob", password: "hunter2" }, token = %PAT);
    });
    assert_eq!(
        text,
        " INFO cloned with [REDACTED:github-pat] url=\"https://bob:[REDACTED:url-password]@host/\"\n \
         INFO login=Login { user: \"bob\", password: \"[REDACTED:password]\" } token=[REDACTED:github-pat]\n"
    );
}

#[test]
fn values_by_their_names_whatever_they_say() {
    let text = logged(&Logs::default(), || {
        info!(password = "correct horse", db.password = %"battery, staple", "one");
        info!(pin = 4831, client_secret = ?Some("a b"), attempts = 4831, "two");
        info!(password = ?None::<&str>, password_changed_at = "today", "three");
    });
    assert_eq!(
        text,
        " INFO one password=\"[REDACTED:password]\" db.password=[REDACTED:password]\n \
         INFO two pin=\"[REDACTED:code]\" client_secret=[REDACTED:secret] attempts=4831\n \
         INFO three password=None password_changed_at=\"today\"\n"
    );
}

#[test]
fn names_of_the_users_own_and_rules_that_are_off() {
    let rules = RuleSet::builder().key("ticket").literal("vault", "open sesame");
    let logs = Logs::new(&Redactor::new(rules).unwrap(), Config::new()).unwrap();
    let text = logged(&logs, || info!(ticket = "a b", "open sesame"));
    assert_eq!(text, " INFO [REDACTED:vault] ticket=\"[REDACTED:secret]\"\n");

    let rules = RuleSet::builder().without(Set::Keys);
    let logs = Logs::new(&Redactor::new(rules).unwrap(), Config::new()).unwrap();
    assert_eq!(logged(&logs, || info!(password = "a b")), " INFO password=\"a b\"\n");
}

#[test]
fn numbers_that_are_persons() {
    let logs = Logs::new(&Redactor::new(RuleSet::builder().set(Set::Pii)).unwrap(), Config::new());
    let text = logged(&logs.unwrap(), || info!(paid_with = 4_111_111_111_111_111_u64, "paid"));
    assert!(!text.contains("4111") && text.contains("paid_with=\"[REDACTED:"), "{text}");
}

#[test]
fn fields_of_spans_at_once_and_later() {
    let text = logged(&Logs::default(), || {
        let outer = info_span!("outer", user = "bob", password = "correct horse", later = Empty);
        let _outer = outer.enter();
        outer.record("later", "clone https://bob:hunter2@host/");
        let inner = info_span!(parent: &outer, "inner", api_key = Empty, n = 1);
        inner.record("api_key", "four words of it");
        let _inner = inner.enter();
        info!("said");
    });
    assert_eq!(
        text,
        " INFO outer{user=\"bob\" password=\"[REDACTED:password]\" later=\"clone https://bob:[REDACTED:url-password]@host/\"}:\
         inner{n=1 api_key=\"[REDACTED:api-key]\"}: said\n"
    );
}

#[test]
fn roots_and_parents_stay_what_they_were() {
    let text = logged(&Logs::default(), || {
        let outer = info_span!("outer");
        let other = info_span!("other");
        let _outer = outer.enter();
        let root = info_span!(parent: None, "root", password = "a b");
        root.in_scope(|| info!("in the root"));
        info!(parent: None, password = "a b", "nowhere");
        info!(parent: &other, password = "a b", "elsewhere");
    });
    assert_eq!(
        text,
        " INFO root{password=\"[REDACTED:password]\"}: in the root\n \
         INFO nowhere password=\"[REDACTED:password]\"\n \
         INFO other: elsewhere password=\"[REDACTED:password]\"\n"
    );
}

#[test]
fn errors_and_all_that_they_came_from() {
    let clean = Failed("no answer", Some(Box::new(Failed("timed out", None))));
    let inner = Failed("cannot log in: password=hunter2", Some(Box::new(Failed(PAT, None))));
    let text = logged(&Logs::default(), || {
        error!(error = &clean as &(dyn Error + 'static), "clean");
        let failed = Failed("no answer", Some(Box::new(inner)));
        error!(error = &failed as &(dyn Error + 'static), "secret");
        error!(
            password = &failed as &(dyn Error + 'static),
            clean = &clean as &(dyn Error + 'static),
            "named"
        );
    });
    assert_eq!(
        text,
        "ERROR clean error=no answer error.sources=[timed out]\n\
         ERROR secret error=no answer error.sources=[cannot log in: password=[REDACTED:password], [REDACTED:github-pat]]\n\
         ERROR named password=[REDACTED:password] clean=no answer clean.sources=[timed out]\n"
    );
}

#[test]
fn json_stays_json_with_values_of_the_same_kinds() {
    let events = as_json(&Logs::default(), || {
        let span = info_span!("login", password = "correct horse", later = Empty);
        span.record("later", "token=9f8e7d6c5b4a");
        let _in = span.enter();
        info!(pin = 4831, n = 7, ok = true, half = 0.5, secret = %"a \"b\"", "said \"password\": \"hunter2\"");
    });
    assert_eq!(events.len(), 1);
    let fields = &events[0]["fields"];
    assert_eq!(fields["pin"], "[REDACTED:code]");
    assert_eq!(
        (&fields["n"], &fields["ok"], &fields["half"]),
        (&7.into(), &true.into(), &0.5.into())
    );
    assert_eq!(fields["secret"], "[REDACTED:secret]");
    assert_eq!(fields["message"], "said \"password\": \"[REDACTED:password]\"");
    assert_eq!(events[0]["span"]["password"], "[REDACTED:password]");
    assert_eq!(events[0]["span"]["later"], "token=[REDACTED:token]");
}

#[test]
fn no_value_begins_a_line_or_hides() {
    let text = logged(&Logs::default(), || {
        info!(agent = %"curl\n ERROR all is lost", name = "x\u{202e}gpj.exe", "hello\r\n\u{1b}[2Jworld\u{2028}\u{85}");
    });
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains(r"hello\r\n\u{1b}[2Jworld\u{2028}\u{85}"), "{text}");
    assert!(text.contains(r"agent=curl\n ERROR all is lost"), "{text}");
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{2028}';
    assert!(!text.contains(hidden), "{text}");

    let logs = Logs::new(&Redactor::built_in(), Config::new().with_neutralize(false)).unwrap();
    assert_eq!(logged(&logs, || info!("a\nb")), " INFO a\nb\n");
}

#[test]
fn the_formats_own_colours_survive() {
    let page = Page::default();
    let coloured = tracing_subscriber::fmt::layer().with_ansi(true).with_writer(page.clone());
    let subscriber = tracing_subscriber::registry().with(Logs::default().layer(coloured));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        info!(password = "a b", "red \u{1b}[31m");
    });
    let text = page.text();
    assert!(text.contains("\u{1b}[32m INFO\u{1b}[0m"), "{text:?}");
    assert!(text.contains(r"red \u{1b}[31m"), "{text:?}");
    assert!(text.contains("[REDACTED:password]") && !text.contains("a b"), "{text:?}");
}

#[test]
fn long_values_are_cut_after_secrets_are_gone() {
    let logs = Logs::new(&Redactor::built_in(), Config::new().with_max_field(100)).unwrap();
    for length in 0..160 {
        let text =
            format!("{} password=hunter2hunter2hunter2 {}", "x".repeat(length), "y".repeat(400));
        let logged = logged(&logs, || info!("{text}"));
        assert!(!logged.contains("hunter"), "{logged}");
        assert!(logged.len() <= " INFO \n".len() + 100, "{} bytes", logged.len());
        assert!(logged.ends_with(" bytes)\n"), "{logged}");
        let begun = logged.matches("[REDACTED").count();
        assert_eq!(begun, logged.matches("[REDACTED:password]").count(), "{logged}");
    }
}

struct Logging;

impl fmt::Debug for Logging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug!(password = "a b", "while printing");
        f.write_str("password=hunter2")
    }
}

#[test]
fn a_value_that_logs_while_it_is_printed() {
    let text = logged(&Logs::default(), || info!(value = ?Logging, "said"));
    assert!(text.ends_with(" INFO said value=password=[REDACTED:password]\n"), "{text}");
    assert!(!text.contains("a b") && !text.contains("hunter2"), "{text}");
}

struct Bomb;

impl fmt::Debug for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("boom")
    }
}

struct Shy;

impl fmt::Debug for Shy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("password=hunter2")?;
        Err(fmt::Error)
    }
}

impl fmt::Display for Shy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Error for Shy {}

#[test]
fn a_value_that_panics_or_cannot_be_printed_spoils_nothing() {
    let text = logged(&Logs::default(), || {
        assert!(catch_unwind(AssertUnwindSafe(|| info!(value = ?Bomb, "lost"))).is_err());
        info!(value = ?Shy, "shy");
        info!(error = &Shy as &(dyn Error + 'static), "shy");
        info!(password = "a b", "after");
    });
    assert!(text.ends_with(
        " INFO shy value=password=[REDACTED:password]\n INFO shy error=password=[REDACTED:password]\n INFO after password=\"[REDACTED:password]\"\n"
    ), "{text}");
}

#[test]
fn many_threads_with_one_layer() {
    let page = Page::default();
    let subscriber = tracing_subscriber::registry().with(Logs::default().layer(plain(&page)));
    let dispatch = Dispatch::new(subscriber);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let dispatch = &dispatch;
            scope.spawn(move || {
                tracing::dispatcher::with_default(dispatch, || {
                    for at in 0..200 {
                        let span = info_span!("s", thread, api_key = "w o r d s");
                        let _in = span.enter();
                        info!(at, password = "correct horse", "said password=hunter2");
                        info!(at, user = "bob", "clean");
                    }
                });
            });
        }
    });
    let text = page.text();
    assert_eq!(text.lines().count(), 4 * 200 * 2);
    for piece in ["correct", "hunter2", "w o r d s"] {
        assert!(!text.contains(piece));
    }
}

#[test]
fn a_filter_around_it_is_its_own_and_neighbours_see_all() {
    let (ours, others) = (Page::default(), Page::default());
    let ours_filtered = Logs::default().layer(plain(&ours)).with_filter(LevelFilter::INFO);
    let subscriber = tracing_subscriber::registry().with(ours_filtered).with(plain(&others));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        debug!(password = "a b", "quiet");
        info!(password = "a b", "loud");
    });
    assert_eq!(ours.text(), " INFO loud password=\"[REDACTED:password]\"\n");
    assert_eq!(others.text(), "DEBUG quiet password=\"a b\"\n INFO loud password=\"a b\"\n");
}

#[test]
fn names_that_services_use_for_what_is_no_secret() {
    let logs = Logs::default();
    for (name, value) in [
        ("tokens", "1500"),
        ("prompt_tokens", "15"),
        ("tokens_per_second", "45.5"),
        ("code", "200"),
        ("code.lineno", "12"),
        ("key", "user:1"),
        ("cache_key", "user:12:profile"),
        ("idempotency_key", "9f8e7d6c-5b4a-4928-8170-6f5e4d3c2b1a"),
        ("auth.method", "basic"),
        ("session_id", "42"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("secret_name", "db/prod"),
        ("token_type", "bearer"),
        ("pass", "2"),
        ("signature_algorithm", "RS256"),
    ] {
        assert_eq!(logs.value(name, value), value, "{name}");
    }
    for name in ["http.request.header.authorization", "http.request.header.x-api-key"] {
        assert!(logs.value(name, "any words").starts_with("[REDACTED:"), "{name}");
    }
}

#[test]
fn more_fields_than_most_events_have() {
    let text = logged(&Logs::default(), || {
        info!(
            a1 = 1,
            a2 = 1,
            a3 = 1,
            a4 = 1,
            a5 = 1,
            a6 = 1,
            a7 = 1,
            a8 = 1,
            a9 = 1,
            b1 = 1,
            b2 = 1,
            b3 = 1,
            b4 = 1,
            b5 = 1,
            b6 = 1,
            b7 = 1,
            b8 = 1,
            b9 = 1,
            c1 = 1,
            c2 = 1,
            c3 = 1,
            c4 = 1,
            c5 = 1,
            c6 = 1,
            c7 = 1,
            c8 = 1,
            c9 = 1,
            d1 = 1,
            d2 = 1,
            d3 = 1,
            password = "a b",
            last = 2
        );
    });
    assert!(text.contains(" d3=1 password=\"[REDACTED:password]\" last=2\n"), "{text}");
}
