//! A list of numbers that are free to be taken, without a lock.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: numbers. Out: the same numbers, to one taker
//! each. The links are the caller's, one for each number, because its entries have the room for them.

use crate::atomics::{AtomicU32, AtomicU64, Ordering, constant};

/// The head of the list: in the low half the first number plus one, or 0; the high half counts changes, so
/// that a stale view of the list is noticed.
pub(crate) struct FreeList(AtomicU64);

impl FreeList {
    constant! {
        pub(crate) fn new() -> Self {
            Self(AtomicU64::new(0))
        }
    }

    /// Takes a number, if there is one. `link` is the link of a number that was put in.
    pub(crate) fn take<'a>(&self, link: impl Fn(u32) -> Option<&'a AtomicU32>) -> Option<u32> {
        // Acquire pairs with the Release in `put`.
        let mut head = self.0.load(Ordering::Acquire);
        loop {
            let number = low_half(head).checked_sub(1)?;
            let next = link(number)?.load(Ordering::Relaxed);
            match self.0.compare_exchange_weak(
                head,
                changed(head, next),
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return Some(number),
                Err(other) => head = other,
            }
        }
    }

    /// Puts a number in, with its link.
    pub(crate) fn put(&self, number: u32, link: &AtomicU32) {
        let mut head = self.0.load(Ordering::Relaxed);
        loop {
            link.store(low_half(head), Ordering::Relaxed);
            // Release pairs with the Acquire in `take`.
            match self.0.compare_exchange_weak(
                head,
                changed(head, number + 1),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(other) => head = other,
            }
        }
    }
}

/// The head after one more change, with another first number plus one.
fn changed(head: u64, first: u32) -> u64 {
    ((head >> 32).wrapping_add(1) << 32) | u64::from(first)
}

fn low_half(word: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
    {
        word as u32
    }
}
