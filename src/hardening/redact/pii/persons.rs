//! What makes a number one of a card or of a person.

use super::checks::{is_date, luhn, mod_11_10, two, weighted};

pub(super) fn is_card(digits: &[u8]) -> bool {
    let number = |count: usize| {
        digits.iter().take(count).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit))
    };
    let (one, two, three, four) = (number(1), number(2), number(3), number(4));
    let issued = match digits.len() {
        13 | 19 if one == 4 => true,
        14 => two == 36 || two == 38 || two == 39 || (300..=305).contains(&three),
        15 => two == 34 || two == 37,
        16 => {
            one == 4
                || (51..=55).contains(&two)
                || (2221..=2720).contains(&four)
                || four == 6011
                || two == 65
                || (644..=649).contains(&three)
                || two == 35
                || two == 62
                || four == 6304
                || two == 50
        }
        19 => two == 62,
        _ => false,
    };
    issued && luhn(digits)
}

pub(super) fn is_ssn(digits: &[u8]) -> bool {
    let area = two(digits, 0) * 10 + u32::from(digits[2]);
    area != 0
        && area != 666
        && area < 900
        && two(digits, 3) != 0
        && two(digits, 5) + two(digits, 7) != 0
}

pub(super) fn is_itin(digits: &[u8]) -> bool {
    digits[0] == 9 && matches!(two(digits, 3), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

pub(super) fn is_nhs(digits: &[u8]) -> bool {
    let rest = 11 - weighted(digits, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    rest != 10 && rest % 11 == u32::from(digits[9])
}

pub(super) fn is_bsn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]) as i64 - i64::from(digits[8]);
    sum > 0 && sum % 11 == 0
}

pub(super) fn is_abn(digits: &[u8]) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    digits[0] > 0 && (weighted(digits, &WEIGHTS) - 10) % 89 == 0
}

pub(super) fn is_pesel(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    sum % 10 == 0 && is_date(two(digits, 2) % 20, two(digits, 4))
}

pub(super) fn is_turkish(digits: &[u8]) -> bool {
    let odd: i32 = digits.iter().step_by(2).take(5).map(|digit| i32::from(*digit)).sum();
    let even: i32 = digits.iter().skip(1).step_by(2).take(4).map(|digit| i32::from(*digit)).sum();
    let all: i32 = digits.iter().take(10).map(|digit| i32::from(*digit)).sum();
    digits[0] != 0
        && (odd * 7 - even).rem_euclid(10) == i32::from(digits[9])
        && all % 10 == i32::from(digits[10])
}

pub(super) fn is_german(digits: &[u8]) -> bool {
    let mut counts = [0_u8; 10];
    for digit in digits.iter().take(10) {
        counts[usize::from(*digit) % 10] += 1;
    }
    let more = counts.iter().filter(|count| **count > 1).count();
    digits[0] != 0 && more == 1 && counts.iter().all(|count| *count <= 3) && mod_11_10(digits)
}

pub(super) fn is_cpf(digits: &[u8]) -> bool {
    let check = |count: usize| {
        let sum: u32 = digits
            .iter()
            .take(count)
            .enumerate()
            .map(|(at, digit)| u32::from(*digit) * (count as u32 + 1 - at as u32))
            .sum();
        sum * 10 % 11 % 10 == u32::from(digits[count])
    };
    digits.iter().any(|digit| *digit != digits[0]) && check(9) && check(10)
}

pub(super) fn is_swedish(digits: &[u8]) -> bool {
    let digits = digits.get(digits.len().saturating_sub(10)..).unwrap_or_default();
    let day = two(digits, 4);
    luhn(digits) && is_date(two(digits, 2), if day > 60 { day - 60 } else { day })
}

pub(super) fn is_korean(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
    let check = (11 - sum % 11) % 10 == u32::from(digits[12]);
    check && is_date(two(digits, 2), two(digits, 4)) && matches!(digits[6], 1..=8)
}

pub(super) fn is_thai(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    (11 - sum % 11) % 10 == u32::from(digits[12]) && digits[0] != 0
}

pub(super) fn is_npi(digits: &[u8]) -> bool {
    let mut all = vec![8, 0, 8, 4, 0];
    all.extend_from_slice(digits);
    luhn(&all) && matches!(digits[0], 1 | 2)
}
