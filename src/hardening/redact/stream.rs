//! Texts in pieces, without doing anything with them.

use std::fmt;

use super::{carry::Carry, handle::Redactor, report::Finding};

/// Takes secrets out of a text that comes in pieces, however it is cut: the pieces that come out,
/// joined, are what [`Redactor::redact_bytes`] makes of the whole.
///
/// It holds back what is not decided: at the end of a line nothing as a rule, in the middle of one
/// some 160 bytes, inside of what may become a secret at most 4 KiB, of a list or a table 8 KiB, of a
/// private key 16 KiB. A secret
/// longer than that is masked as soon as that is known, and to its end.
pub struct Stream {
    redactor: Redactor,
    carry: Carry,
    watcher: Option<Watcher>,
}

/// Told of every secret that was masked.
type Watcher = Box<dyn FnMut(&Finding) + Send>;

impl Stream {
    pub(super) fn new(redactor: Redactor) -> Self {
        let carry = Carry::new(&redactor.shared().rules);
        Self { redactor, carry, watcher: None }
    }

    /// Tells `watcher` of every secret that is masked from now on.
    #[must_use]
    pub fn watched_by(mut self, watcher: impl FnMut(&Finding) + Send + 'static) -> Self {
        self.watch(watcher);
        self
    }

    pub(super) fn watch(&mut self, watcher: impl FnMut(&Finding) + Send + 'static) {
        self.watcher = Some(Box::new(watcher));
    }

    /// Takes a piece, and adds to `clean` what is decided.
    pub fn push(&mut self, piece: &[u8], clean: &mut Vec<u8>) {
        let Self { redactor, carry, watcher } = self;
        let shared = redactor.shared();
        carry.push(&shared.rules, &shared.mask, piece, clean, &mut |span| {
            if let Some(watcher) = watcher {
                watcher(&shared.finding(span));
            }
        });
    }

    /// Nothing more comes: adds the rest to `clean`. What comes after all is a new text.
    pub fn finish(&mut self, clean: &mut Vec<u8>) {
        let Self { redactor, carry, watcher } = self;
        let shared = redactor.shared();
        carry.finish(&shared.rules, &shared.mask, clean, &mut |span| {
            if let Some(watcher) = watcher {
                watcher(&shared.finding(span));
            }
        });
    }
}

impl Redactor {
    /// A stream with these rules.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("redactor", &self.redactor).finish_non_exhaustive()
    }
}
