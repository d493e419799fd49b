//! Words that wait to be handled: put in without a lock, handled by one thread at a time.
//!
//! Runs inside malloc: no allocation, no panic, and no lock for who puts one in. In: words that are not 0.
//! Out: each word once, to who settles next.

use crate::atomics::{AtomicU64, AtomicUsize, Ordering, constant, repeated};
use crate::sync::SpinLock;

/// At most `PLACES` words.
pub(crate) struct Waiting<const PLACES: usize> {
    /// The words, 0 in a free place.
    places: [AtomicU64; PLACES],
    /// How many there are, at least; it sinks when they are handled.
    count: AtomicUsize,
    /// One thread at a time handles them, and others wait until they are handled.
    settling: SpinLock<()>,
}

impl<const PLACES: usize> Waiting<PLACES> {
    constant! {
        pub(crate) fn new() -> Self {
            Self {
                places: repeated![AtomicU64::new(0); PLACES],
                count: AtomicUsize::new(0),
                settling: SpinLock::new(()),
            }
        }
    }

    /// Puts a word in; false when there is no place for it.
    pub(crate) fn put(&self, word: u64) -> bool {
        self.count.fetch_add(1, Ordering::Relaxed);
        for place in &self.places {
            // Release pairs with the Acquire in `settle`.
            if place.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed).is_ok() {
                return true;
            }
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        false
    }

    /// Whether none waits. Who sees that sees what the handling of earlier ones did.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// Handles what waits.
    pub(crate) fn settle(&self, handle: &mut dyn FnMut(u64)) {
        self.settling.with(|()| {
            for place in &self.places {
                let word = place.load(Ordering::Acquire);
                if word == 0 {
                    continue;
                }
                handle(word);
                place.store(0, Ordering::Release);
                // Release pairs with the Acquire in `is_empty`.
                self.count.fetch_sub(1, Ordering::Release);
            }
        });
    }

    /// After a fork, in the child: what was about to be put in by another thread will not be.
    pub(crate) fn recount(&self) {
        let waiting = self.places.iter().filter(|place| place.load(Ordering::Relaxed) != 0);
        self.count.store(waiting.count(), Ordering::Relaxed);
    }

    /// The lock, for `fork`.
    pub(crate) fn acquire(&self) {
        self.settling.acquire();
    }

    pub(crate) fn release(&self) {
        self.settling.release();
    }
}
