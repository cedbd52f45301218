//! Words behind which a secret stands without a name.

use super::{
    grammar::{Found, is_placeholder, plain, second},
    view::View,
};

/// A phrase, whether its case matters, how many words stand between it and the secret, and whether
/// only what cannot be a word may follow.
#[derive(Debug)]
pub(super) struct Phrase {
    pub(super) text: &'static str,
    cased: bool,
    skip: usize,
    doubtful: bool,
    place: Place,
}

/// Where the secret stands behind a phrase.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Behind so many words.
    Words,
    /// It is the second argument of a call.
    Second,
    /// The last of the one or two words in quotes.
    Quoted,
    /// `user/secret@`.
    Slash,
    /// `user:secret`.
    Pair,
    /// It stands before, behind `echo`.
    Piped,
    /// Behind the `>` of a list of rights.
    Granted,
    /// Behind `P:` of a list with semicolons.
    Wifi,
}

const fn phrase(text: &'static str, skip: usize) -> Phrase {
    Phrase { text, cased: false, skip, doubtful: false, place: Place::Words }
}

const fn doubtful(text: &'static str, skip: usize) -> Phrase {
    Phrase { doubtful: true, ..phrase(text, skip) }
}

const fn command(text: &'static str, skip: usize) -> Phrase {
    Phrase { text, cased: true, skip, doubtful: true, place: Place::Words }
}

const fn placed(text: &'static str, place: Place) -> Phrase {
    Phrase { text, cased: true, skip: 0, doubtful: false, place }
}

pub(super) static PHRASES: &[Phrase] = &[
    phrase("identified by ", 0),
    phrase("identified by password ", 0),
    phrase("identified with mysql_native_password by ", 0),
    phrase("identified with caching_sha2_password by ", 0),
    phrase("identified with sha256_password by ", 0),
    phrase("mysql_native_password as ", 0),
    phrase("requirepass ", 0),
    phrase("masterauth ", 0),
    phrase("auth plain ", 0),
    phrase("authenticate plain ", 0),
    phrase("nickserv identify ", 0),
    phrase("nickserv :identify ", 0),
    phrase("snmp-server community ", 0),
    phrase("enable secret 5 ", 0),
    phrase("enable secret 8 ", 0),
    phrase("enable secret 9 ", 0),
    phrase("enable secret 0 ", 0),
    phrase("enable password 7 ", 0),
    phrase("enable password 0 ", 0),
    doubtful("password 7 ", 0),
    doubtful("password 0 ", 0),
    doubtful("secret 5 ", 0),
    phrase("wpa-psk ascii 0 ", 0),
    phrase("convertto-securestring ", 0),
    phrase("convertto-securestring -string ", 0),
    phrase("vault login ", 0),
    phrase("htpasswd -b ", 2),
    phrase("htpasswd -bc ", 2),
    phrase("htpasswd -cb ", 2),
    phrase("htpasswd -bB ", 2),
    phrase("htpasswd -Bb ", 2),
    phrase("htpasswd -Bbc ", 2),
    phrase("htpasswd -nb ", 1),
    phrase("htpasswd -nbB ", 1),
    phrase("htpasswd -Bbn ", 1),
    phrase("tacacs-server key ", 0),
    phrase("radius-server key ", 0),
    phrase("radius-server host ", 2),
    phrase("crypto isakmp key ", 0),
    phrase("pre-shared-key ascii-text ", 0),
    phrase("pre-shared-key hexadecimal ", 0),
    phrase("key-string ", 0),
    phrase(": psk \"", 0),
    phrase(": eap \"", 0),
    phrase(": xauth \"", 0),
    placed(" on >", Place::Granted),
    placed("| sudo -S", Place::Piped),
    placed("|sudo -S", Place::Piped),
    placed("| docker login", Place::Piped),
    placed("| podman login", Place::Piped),
    placed("| helm registry login", Place::Piped),
    placed("| passwd --stdin", Place::Piped),
    placed("| chpasswd", Place::Piped),
    phrase("net user ", 1),
    phrase("rabbitmqctl add_user ", 1),
    phrase("rabbitmqctl change_password ", 1),
    phrase("configure set aws_secret_access_key ", 0),
    phrase("configure set aws_session_token ", 0),
    phrase("operator unseal ", 0),
    phrase("basic auth ", 1),
    doubtful("secret 0 ", 0),
    doubtful("secret 7 ", 0),
    doubtful("password 5 ", 0),
    placed("\"AUTH\" ", Place::Quoted),
    placed("\"auth\" ", Place::Quoted),
    placed("BasicAuth(", Place::Second),
    placed("basic_auth(", Place::Second),
    placed("basicAuth(", Place::Second),
    placed("SetBasicAuth(", Place::Second),
    placed("NetworkCredential(", Place::Second),
    placed("UsernamePasswordCredentials(", Place::Second),
    placed("PasswordAuthentication(", Place::Second),
    placed("auth=(", Place::Second),
    placed("auth: (", Place::Second),
    placed("jdbc:oracle:thin:", Place::Slash),
    placed("jdbc:oracle:oci:", Place::Slash),
    placed("sqlplus ", Place::Slash),
    placed("WIFI:", Place::Wifi),
    placed("rpcauth=", Place::Pair),
    placed("http -a ", Place::Pair),
    placed("http --auth ", Place::Pair),
    placed("https -a ", Place::Pair),
    placed("https --auth ", Place::Pair),
    placed("Basic auth: ", Place::Pair),
    placed("basic auth: ", Place::Pair),
    command("AUTH default ", 0),
    command(" LOGIN ", 1),
    command("PASS ", 0),
    command("AUTH ", 0),
    command("HELLO 3 AUTH ", 1),
    command("HELLO 2 AUTH ", 1),
];

impl Phrase {
    /// The secret behind the phrase that stands at `start..end`.
    pub(super) fn secret(&self, view: &View<'_>, start: usize, end: usize) -> Option<Found> {
        if self.cased && view.slice(start, end) != self.text.as_bytes() {
            return None;
        }
        let before = view.before(start);
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && !self.text.starts_with([' ', '"', '|'])
            && !matches!(self.place, Place::Second)
        {
            return None;
        }
        match self.place {
            Place::Words => {}
            Place::Second => return second(view, end),
            Place::Piped => return echoed(view, start),
            Place::Granted => {
                let user = memchr::memmem::find(view.behind(start, 64), b"user ");
                return plain(view, end, user.is_none());
            }
            Place::Quoted => return quoted(view, end),
            Place::Slash => return slash(view, end),
            Place::Pair => {
                let user = view.run(end, &super::class::DOTTED, 64);
                return if user > end && view.is(user, b':') {
                    plain(view, user + 1, false)
                } else {
                    None
                };
            }
            Place::Wifi => {
                let line = view.slice(end, end + 160);
                let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
                let at = line.windows(3).position(|three| three == b";P:")? + 3;
                let rest = line.get(at..)?;
                let length = rest
                    .windows(2)
                    .position(|two| two[1] == b';' && two[0] != b'\\')
                    .map_or(rest.len(), |at| at + 1);
                return Some(Found::one(end + at, end + at + length));
            }
        }
        let mut at = view.blanks(end, 4);
        for _ in 0..self.skip {
            let word = at;
            while at - word < 64 && !matches!(view.get(at), Some(b' ' | b'\n' | b'\r') | None) {
                at += 1;
            }
            if at == word || !view.is(at, b' ') {
                return None;
            }
            at = view.blanks(at, 4);
        }
        plain(view, at, self.doubtful)
    }
}

/// `echo secret |`; the bar stands at `at`.
fn echoed(view: &View<'_>, at: usize) -> Option<Found> {
    let text = view.behind(at, 88).trim_ascii_end();
    let echo = memchr::memmem::rfind(text, b"echo ").map(|at| at + 5);
    let mut from = echo.or_else(|| Some(memchr::memmem::rfind(text, b"printf ")? + 7))?;
    for option in [&b"-n "[..], b"-e "] {
        from += if text.get(from..)?.starts_with(option) { option.len() } else { 0 };
    }
    let mut end = text.len();
    let mark = *text.get(from)?;
    if matches!(mark, b'"' | b'\'') && text.last() == Some(&mark) && end > from + 1 {
        (from, end) = (from + 1, end - 1);
    }
    let value = text.get(from..end)?;
    let start = at - view.behind(at, 88).len();
    (!is_placeholder(value)).then(|| Found::one(start + from, start + end))
}

/// `"user" "secret"`, or the secret alone.
fn quoted(view: &View<'_>, at: usize) -> Option<Found> {
    let first = plain(view, at, false)?;
    let (_, end) = first.parts().last()?;
    if view.starts(*end, b"\" \"") { plain(view, end + 2, false) } else { Some(first) }
}

/// `user/secret@`.
fn slash(view: &View<'_>, at: usize) -> Option<Found> {
    let text = view.slice(at, at + 160);
    let text = text.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let host = text.iter().rposition(|byte| *byte == b'@')?;
    let user = text.get(..host)?.iter().position(|byte| *byte == b'/')?;
    (user > 0 && user + 1 < host).then(|| Found::one(at + user + 1, at + host))
}

/// `host:port:base:user:password`, the line of a password file; `end` is behind the port.
pub(super) fn pgpass(view: &View<'_>, start: usize, end: usize) -> Option<Found> {
    let host = view.run_back(start, &super::class::DOTTED, 80);
    if host == start && view.before(start) != Some(b'*') {
        return None;
    }
    let mut at = end;
    for _ in 0..2 {
        let word = at;
        while at - word < 64
            && !matches!(view.get(at), Some(b':' | b' ' | b'/' | b'\n' | b'\r') | None)
        {
            at += 1;
        }
        if at == word || !view.is(at, b':') {
            return None;
        }
        at += 1;
    }
    plain(view, at, false)
}
