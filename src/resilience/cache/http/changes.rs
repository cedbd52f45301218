use std::collections::{HashMap, VecDeque};

/// The last changes of so many addresses are known. Of those before it is only known that there were some, so
/// that what was asked for before them counts as changed.
const MOST: usize = 1 << 14;

/// Which addresses were changed by requests, and in which order, by the hashes of the addresses.
///
/// What is kept of an address has many keys, and some of it is only on its way. Instead of looking for all
/// that when the address changes, an answer is asked when it is wanted: whether it is of a time before.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// How many there were.
    count: u64,
    last: HashMap<u64, u64>,
    /// Those that are not the last of their address count for nothing.
    order: VecDeque<(u64, u64)>,
    forgotten: u64,
}

impl Changes {
    /// How many there have been: what is asked for now knows of all these.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// This address has changed.
    pub(super) fn note(&mut self, address: u64) {
        self.count = self.count.saturating_add(1);
        self.last.insert(address, self.count);
        self.order.push_back((address, self.count));
        while self.order.len() > MOST {
            let Some((address, change)) = self.order.pop_front() else { return };
            if self.last.get(&address) == Some(&change) {
                self.last.remove(&address);
                self.forgotten = change;
            }
        }
    }

    /// The number of the last change that this address may have had; zero is none.
    pub(super) fn last(&self, address: u64) -> u64 {
        self.last.get(&address).copied().unwrap_or(self.forgotten)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_change_of_an_address_is_known_and_of_the_oldest_that_there_were_some() {
        let mut changes = Changes::default();
        assert_eq!((changes.last(7), changes.count()), (0, 0));
        changes.note(7);
        changes.note(8);
        changes.note(7);
        assert_eq!([7, 8, 9].map(|address| changes.last(address)), [3, 2, 0]);
        let many = MOST as u64;
        for address in 0..many - 2 {
            changes.note(100 + address);
        }
        assert_eq!([7, 8, 9].map(|address| changes.last(address)), [3, 2, 0]);
        changes.note(99);
        assert_eq!([7, 8, 9].map(|address| changes.last(address)), [3, 2, 2]);
        changes.note(99);
        assert_eq!([7, 8, 9].map(|address| changes.last(address)), [3, 3, 3]);
        assert_eq!((changes.last.len(), changes.order.len()), (MOST - 1, MOST));
    }

    #[test]
    fn one_address_that_changes_all_the_time_takes_no_room_and_nobody_elses_answers() {
        let mut changes = Changes::default();
        for _ in 0..3 * MOST {
            changes.note(7);
        }
        assert_eq!((changes.last(7), changes.last(8)), (3 * MOST as u64, 0));
        assert_eq!((changes.last.len(), changes.order.len()), (1, MOST));
    }
}
