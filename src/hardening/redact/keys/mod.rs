//! What the name of a value says about it.

mod words;

use super::list::List;

use self::words::{
    AFTER, CLOSE_KEYS, CODES, DENIED_AFTER, DENIED_BEFORE_KEY, DENIED_BEFORE_TOKEN, DOUBTFUL, KEYS,
    PASSES, SECRET_ENDS, SECRETS, SESSIONS, TOKENS,
};
pub(super) use self::words::{STEMS, WHOLE};

/// How much a name promises, least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// `key`, `auth`, `session`: only what looks like nothing but a token.
    Vague,
    /// `token`, `signature`: what has a digit, or is long.
    Weak,
    /// `otp`, `pin`, `verification_code`: digits.
    Digits,
    /// `api_key`, `access_token`: anything but a word of code.
    Medium,
    /// `password`, `secret`: anything.
    Strong,
    /// `cookie`: each of its values.
    Cookie,
    /// `authorization`: a scheme, and all that follows.
    Header,
}

impl Strength {
    /// All of them, by number.
    pub(super) const ALL: [Self; 7] = [
        Self::Vague,
        Self::Weak,
        Self::Digits,
        Self::Medium,
        Self::Strong,
        Self::Cookie,
        Self::Header,
    ];
}

/// The longest name that is looked at.
pub(super) const LONGEST: usize = 64;

/// Names as people spell them, as words in lower case.
#[derive(Debug)]
struct Words {
    text: [u8; LONGEST],
    ends: [(u8, u8); 12],
    count: usize,
}

impl Words {
    fn of(name: &[u8]) -> Self {
        let mut words = Self { text: [0; LONGEST], ends: [(0, 0); 12], count: 0 };
        let name = &name[name.len().saturating_sub(LONGEST)..];
        let mut start = 0;
        for (at, byte) in name.iter().enumerate() {
            words.text[at] = byte.to_ascii_lowercase();
            if byte.is_ascii_lowercase() || byte.is_ascii_digit() {
                continue;
            }
            let wordy = byte.is_ascii_alphanumeric() || *byte >= 0x80;
            let before = at.checked_sub(1).and_then(|before| name.get(before));
            let next_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let camel = byte.is_ascii_uppercase()
                && before.is_some_and(|before| {
                    before.is_ascii_lowercase() || (before.is_ascii_uppercase() && next_lower)
                });
            if !wordy || camel {
                words.push(start, at);
                start = if wordy { at } else { at + 1 };
            }
        }
        words.push(start, name.len());
        words
    }

    fn push(&mut self, start: usize, end: usize) {
        if start < end {
            if self.count == self.ends.len() {
                self.ends.rotate_left(1);
                self.count -= 1;
            }
            self.ends[self.count] = (start as u8, end as u8);
            self.count += 1;
        }
    }

    fn get(&self, at: usize) -> Option<&[u8]> {
        let (start, end) = self.ends[..self.count].get(at).copied()?;
        let word = self.text.get(usize::from(start)..usize::from(end))?;
        let digits = word.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
        Some(if digits == word.len() { word } else { &word[..word.len() - digits] })
    }

    fn before(&self, at: usize) -> Option<&[u8]> {
        at.checked_sub(1).and_then(|before| self.get(before))
    }
}

/// What a value of this name is, or nothing if it is no secret.
pub(super) fn judge(name: &[u8]) -> Option<Strength> {
    let words = Words::of(name);
    let (at, mut strength) =
        (0..words.count).rev().find_map(|at| Some((at, of_word(&words, at)?)))?;
    let mut lesser = false;
    for after in at + 1..words.count {
        let word = words.get(after)?;
        if DENIED_AFTER.has(word) {
            let id = word == b"id";
            if id && words.get(at) == Some(b"secret") {
                strength = Strength::Weak;
            } else if !(id && strength == Strength::Vague && is_session(&words, at)) {
                return None;
            }
        } else if word.len() > 1 && !word.iter().all(u8::is_ascii_digit) && !AFTER.has(word) {
            lesser = true;
        }
    }
    if lesser {
        strength = match strength {
            Strength::Strong => Strength::Medium,
            Strength::Header | Strength::Cookie | Strength::Medium => Strength::Weak,
            Strength::Weak => Strength::Vague,
            _ => return None,
        };
    }
    let first = words.get(0).unwrap_or_default();
    if at > 0 && DOUBTFUL.has(first) {
        strength = strength.min(Strength::Weak);
    }
    Some(strength)
}

/// The same for a name of which nothing else is known.
pub(super) fn judge_alone(name: &[u8]) -> Option<Strength> {
    let foreign = |stem: &&str| {
        let stem = stem.as_bytes();
        !stem.is_ascii() && name.windows(stem.len()).any(|here| here == stem)
    };
    judge(name)
        .or_else(|| (!name.is_ascii() && STEMS.iter().any(foreign)).then_some(Strength::Strong))
}

/// What two words of a sentence say together: a name, no name, or nothing.
pub(super) fn judge_two(first: &[u8], second: &[u8]) -> Option<Option<Strength>> {
    let (first, second) = (Words::of(first), Words::of(second));
    let last = first.get(first.count.checked_sub(1)?)?;
    match second.get(0)? {
        b"key" | b"keys" if DENIED_BEFORE_KEY.has(last) => Some(None),
        b"key" | b"keys" if KEYS.has(last) => Some(Some(Strength::Medium)),
        b"token" if DENIED_BEFORE_TOKEN.has(last) => Some(None),
        b"token" if KEYS.has(last) || TOKENS.has(last) => Some(Some(Strength::Medium)),
        b"code" if CODES.has(last) => Some(Some(Strength::Digits)),
        _ => None,
    }
}

fn is_session(words: &Words, at: usize) -> bool {
    words.get(at).is_some_and(|word| SESSIONS.has(word))
}

/// What the word at `at` says, with those before it.
fn of_word(words: &Words, at: usize) -> Option<Strength> {
    let word = words.get(at)?;
    let before = words.before(at);
    let preceded = |list: &List| before.is_some_and(|before| list.has(before));
    if SECRETS.has(word) || SECRET_ENDS.has_end(word) {
        return Some(Strength::Strong);
    }
    match word {
        b"pass" => Some(if at > 0 { Strength::Strong } else { Strength::Medium }),
        b"pw" => Some(Strength::Strong),
        b"key" | b"keys" if preceded(&DENIED_BEFORE_KEY) => None,
        b"key" | b"keys" if preceded(&KEYS) => Some(Strength::Medium),
        b"key" if before.is_some() => Some(Strength::Weak),
        b"key" => Some(Strength::Vague),
        b"token" | b"tokens" if preceded(&DENIED_BEFORE_TOKEN) => None,
        b"token" if before.is_some() => Some(Strength::Medium),
        b"token" | b"tokens" => Some(Strength::Weak),
        b"authorization" => Some(Strength::Header),
        b"cookie" | b"cookies" if at == 0 || before == Some(b"set") => Some(Strength::Cookie),
        b"cookie" | b"cookies" => Some(Strength::Weak),
        b"auth" | b"authentication" | b"salt" => Some(Strength::Vague),
        b"sig" | b"signature" => Some(Strength::Weak),
        b"jwt" | b"bearer" => Some(Strength::Weak),
        b"otp" | b"totp" | b"pin" | b"cvv" | b"cvc" | b"cvv2" | b"puk" | b"2fa" | b"mfa" => {
            Some(Strength::Digits)
        }
        b"code" if preceded(&CODES) => Some(Strength::Digits),
        _ if SESSIONS.has(word) => Some(Strength::Vague),
        _ if CLOSE_KEYS.has_end(word) || CLOSE_KEYS.has(word) => Some(Strength::Medium),
        _ if (word.len() > 5 && word.ends_with(b"token")) => {
            let rest = &word[..word.len() - 5];
            (!DENIED_BEFORE_TOKEN.has(rest)).then_some(Strength::Medium)
        }
        _ if (word.len() > 2 && word.ends_with(b"pw")) => {
            PASSES.has(&word[..word.len() - 2]).then_some(Strength::Strong)
        }
        _ if (word.len() > 4 && word.ends_with(b"pass")) => {
            PASSES.has(&word[..word.len() - 4]).then_some(Strength::Strong)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use super::{Strength::*, judge};

    #[test]
    fn lists_are_sorted() {
        assert!(words::STEMS.windows(2).all(|two| two[0] < two[1]));
        for list in words::ALL {
            assert!(list.is_sorted(), "{list:?}");
        }
    }

    #[test]
    fn names() {
        for (name, strength) in [
            ("password", Some(Strong)),
            ("DB_PASSWORD", Some(Strong)),
            ("dbPasswd2", Some(Strong)),
            ("spring.datasource.password", Some(Strong)),
            ("javax.net.ssl.keyStorePassword", Some(Strong)),
            ("clientSecret", Some(Strong)),
            ("SECRET_KEY_BASE", Some(Medium)),
            ("x-api-key", Some(Medium)),
            ("APIKey", Some(Medium)),
            ("apikey", Some(Strong)),
            ("access_token", Some(Medium)),
            ("GITHUB_TOKEN", Some(Medium)),
            ("token", Some(Weak)),
            ("JINA_KEY", Some(Weak)),
            ("key", Some(Vague)),
            ("Authorization", Some(Header)),
            ("proxy-authorization", Some(Header)),
            ("Set-Cookie", Some(Cookie)),
            ("otp", Some(Digits)),
            ("verification_code", Some(Digits)),
            ("пароль", Some(Strong)),
            ("public_key", None),
            ("primaryKey", None),
            ("monkey", None),
            ("keyboard", None),
            ("author", None),
            ("access_key_id", None),
            ("password_changed_at", None),
            ("secret_name", None),
            ("token_type", None),
            ("next_token", None),
            ("max_tokens", None),
            ("compass", None),
            ("bypass", None),
            ("passenger", None),
            ("tokenizer", None),
            ("status_code", None),
        ] {
            assert_eq!(judge(name.as_bytes()), strength, "{name}");
        }
    }
}
