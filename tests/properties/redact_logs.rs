//! Wherever a secret stands in what is logged, no piece of it is written, and nothing that is logged does
//! anything to the log.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use buttress::redact::{
    Redactor,
    logs::{Config, Logs},
};
use proptest::{collection::vec, prelude::*, sample::select};
use tracing::{Dispatch, field::Empty, info, info_span};
use tracing_subscriber::{fmt::MakeWriter, prelude::*};

use super::cases;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(piece)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[derive(Debug)]
struct Failed(String, Option<Box<Self>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.1.as_deref()?)
    }
}

/// Logs a span and an event with `text` in every place where one can stand.
fn log_everywhere(text: &str) {
    let span = info_span!("span", a = text, later = Empty);
    span.record("later", text);
    let _in = span.enter();
    let failed = Failed("failed".to_owned(), Some(Box::new(Failed(text.to_owned(), None))));
    let error: &(dyn Error + 'static) = &failed;
    info!(b = %text, c = ?Some(text), d = [text].concat(), error, "{text}");
    info!(password = "", n = 1, "{text}");
}

/// What comes of it, as text and as JSON.
fn written(logs: &Logs, text: &str) -> [String; 2] {
    let pages = [Page::default(), Page::default()];
    let [plain, json] = pages.clone();
    let plain = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(plain);
    let json = tracing_subscriber::fmt::layer().json().with_writer(json);
    let both = tracing_subscriber::registry().with(logs.layer(plain)).with(logs.layer(json));
    tracing::dispatcher::with_default(&Dispatch::new(both), || log_everywhere(text));
    pages.map(|page| String::from_utf8(page.0.lock().unwrap().clone()).unwrap())
}

fn is_harmless(character: char) -> bool {
    let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    character == '\n' || !(character.is_control() || hidden)
}

const AROUND: &[&str] = &[
    "",
    " ",
    "a",
    "x=1 ",
    "\n",
    "\r\n",
    "\u{1b}[31m",
    "\u{202e}",
    "日本",
    "\"",
    "{",
    "user=bob, ",
    "\t",
];

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn no_piece_of_a_secret_is_written(
        before in vec(select(AROUND), 0..8),
        after in vec(select(AROUND), 0..8),
        random in "[A-Za-z0-9]{36}",
        shape in select(&["ghp_V", "password=V", "\"api_key\":\"V\"", "https://bob:V@host/", "Authorization: Bearer V"][..]),
    ) {
        let secret = shape.replace('V', &random);
        // What stands right before a prefix must not make it a part of a word.
        let text = format!("{} {secret} {}", before.concat(), after.concat());
        for page in written(&Logs::default(), &text) {
            for piece in random.as_bytes().windows(8) {
                prop_assert!(!page.as_bytes().windows(8).any(|here| here == piece), "{:?} -> {}", text, page);
            }
        }
    }

    #[test]
    fn nothing_that_is_logged_does_anything_to_the_log(text in any::<String>(), pieces in vec(select(AROUND), 0..12)) {
        let text = format!("{text}{}{text}", pieces.concat());
        let [plain, json] = written(&Logs::default(), &text);
        for page in [&plain, &json] {
            prop_assert_eq!(page.lines().count(), 2, "{}", page);
            prop_assert!(page.chars().all(is_harmless), "{:?}", page);
        }
        for line in json.lines() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{}", line);
        }
    }

    #[test]
    fn no_value_is_longer_than_it_may_be(text in "(password=[a-z0-9]{8,40} |\u{202e}|é|\n|x){0,80}", at_most in 64..200_usize) {
        let logs = Logs::new(&Redactor::built_in(), Config::new().with_max_field(at_most)).unwrap();
        let short = logs.text(&text);
        prop_assert!(short.len() <= at_most, "{} bytes: {}", short.len(), short);
        prop_assert_eq!(short.matches("[REDACTED").count(), short.matches("[REDACTED:password]").count());
        prop_assert_eq!(short.matches("\\u{").count(), short.matches("\\u{202e}").count(), "{}", short);
    }
}
