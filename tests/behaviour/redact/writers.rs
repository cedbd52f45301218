//! Texts in pieces.

use std::{
    future::poll_fn,
    io::{self, Write},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use buttress::redact::{AsyncRedactWriter, RedactWriter, Redactor};
use tokio::io::AsyncWrite;

const TEXT: &str =
    "a line\nuser=bob password=hunter2 ok\nghp_aB3dE5gH7jK9mN1pQ3sT5vX7zA9cR2wY4bC6 rest";

#[test]
fn a_line_is_passed_on_when_it_ends() {
    let mut clean = Vec::new();
    let mut stream = Redactor::built_in().stream();
    stream.push(b"first line\nsecond", &mut clean);
    assert_eq!(clean, b"first line\n");
    stream.push(b" line password=hunter2 ok\n", &mut clean);
    assert_eq!(clean, b"first line\nsecond line password=[REDACTED:password] ok\n");
    stream.finish(&mut clean);
    assert_eq!(clean.len(), b"first line\nsecond line password=[REDACTED:password] ok\n".len());
}

#[test]
fn a_writer_gives_what_the_whole_gives() {
    let redactor = Redactor::built_in();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let mut writer = RedactWriter::new(&redactor, Vec::new()).watched_by(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
    });
    for byte in TEXT.as_bytes() {
        writer.write_all(&[*byte]).unwrap();
        writer.flush().unwrap();
    }
    assert_eq!(String::from_utf8(writer.finish().unwrap()).unwrap(), redactor.redact(TEXT));
    assert_eq!(seen.load(Ordering::Relaxed), 2);
}

#[test]
fn a_writer_that_is_dropped_writes_the_rest() {
    let mut out = Vec::new();
    let mut writer = RedactWriter::new(&Redactor::built_in(), &mut out);
    writer.write_all(b"password=hunter2").unwrap();
    drop(writer);
    assert_eq!(out, b"password=[REDACTED:password]");
}

/// Takes three bytes at a time, and nothing every other time.
#[derive(Default)]
struct Slow {
    taken: Vec<u8>,
    calls: usize,
}

impl Write for &mut Slow {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        if self.calls % 2 == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = piece.len().min(3);
        self.taken.extend_from_slice(&piece[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_blocks_loses_nothing_and_doubles_nothing() {
    let redactor = Redactor::built_in();
    let mut slow = Slow::default();
    let mut writer = RedactWriter::new(&redactor, &mut slow);
    let text = format!("{TEXT}\n\n");
    for piece in text.as_bytes().chunks(5) {
        while writer.write(piece).is_err() {}
    }
    while writer.flush().is_err() {}
    drop(writer); // nothing is held back behind the end of a line
    assert_eq!(String::from_utf8(slow.taken).unwrap(), redactor.redact(&text));
}

#[tokio::test(start_paused = true)]
async fn the_asynchronous_twin_gives_the_same() {
    let redactor = Redactor::built_in();
    let mut writer = AsyncRedactWriter::new(&redactor, Vec::new());
    for piece in TEXT.as_bytes().chunks(7) {
        let taken = poll_fn(|cx| Pin::new(&mut writer).poll_write(cx, piece)).await.unwrap();
        assert_eq!(taken, piece.len());
        poll_fn(|cx| Pin::new(&mut writer).poll_flush(cx)).await.unwrap();
    }
    poll_fn(|cx| Pin::new(&mut writer).poll_shutdown(cx)).await.unwrap();
    assert_eq!(String::from_utf8(writer.into_inner()).unwrap(), redactor.redact(TEXT));
}

#[test]
fn a_secret_longer_than_any_window_is_masked_to_its_end() {
    let redactor = Redactor::built_in();
    for (before, after) in [
        ("password=", " after"),
        ("password=\"", "\" after"),
        ("<password>", "</password> after"),
        ("eyJhbGciOiJub25lIn0.", " after"),
        ("ghp_", " after"),
        ("Authorization: Bearer ", "\nafter"),
    ] {
        let text = format!("{before}{}{after}", "aB3dE5gH7j".repeat(20_000));
        let clean = redactor.redact(&text).into_owned();
        assert!(
            clean.len() < 100 && clean.ends_with(after.trim_start_matches('"')),
            "{before}: {}",
            &clean[..clean.len().min(200)]
        );
        let (mut stream, mut out, mut most) = (redactor.stream(), Vec::new(), 0);
        for piece in text.as_bytes().chunks(1000) {
            stream.push(piece, &mut out);
            most = most.max(out.len());
        }
        stream.finish(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), clean);
    }
}

/// However much of a table, a list or a form comes, no more than is said is held back.
#[test]
fn what_is_held_back_is_bounded() {
    let cell = "x".repeat(3_000);
    let row = format!("({}'{cell}')", format!("'{cell}', ").repeat(40));
    let texts = [
        (
            "an insert",
            format!("insert into t (a, password) values {}", [row.as_str(); 12].join(", ")),
        ),
        ("a list", format!("passwords: [{}]", vec![format!("'{cell}'"); 30].join(", "))),
        ("a here document", format!("password: <<EOT\n{}", "a line of many\n".repeat(20_000))),
        ("a table", format!("id,password\n{}", "17,x\n".repeat(20_000))),
    ];
    for (name, text) in texts {
        let (mut stream, mut clean, mut most) = (Redactor::built_in().stream(), Vec::new(), 0);
        let (mut fed, mut passed) = (0, 0);
        for piece in text.as_bytes().chunks(512) {
            stream.push(piece, &mut clean);
            fed += piece.len();
            if clean.len() > passed {
                (passed, fed) = (clean.len(), 0);
            }
            most = most.max(fed);
        }
        assert!(most <= 24 * 1024, "{name}: {most} bytes without any passed on");
        stream.finish(&mut clean);
        assert_eq!(clean, &*Redactor::built_in().redact_bytes(text.as_bytes()), "{name}");
    }
}
