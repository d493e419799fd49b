//! Finds equal rows of a table again: a hash table of row numbers that stands beside the table.
//!
//! The table itself stays where it is, so a row of any length costs eight bytes here and no
//! allocation. The caller hashes a row with [`Seed`] and says which earlier rows equal it. Seeds
//! are random: no input can be made whose rows all collide.
//!
//! Tables of one process come in one order again and again. So before anything is hashed, the row
//! behind the one that was found last is tried: it lies beside it in memory, and in the next
//! snapshot of a process it nearly always is the right one.

use std::hash::{BuildHasher, RandomState};

/// Row numbers by hash, open addressing, at most half full.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The length is a power of two.
    slots: Vec<Slot>,
    rows: usize,
    /// The row behind the one that was found last.
    expected: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Row number plus one; 0 when the slot is free.
    row: u32,
    /// The lower half of the row's hash, enough for tables of 32-bit positions.
    hash: u32,
}

impl Lookup {
    /// An empty table with room for `rows` rows.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { slots: vec![Slot::default(); slots_for(rows)], rows: 0, expected: 0 }
    }

    /// The earlier row that equals the one at hand, which `hash` hashes; when there is none, `row`,
    /// the next free row of the table, is entered as the first of its kind.
    ///
    /// # Panics
    /// When `row` is 2³² − 1 or more.
    #[inline]
    pub(crate) fn find_or_enter(
        &mut self,
        row: usize,
        hash: impl FnOnce() -> u64,
        mut is_equal: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let expected = self.expected;
        if expected < row && is_equal(expected) {
            self.expected += 1;
            return Some(expected);
        }
        let found = self.search_or_enter(row, hash(), is_equal);
        if let Some(found) = found {
            self.expected = found + 1;
        }
        found
    }

    fn search_or_enter(
        &mut self,
        row: usize,
        hash: u64,
        mut is_equal: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        if (self.rows + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = low_half(hash);
        let mask = self.slots.len() - 1;
        let mut position = hash as usize & mask;
        loop {
            let slot = self.slots[position];
            if slot.row == 0 {
                let row = u32::try_from(row + 1).expect("tables have 32-bit positions");
                self.slots[position] = Slot { row, hash };
                self.rows += 1;
                return None;
            }
            if slot.hash == hash && is_equal(slot.row as usize - 1) {
                return Some(slot.row as usize - 1);
            }
            position = (position + 1) & mask;
        }
    }

    #[cold]
    fn grow(&mut self) {
        let size = slots_for(self.rows * 2 + 1);
        let mut slots = vec![Slot::default(); size];
        for slot in self.slots.iter().filter(|slot| slot.row != 0) {
            let mut position = slot.hash as usize & (size - 1);
            while slots[position].row != 0 {
                position = (position + 1) & (size - 1);
            }
            slots[position] = *slot;
        }
        self.slots = slots;
    }
}

fn slots_for(rows: usize) -> usize {
    (rows.saturating_mul(2) + 2).next_power_of_two().max(16)
}

fn low_half(hash: u64) -> u32 {
    u32::try_from(hash & u64::from(u32::MAX)).expect("masked to 32 bits")
}

/// A random start for hashes; hashes of different seeds say nothing about each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    /// A fresh one.
    pub(crate) fn new() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }

    /// The hash of the empty row.
    #[inline]
    pub(crate) fn start(self) -> RowHash {
        RowHash(self.0)
    }
}

/// The hash of a row that is being taken in word by word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowHash(u64);

impl RowHash {
    /// Takes in the next word.
    #[inline]
    pub(crate) fn add(&mut self, word: u64) {
        // An odd constant without pattern (2^64 over the golden ratio); multiplying to 128 bits
        // and folding the halves carries every bit of the word into both ends of the hash.
        let (low, high) = (self.0 ^ word).carrying_mul(0x9e37_79b9_7f4a_7c15, 0);
        self.0 = (low ^ high).rotate_left(23).wrapping_add(word);
    }

    /// The hash.
    #[inline]
    pub(crate) fn finish(self) -> u64 {
        let (low, high) = self.0.carrying_mul(0xd6e8_feb8_6659_fd93, 0);
        low ^ high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equal_rows_is_found_through_growth() {
        let seed = Seed::new();
        let mut lookup = Lookup::with_capacity(0);
        let rows: Vec<u64> = (0..10_000).map(|n| n % 1000).collect();
        for (position, row) in rows.iter().enumerate() {
            let hash = || {
                let mut hash = seed.start();
                hash.add(*row);
                hash.finish()
            };
            let found = lookup.find_or_enter(position.min(1000), hash, |other| rows[other] == *row);
            assert_eq!(found, (position >= 1000).then_some(position % 1000));
        }
    }

    #[test]
    fn rows_in_the_order_of_before_are_not_hashed() {
        let seed = Seed::new();
        let mut hashed = 0;
        let mut table: Vec<u64> = Vec::new();
        let mut lookup = Lookup::with_capacity(0);
        // The second time one is new and one is missing, which costs a hash each.
        for row in (0..100).chain((0..50).chain([1000]).chain(50..60).chain(61..100)) {
            let hash = || {
                hashed += 1;
                let mut hash = seed.start();
                hash.add(row);
                hash.finish()
            };
            if lookup.find_or_enter(table.len(), hash, |other| table[other] == row).is_none() {
                table.push(row);
            }
        }
        assert_eq!(table.len(), 101);
        assert_eq!(hashed, 100 + 2);
    }

    #[test]
    fn rows_that_collide_stay_apart() {
        let mut lookup = Lookup::with_capacity(4);
        assert_eq!(lookup.find_or_enter(0, || 7, |_| false), None);
        assert_eq!(lookup.find_or_enter(1, || 7, |_| false), None);
        assert_eq!(lookup.find_or_enter(2, || 7, |other| other == 1), Some(1));
    }
}
