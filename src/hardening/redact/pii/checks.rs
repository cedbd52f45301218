//! Check digits.

/// Luhn's: cards and many others.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(*digit);
            let doubled = if at % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum % 10 == 0 && digits.iter().any(|digit| *digit != 0)
}

/// The sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Verhoeff's, over all digits.
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const SWAP: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let dihedral = |a: u8, b: u8| {
        let (a, b) = (i16::from(a), i16::from(b));
        let sum = match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => (a + b - 5) % 5 + 5,
            (false, true) => (a - 5 - b + 10) % 5 + 5,
            (false, false) => (a - b + 5) % 5,
        };
        sum as u8
    };
    let mut check = 0;
    for (at, digit) in digits.iter().rev().enumerate() {
        let mut digit = *digit;
        for _ in 0..at % 8 {
            digit = SWAP.get(usize::from(digit)).copied().unwrap_or_default();
        }
        check = dihedral(check, digit);
    }
    check == 0
}

/// ISO 7064, mod 11 and 10.
pub(super) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, digits)) = digits.split_last() else {
        return false;
    };
    let product = digits.iter().fold(10_u32, |product, digit| {
        let sum = (u32::from(*digit) + product) % 10;
        (if sum == 0 { 10 } else { sum } * 2) % 11
    });
    (11 - product) % 10 == u32::from(*check)
}

/// ISO 7064, mod 97 and 10, of letters and digits with the first four moved to the end.
pub(super) fn mod_97(text: &[u8]) -> bool {
    let (head, tail) = text.split_at(text.len().min(4));
    let rest = tail.iter().chain(head).try_fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => Some((rest * 10 + u32::from(byte - b'0')) % 97),
        b'A'..=b'Z' => Some((rest * 100 + u32::from(byte - b'A') + 10) % 97),
        _ => None,
    });
    rest == Some(1)
}

/// Whether month and day may be those of a date.
pub(super) fn is_date(month: u32, day: u32) -> bool {
    (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && !(month == 2 && day > 29)
        && !(matches!(month, 4 | 6 | 9 | 11) && day > 30)
}

/// Two digits as a number.
pub(super) fn two(digits: &[u8], at: usize) -> u32 {
    match digits.get(at..at + 2) {
        Some([tens, ones]) => u32::from(*tens) * 10 + u32::from(*ones),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().map(|byte| byte - b'0').collect()
    }

    #[test]
    fn published_examples() {
        assert!(luhn(&digits("79927398713")) && !luhn(&digits("79927398710")));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(mod_11_10(&digits("07945")) && !mod_11_10(&digits("07946")));
        assert!(mod_97(b"GB82WEST12345698765432") && !mod_97(b"GB82WEST12345698765431"));
    }
}
