//! Quotas: how much is left of each, and when it is whole again.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

use super::{
    headers::{first, texts},
    moment::{Reset, count, reset},
};

/// The headers of one quota: what is left, and when it is whole again.
type Names = (&'static str, &'static str);

/// Families in the order they are believed in; within one, the longest wait.
const FAMILIES: [&[Names]; 4] = [
    &[("ratelimit-remaining", "ratelimit-reset")],
    &[
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ],
    &[
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ],
    &[
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ],
];

/// How long the exhausted quotas ask to wait, and what is left of the one with least.
pub(super) fn heard(headers: &HeaderMap, now: SystemTime) -> (Option<Duration>, Option<u64>) {
    let mut told = Told::default();
    for value in texts(headers, "ratelimit") {
        structured(value, now, &mut told);
    }
    told.end_family();
    for family in FAMILIES {
        for (remaining, resets) in family {
            told.hear(Bucket {
                remaining: first(headers, remaining, count),
                reset: first(headers, resets, |text| match reset(text, now) {
                    Reset::Unknown => None,
                    known => Some(known),
                }),
            });
        }
        told.end_family();
    }
    (told.wait, told.remaining)
}

/// One quota.
#[derive(Default)]
struct Bucket {
    remaining: Option<u64>,
    reset: Option<Reset>,
}

#[derive(Default)]
struct Told {
    /// Of the first family that tells.
    wait: Option<Duration>,
    /// Of the family being heard.
    longest: Option<Duration>,
    remaining: Option<u64>,
}

impl Told {
    fn hear(&mut self, bucket: Bucket) {
        let (Some(remaining), true) = (bucket.remaining, bucket.reset != Some(Reset::Past)) else {
            return;
        };
        self.remaining = Some(self.remaining.map_or(remaining, |least| least.min(remaining)));
        if let (0, Some(Reset::In(wait))) = (remaining, bucket.reset) {
            self.longest = self.longest.max(Some(wait));
        }
    }

    fn end_family(&mut self) {
        let longest = self.longest.take();
        self.wait = self.wait.or(longest);
    }
}

/// `"burst";r=0;t=1, "daily";r=9;t=30`, or `limit=9, remaining=0, reset=30`: one quota a member, or
/// all members one quota.
fn structured(value: &str, now: SystemTime, told: &mut Told) {
    let mut whole = Bucket::default();
    for member in split(value, b',') {
        let mut own = Bucket::default();
        for parameter in split(member, b';') {
            let Some((key, text)) = parameter.split_once('=') else { continue };
            let text = text.trim();
            match key.trim() {
                "r" => own.remaining = own.remaining.or_else(|| count(text)),
                "t" => own.reset = own.reset.or_else(|| known(text, now)),
                "remaining" => whole.remaining = whole.remaining.or_else(|| count(text)),
                "reset" => whole.reset = whole.reset.or_else(|| known(text, now)),
                _ => {}
            }
        }
        told.hear(own);
    }
    told.hear(whole);
}

fn known(text: &str, now: SystemTime) -> Option<Reset> {
    Some(reset(text, now)).filter(|reset| *reset != Reset::Unknown)
}

/// The parts between separators, which do not count inside quotes.
fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |char: char| {
        let literal = escaped;
        escaped = quoted && !literal && char == '\\';
        if char == '"' && !literal {
            quoted = !quoted;
        }
        !quoted && char == char::from(separator)
    })
}
