//! Frees that a signal handler made while its thread was at work on the profiler's tables.
//!
//! Runs inside malloc: no allocation, no panic. In: such a free, which can take no lock, as its own
//! thread may hold it. Out: the same free, a moment later, from whoever comes to the tables next. The
//! memory itself goes back to the wrapped allocator at once, so the next object may have the same
//! address: whoever enters or looks up an address settles first.

use crate::live::{self, RecordId};
use crate::waiting::Waiting;
use crate::{stats, thread};

/// Frees that can wait.
const PLACES: usize = 256;
/// Tells records from addresses, which never have it.
const IS_RECORD: u64 = 1 << 63;

static WAITING: Waiting<PLACES> = Waiting::new();

/// A free to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LateFree {
    /// Of the sampled object that this record is of.
    Record(RecordId),
    /// Of the object at this address that is in the table.
    Entry(usize),
}

/// Remembers a free, before its memory goes back. Takes no lock.
pub(crate) fn put_off(free: LateFree) {
    let word = match free {
        LateFree::Record(id) => IS_RECORD | u64::from(id.number()),
        LateFree::Entry(address) => address as u64,
    };
    if !WAITING.put(word) {
        stats::HANDLER_FREES_LOST.add(1);
    }
}

/// Counts the frees that wait. A handler that interrupted the profiler itself leaves them.
///
/// A thread that was given an object's address by the wrapped allocator sees the free that was put
/// off before: the allocator's own order of free and allocation carries it.
#[inline]
pub(crate) fn settle() {
    if !WAITING.is_empty() {
        settle_waiting();
    }
}

#[cold]
fn settle_waiting() {
    if !thread::is_inside() {
        WAITING.settle(&mut |word| live::free_late(decode(word)));
    }
}

fn decode(word: u64) -> LateFree {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the words are made above, of such numbers"
    )]
    if word & IS_RECORD == 0 {
        LateFree::Entry(word as usize)
    } else {
        LateFree::Record(RecordId::from_number(word as u32))
    }
}

/// After a fork, in the child: what was about to be put off by another thread will not be.
pub(crate) fn recount() {
    WAITING.recount();
}

/// The lock, for `fork`.
pub(crate) fn acquire() {
    WAITING.acquire();
}

pub(crate) fn release() {
    WAITING.release();
}
