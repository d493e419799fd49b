//! Frees that a signal handler made while its thread was at work on the profiler's tables.
//!
//! Runs inside malloc: no allocation, no panic. In: such a free, which can take no lock, as its own
//! thread may hold it. Out: the same free, a moment later, from whoever comes to the tables next. The
//! memory itself goes back to the wrapped allocator at once, so the next object may have the same
//! address: whoever enters or looks up an address settles first.

use crate::live::{self, RecordId};
use crate::sync::SpinLock;
use crate::{stats, thread};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Frees that can wait.
const PLACES: usize = 256;
/// Tells records from addresses, which never have it.
const IS_RECORD: u64 = 1 << 63;

/// Frees that wait, 0 in a free place.
static WAITING: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];
/// How many there are, at least; it sinks when they are done.
static WAITING_COUNT: AtomicUsize = AtomicUsize::new(0);
/// One thread at a time does them, and others wait until they are done.
static SETTLING: SpinLock<()> = SpinLock::new(());

/// A free to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateFree {
    /// Of the sampled object that this record is of.
    Record(RecordId),
    /// Of a large object at this address, sampled or not.
    Large(usize),
}

/// Remembers a free, before its memory goes back. Takes no lock.
pub(crate) fn put_off(free: LateFree) {
    let word = match free {
        LateFree::Record(id) => IS_RECORD | u64::from(id.number()),
        LateFree::Large(address) => address as u64,
    };
    WAITING_COUNT.fetch_add(1, Ordering::Relaxed);
    for place in &WAITING {
        // Release pairs with the Acquire in `settle`.
        if place.compare_exchange(0, word, Ordering::Release, Ordering::Relaxed).is_ok() {
            return;
        }
    }
    WAITING_COUNT.fetch_sub(1, Ordering::Relaxed);
    stats::HANDLER_FREES_LOST.add(1);
}

/// Counts the frees that wait. A handler that interrupted the profiler itself leaves them.
///
/// A thread that was given an object's address by the wrapped allocator sees the free that was put
/// off before: the allocator's own order of free and allocation carries it.
#[inline]
pub(crate) fn settle() {
    if WAITING_COUNT.load(Ordering::Acquire) > 0 {
        settle_waiting();
    }
}

#[cold]
fn settle_waiting() {
    if thread::is_inside() {
        return;
    }
    SETTLING.with(|()| {
        for place in &WAITING {
            let word = place.load(Ordering::Acquire);
            if word == 0 {
                continue;
            }
            live::free_late(decode(word));
            place.store(0, Ordering::Release);
            // Release: who finds none waiting finds the tables without them.
            WAITING_COUNT.fetch_sub(1, Ordering::Release);
        }
    });
}

fn decode(word: u64) -> LateFree {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the words are made above, of such numbers"
    )]
    if word & IS_RECORD == 0 {
        LateFree::Large(word as usize)
    } else {
        LateFree::Record(RecordId::from_number(word as u32))
    }
}

/// After a fork, in the child: what was about to be put off by another thread will not be.
pub(crate) fn recount() {
    let waiting = WAITING.iter().filter(|place| place.load(Ordering::Relaxed) != 0);
    WAITING_COUNT.store(waiting.count(), Ordering::Relaxed);
}

/// The lock, for `fork`.
pub(crate) fn acquire() {
    SETTLING.acquire();
}

pub(crate) fn release() {
    SETTLING.release();
}
