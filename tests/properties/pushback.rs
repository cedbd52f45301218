//! Headers of any kind: no panic, and no wait that nobody could mean.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use buttress::pushback::Pushback;
use http::{HeaderMap, HeaderName, HeaderValue};
use httpdate::fmt_http_date;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{YEAR, cases};

const NAMES: [&str; 18] = [
    "grpc-retry-pushback-ms",
    "retry-after-ms",
    "x-ms-retry-after-ms",
    "retry-after",
    "ratelimit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "x-should-retry",
];

/// Values that are nearly something.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        vec(select(b"0123456789.,;:=-+TZ hmsrtGd\"\\ueF".to_vec()), 0..30),
        "-?[0-9]{0,25}(\\.[0-9]{0,25})?(ns|us|ms|s|m|h|d)?".prop_map(String::into_bytes),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,12})?(Z|[+-][0-9]{2}:[0-9]{2})"
            .prop_map(String::into_bytes),
        "[A-Z][a-z]{2}, [0-9]{2} (Jan|Feb|Nov) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
            .prop_map(String::into_bytes),
        "\"?[a-z]{0,3}\"?;r=[0-9]{0,3};t=-?[0-9]{0,20}(, \"b\";r=0;t=[0-9]{1,12})?"
            .prop_map(String::into_bytes),
    ]
}

fn heard(headers: &[(&'static str, Vec<u8>)], now: SystemTime) -> Pushback {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(HeaderName::from_static(name), value);
        }
    }
    Pushback::from_headers(&map, now)
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn no_header_panics_or_asks_for_an_absurd_wait(
        headers in vec((select(NAMES.to_vec()), value()), 0..8),
        now in prop_oneof![Just(0), 0..4_000_000_000_u64, Just(253_402_300_799)],
    ) {
        let pushback = heard(&headers, UNIX_EPOCH + Duration::from_secs(now));
        prop_assert!(pushback.wait.is_none_or(|wait| wait <= 10 * YEAR), "{pushback:?}");
        if pushback.again == Some(true) {
            prop_assert!(headers.iter().any(|(name, _)| *name == "x-should-retry"));
        }
    }

    #[test]
    fn every_dialect_of_one_wait_is_the_same_wait(
        seconds in prop_oneof![select(vec![1, 10, 60, 3600, 86_400, 31_536_000]), 1..100_000_000_u64],
        now in 1_000_000_000..4_000_000_000_u64,
    ) {
        let at = UNIX_EPOCH + Duration::from_secs(now);
        let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
        for reset in [
            seconds.to_string(),
            format!("{seconds}.000"),
            (now + seconds).to_string(),
            ((now + seconds) * 1000).to_string(),
            format!("{seconds}s"),
            format!("{}ms", seconds * 1000),
            format!("{hours}h{minutes}m{}s", seconds % 60),
            fmt_http_date(at + Duration::from_secs(seconds)),
        ] {
            let headers = [
                ("x-ratelimit-remaining-tokens", b"0".to_vec()),
                ("x-ratelimit-reset-tokens", reset.clone().into_bytes()),
            ];
            let wait = heard(&headers, at).wait;
            prop_assert_eq!(wait, Some(Duration::from_secs(seconds)), "{}", reset);
        }
        for (name, value) in [
            ("retry-after", seconds.to_string()),
            ("retry-after", fmt_http_date(at + Duration::from_secs(seconds))),
            ("retry-after-ms", (seconds * 1000).to_string()),
            ("ratelimit", format!("\"day\";r=0;t={seconds}")),
            ("ratelimit", format!("limit=5, remaining=0, reset={seconds}")),
        ] {
            let wait = heard(&[(name, value.clone().into_bytes())], at).wait;
            prop_assert_eq!(wait, Some(Duration::from_secs(seconds)), "{}: {}", name, value);
        }
    }
}

/// Inputs that break parsers of dates and numbers, in every header there is.
#[test]
fn nor_do_these() {
    for value in [
        "",
        " ",
        "-",
        ".",
        "..",
        "-.",
        "=",
        ";",
        ",",
        "\"",
        "\"\\",
        "r=",
        "r=;t=",
        "r=0;t=99999999999999999999",
        "0000-00-00T00:00:00Z",
        "9999-12-31T23:59:60+23:59",
        "9999-12-31T23:59:60-23:59",
        "1970-01-01T00:00:00+23:59",
        "2026-11-20T15:00:30.99999999999999999999Z",
        "99999999999999999999h",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
        "0.00000000000000000000000000000001",
        "1e400",
        "NaN",
        "-inf",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 00 Jan 0000 00:00:00 GMT",
    ] {
        for name in NAMES {
            let headers = [
                (name, value.as_bytes().to_vec()),
                ("x-ratelimit-remaining", b"0".to_vec()),
                ("x-ratelimit-remaining-requests", b"0".to_vec()),
            ];
            for now in [0, 1_795_186_800, 253_402_300_799] {
                let wait = heard(&headers, UNIX_EPOCH + Duration::from_secs(now)).wait;
                assert!(wait.is_none_or(|wait| wait <= 10 * YEAR), "{name}: {value:?}");
            }
        }
    }
}
