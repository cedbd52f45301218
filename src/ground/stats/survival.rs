use super::{
    buckets::{BUCKETS, middle},
    histogram::Histogram,
};

/// How long things last, where some were cut short: of those only the least they would have lasted is
/// known. Counting them as ended would make everything look faster than it is, leaving them out too.
#[derive(Clone, Debug)]
pub(crate) struct Survival {
    ended: Histogram,
    cut_short: Histogram,
}

impl Survival {
    pub(crate) fn new() -> Self {
        Self { ended: Histogram::new(), cut_short: Histogram::new() }
    }

    /// One ended after so long.
    pub(crate) fn ended(&mut self, value: u64) {
        self.ended.add(value);
    }

    /// One was cut short after so long.
    pub(crate) fn cut_short(&mut self, value: u64) {
        self.cut_short.add(value);
    }

    /// Empty again, in the memory it has.
    pub(crate) fn clear(&mut self) {
        self.ended.clear();
        self.cut_short.clear();
    }

    /// How many ended.
    pub(crate) const fn count(&self) -> u64 {
        self.ended.count()
    }

    /// The time by which a share of `quantile` of all would have ended, within 1 %; where so many were
    /// cut short that nobody can tell, the longest seen. None if nothing ended.
    ///
    /// The estimate of Kaplan and Meier, over both halves of a window.
    pub(crate) fn quantile(halves: [&Self; 2], quantile: f64) -> Option<u64> {
        let of = |histogram: fn(&Self) -> &Histogram, at: usize| -> u64 {
            halves.iter().map(|half| histogram(half).at(at)).sum()
        };
        let count = |half: &&Self| half.ended.count() + half.cut_short.count();
        let mut at_risk: u64 = halves.iter().map(count).sum();
        if halves.iter().all(|half| half.ended.count() == 0) {
            return None;
        }
        let longest = halves.iter().map(|half| half.ended.max().max(half.cut_short.max())).max();
        let mut lasting = 1.0;
        for at in 0..BUCKETS {
            let (ended, cut_short) = (of(|half| &half.ended, at), of(|half| &half.cut_short, at));
            if ended > 0 {
                lasting *= 1.0 - ended as f64 / at_risk as f64;
                if 1.0 - lasting >= quantile {
                    return longest.map(|longest| middle(at).min(longest));
                }
            }
            at_risk = at_risk.saturating_sub(ended + cut_short);
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ended: &[u64], cut_short: &[u64]) -> Survival {
        let mut survival = Survival::new();
        ended.iter().for_each(|value| survival.ended(*value));
        cut_short.iter().for_each(|value| survival.cut_short(*value));
        survival
    }

    #[test]
    fn with_nothing_cut_short_it_is_the_quantile() {
        let survival = of(&(1..=100).collect::<Vec<_>>(), &[]);
        let none = Survival::new();
        for (quantile, value) in [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)] {
            assert_eq!(Survival::quantile([&survival, &none], quantile), Some(value));
        }
        assert_eq!(Survival::quantile([&none, &none], 0.5), None);
    }

    #[test]
    fn what_was_cut_short_lasts_at_least_so_long() {
        // Ten end at 10, and of the ten left, five are cut short at 20 before the others end at 30: half
        // of what is at risk from 20 on is known, and all of it ends at 30.
        let survival = of(&[[10; 10].as_slice(), &[30; 5]].concat(), &[20; 5]);
        let none = Survival::new();
        let quantile = |at| Survival::quantile([&survival, &none], at);
        assert_eq!((quantile(0.5), quantile(0.51), quantile(1.0)), (Some(10), Some(30), Some(30)));
    }

    #[test]
    fn where_nobody_can_tell_it_is_the_longest_seen() {
        let survival = of(&[10; 9], &[50]);
        let quantile = |at| Survival::quantile([&survival, &Survival::new()], at);
        assert_eq!((quantile(0.9), quantile(0.95)), (Some(10), Some(50)));
    }

    #[test]
    fn both_halves_count() {
        let (old, new) = (of(&[10; 50], &[]), of(&[20; 50], &[]));
        assert_eq!(Survival::quantile([&old, &new], 0.5), Some(10));
        assert_eq!(Survival::quantile([&old, &new], 0.75), Some(20));
    }
}
