//! Layers inside of ours, beside it, and what they are shown.

use std::{
    error::Error,
    fmt,
    sync::{Arc, Mutex},
};

use buttress::redact::{
    Redactor, RuleSet,
    logs::{Config, Logs},
};
use tracing::{
    Dispatch, Event, Subscriber, Value, debug,
    field::{Empty, Field, Visit},
    info, info_span,
    span::Id,
};
use tracing_subscriber::{
    fmt::Layer as Plain,
    layer::{Context, Layer},
    prelude::*,
    registry::LookupSpan,
    reload,
};

use super::{Page, as_json, logged, plain};

/// Keeps all that it is shown, as an exporter would: with bytes and errors as they are.
#[derive(Clone, Default)]
struct Exporter(Arc<Mutex<Vec<String>>>);

impl Exporter {
    fn shown(&self) -> String {
        self.0.lock().unwrap().join("; ")
    }

    fn export(&self, field: &Field, value: impl fmt::Display) {
        self.0.lock().unwrap().push(format!("{field}={value}"));
    }
}

impl Visit for Exporter {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.export(field, format_args!("{value:?}"));
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        self.export(field, String::from_utf8_lossy(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.export(field, format_args!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Exporter {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }

    fn on_follows_from(&self, span: &Id, follows: &Id, ctx: Context<'_, S>) {
        let name = |id| ctx.span(id).unwrap().name();
        self.0.lock().unwrap().push(format!("{} follows {}", name(span), name(follows)));
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        self.0.lock().unwrap().push(format!("{} closed", ctx.span(&id).unwrap().name()));
    }
}

fn exported(logs: &Logs, run: impl FnOnce()) -> String {
    let exporter = Exporter::default();
    let subscriber = tracing_subscriber::registry().with(logs.layer(exporter.clone()));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), run);
    exporter.shown()
}

#[test]
fn bytes_are_looked_at_as_what_they_are() {
    let shown = exported(&Logs::default(), || {
        info!(body = &b"password=hunter2"[..], "said");
        info!(body = &b"clean"[..], api_key = &b"\xff\x00"[..]);
        info!(body = &b"\xff clean"[..]);
    });
    assert_eq!(
        shown,
        "message=said; body=password=[REDACTED:password]; body=clean; api_key=\"[REDACTED:api-key]\"; body=\u{fffd} clean"
    );
}

/// Says less when it is displayed.
struct Refused(&'static str);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused {{ password: {:?} }}", self.0)
    }
}

impl Error for Refused {}

#[test]
fn an_error_whose_secret_is_only_debugged() {
    let shown = exported(&Logs::default(), || {
        info!(error = &Refused("hunter2") as &(dyn Error + 'static));
        info!(error = &fmt::Error as &(dyn Error + 'static));
    });
    assert_eq!(shown, "error=refused; error=Error");
}

#[test]
fn a_layer_that_is_none_silences_nobody() {
    let page = Page::default();
    let none = Logs::default().layer(None::<Plain<_>>);
    let subscriber = tracing_subscriber::registry().with(none).with(plain(&page));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || info!("said"));
    assert_eq!(page.text(), " INFO said\n");
}

#[test]
fn a_layer_that_is_exchanged() {
    let (one, other) = (Page::default(), Page::default());
    let (layer, handle) = reload::Layer::new(plain(&one).boxed());
    let subscriber = tracing_subscriber::registry().with(Logs::default().layer(layer));
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        info!(password = "a b", "one");
        handle.reload(plain(&other).boxed()).unwrap();
        info!(password = "a b", "two");
    });
    assert_eq!(one.text(), " INFO one password=\"[REDACTED:password]\"\n");
    assert_eq!(other.text(), " INFO two password=\"[REDACTED:password]\"\n");
}

#[test]
fn spans_that_follow_and_close_out_of_order() {
    let shown = exported(&Logs::default(), || {
        let outer = info_span!("outer", password = "a b");
        let inner = info_span!(parent: &outer, "inner", later = Empty);
        inner.follows_from(&outer);
        drop(outer);
        inner.record("later", "password=hunter2");
        inner.record("unknown", "password=hunter2");
        drop(inner);
    });
    assert_eq!(shown, "inner follows outer; inner closed; outer closed");
}

#[test]
fn values_of_every_kind_stay_what_they_are_beside_a_secret() {
    let events = as_json(&Logs::default(), || {
        info!(
            password = "a b",
            large = u128::MAX,
            small = i128::MIN,
            least = i64::MIN,
            half = 0.5,
            yes = true,
            none = None::<u32>,
            some = Some(7),
            dotted.name = 1,
            "said"
        );
    });
    let fields = events[0]["fields"].as_object().unwrap();
    assert_eq!(fields["password"], "[REDACTED:password]");
    let clean = as_json(&Logs::default(), || {
        info!(
            large = u128::MAX,
            small = i128::MIN,
            least = i64::MIN,
            half = 0.5,
            yes = true,
            none = None::<u32>,
            some = Some(7),
            dotted.name = 1,
            "said"
        );
    });
    for (name, value) in clean[0]["fields"].as_object().unwrap() {
        assert_eq!(&fields[name], value, "{name}");
    }
    assert_eq!(fields.len(), clean[0]["fields"].as_object().unwrap().len() + 1);
}

#[test]
fn paths_lead_to_fields_of_events() {
    let rules = RuleSet::empty().path("user.ssn").path("message");
    let logs = Logs::new(&Redactor::new(rules).unwrap(), Config::new()).unwrap();
    let text = logged(&logs, || {
        let ok: &dyn Value = &true;
        info!(user.ssn = 5, ssn = 6, "said");
        info!({ "user.ssn" } = ok);
    });
    assert_eq!(
        text,
        " INFO [REDACTED:secret] user.ssn=\"[REDACTED:secret]\" ssn=6\n INFO user.ssn=\"[REDACTED:secret]\"\n"
    );
}

#[test]
fn huge_values_are_cut_behind_their_masks() {
    let text = logged(&Logs::default(), || {
        let long = format!("{} password=hunter2 {}", "é".repeat(1 << 20), "x".repeat(1 << 20));
        info!(long, "{long}");
        debug!(?long);
    });
    assert!(!text.contains("hunter2") && text.len() < 3 * ((8 << 10) + 100), "{}", text.len());
}
