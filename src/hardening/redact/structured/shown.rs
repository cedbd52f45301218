//! Whatever prints itself, printed without its secrets.

use std::{
    fmt::{self, Debug, Display, Formatter, Write},
    str,
};

use zeroize::Zeroizing;

use super::super::{carry::Carry, handle::Redactor, handle::Shared};

/// How much is printed before a stream is begun.
const ROOM: usize = 512;

impl Redactor {
    /// `value` as its `Debug` prints it, without its secrets: `{}` and `{:#}` are its `{:?}` and `{:#?}`.
    ///
    /// ```
    /// use buttress::redact::Redactor;
    ///
    /// #[derive(Debug)]
    /// struct Login {
    ///     user: &'static str,
    ///     password: Option<&'static str>,
    /// }
    ///
    /// let login = Login { user: "bob", password: Some("hunter2") };
    /// assert_eq!(
    ///     Redactor::built_in().redact_debug(&login).to_string(),
    ///     r#"Login { user: "bob", password: Some("[REDACTED:password]") }"#,
    /// );
    /// ```
    pub const fn redact_debug<'v, T: Debug + ?Sized>(
        &'v self,
        value: &'v T,
    ) -> RedactedDebug<'v, T> {
        RedactedDebug { redactor: self, value }
    }

    /// `value` as its `Display` prints it, without its secrets.
    ///
    /// ```
    /// use buttress::redact::Redactor;
    ///
    /// let error = std::io::Error::other("connect to redis://:hunter2@cache/0 failed");
    /// assert_eq!(
    ///     Redactor::built_in().redact_display(&error).to_string(),
    ///     "connect to redis://:[REDACTED:url-password]@cache/0 failed",
    /// );
    /// ```
    pub const fn redact_display<'v, T: Display + ?Sized>(
        &'v self,
        value: &'v T,
    ) -> RedactedDisplay<'v, T> {
        RedactedDisplay { redactor: self, value }
    }
}

/// Prints what a `Debug` prints, without secrets: [`Redactor::redact_debug`].
///
/// A short text is looked at where it was printed, a longer one as it comes; nothing is allocated for one that is
/// short and clean.
pub struct RedactedDebug<'v, T: ?Sized> {
    redactor: &'v Redactor,
    value: &'v T,
}

/// Prints what a `Display` prints, without secrets: [`Redactor::redact_display`]. Costs as
/// [`RedactedDebug`].
pub struct RedactedDisplay<'v, T: ?Sized> {
    redactor: &'v Redactor,
    value: &'v T,
}

impl<T: Debug + ?Sized> Display for RedactedDebug<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.value;
        if f.alternate() {
            print(self.redactor, f, format_args!("{value:#?}"))
        } else {
            print(self.redactor, f, format_args!("{value:?}"))
        }
    }
}

impl<T: Debug + ?Sized> Debug for RedactedDebug<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl<T: Display + ?Sized> Display for RedactedDisplay<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let value = self.value;
        if f.alternate() {
            print(self.redactor, f, format_args!("{value:#}"))
        } else {
            print(self.redactor, f, format_args!("{value}"))
        }
    }
}

impl<T: Display + ?Sized> Debug for RedactedDisplay<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

fn print(redactor: &Redactor, to: &mut Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    let mut sink = Sink { to, shared: redactor.shared(), room: [0; ROOM], count: 0, long: None };
    sink.write_fmt(text)?;
    sink.finish()
}

/// Takes what is printed, and passes it on without secrets.
struct Sink<'s, 'f> {
    to: &'s mut Formatter<'f>,
    shared: &'s Shared,
    room: [u8; ROOM],
    count: usize,
    /// What is longer than the room: the stream, and what has come out of it and was not passed on.
    long: Option<(Carry, Zeroizing<Vec<u8>>)>,
}

impl Write for Sink<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.count + text.len();
        if self.long.is_none() {
            if let Some(room) = self.room.get_mut(self.count..end) {
                room.copy_from_slice(text.as_bytes());
                self.count = end;
                return Ok(());
            }
        }
        let Self { shared, room, count, long, .. } = self;
        let (rules, style) = (&shared.rules, &shared.mask);
        let (carry, clean) = long.get_or_insert_with(|| {
            let mut begun = (Carry::new(rules), Zeroizing::new(Vec::new()));
            let start = room.get(..*count).unwrap_or_default();
            begun.0.push(rules, style, start, &mut begun.1, &mut |_| {});
            begun
        });
        carry.push(rules, style, text.as_bytes(), clean, &mut |_| {});
        pass(self.to, clean, false)
    }
}

impl Sink<'_, '_> {
    fn finish(self) -> fmt::Result {
        let Self { to, shared, room, count, long } = self;
        if let Some((mut carry, mut clean)) = long {
            carry.finish(&shared.rules, &shared.mask, &mut clean, &mut |_| {});
            return pass(to, &mut clean, true);
        }
        let text = room.get(..count).unwrap_or_default();
        let clean =
            if shared.rules.has_anchor(text) { shared.clean(text, &mut |_| {}) } else { None };
        to.write_str(&String::from_utf8_lossy(clean.as_deref().unwrap_or(text)))
    }
}

/// Passes on all whole letters; at the end, what is none as well.
fn pass(to: &mut Formatter<'_>, clean: &mut Vec<u8>, whole: bool) -> fmt::Result {
    let (mut passed, end) = (0, clean.len());
    for chunk in clean.utf8_chunks() {
        to.write_str(chunk.valid())?;
        passed += chunk.valid().len();
        let broken = chunk.invalid();
        let last = passed + broken.len() == end;
        let begun = |error: str::Utf8Error| error.error_len().is_none();
        if broken.is_empty() || (last && !whole && str::from_utf8(broken).is_err_and(begun)) {
            break;
        }
        to.write_char(char::REPLACEMENT_CHARACTER)?;
        passed += broken.len();
    }
    clean.drain(..passed);
    Ok(())
}
