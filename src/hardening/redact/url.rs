//! The user and the password of a URL.

use super::{
    class::AUTHORITY,
    grammar::{Found, is_placeholder},
    view::View,
};

/// How long a user with a password may be.
const LONGEST: usize = 512;

/// The secret before the `@` of the authority that begins at `end`, behind `://`.
pub(super) fn userinfo(view: &View<'_>, start: usize, end: usize) -> Option<Found> {
    let scheme = view.run_back(start, &super::class::DOTTED, 24);
    if scheme == start {
        return None;
    }
    let stop = view.run(end, &AUTHORITY, LONGEST);
    let text = view.slice(end, stop);
    let mut at = text.iter().rposition(|byte| *byte == b'@');
    let scheme = view.slice(scheme, start);
    let web =
        [&b"http"[..], b"https", b"file", b"s3"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let mut all = text;
    if at.is_none() && matches!(view.get(stop), Some(b'/' | b'?' | b'#')) {
        // A password with a slash in it.
        let more = view.run(end, &super::class::BARE, LONGEST);
        all = view.slice(end, more);
        at = all
            .iter()
            .rposition(|byte| *byte == b'@')
            .filter(|at| all.get(..*at).is_some_and(|user| user.contains(&b':')));
        // A host and a port are no user and no password, and neither is an address of six.
        let colon = text.iter().position(|byte| *byte == b':');
        let port = colon.and_then(|colon| text.get(colon + 1..));
        let host = web && text.contains(&b'.') || text.contains(&b'[');
        let user = port.is_some_and(|port| !port.iter().all(u8::is_ascii_digit));
        at = at.filter(|_| user && !host);
    }
    let at = at?;
    let user = all.get(..at)?;
    if memchr::memmem::find(user, super::rules::MASK.as_bytes()).is_some() {
        return None;
    }
    let Some(colon) = user.iter().position(|byte| *byte == b':') else {
        return (is_token(user) && !is_placeholder(user)).then(|| Found::one(end, end + at));
    };
    let password = user.get(colon + 1..)?;
    let name = user.get(..colon)?;
    if name.is_empty() && password.is_empty()
        || is_placeholder(password)
        || is_example(name, password)
    {
        return None;
    }
    if password.first() == Some(&b'$')
        && (password.get(1) == Some(&b'{') || password.ends_with(b"}"))
    {
        return None;
    }
    Some(Found::one(end + colon + 1, end + at))
}

/// Whether what stands alone before the `@` is no name of a user.
fn is_token(user: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| user.iter().filter(|byte| is(byte)).count();
    let (digits, marks) = (
        count(u8::is_ascii_digit),
        count(|byte| matches!(byte, b'!' | b'$' | b'^' | b'*' | b'&' | b'~' | b'=')),
    );
    let long = user.len() >= 16 || (user.len() >= 10 && (marks > 0 || digits > 2));
    long && digits > 0 && !user.contains(&b',')
}

/// The password of a URL that stands in a query: `%3A%2F%2Fuser%3A…%40host`; `end` is behind the slashes.
pub(super) fn coded(view: &View<'_>, end: usize) -> Option<Found> {
    let stop = view.run(end, &AUTHORITY, LONGEST);
    let text = view.slice(end, stop);
    let path = memchr::memmem::find(text, b"%2F").unwrap_or(text.len());
    let text = text.get(..path)?;
    let at = memchr::memmem::rfind(text, b"%40")?;
    let user = text.get(..at)?;
    let colon = memchr::memmem::find(user, b"%3A").map(|at| at + 3);
    let from = colon.or_else(|| Some(memchr::memchr(b':', user)? + 1))?;
    let password = user.get(from..)?;
    (!is_placeholder(password)).then(|| Found::one(end + from, end + at))
}

/// The password before the `@` or the port at `at`: `user:…@tcp(host:3306)`, `user/…@host:1521/`.
pub(super) fn address(view: &View<'_>, at: usize) -> Option<Found> {
    let start = view.run_back(at, &super::class::BARE, 90);
    let text = view.slice(start, at);
    let (mark, end) = if view.is(at, b'@') {
        (b':', text.len())
    } else {
        (b'/', text.iter().rposition(|byte| *byte == b'@')?)
    };
    let user = text.get(..end)?.iter().position(|byte| *byte == mark)?;
    let password = text.get(user + 1..end)?;
    let whole = user > 0 && !password.starts_with(b"/") && !password.is_empty();
    (whole && !is_placeholder(password)).then(|| Found::one(start + user + 1, start + end))
}

/// The pair that documents use.
fn is_example(name: &[u8], password: &[u8]) -> bool {
    let is = |text: &[u8], words: &[&str]| {
        words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text))
    };
    is(name, &["user", "username", "foo", "login", "usr"])
        && is(password, &["pass", "password", "passwd", "pwd", "bar"])
}
