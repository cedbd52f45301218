//! The decisions, in thousandths of a token.

/// A whole token.
pub(super) const TOKEN: u64 = 1000;

/// What is in the purse: what was paid in, less what was taken out, up to the most that is kept.
pub(super) const fn kept(paid_in: u64, taken_out: u64, most: u64) -> u64 {
    let left = paid_in.saturating_sub(taken_out);
    if left < most { left } else { most }
}

/// What will have been taken out once a token is; none if there is none. What was paid in beyond
/// the most that is kept is forfeited.
pub(super) fn take(paid_in: u64, taken_out: u64, most: u64) -> Option<u64> {
    let kept = kept(paid_in, taken_out, most);
    (kept >= TOKEN).then(|| paid_in - kept + TOKEN)
}

/// The tokens of each second, in one word: `[32 bits of second | 32 bits of tokens used in it]`.
/// The word once one more is used, unless `per_second` are.
pub(super) fn take_of_second(word: u64, second: u32, per_second: u32) -> Option<u64> {
    // A clock a little behind draws on the second that has begun.
    let (begun, used) = ((word >> 32) as u32, word as u32);
    let is_new = second.wrapping_sub(begun).wrapping_sub(1) < u32::MAX / 2;
    let (second, used) = if is_new { (second, 0) } else { (begun, used) };
    (used < per_second).then(|| u64::from(second) << 32 | u64::from(used + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_what_is_paid_in_can_be_taken_out() {
        let mut taken_out = 0;
        let mut taken = 0;
        for paid_in in (1..=1000).map(|payments| payments * 200) {
            if let Some(next) = take(paid_in, taken_out, 1_000_000) {
                (taken_out, taken) = (next, taken + 1);
            }
        }
        assert_eq!((taken, taken_out), (200, 200_000));
    }

    #[test]
    fn what_is_beyond_the_most_that_is_kept_is_forfeited() {
        assert_eq!(kept(50_000, 0, 10_000), 10_000);
        let mut taken_out = 0;
        let mut taken = 0;
        while let Some(next) = take(50_000, taken_out, 10_000) {
            (taken_out, taken) = (next, taken + 1);
        }
        assert_eq!((taken, taken_out), (10, 50_000));
    }

    #[test]
    fn an_empty_purse_gives_nothing_and_a_lost_payment_mints_nothing() {
        assert_eq!(take(0, 0, 10_000), None);
        assert_eq!(take(999, 0, 10_000), None);
        assert_eq!(take(1000, 0, 10_000), Some(1000));
        assert_eq!(take(800, 1000, 10_000), None);
    }

    #[test]
    fn each_second_has_its_tokens_and_keeps_none() {
        let mut word = u64::from(u32::MAX - 1) << 32;
        // 32 bits of seconds come round after 136 years, and go on.
        let seconds = [(u32::MAX, 3), (0, 3), (5, 3), (6, 3), (100, 3), (99, 0), (101, 3)];
        for (second, granted) in seconds {
            let mut used = 0;
            while let Some(next) = take_of_second(word, second, 3) {
                (word, used) = (next, used + 1);
            }
            assert_eq!(used, granted, "second {second}");
        }
        assert_eq!(take_of_second(0, 7, 0), None);
    }
}
