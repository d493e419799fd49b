//! The records, each with a number.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: memory for records. Out: numbers of records, to
//! one owner each until it gives them back, and the record of a number, to everyone.

#![expect(unsafe_code, reason = "the caller maps the memory")]

use crate::atomics::constant;
use crate::chunks::Chunks;
use crate::free_list::FreeList;
use crate::record::{LiveObject, Record};
use std::ptr::NonNull;

/// At most `CHUNKS` chunks of `PLACES` records.
pub(crate) struct Records<const CHUNKS: usize, const PLACES: usize> {
    places: Chunks<Record, CHUNKS, PLACES>,
    free: FreeList,
}

impl<const CHUNKS: usize, const PLACES: usize> Records<CHUNKS, PLACES> {
    constant! {
        pub(crate) fn new() -> Self {
            Self { places: Chunks::new(), free: FreeList::new() }
        }
    }

    /// A record for an object: one that was given back, or a new one.
    ///
    /// # Safety
    /// - As [`Chunks::take`] says of `map` and `unmap`.
    pub(crate) unsafe fn reserve(
        &self,
        map: impl FnOnce() -> Option<NonNull<Record>>,
        unmap: impl FnOnce(NonNull<Record>),
    ) -> Option<u32> {
        let link = |number| self.places.get(number).map(Record::next_free);
        // SAFETY: as the caller says.
        self.free.take(link).or_else(|| unsafe { self.places.take(map, unmap) })
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&'static Record> {
        self.places.get(number)
    }

    /// Empties a record and gives it back, filled or not.
    pub(crate) fn give_back(&self, number: u32) {
        let Some(record) = self.get(number) else { return };
        // Before another may fill it.
        record.empty();
        self.free.put(number, record.next_free());
    }

    /// The record that is of the object at this address, by a look at all of them.
    pub(crate) fn find(&self, address: usize) -> Option<u32> {
        let is_it = |number: &u32| self.get(*number).is_some_and(|record| record.is_of(address));
        (0..self.places.used()).find(is_it)
    }

    /// Shows the live objects, in no order that means anything, as [`Record::live_object`] does.
    pub(crate) fn for_each(&self, visit: &mut dyn FnMut(&LiveObject)) {
        let records = (0..self.places.used()).filter_map(|number| self.get(number));
        records.filter_map(Record::live_object).for_each(|object| visit(&object));
    }
}
