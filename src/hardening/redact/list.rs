//! Sorted words, and whether one is among them.

/// Words in order, and which lengths they have, by their first byte: most of what is asked for ends there.
#[derive(Debug)]
pub(super) struct List {
    words: &'static [&'static str],
    lengths: [u32; 32],
}

impl List {
    pub(super) const fn of(words: &'static [&'static str]) -> Self {
        let (mut lengths, mut at) = ([0; 32], 0);
        while at < words.len() {
            let word = words[at].as_bytes();
            lengths[(word[0] & 31) as usize] |= 1 << Self::length(word);
            at += 1;
        }
        Self { words, lengths }
    }

    const fn length(word: &[u8]) -> usize {
        if word.len() < 31 { word.len() } else { 31 }
    }

    #[inline]
    pub(super) fn has(&self, word: &[u8]) -> bool {
        let Some(first) = word.first() else {
            return false;
        };
        self.lengths[usize::from(first & 31)] >> Self::length(word) & 1 == 1
            && self.words.binary_search_by(|other| other.as_bytes().cmp(word)).is_ok()
    }

    /// Whether `word` is longer than one of them and ends in it.
    pub(super) fn has_end(&self, word: &[u8]) -> bool {
        self.words.iter().any(|end| word.len() > end.len() && word.ends_with(end.as_bytes()))
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
