//! Numbers with letters in them.

use super::{
    super::{class::ALNUM, grammar::Found, view::View},
    checks::{is_date, mod_97, two},
    kind,
};

/// How long an IBAN is, by country.
const IBANS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30";

/// The number around the first digit at `at`.
pub(super) fn around(view: &View<'_>, at: usize) -> Option<(Found, u16, bool)> {
    let letters = view.run_back(at, &ALNUM, 6);
    match at - letters {
        2 => iban(view, letters).or_else(|| nino(view, letters, at)),
        1 => spanish(view, letters, at).or_else(|| singapore(view, letters, at)),
        0 => nif(view, at).or_else(|| finnish(view, at)),
        6 => fiscal_code(view, letters),
        _ => None,
    }
    .filter(|_| {
        letters == 0
            || !view
                .before(letters)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

fn one(start: usize, end: usize, name: &str) -> Option<(Found, u16, bool)> {
    Some((Found::one(start, end), kind(name), true))
}

/// Whether no word goes on at `end`.
fn ends(view: &View<'_>, end: usize) -> bool {
    !view.in_class(end, &ALNUM)
}

fn iban(view: &View<'_>, start: usize) -> Option<(Found, u16, bool)> {
    let country = view.slice(start, start + 2);
    let entry = IBANS.split(' ').find(|entry| entry.as_bytes().starts_with(country))?;
    let length: usize = entry.get(2..)?.parse().ok()?;
    let (mut text, mut count, mut at) = ([0_u8; 34], 0, start);
    while count < length {
        match view.get(at)? {
            byte if byte.is_ascii_digit() || byte.is_ascii_uppercase() => {
                *text.get_mut(count)? = byte;
                count += 1;
            }
            b' ' | b'-' if at > start + 3 && view.in_class(at + 1, &ALNUM) => {}
            _ => return None,
        }
        at += 1;
    }
    let goes_on = view.is(at, b' ') && view.get(at + 1).is_some_and(|next| next.is_ascii_digit());
    (ends(view, at) && !goes_on && mod_97(text.get(..length)?)).then_some(())?;
    one(start, at, "iban")
}

fn digits(view: &View<'_>, at: usize, count: usize) -> Option<u32> {
    let text = view.slice(at, at + count);
    let sound = text.len() == count && text.iter().all(u8::is_ascii_digit);
    sound.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
}

/// The letter that the check of a Spanish number asks for.
const SPANISH: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

fn spanish(view: &View<'_>, start: usize, at: usize) -> Option<(Found, u16, bool)> {
    let first = match view.get(start)?.to_ascii_uppercase() {
        b'X' => 0,
        b'Y' => 10_000_000,
        b'Z' => 20_000_000,
        _ => return None,
    };
    let number = first + digits(view, at, 7)?;
    let end = if view.is(at + 7, b'-') { at + 8 } else { at + 7 };
    let letter = view.get(end)?.to_ascii_uppercase();
    (letter == SPANISH[(number % 23) as usize] && ends(view, end + 1)).then_some(())?;
    one(start, end + 1, "es-nie")
}

fn nif(view: &View<'_>, at: usize) -> Option<(Found, u16, bool)> {
    let number = digits(view, at, 8)?;
    let end = if view.is(at + 8, b'-') { at + 9 } else { at + 8 };
    let letter = view.get(end)?;
    (letter.to_ascii_uppercase() == SPANISH[(number % 23) as usize] && ends(view, end + 1))
        .then_some(())?;
    one(at, end + 1, "es-nif")
}

fn nino(view: &View<'_>, start: usize, at: usize) -> Option<(Found, u16, bool)> {
    let letters = view.slice(start, at).to_ascii_uppercase();
    let (first, second) = (*letters.first()?, *letters.get(1)?);
    let odd = b"DFIQUV".contains(&first)
        || b"DFIOQUV".contains(&second)
        || [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].iter().any(|pair| letters == *pair);
    let mut end = at;
    for _ in 0..3 {
        digits(view, end, 2)?;
        end += 2;
        if view.is(end, b' ') {
            end += 1;
        }
    }
    let last = view.get(end)?.to_ascii_uppercase();
    (!odd && matches!(last, b'A'..=b'D') && ends(view, end + 1)).then_some(())?;
    one(start, end + 1, "uk-nino")
}

fn singapore(view: &View<'_>, start: usize, at: usize) -> Option<(Found, u16, bool)> {
    let first = view.get(start)?;
    digits(view, at, 7)?;
    let text = view.slice(at, at + 7);
    let sum: u32 = text
        .iter()
        .zip([2, 7, 6, 5, 4, 3, 2])
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let (add, table): (u32, &[u8; 11]) = match first {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        _ => return None,
    };
    (view.get(at + 7)? == table[((sum + add) % 11) as usize] && ends(view, at + 8)).then_some(())?;
    one(start, at + 8, "sg-fin")
}

fn finnish(view: &View<'_>, at: usize) -> Option<(Found, u16, bool)> {
    let day = digits(view, at, 6)?;
    let number = digits(view, at + 7, 3)?;
    let text: Vec<u8> = view.slice(at, at + 6).iter().map(|digit| digit - b'0').collect();
    let century = matches!(view.get(at + 6)?, b'-' | b'+' | b'A'..=b'F' | b'U'..=b'Y');
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY"[((day * 1000 + number) % 31) as usize];
    (century
        && is_date(two(&text, 2), two(&text, 0))
        && view.get(at + 10)? == check
        && ends(view, at + 11))
    .then_some(())?;
    one(at, at + 11, "fi-hetu")
}

fn fiscal_code(view: &View<'_>, start: usize) -> Option<(Found, u16, bool)> {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let text = view.slice(start, start + 16).to_ascii_uppercase();
    let shape = b"LLLLLLDDLDDLDDDL";
    let fits = text.len() == 16
        && text.iter().zip(shape).all(|(byte, kind)| {
            if *kind == b'L' {
                byte.is_ascii_uppercase()
            } else {
                byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte)
            }
        });
    if !fits || !ends(view, start + 16) {
        return None;
    }
    let sum: u32 = text
        .iter()
        .take(15)
        .enumerate()
        .map(|(at, byte)| {
            let value = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
            if at % 2 == 0 {
                ODD.get(usize::from(value)).copied().unwrap_or_default()
            } else {
                u32::from(value)
            }
        })
        .sum();
    (text.last()? - b'A' == (sum % 26) as u8).then_some(())?;
    one(start, start + 16, "it-fiscal-code")
}
