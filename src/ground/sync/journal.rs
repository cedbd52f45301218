use std::{collections::VecDeque, sync::Arc};

use tokio::sync::Notify;

use super::Mutex;

/// How many entries are kept for readers that have fallen behind.
const KEPT: usize = 64;

/// A bounded log that any number of readers follow, each at its own pace.
///
/// Written under the writer's own lock, so that the order is the order of events; readers are
/// woken afterwards by [`Journal::wake`], outside that lock.
#[derive(Debug)]
pub(crate) struct Journal<T> {
    shared: Arc<Shared<T>>,
}

#[derive(Debug)]
struct Shared<T> {
    log: Mutex<Log<T>>,
    news: Notify,
}

#[derive(Debug)]
struct Log<T> {
    entries: VecDeque<T>,
    /// How many entries have been written, ever.
    written: u64,
}

impl<T: Clone> Journal<T> {
    pub(crate) fn new() -> Self {
        let log = Log { entries: VecDeque::new(), written: 0 };
        Self { shared: Arc::new(Shared { log: Mutex::new(log), news: Notify::new() }) }
    }

    /// Adds an entry, dropping the oldest when full.
    pub(crate) fn write(&self, entry: T) {
        let mut log = self.shared.log.lock();
        if log.entries.len() == KEPT {
            log.entries.pop_front();
        }
        log.entries.push_back(entry);
        log.written += 1;
    }

    /// Wakes the readers. Their wakers are foreign code: no lock may be held.
    pub(crate) fn wake(&self) {
        self.shared.news.notify_waiters();
    }

    /// A reader of what is written from now on.
    pub(crate) fn reader(&self) -> Reader<T> {
        let next = self.shared.log.lock().written;
        Reader { shared: Arc::clone(&self.shared), next }
    }
}

/// Follows a [`Journal`].
#[derive(Debug)]
pub(crate) struct Reader<T> {
    shared: Arc<Shared<T>>,
    next: u64,
}

impl<T: Clone> Reader<T> {
    /// The next entry, if there is one, and how many before it were missed.
    pub(crate) fn try_next(&mut self) -> Option<(T, u64)> {
        let log = self.shared.log.lock();
        let oldest = log.written - log.entries.len() as u64;
        let at = self.next.max(oldest);
        let entry = log.entries.get((at - oldest) as usize)?.clone();
        let missed = at - self.next;
        self.next = at + 1;
        Some((entry, missed))
    }

    /// The next entry. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> (T, u64) {
        loop {
            let shared = Arc::clone(&self.shared);
            let news = shared.news.notified();
            tokio::pin!(news);
            // Listen before looking, or what is written in between would go unheard.
            news.as_mut().enable();
            if let Some(entry) = self.try_next() {
                return entry;
            }
            news.await;
        }
    }
}

#[cfg(all(test, not(buttress_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_reader_sees_what_is_written_after_it_came_in_order() {
        let journal = Journal::new();
        journal.write(0);
        let mut reader = journal.reader();
        assert_eq!(reader.try_next(), None);
        journal.write(1);
        journal.write(2);
        assert_eq!(reader.try_next(), Some((1, 0)));
        assert_eq!(reader.try_next(), Some((2, 0)));
        assert_eq!(reader.try_next(), None);
    }

    #[test]
    fn a_reader_that_fell_behind_is_told_how_much_it_missed() {
        let journal = Journal::new();
        let mut reader = journal.reader();
        for entry in 0..KEPT as u64 + 3 {
            journal.write(entry);
        }
        assert_eq!(reader.try_next(), Some((3, 3)));
        assert_eq!(reader.try_next(), Some((4, 0)));
    }
}
