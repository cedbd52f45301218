use hashbrown::HashTable;

use super::{Admission, Places, Policy};

/// A cache of hashes without values: how a policy would do with a part of the keys.
#[derive(Debug)]
pub(super) struct Shadow {
    table: HashTable<u32>,
    cells: Cells,
    vacant: Vec<u32>,
    policy: Admission,
    room: usize,
}

#[derive(Debug)]
struct Cells(Vec<Cell>);

#[derive(Clone, Copy, Debug)]
struct Cell {
    hash: u32,
    mark: u8,
    filled: bool,
}

impl Places for Cells {
    fn look(&self, place: u32) -> Option<(u8, u32)> {
        let Cell { hash, mark, filled } = self.0[place as usize];
        filled.then_some((mark, hash))
    }

    fn weight(&self, _: u32) -> u64 {
        1
    }

    fn mark(&self, place: u32) -> u8 {
        self.0[place as usize].mark
    }

    fn set_mark(&mut self, place: u32, mark: u8) {
        self.0[place as usize].mark = mark;
    }
}

impl Cells {
    fn hash(&self, place: u32) -> u32 {
        self.0[place as usize].hash
    }
}

impl Shadow {
    pub(super) fn new(room: usize, share: u32) -> Self {
        let mut policy = Admission::new();
        policy.set_share(share);
        let cells = Cells(Vec::with_capacity(room));
        Self { table: HashTable::with_capacity(room), cells, vacant: Vec::new(), policy, room }
    }

    /// Asks for it, and brings it if it is not there. Whether it was.
    pub(super) fn ask(&mut self, hash: u32) -> bool {
        let cells = &self.cells;
        if let Some(place) = self.table.find(spread(hash), |at| cells.hash(*at) == hash) {
            self.policy.hit(*place, &mut self.cells);
            return true;
        }
        if self.table.len() >= self.room {
            self.evict();
        }
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.cells.0.push(Cell { hash, mark: 0, filled: true });
            (self.cells.0.len() - 1) as u32
        });
        let cell = &mut self.cells.0[place as usize];
        (cell.hash, cell.filled) = (hash, true);
        let cells = &self.cells;
        self.table.insert_unique(spread(hash), place, |at| spread(cells.hash(*at)));
        self.policy.filled(place, &mut self.cells);
        false
    }

    fn evict(&mut self) {
        let Some(place) = self.policy.evict(&mut self.cells) else { return };
        let hash = self.cells.hash(place);
        if let Ok(entry) = self.table.find_entry(spread(hash), |at| *at == place) {
            entry.remove();
        }
        self.cells.0[place as usize].filled = false;
        self.vacant.push(place);
    }
}

/// A table looks at both ends of a hash.
const fn spread(hash: u32) -> u64 {
    hash as u64 | (hash as u64) << 32
}
