//! Sorted words, and whether one is among them.

/// Words in order, and which lengths they have and where they stand, by their first byte: most of what is asked
/// for ends there.
#[derive(Debug)]
pub(super) struct List {
    words: &'static [&'static str],
    lengths: [u32; 32],
    /// Between which places words with this first byte stand.
    places: [(u16, u16); 32],
    /// The last bytes of words.
    lasts: u32,
}

impl List {
    pub(super) const fn of(words: &'static [&'static str]) -> Self {
        let (mut lengths, mut places, mut lasts, mut at) = ([0; 32], [(0, 0); 32], 0, 0);
        while at < words.len() {
            let word = words[at].as_bytes();
            let first = (word[0] & 31) as usize;
            if lengths[first] == 0 {
                places[first].0 = at as u16;
            }
            places[first].1 = at as u16 + 1;
            lengths[first] |= 1 << Self::length(word);
            lasts |= 1 << (word[word.len() - 1] & 31);
            at += 1;
        }
        Self { words, lengths, places, lasts }
    }

    const fn length(word: &[u8]) -> usize {
        if word.len() < 31 { word.len() } else { 31 }
    }

    #[inline]
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let Some(first) = word.first() else {
            return false;
        };
        if self.lengths[usize::from(first & 31)] >> Self::length(word) & 1 == 0 {
            return false;
        }
        let (from, to) = self.places[usize::from(first & 31)];
        let near = self.words.get(usize::from(from)..usize::from(to)).unwrap_or_default();
        near.binary_search_by(|other| other.as_bytes().cmp(word)).is_ok()
    }

    /// Whether `word` is longer than one of them and ends in it.
    pub(super) fn has_end(&self, word: &[u8]) -> bool {
        word.last().is_some_and(|last| self.lasts >> (last & 31) & 1 == 1)
            && self.words.iter().any(|end| word.len() > end.len() && word.ends_with(end.as_bytes()))
    }

    #[cfg(test)]
    pub(super) fn is_sorted(&self) -> bool {
        self.words.windows(2).all(|two| two[0] < two[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_list() {
        static LIST: List = List::of(&["key", "passphrase", "пароль"]);
        assert!(LIST.is_sorted() && LIST.has(b"key") && LIST.has("пароль".as_bytes()));
        assert!(!LIST.has(b"") && !LIST.has(b"kei") && !LIST.has(b"keys") && !LIST.has(b"Key"));
        assert!(LIST.has_end(b"monkey") && !LIST.has_end(b"key"));
    }
}
