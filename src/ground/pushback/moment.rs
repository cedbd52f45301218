//! What the values say: durations, dates and counts in the dialects that servers speak.
//!
//! Integers throughout: "0.1" seconds are 100 ms and not a nanosecond more, and what is not a number
//! of decimal digits (`NaN`, `inf`, `1e9`) is garbage.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What asks for more is garbage: a moment read as a duration, a count that ran over.
pub(super) const ABSURD: Duration = Duration::from_secs(10 * 365 * 86_400);

/// From here on a number is a moment in milliseconds and no longer in seconds: the year 5138, or
/// 1973 in milliseconds.
const EPOCH_MILLIS: Duration = Duration::from_secs(100_000_000_000);

const SECOND: u128 = 1_000_000_000;
const MILLISECOND: u128 = 1_000_000;

/// When a quota is whole again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// So long from now.
    In(Duration),
    /// It has been, or the server does not know (0, -1): what else it says of the bucket is stale.
    Past,
    /// It cannot be read.
    Unknown,
}

/// A number of milliseconds.
pub(super) fn millis(text: &str) -> Option<Duration> {
    sane(scaled(text, MILLISECOND)?)
}

/// `Retry-After`: a number of seconds, or a date. A date that has passed asks for no wait at all.
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Some(nanos) = scaled(text, SECOND) {
        return sane(nanos);
    }
    let at = httpdate::parse_http_date(text).ok()?;
    sane(at.duration_since(now).unwrap_or_default().as_nanos())
}

/// The reset of a bucket: seconds from now, seconds or milliseconds since 1970, a Go duration, or a
/// date of either kind.
pub(super) fn reset(text: &str, now: SystemTime) -> Reset {
    if text.starts_with('-') {
        return Reset::Past;
    }
    let wait = match scaled(text, SECOND) {
        Some(nanos) => match saturated(nanos) {
            wait if wait <= ABSURD => Some(wait),
            epoch if epoch < EPOCH_MILLIS => until(UNIX_EPOCH.checked_add(epoch), now),
            epoch => until(UNIX_EPOCH.checked_add(epoch / 1000), now),
        },
        None => go_duration(text).map(saturated).or_else(|| {
            until(rfc_3339(text).or_else(|| httpdate::parse_http_date(text).ok()), now)
        }),
    };
    match wait {
        Some(Duration::ZERO) => Reset::Past,
        Some(wait) if wait <= ABSURD => Reset::In(wait),
        _ => Reset::Unknown,
    }
}

/// A count; what is left of a fraction is nothing.
pub(super) fn count(text: &str) -> Option<u64> {
    scaled(text, 1).and_then(|count| u64::try_from(count).ok())
}

fn sane(nanos: u128) -> Option<Duration> {
    Some(saturated(nanos)).filter(|wait| *wait <= ABSURD)
}

fn saturated(nanos: u128) -> Duration {
    let part = u32::try_from(nanos % SECOND).unwrap_or(0);
    u64::try_from(nanos / SECOND).map_or(Duration::MAX, |whole| Duration::new(whole, part))
}

/// How long until then; nothing if it has been.
fn until(at: Option<SystemTime>, now: SystemTime) -> Option<Duration> {
    at.map(|at| at.duration_since(now).unwrap_or_default())
}

/// A decimal number in units of `unit`; the fraction to the nanosecond. Nothing if it is none.
fn scaled(text: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { u128::from(whole.parse::<u64>().ok()?) };
    let fraction = &fraction[..fraction.len().min(9)];
    let mut part = unit;
    let mut nanos = whole.checked_mul(unit)?;
    for digit in fraction.bytes() {
        part /= 10;
        nanos = nanos.checked_add(part * u128::from(digit - b'0'))?;
    }
    Some(nanos)
}

/// `12ms`, `1s`, `6m0s`, `1h2m3.5s`; days besides, which Go has not.
fn go_duration(mut text: &str) -> Option<u128> {
    const UNITS: [(&str, u128); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", MILLISECOND),
        ("s", SECOND),
        ("m", 60 * SECOND),
        ("h", 3_600 * SECOND),
        ("d", 86_400 * SECOND),
    ];

    if text.is_empty() {
        return None;
    }
    let mut nanos = 0_u128;
    while !text.is_empty() {
        let unit_at = text.find(|char: char| char != '.' && !char.is_ascii_digit())?;
        let (number, rest) = text.split_at(unit_at);
        let end = rest.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name)?;
        nanos = nanos.checked_add(scaled(number, *unit)?)?;
        text = rest;
    }
    Some(nanos)
}

/// `2026-11-20T15:00:00Z`, with a fraction of a second and an offset where they are wanted.
fn rfc_3339(text: &str) -> Option<SystemTime> {
    let field = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
    };
    let mark = |at: usize, marks: &[u8]| text.as_bytes().get(at).is_some_and(|b| marks.contains(b));
    let marked = mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":");
    if !marked || !mark(16, b":") {
        return None;
    }
    let days = days(field(0, 4)?, field(5, 7)?, field(8, 10)?)?;
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    // A leap second is the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let zone_at = rest.find(|char: char| char != '.' && !char.is_ascii_digit())?;
    let (fraction, zone) = rest.split_at(zone_at);
    let fraction = match fraction {
        "" => 0,
        "." => return None,
        _ => fraction.starts_with('.').then(|| scaled(fraction, SECOND))??,
    };
    let east = offset(zone)?;
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let seconds = u64::try_from(days * 86_400 + seconds - east).ok()?;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds).checked_add(saturated(fraction))?)
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "Z" | "z") {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let two = |text: &str, below: i64| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number: &i64| digits && *number < below)
    };
    let seconds = two(hours, 24)? * 3600 + two(minutes, 60)? * 60;
    match zone.as_bytes().first()? {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Days from 1970 to this date, which must be one of the Gregorian calendar.
fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // Years that begin in March, so that the leap day is the last of its year.
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    let before = i64::from(year) * 365 + i64::from(leaps) + i64::from((153 * month + 2) / 5);
    Some(before + i64::from(day) - 1 - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fri, 20 Nov 2026 15:00:00 GMT.
    const NOW: u64 = 1_795_186_800;

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }

    fn ms(millis: u64) -> Option<Duration> {
        Some(Duration::from_millis(millis))
    }

    #[test]
    fn numbers_are_decimal_and_exact() {
        for (text, expected) in [
            ("0", ms(0)),
            ("1", ms(1000)),
            ("120", ms(120_000)),
            ("0.1", ms(100)),
            ("1.5", ms(1500)),
            (".5", ms(500)),
            ("5.", ms(5000)),
            ("0.0000000019", Some(Duration::from_nanos(1))),
            ("315360000", Some(ABSURD)),
            ("315360000.000000001", None),
            ("1795186800", None),
            ("18446744073709551615", None),
            ("99999999999999999999999999", None),
            ("-1", None),
            ("-0", None),
            ("+1", None),
            ("1e3", None),
            ("NaN", None),
            ("inf", None),
            ("infinity", None),
            ("", None),
            (".", None),
            ("1.2.3", None),
            ("0x10", None),
            ("1 2", None),
            ("30s", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, now()), expected, "{text:?}");
        }
        for (text, expected) in [("250", ms(250)), ("0.5", Some(Duration::from_micros(500)))] {
            assert_eq!(millis(text), expected);
        }
    }

    #[test]
    fn a_date_is_read_in_all_three_formats_and_asks_for_nothing_once_it_has_passed() {
        for (text, expected) in [
            ("Fri, 20 Nov 2026 15:00:10 GMT", ms(10_000)),
            ("Friday, 20-Nov-26 15:00:10 GMT", ms(10_000)),
            ("Fri Nov 20 15:00:10 2026", ms(10_000)),
            ("Fri, 20 Nov 2026 15:00:00 GMT", ms(0)),
            ("Fri, 20 Nov 2026 14:59:59 GMT", ms(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", ms(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", ms(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None),
            ("Fri, 20 Nov 2026", None),
        ] {
            assert_eq!(retry_after(text, now()), expected, "{text:?}");
        }
    }

    #[test]
    fn resets_are_read_in_every_dialect() {
        let after = |seconds| Reset::In(Duration::from_secs(seconds));
        for (text, expected) in [
            ("30", after(30)),
            ("0.5", Reset::In(Duration::from_millis(500))),
            ("0", Reset::Past),
            ("0.0", Reset::Past),
            ("-1", Reset::Past),
            ("1795186830", after(30)),
            ("1795186830.5", Reset::In(Duration::from_millis(30_500))),
            ("1795186830000", after(30)),
            ("1795186800", Reset::Past),
            ("1795186799", Reset::Past),
            ("1795186799000", Reset::Past),
            ("315360000", Reset::In(ABSURD)),
            ("315360001", Reset::Past),
            ("2425906800", Reset::Unknown),
            ("18446744073709551615", Reset::Unknown),
            ("12ms", Reset::In(Duration::from_millis(12))),
            ("1s", after(1)),
            ("6m0s", after(360)),
            ("1h2m3.5s", Reset::In(Duration::from_millis(3_723_500))),
            ("1m", after(60)),
            ("250us", Reset::In(Duration::from_micros(250))),
            ("7ns", Reset::In(Duration::from_nanos(7))),
            ("2d", after(172_800)),
            ("0s", Reset::Past),
            ("1000000h", Reset::Unknown),
            ("s", Reset::Unknown),
            ("1s2", Reset::Unknown),
            ("1x", Reset::Unknown),
            ("1..5s", Reset::Unknown),
            ("2026-11-20T15:00:30Z", after(30)),
            ("2026-11-20t15:00:30.250z", Reset::In(Duration::from_millis(30_250))),
            ("2026-11-20T16:30:30+01:30", after(30)),
            ("2026-11-20T10:00:30-05:00", after(30)),
            ("2026-11-20T15:00:00Z", Reset::Past),
            ("1970-01-01T00:00:00Z", Reset::Past),
            ("1969-12-31T23:59:59Z", Reset::Unknown),
            ("0000-01-01T00:00:00Z", Reset::Unknown),
            ("9999-12-31T23:59:59Z", Reset::Unknown),
            ("2026-11-20T15:00:30", Reset::Unknown),
            ("2026-11-20T15:00:30.Z", Reset::Unknown),
            ("2026-11-20T24:00:30Z", Reset::Unknown),
            ("2026-13-20T15:00:30Z", Reset::Unknown),
            ("2026-11-31T15:00:30Z", Reset::Unknown),
            ("2027-02-29T15:00:30Z", Reset::Unknown),
            ("2026-11-20T15:00:30+1:30", Reset::Unknown),
            ("Fri, 20 Nov 2026 15:00:30 GMT", after(30)),
            ("", Reset::Unknown),
            ("NaN", Reset::Unknown),
            ("soon", Reset::Unknown),
        ] {
            assert_eq!(reset(text, now()), expected, "{text:?}");
        }
    }

    #[test]
    fn days_of_the_calendar_are_those_of_the_other_reader_of_dates() {
        // Every day of four centuries and some, against httpdate.
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
        let mut expected = 0;
        for year in 1970..2405_u32 {
            for month in 1..=12_u32 {
                for day in 1..=31_u32 {
                    let Some(days) = days(year, month, day) else { continue };
                    assert_eq!(days, expected, "{year}-{month}-{day}");
                    expected += 1;
                    let at = (month as usize - 1) * 3;
                    let (weekday, name) = (names[days as usize % 7], &months[at..at + 3]);
                    let text = format!("{weekday}, {day:02} {name} {year} 00:00:00 GMT");
                    let date = httpdate::parse_http_date(&text).unwrap();
                    let since = date.duration_since(UNIX_EPOCH).unwrap();
                    assert_eq!(since.as_secs(), days as u64 * 86_400, "{text}");
                }
            }
        }
    }
}
