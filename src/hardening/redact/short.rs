//! A short text that needs no allocation.

use std::{fmt, str};

/// Up to so many bytes; what does not fit is an error.
pub(super) struct Short<const ROOM: usize> {
    bytes: [u8; ROOM],
    count: usize,
}

impl<const ROOM: usize> Short<ROOM> {
    pub(super) fn text(&self) -> &str {
        str::from_utf8(self.bytes.get(..self.count).unwrap_or_default()).unwrap_or_default()
    }
}

impl<const ROOM: usize> Default for Short<ROOM> {
    fn default() -> Self {
        Self { bytes: [0; ROOM], count: 0 }
    }
}

impl<const ROOM: usize> fmt::Write for Short<ROOM> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.count + text.len();
        let room = self.bytes.get_mut(self.count..end).ok_or(fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.count = end;
        Ok(())
    }
}
