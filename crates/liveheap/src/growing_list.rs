//! A list to which every thread adds at the head, and which every thread walks, without a lock.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: entries. Out: each of them, to who walks. The
//! links are in the entries; nothing is ever taken out.

#![expect(unsafe_code, reason = "walks along pointers")]

use crate::atomics::{AtomicPtr, Ordering, constant};
use std::ptr::null_mut;

/// An entry, which has room for the list's link.
pub(crate) trait Listed: Sized {
    /// The entry that was added before this one.
    fn older(&self) -> &AtomicPtr<Self>;
}

/// The entry that was added last, null when there is none.
pub(crate) struct GrowingList<T>(AtomicPtr<T>);

impl<T: Listed + 'static> GrowingList<T> {
    constant! {
        pub(crate) fn new() -> Self {
            Self(AtomicPtr::new(null_mut()))
        }
    }

    /// Adds an entry, which is in no list.
    pub(crate) fn add(&self, entry: &'static T) {
        let mut newest = self.0.load(Ordering::Relaxed);
        loop {
            entry.older().store(newest, Ordering::Relaxed);
            // Release pairs with the Acquire in `for_each`.
            match self.0.compare_exchange_weak(
                newest,
                std::ptr::from_ref(entry).cast_mut(),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => newest = other,
            }
        }
    }

    /// Shows the entries that were added before, the newest first, whatever is added meanwhile.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&'static T)) {
        // Acquire pairs with the Release of every `add` so far: each takes over what the one before released.
        let mut next = self.0.load(Ordering::Acquire).cast_const();
        // SAFETY: it is null or came from a reference that is valid as long as the program runs.
        while let Some(entry) = unsafe { next.as_ref::<'static>() } {
            visit(entry);
            next = entry.older().load(Ordering::Relaxed);
        }
    }
}
