//! Formats and writers: the nets behind the values.

use std::io::Write;

use buttress::redact::{
    Redactor,
    logs::{Config, Logs},
};
use tracing::{Dispatch, field::Empty, info, info_span};
use tracing_subscriber::fmt::{MakeWriter, format, format::DefaultFields};

use super::Page;

fn saying(secret: &str) {
    let span = info_span!("login", later = Empty);
    span.record("later", "token=9f8e7d6c5b4a");
    let _in = span.enter();
    info!(url = %"https://bob:hunter2@host/", "{secret}");
}

#[test]
fn finished_lines_of_any_format() {
    let logs = Logs::default();
    for full in [true, false] {
        let page = Page::default();
        let build = tracing_subscriber::fmt().with_writer(page.clone());
        let dispatch = if full {
            Dispatch::new(build.event_format(logs.lines(format())).finish())
        } else {
            Dispatch::new(build.event_format(logs.lines(format().pretty())).finish())
        };
        tracing::dispatcher::with_default(&dispatch, || saying("password=hunter2"));
        let text = page.text();
        assert!(text.contains("password=[REDACTED:password]"), "{text}");
        assert!(text.contains("https://bob:[REDACTED:url-password]@host/"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("9f8e7d6c5b4a"), "{text}");
    }
}

#[test]
fn a_format_that_is_told_to_keeps_its_colours() {
    let page = Page::default();
    let lines = Logs::default().lines(format().with_ansi(true));
    let subscriber = tracing_subscriber::fmt().event_format(lines).with_writer(page.clone());
    tracing::dispatcher::with_default(&Dispatch::new(subscriber.finish()), || {
        info!(password = "hunter2");
    });
    let text = page.text();
    assert!(text.contains("\u{1b}[32m INFO\u{1b}[0m"), "{text:?}");
    assert!(text.contains("[REDACTED:password]") && !text.contains("hunter2"), "{text:?}");
}

#[test]
fn fields_of_any_format() {
    let page = Page::default();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_ansi(false)
        .with_target(false)
        .fmt_fields(Logs::default().fields(DefaultFields::new()))
        .with_writer(page.clone())
        .finish();
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || {
        let span = info_span!("login", password = "correct horse", later = Empty);
        span.record("later", "a\nb");
        let _in = span.enter();
        info!(secret = %"four words", n = 1, "in\nline");
    });
    assert_eq!(
        page.text(),
        " INFO login{password=\"[REDACTED:password]\" later=\"a\\\\nb\"}: in\\nline secret=[REDACTED:secret] n=1\n"
    );
}

#[test]
fn whatever_is_written() {
    let page = Page::default();
    let writers = Logs::default().writers(page.clone());
    let subscriber = tracing_subscriber::fmt().with_writer(writers).finish();
    tracing::dispatcher::with_default(&Dispatch::new(subscriber), || saying("password=hunter2"));
    let text = page.text();
    assert!(text.contains("[REDACTED:password]"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains("9f8e7d6c5b4a"), "{text}");
}

#[test]
fn an_event_in_pieces_is_one_text() {
    let whole = b"a password=hunter2 b -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY----- end\n";
    for cut in 0..whole.len() {
        let page = Page::default();
        let writers = Logs::default().writers(page.clone());
        let mut writer = writers.make_writer();
        writer.write_all(&whole[..cut]).unwrap();
        writer.write_all(&whole[cut..]).unwrap();
        assert_eq!(page.text(), "", "nothing is written before all is there");
        drop(writer);
        assert_eq!(page.text(), "a password=[REDACTED:password] b [REDACTED:private-key] end\n");
    }
}

#[test]
fn a_flush_passes_on_what_is_held_and_once() {
    let page = Page::default();
    let writers = Logs::default().writers(page.clone());
    let mut writer = writers.make_writer();
    writer.write_all(b"otp=483920\n").unwrap();
    writer.flush().unwrap();
    assert_eq!(page.text(), "otp=[REDACTED:code]\n");
    drop(writer);
    assert_eq!(page.text(), "otp=[REDACTED:code]\n");
}

#[test]
fn a_writer_that_fails_says_so_and_is_not_asked_again() {
    struct Full(u32);
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            self.0 += 1;
            assert_eq!(self.0, 1);
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let writers = Logs::default().writers(|| Full(0));
    let mut writer = writers.make_writer();
    writer.write_all(b"a\n").unwrap();
    assert_eq!(writer.flush().unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    drop(writer);
}

#[test]
fn long_lines_are_cut() {
    let logs = Logs::new(&Redactor::built_in(), Config::new().with_max_line(256)).unwrap();
    let page = Page::default();
    let writers = logs.writers(page.clone());
    writers.make_writer().write_all(&[b"x".repeat(1000), b"\n".to_vec()].concat()).unwrap();
    let text = page.text();
    assert!(text.len() <= 256 && text.ends_with(" bytes)\n"), "{text}");
}

#[test]
fn what_is_wrong_with_a_config() {
    let config = Config::new().with_max_field(0).with_max_line(1);
    let error = Logs::new(&Redactor::built_in(), config).unwrap_err();
    assert_eq!(
        error.to_string(),
        "redact::logs config: max_field must be at least 64; max_line must be at least 256"
    );
}
