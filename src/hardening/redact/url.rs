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
    if at.is_none() && !web && matches!(view.get(stop), Some(b'/' | b'?' | b'#')) {
        // A password with a slash in it.
        let more = view.run(end, &super::class::BARE, LONGEST);
        all = view.slice(end, more);
        at = all
            .iter()
            .rposition(|byte| *byte == b'@')
            .filter(|at| all.get(..*at).is_some_and(|user| user.contains(&b':')));
        // A host and a port are no user and no password.
        let port = all
            .iter()
            .position(|byte| *byte == b':')
            .and_then(|colon| all.get(colon + 1))
            .is_some_and(u8::is_ascii_digit);
        at = at.filter(|_| !port);
    }
    let at = at?;
    let user = all.get(..at)?;
    if memchr::memmem::find(user, super::rules::MASK.as_bytes()).is_some() {
        return None;
    }
    let Some(colon) = user.iter().position(|byte| *byte == b':') else {
        let token =
            user.len() >= 16 && user.iter().any(u8::is_ascii_digit) && !user.contains(&b',');
        return (token && !is_placeholder(user)).then(|| Found::one(end, end + at));
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

/// The pair that documents use.
fn is_example(name: &[u8], password: &[u8]) -> bool {
    let is = |text: &[u8], words: &[&str]| {
        words.iter().any(|word| word.as_bytes().eq_ignore_ascii_case(text))
    };
    is(name, &["user", "username", "foo", "login", "usr"])
        && is(password, &["pass", "password", "passwd", "pwd", "bar"])
}
