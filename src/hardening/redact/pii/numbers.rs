//! Numbers of digits alone, with blanks and dashes between.

use super::{
    super::{grammar::Found, view::View},
    checks::{is_date, luhn, two, verhoeff, weighted},
    has_context, kind,
    persons::{
        is_abn, is_bsn, is_card, is_cpf, is_german, is_itin, is_korean, is_nhs, is_npi, is_pesel,
        is_ssn, is_swedish, is_thai, is_turkish,
    },
};

/// The digits of a number and where its groups end.
struct Digits {
    digits: [u8; 20],
    count: usize,
    /// How many digits there are at the end of each group, and the place behind it.
    groups: [(usize, usize); 8],
    ends: usize,
}

impl Digits {
    fn at(view: &View<'_>, start: usize) -> Self {
        let mut number = Self { digits: [0; 20], count: 0, groups: [(0, 0); 8], ends: 0 };
        let mut at = start;
        while number.count < 20 {
            match view.get(at) {
                Some(byte) if byte.is_ascii_digit() => {
                    number.digits[number.count] = byte - b'0';
                    number.count += 1;
                    at += 1;
                }
                Some(b' ' | b'-' | b'.' | b'/')
                    if view.get(at + 1).is_some_and(|next| next.is_ascii_digit()) =>
                {
                    if !number.end(at) {
                        return number;
                    }
                    at += 1;
                }
                _ => break,
            }
        }
        // More digits than any number has, or a letter: the last group is none.
        if !view.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            number.end(at);
        }
        number
    }

    /// Whether the groups up to this one are as they are printed on cards.
    fn is_grouped_as_card(&self, last: usize) -> bool {
        let mut before = 0;
        let mut lengths = [0; 8];
        for (length, (count, _)) in lengths.iter_mut().zip(&self.groups).take(last + 1) {
            (*length, before) = (count - before, *count);
        }
        matches!(
            lengths.get(..=last),
            Some([4, 4, 4, 4] | [4, 4, 4, 4, 3] | [4, 6, 5] | [4, 6, 4] | [4, 4, 4, 1])
        )
    }

    fn end(&mut self, at: usize) -> bool {
        let room = self.groups.get_mut(self.ends);
        let there = room.is_some();
        if let Some(room) = room {
            *room = (self.count, at);
            self.ends += 1;
        }
        there
    }
}

/// What a number of so many digits may be.
struct Id {
    name: &'static str,
    lengths: &'static [usize],
    check: fn(&[u8]) -> bool,
    /// The lengths of its groups, as it is usually written; with these it needs no word before it.
    groups: &'static [usize],
    words: &'static [&'static str],
    /// It needs a word before it, however it is written.
    shy: bool,
}

/// In the order in which they are tried.
static IDS: &[Id] = &[
    Id {
        name: "card",
        lengths: &[13, 14, 15, 16, 19],
        check: is_card,
        groups: &[],
        words: &[],
        shy: false,
    },
    Id {
        name: "us-ssn",
        lengths: &[9],
        check: is_ssn,
        groups: &[3, 2, 4],
        words: &["ssn", "ssns", "social security", "social"],
        shy: true,
    },
    Id {
        name: "us-itin",
        lengths: &[9],
        check: is_itin,
        groups: &[3, 2, 4],
        words: &["itin", "taxpayer"],
        shy: true,
    },
    Id {
        name: "ca-sin",
        lengths: &[9],
        check: |digits| luhn(digits) && !matches!(digits.first(), Some(0 | 8)),
        groups: &[3, 3, 3],
        words: &["sin", "social insurance"],
        shy: false,
    },
    Id {
        name: "au-medicare",
        lengths: &[10],
        check: |digits| {
            matches!(digits.first(), Some(2..=6))
                && weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == u32::from(digits[8])
        },
        groups: &[4, 5, 1],
        words: &["medicare"],
        shy: false,
    },
    Id {
        name: "uk-nhs",
        lengths: &[10],
        check: is_nhs,
        groups: &[3, 3, 4],
        words: &["nhs"],
        shy: false,
    },
    Id {
        name: "au-tfn",
        lengths: &[8, 9],
        check: |digits| weighted(digits, &[1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0,
        groups: &[],
        words: &["tfn", "tax file"],
        shy: true,
    },
    Id {
        name: "nl-bsn",
        lengths: &[9],
        check: is_bsn,
        groups: &[],
        words: &["bsn", "burgerservicenummer", "sofinummer"],
        shy: true,
    },
    Id {
        name: "au-abn",
        lengths: &[11],
        check: is_abn,
        groups: &[2, 3, 3, 3],
        words: &["abn", "business number"],
        shy: false,
    },
    Id {
        name: "pl-pesel",
        lengths: &[11],
        check: is_pesel,
        groups: &[11],
        words: &["pesel"],
        shy: false,
    },
    Id {
        name: "tr-id",
        lengths: &[11],
        check: is_turkish,
        groups: &[11],
        words: &["tckn", "kimlik"],
        shy: false,
    },
    Id {
        name: "de-tax-id",
        lengths: &[11],
        check: is_german,
        groups: &[11],
        words: &["steuer", "tin", "idnr", "steuernummer"],
        shy: false,
    },
    Id {
        name: "br-cpf",
        lengths: &[11],
        check: is_cpf,
        groups: &[3, 3, 3, 2],
        words: &["cpf"],
        shy: false,
    },
    Id {
        name: "se-personnummer",
        lengths: &[10, 12],
        check: is_swedish,
        groups: &[6, 4],
        words: &["personnummer", "personal number"],
        shy: false,
    },
    Id {
        name: "se-personnummer",
        lengths: &[12],
        check: is_swedish,
        groups: &[8, 4],
        words: &["personnummer"],
        shy: false,
    },
    Id {
        name: "in-aadhaar",
        lengths: &[12],
        check: |digits| verhoeff(digits) && matches!(digits.first(), Some(2..=9)),
        groups: &[4, 4, 4],
        words: &["aadhaar", "uidai"],
        shy: false,
    },
    Id {
        name: "kr-rrn",
        lengths: &[13],
        check: is_korean,
        groups: &[6, 7],
        words: &["rrn"],
        shy: false,
    },
    Id {
        name: "za-id",
        lengths: &[13],
        check: |digits| {
            luhn(digits) && is_date(two(digits, 2), two(digits, 4)) && matches!(digits[10], 0..=2)
        },
        groups: &[13],
        words: &["id"],
        shy: false,
    },
    Id {
        name: "th-id",
        lengths: &[13],
        check: is_thai,
        groups: &[1, 4, 5, 2, 1],
        words: &["thai", "tnin"],
        shy: false,
    },
    Id {
        name: "us-npi",
        lengths: &[10],
        check: is_npi,
        groups: &[],
        words: &["npi", "national provider"],
        shy: true,
    },
];

/// The number that begins at `start`.
pub(super) fn at(view: &View<'_>, start: usize) -> Option<(Found, u16, bool)> {
    let apart = !view
        .before(start)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    if !apart {
        return None;
    }
    let number = Digits::at(view, start);
    if number.count < 8 {
        return phone(view, start, &number);
    }
    for (group, (count, end)) in number.groups.iter().enumerate().take(number.ends).rev() {
        let digits = number.digits.get(..*count)?;
        for id in IDS.iter().filter(|id| id.lengths.contains(count)) {
            let mut before = 0;
            let written = id.groups.len() == group + 1
                && id.groups.iter().zip(&number.groups).all(|(length, (count, _))| {
                    let fits = count - before == *length;
                    before = *count;
                    fits
                });
            let card = id.name == "card";
            let one = group == 0 || card && number.is_grouped_as_card(group);
            let named = || has_context(view, start, id.words);
            // One of many numbers in a row is none, unless a word says so.
            let written = written && group + 1 == number.ends;
            let fits =
                if id.shy { named() } else { written || (id.words.is_empty() && one) || named() };
            if fits && (id.check)(digits) && !is_followed(view, *end) {
                return Some((Found::one(start, *end), kind(id.name), true));
            }
        }
    }
    phone(view, start, &number)
}

/// Whether the number goes on in a way that numbers of persons do not.
fn is_followed(view: &View<'_>, end: usize) -> bool {
    view.is(end, b'-') && view.get(end + 1).is_some_and(|next| next.is_ascii_alphanumeric())
        || view.is(end, b'.') && view.get(end + 1).is_some_and(|next| next.is_ascii_digit())
}

/// A number behind a word for it.
fn phone(view: &View<'_>, start: usize, number: &Digits) -> Option<(Found, u16, bool)> {
    let (count, end) = number.groups.get(number.ends.checked_sub(1)?).copied()?;
    let words = [
        "phone",
        "tel",
        "telephone",
        "mobile",
        "cell",
        "fax",
        "whatsapp",
        "phone number",
        "telefon",
        "handy",
    ];
    // The end of a number that is too long for a phone's.
    let inner = matches!(view.before(start), Some(b' ' | b'-' | b'.'))
        && start
            .checked_sub(1)
            .and_then(|at| view.before(at))
            .is_some_and(|byte| byte.is_ascii_digit());
    let fits = !inner && (7..=15).contains(&count) && has_context(view, start, &words);
    fits.then(|| (Found::one(start, end), kind("phone"), false))
}

/// `+49 30 901820`.
pub(super) fn international(view: &View<'_>, at: usize) -> Option<(Found, u16, bool)> {
    let apart = !view.before(at).is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'_' | b'/' | b'=')
    });
    if !apart || !matches!(view.get(at + 1), Some(b'1'..=b'9')) {
        return None;
    }
    let (mut end, mut digits, mut last) = (at + 1, 0, at + 1);
    let (mut marks, mut dots) = (0, 0);
    while end - at < 28 && digits <= 15 {
        match view.get(end) {
            Some(byte) if byte.is_ascii_digit() => {
                marks += usize::from(end > last);
                dots += usize::from(end > last && view.before(end) == Some(b'.'));
                digits += 1;
                end += 1;
                last = end;
            }
            Some(b' ' | b'-' | b'.' | b'(' | b')') => end += 1,
            _ => break,
        }
    }
    let apart = !view.get(last).is_some_and(|byte| byte.is_ascii_alphanumeric());
    // A number with a sign, or a place on the globe.
    let counted = dots == 1 || (marks == 0 && digits < 10);
    ((8..=15).contains(&digits) && apart && !counted)
        .then(|| (Found::one(at, last), kind("phone"), false))
}
