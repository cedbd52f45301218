//! Room to write in, kept by each thread, so that what is looked at is not allocated each time.

use std::{cell::RefCell, fmt, io};

use zeroize::Zeroize;

/// More than this is given back.
const LARGEST: usize = 64 << 10;

/// As many as are in use at once, one inside of another.
const MOST: usize = 4;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty text, to be written.
#[derive(Debug)]
pub(super) struct Scratch {
    bytes: Vec<u8>,
    tainted: bool,
}

impl Scratch {
    #[inline]
    pub(super) fn take() -> Self {
        // A value may be written while the thread takes its locals down.
        let spare = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Self { bytes: spare.ok().flatten().unwrap_or_default(), tainted: false }
    }

    /// What was written; nothing, if it was no text.
    #[inline]
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }

    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        if self.tainted {
            self.bytes.zeroize();
        }
        self.bytes.clear();
        self.tainted = false;
    }

    /// A secret is in it: it is overwritten before anybody else writes there.
    pub(super) const fn taint(&mut self) {
        self.tainted = true;
    }
}

/// What is printed, as far as it goes: whoever cannot be printed says so, and `format!` would panic.
pub(super) fn printed(value: fmt::Arguments<'_>) -> String {
    let mut text = String::new();
    let _as_far_as_it_goes = fmt::Write::write_fmt(&mut text, value);
    text
}

impl fmt::Write for Scratch {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

impl io::Write for Scratch {
    #[inline]
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Scratch {
    #[inline]
    fn drop(&mut self) {
        self.clear();
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() <= LARGEST {
            let _gone = SPARE.try_with(|spare| {
                if let Ok(mut spare) = spare.try_borrow_mut() {
                    if spare.len() < MOST {
                        spare.push(bytes);
                    }
                }
            });
        }
    }
}
