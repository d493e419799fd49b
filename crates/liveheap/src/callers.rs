//! Who allocates: the one copy of this thread's stack.
//!
//! Runs inside malloc: no allocation, no panic, no waiting but for the tables' locks. In: where the
//! allocation's own frame is. Out: the stack among all that were seen. Each thread's last stack is
//! remembered, and is often the next one, too: then its frames are neither written nor looked up again.

use crate::buckets::{self, Interned};
use crate::sync::SpinLock;
use crate::thread::{self, ThreadState};
use crate::unwind::{self, Captured, DEEPEST, Remembered};

/// So many threads' stacks are remembered; others share a place, which costs time only: a stack counts
/// by what is in memory, whoever left it behind.
const PLACES: usize = 128;

struct Last {
    remembered: Remembered,
    /// None when there was no room for it.
    interned: Option<Interned>,
    /// For its frames, while they are looked up.
    frames: [usize; DEEPEST],
}

impl Last {
    const fn nothing() -> Self {
        Self { remembered: Remembered::nothing(), interned: None, frames: [0; DEEPEST] }
    }

    fn next(&mut self, state: &ThreadState, marker: usize) -> Option<Interned> {
        match unwind::capture(state, marker, &mut self.remembered, &mut self.frames) {
            Captured::Remembered => {}
            Captured::Frames(count) => self.interned = buckets::intern(&self.frames[..count]),
        }
        self.interned
    }
}

static LAST: [SpinLock<Last>; PLACES] = [const { SpinLock::new(Last::nothing()) }; PLACES];

/// The callers of the function that `marker` is the address of a local variable of; none when there is
/// no room for another stack.
pub(crate) fn of(state: &ThreadState, marker: usize) -> Option<Interned> {
    let own = thread::id(state) as usize % PLACES;
    // When another thread with the same place has a sample at this moment, any other does.
    let (before, from_own) = LAST.split_at(own);
    let mut places = from_own.iter().chain(before);
    places.find_map(|place| place.try_with(|last| last.next(state, marker))).unwrap_or_else(|| {
        // Somebody forks, and has all locks.
        LAST[own].with(|last| last.next(state, marker))
    })
}

/// The locks, for `fork`.
pub(crate) fn acquire_all() {
    LAST.iter().for_each(SpinLock::acquire);
}

pub(crate) fn release_all() {
    LAST.iter().for_each(SpinLock::release);
}
