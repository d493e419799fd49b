//! Numbered places in memory that is mapped chunk by chunk, when their numbers come up.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: memory for a chunk. Out: numbers from 0 on, to
//! one taker each, and the place of a number, to everyone. Chunks stay where they are.

#![expect(unsafe_code, reason = "places lie in memory of the caller's")]

use crate::atomics::{AtomicPtr, AtomicU32, Ordering, constant, repeated};
use std::ptr::{NonNull, null_mut};

/// At most `CHUNKS` chunks of `PLACES` places.
pub(crate) struct Chunks<T, const CHUNKS: usize, const PLACES: usize> {
    /// The first place of each, null before its first number is taken.
    chunks: [AtomicPtr<T>; CHUNKS],
    /// Numbers that are taken.
    used: AtomicU32,
}

impl<T: 'static, const CHUNKS: usize, const PLACES: usize> Chunks<T, CHUNKS, PLACES> {
    constant! {
        pub(crate) fn new() -> Self {
            Self { chunks: repeated![AtomicPtr::new(null_mut()); CHUNKS], used: AtomicU32::new(0) }
        }
    }

    /// Takes the next number; none when there are no more, or `map` has no memory for its chunk. What `map`
    /// gave goes to `unmap` when another thread's memory became the chunk meanwhile.
    ///
    /// # Safety
    /// - `map` gives `PLACES` valid places, which live as long as the program if `unmap` is not told otherwise.
    pub(crate) unsafe fn take(
        &self,
        map: impl FnOnce() -> Option<NonNull<T>>,
        unmap: impl FnOnce(NonNull<T>),
    ) -> Option<u32> {
        let next = |used| ((used as usize) < CHUNKS * PLACES).then(|| used + 1);
        let number = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        let chunk = &self.chunks[number as usize / PLACES];
        // Whether there is one is all that is asked here.
        if chunk.load(Ordering::Relaxed).is_null() {
            let Some(first) = map() else {
                self.put_back(number);
                return None;
            };
            // Release pairs with the Acquire in `get`.
            let added = chunk.compare_exchange(
                null_mut(),
                first.as_ptr(),
                Ordering::Release,
                Ordering::Relaxed,
            );
            if added.is_err() {
                unmap(first);
            }
        }
        Some(number)
    }

    /// The number is free again, unless another thread took the next one; then it is lost.
    fn put_back(&self, number: u32) {
        let (now, before) = (number + 1, number);
        let _ = self.used.compare_exchange(now, before, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The place of this number; none when its chunk is not there.
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&'static T> {
        let chunk = self.chunks.get(number as usize / PLACES)?.load(Ordering::Acquire);
        // SAFETY: the number is within the chunk.
        let place = unsafe { NonNull::new(chunk)?.add(number as usize % PLACES) };
        // SAFETY: the places of a chunk are valid as long as the program runs.
        Some(unsafe { place.as_ref() })
    }

    /// All numbers that are taken are below.
    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }
}
