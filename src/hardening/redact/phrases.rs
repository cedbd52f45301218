//! Words behind which a secret stands without a name.

use super::{
    grammar::{Found, plain},
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
}

const fn phrase(text: &'static str, skip: usize) -> Phrase {
    Phrase { text, cased: false, skip, doubtful: false }
}

const fn command(text: &'static str, skip: usize) -> Phrase {
    Phrase { text, cased: true, skip, doubtful: true }
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
    phrase("password 7 ", 0),
    phrase("password 0 ", 0),
    phrase("secret 5 ", 0),
    phrase("wpa-psk ascii 0 ", 0),
    phrase("convertto-securestring ", 0),
    phrase("convertto-securestring -string ", 0),
    phrase("net user ", 1),
    phrase("rabbitmqctl add_user ", 1),
    phrase("rabbitmqctl change_password ", 1),
    phrase("configure set aws_secret_access_key ", 0),
    phrase("configure set aws_session_token ", 0),
    phrase("set-cookie2: ", 0),
    phrase("basic auth ", 1),
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
        if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) && !self.text.starts_with(' ') {
            return None;
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

/// `host:port:base:user:password`, the line of a password file; `end` is behind the port.
pub(super) fn pgpass(view: &View<'_>, start: usize, end: usize) -> Option<Found> {
    let host = view.run_back(start, &super::class::DOTTED, 80);
    if host == start && view.before(start) != Some(b'*') {
        return None;
    }
    let mut at = end;
    for _ in 0..2 {
        let word = at;
        while at - word < 64 && !matches!(view.get(at), Some(b':' | b' ' | b'/' | b'\n' | b'\r') | None) {
            at += 1;
        }
        if at == word || !view.is(at, b':') {
            return None;
        }
        at += 1;
    }
    plain(view, at, false)
}
