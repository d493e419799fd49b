//! A part of the table of large and over-aligned objects: their addresses, and the numbers of their
//! records.
//!
//! Runs inside malloc: no allocation, no panic. In: an address, under the lock that the shard is behind.
//! Out: its record's number. The memory is the profiler's own, and grows.

#![expect(unsafe_code, reason = "the entries lie in memory of the profiler's own")]

use super::RecordId;
use crate::arena;
use std::ptr::{NonNull, null_mut};

/// Entries of a shard's first table; 4 KiB.
const FIRST_CAPACITY: usize = 256;

/// An open-addressing table; address 0 is a free entry.
pub(super) struct Shard {
    entries: *mut Entry,
    /// A power of two, or 0 before the first entry.
    capacity: usize,
    pub(super) length: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) pointer: usize,
    pub(super) id: RecordId,
}

// SAFETY: the entries are memory of the shard's own, reached through its lock only.
unsafe impl Send for Shard {}

/// Where an address belongs: by another hash than the one that chooses the shard.
fn place_of(pointer: usize) -> usize {
    let product = (pointer as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (product >> 32) as usize
}

impl Shard {
    pub(super) const fn new() -> Self {
        Self { entries: null_mut(), capacity: 0, length: 0 }
    }

    fn slots(&mut self) -> &mut [Entry] {
        if self.capacity == 0 {
            return &mut [];
        }
        // SAFETY: `entries` is a mapping of `capacity` zeroed or written entries, owned by us.
        unsafe { std::slice::from_raw_parts_mut(self.entries, self.capacity) }
    }

    pub(super) fn insert(&mut self, entry: Entry) -> bool {
        if (self.length + 1) * 4 > self.capacity * 3 && !self.grow() {
            return false;
        }
        self.put(entry);
        true
    }

    fn put(&mut self, entry: Entry) {
        let mask = self.capacity - 1;
        let slots = self.slots();
        let mut place = place_of(entry.pointer) & mask;
        while slots[place].pointer != 0 {
            place = (place + 1) & mask;
        }
        slots[place] = entry;
        self.length += 1;
    }

    pub(super) fn find(&mut self, pointer: usize) -> Option<RecordId> {
        let place = self.place(pointer)?;
        Some(self.slots()[place].id)
    }

    fn place(&mut self, pointer: usize) -> Option<usize> {
        let mask = self.capacity.checked_sub(1)?;
        let slots = self.slots();
        let mut place = place_of(pointer) & mask;
        while slots[place].pointer != pointer {
            if slots[place].pointer == 0 {
                return None;
            }
            place = (place + 1) & mask;
        }
        Some(place)
    }

    pub(super) fn remove(&mut self, pointer: usize) -> Option<RecordId> {
        let mut place = self.place(pointer)?;
        let mask = self.capacity - 1;
        let slots = self.slots();
        let removed = slots[place].id;
        // Entries that a search would no longer reach across the gap move into it.
        let mut next = (place + 1) & mask;
        while slots[next].pointer != 0 {
            let wanted = place_of(slots[next].pointer) & mask;
            if (next.wrapping_sub(wanted) & mask) >= (next.wrapping_sub(place) & mask) {
                slots[place] = slots[next];
                place = next;
            }
            next = (next + 1) & mask;
        }
        slots[place] = Entry { pointer: 0, id: RecordId(0) };
        self.length -= 1;
        Some(removed)
    }

    fn grow(&mut self) -> bool {
        let capacity = (self.capacity * 2).max(FIRST_CAPACITY);
        let Some(memory) = arena::map(capacity * size_of::<Entry>()) else { return false };
        let mut larger = Self { entries: memory.as_ptr().cast(), capacity, length: 0 };
        for entry in self.slots() {
            if entry.pointer != 0 {
                larger.put(*entry);
            }
        }
        if let Some(old) = NonNull::new(self.entries) {
            // SAFETY: the old table came from `map` with this size, and is no longer used.
            unsafe { arena::unmap(old.cast(), self.capacity * size_of::<Entry>()) };
        }
        *self = larger;
        true
    }
}
