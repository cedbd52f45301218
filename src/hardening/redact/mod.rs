//! Take secrets out of texts, at the speed of the log that they are on their way to.
//!
//! **The problem.** A token in a query string, a password in an error of the database driver, a header
//! in a debug line: what is logged is copied, shipped, indexed and kept, and read by people who were never
//! meant to have it. Nobody writes `info!("{password}")`; it comes along inside of something else.
//!
//! **When.** On everything that leaves the process as text: log lines, error messages to callers, traces,
//! dumps. As the last net behind types that do not print what they hold.
//!
//! **When not.** On data that must come back whole: a redacted document is another document. As a check
//! that a text *has* no secret: what looks like nothing but a word cannot be told from one. To find
//! secrets in source code there are scanners with slower and finer rules.
//!
//! # How it decides
//!
//! One pass of one automaton over all anchors, of all kinds, in any case. Where there is none the text is
//! handed back as it is. Where there is one, a rule looks at what stands around it:
//!
//! * *Credentials* tell what they are: a prefix, then so many bytes of so many kinds (`ghp_…`, `AKIA…`,
//!   `xoxb-…`, JSON web tokens, hashes of passwords), and blocks of private keys, also with a prefix before
//!   each line. Check digits make a finding [`Certain`](Confidence::Certain); one that is wrong excuses
//!   nothing.
//! * *Keys*: a name that promises a secret (`dbPassword`, `X-Api-Key`, `пароль`), whatever joins it to
//!   its value (`=`, `: `, `=>`, a tag, a flag, a table, a form), however that is quoted, escaped, coloured or
//!   wrapped (`\"`, `%22`, `&quot;`, `Some("…")`). The name decides, not how random the value looks: `hunter2` is a
//!   password. Weak names (`key`, `session`) want a value that looks like a token.
//! * *URLs*: the password before the `@`.
//! * *Persons*, only if [asked for](Set::Pii): cards, IBANs, national numbers, all with check digits;
//!   mail addresses, phones. A number that could be any is one only behind a word that says so.
//!
//! What is not text yet has more to say, and is decided by all of it: [`Redactor::serialize`] writes anything that
//! serializes, in any format, [`Redactor::redact_value`] cleans a JSON document in place,
//! [`Redactor::redact_field`] one field, [`Redactor::redact_debug`] whatever prints itself.
//!
//! * A *path* that leads there ([`RuleSet::path`]): whatever it is, but `null`.
//! * The *name*, as above, and with it what lies below: shapes stay, texts and numbers in them are masked;
//!   `true`, `false` and `null` stay. `{"name": "authorization", "value": "…"}` and `["cookie", "…"]` are a name
//!   and its value; in a stream of fields the name must come first.
//! * What it *looks* like, names of fields too. A text that is a JSON object or list is a document, three times
//!   over; if something is found in it, it is written anew.
//!
//! What stands for a secret stays readable: `${DB_PASSWORD}`, `<your-key>`, `null`, `****`. So does a mask of
//! an earlier pass: redacting twice changes nothing.
//!
//! No rule looks further back than 96 bytes or further ahead than 8 KiB (16 KiB for a private key); a
//! secret that is longer is masked as it comes, to its end. So a [`Stream`], a [`RedactWriter`] or an
//! [`AsyncRedactWriter`] decides as the whole text does, however it is cut, in bounded memory.
//!
//! For what is logged there are doors of their own: [`logs`].
//!
//! # What it costs
//!
//! Without a secret: one pass, 2 to 3 ns a byte, no allocation. With one: the new text. The time grows with
//! the length of the text and not with what is in it: what a rule has walked over once is not walked
//! over again. The built-in rules take some milliseconds and about a megabyte, once for the process. Figures:
//! `benches/peers/RESULTS.md`.
//!
//! A line of JSON of twenty clean fields takes two to four times what it takes plainly, and no allocation.
//!
//! # What a drop does
//!
//! A [`Redacted`] overwrites what it holds.
//!
//! A [`RedactWriter`] that is dropped writes what it holds back, as `BufWriter` does, and cannot say
//! whether that went well: call [`finish`](RedactWriter::finish). An [`AsyncRedactWriter`] cannot wait when it is
//! dropped, and loses what was not shut down. What both have held is overwritten.
//!
//! # Example
//!
//! ```
//! use buttress::redact::Redactor;
//!
//! let redactor = Redactor::built_in();
//! assert_eq!(
//!     redactor.redact(r#"login user=bob password="hunter2" ok"#),
//!     r#"login user=bob password="[REDACTED:password]" ok"#,
//! );
//!
//! let findings = redactor.findings("postgres://svc:pa55@db/orders");
//! assert_eq!((findings[0].kind.as_str(), findings[0].span.clone()), ("url-password", 15..19));
//! ```
//!
//! # Example (stream)
//!
//! ```
//! use buttress::redact::{RedactWriter, Redactor};
//! use std::io::Write;
//!
//! let mut log = RedactWriter::new(&Redactor::built_in(), Vec::new());
//! log.write_all(b"api_key=9f8e7d6c5b")?; // cut where it hurts
//! log.write_all(b"4a3928 tenant=7\n")?;
//! assert_eq!(log.finish()?, b"api_key=[REDACTED:api-key] tenant=7\n");
//! # Ok::<_, std::io::Error>(())
//! ```
//!
//! # Example (what serializes)
//!
//! ```
//! # #[cfg(feature = "serde")] {
//! use buttress::redact::{Redactor, RuleSet};
//!
//! let redactor = Redactor::new(RuleSet::builder().path("users[*].born"))?;
//! let order = serde_json::json!({
//!     "users": [{ "name": "bob", "born": 1984, "dbPassword": "hunter2" }],
//!     "body": "{\"pin\":4711}",
//! });
//! assert_eq!(
//!     serde_json::to_string(&redactor.sanitized(&order))?,
//!     r#"{"body":"{\"pin\":\"[REDACTED:code]\"}","users":[{"born":"[REDACTED:secret]","dbPassword":"[REDACTED:password]","name":"bob"}]}"#,
//! );
//! # }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! # Example (rules in a file)
//!
//! ```toml
//! sets = ["credentials", "keys", "urls", "pii"]
//! keys = ["x-internal-ticket"]
//! paths = ["**.ssn", "items[*].serial"]
//! mask = { fingerprint = "a long random text, the same on every machine" }
//!
//! [[literals]]
//! name = "database"
//! value = "correct horse"
//!
//! [[patterns]]
//! name = "badge"
//! regex = "BDG-[0-9]{6}"
//! ```

mod ask;
mod carry;
mod checksum;
mod class;
mod config;
mod custom;
mod ends;
mod grammar;
mod grams;
mod handle;
mod keys;
mod kinds;
mod list;
// Doors that are switched off leave parts of what they share unused.
#[cfg_attr(
    not(all(feature = "http", feature = "log", feature = "tracing-subscriber")),
    allow(dead_code, reason = "used by other doors")
)]
pub mod logs;
mod machine;
mod mask;
#[cfg_attr(not(feature = "http"), allow(dead_code, reason = "asked by what tells of requests"))]
mod named;
#[cfg_attr(not(feature = "serde"), allow(dead_code, reason = "asked by what serializes"))]
mod path;
mod pem;
mod phrases;
mod pii;
mod redacted;
mod report;
#[cfg_attr(not(feature = "serde"), allow(dead_code, reason = "asked by what serializes"))]
mod rules;
mod short;
mod span;
mod stream;
#[cfg_attr(not(feature = "serde"), allow(dead_code, reason = "asked by what serializes"))]
mod structured;
mod url;
mod view;
mod writer;

#[cfg(feature = "serde")]
pub use self::structured::{
    FieldFinding, Redacting, RedactingFields, RedactingItems, RedactingStruct, Sanitized,
};
pub use self::{
    config::{Literal, Mask, Pattern, RuleSet, Set},
    handle::{Redactor, is_secret_key},
    redacted::{Masked, Redacted, SerializableSecret},
    report::{Confidence, Finding},
    stream::Stream,
    structured::{RedactedDebug, RedactedDisplay},
    writer::{AsyncRedactWriter, RedactWriter},
};
/// What a [`Redacted`] can be made of: texts, bytes, numbers, and whatever says how it is overwritten.
#[doc(no_inline)]
pub use zeroize::Zeroize;
