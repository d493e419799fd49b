//! Entries that are found by walking from one to the next, without a lock, and of which there is one of each.
//!
//! Runs inside malloc: no allocation, no panic, and no lock for what is there already. In: what an entry must
//! be, and how to make it. Out: the entry that is that. Entries are only ever added, at the head; who adds
//! one holds a lock, and looks once more under it.

#![expect(unsafe_code, reason = "walks along pointers")]

use crate::atomics::{AtomicPtr, Ordering, constant};
use crate::sync::SpinLock;
use std::ptr::{NonNull, null_mut};

/// An entry, which knows the one that was added before it.
pub(crate) trait Linked: Sized {
    /// Null in the first that was added.
    fn next(&self) -> *mut Self;
}

/// The entry that was added last, null when there is none.
pub(crate) struct Chain<T>(AtomicPtr<T>);

impl<T: Linked> Chain<T> {
    constant! {
        pub(crate) fn new() -> Self {
            Self(AtomicPtr::new(null_mut()))
        }
    }

    /// The entry that `is_it`, or the one that `make` makes, with the entry that it is to be linked to. None
    /// when `make` makes none. All who add to this chain bring the same lock.
    ///
    /// # Safety
    /// - What `make` makes is complete, lives as long as the program, and links to the entry it was given.
    #[inline]
    pub(crate) unsafe fn find_or_add(
        &self,
        lock: &SpinLock<()>,
        is_it: impl Fn(NonNull<T>) -> bool,
        make: impl FnOnce(*mut T) -> Option<NonNull<T>>,
    ) -> Option<NonNull<T>> {
        // Acquire pairs with the Release below.
        if let Some(found) = find(self.0.load(Ordering::Acquire), &is_it) {
            return Some(found);
        }
        lock.with(|()| {
            // What others stored was stored under the lock.
            let first = self.0.load(Ordering::Relaxed);
            if let Some(found) = find(first, &is_it) {
                return Some(found);
            }
            let made = make(first)?;
            self.0.store(made.as_ptr(), Ordering::Release);
            Some(made)
        })
    }
}

#[inline]
fn find<T: Linked>(first: *mut T, is_it: impl Fn(NonNull<T>) -> bool) -> Option<NonNull<T>> {
    let mut next = first;
    while let Some(entry) = NonNull::new(next) {
        if is_it(entry) {
            return Some(entry);
        }
        // SAFETY: an entry that can be found is complete and lives as long as the program.
        next = unsafe { entry.as_ref() }.next();
    }
    None
}
