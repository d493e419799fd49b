//! The sampled objects that are not freed: which bucket each belongs to, and how to tell them from
//! all other objects.
//!
//! Runs inside malloc: no allocation, no panic. In: an object's address. Out: its [`Record`]. A free
//! must find out quickly that its object is not sampled:
//! - **small objects**: a sampled one has its address 16 behind a page's begin, and in the 16 bytes
//!   before it a mark with the number of its record, which names the object in turn. So the test of
//!   11 bits of the address clears nearly all others, and the record clears the rest, whatever bytes
//!   happen to lie there.
//! - **over-aligned objects**, small ones with an alignment above 16: a sampled one lies at a page's
//!   begin, which the same test finds, and is found by address in a table.
//! - **large objects** stay where the wrapped allocator put them, and are in that table, too; a filter
//!   of counters spares most others the look into it.

#![expect(unsafe_code, reason = "marks lie in memory of the wrapped allocator, records in our own")]

mod shard;

use crate::cost::SampleWatch;
use crate::errno::KeepErrno;
use crate::late::LateFree;
use crate::record::Record;
pub(crate) use crate::record::{LiveObject, Sampled};
use crate::records::Records;
pub(crate) use crate::rooms::PAGE;
use crate::sync::SpinLock;
use crate::thread;
use crate::{arena, clock, late, rooms, stats};
use shard::{Entry, Shard};
use std::alloc::Layout;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The mark's size, and so the distance of a small sampled object from its page's begin.
pub(crate) const MARK_BYTES: usize = 16;
/// Objects of so many bytes are large.
pub(crate) const LARGE: usize = 64 << 10;

/// Records in a chunk, 256 KiB of them.
const RECORDS_PER_CHUNK: usize = 4096;
/// Chunks there can be: 16 million records, 1 GiB.
const CHUNKS: usize = 4096;
/// Shards of the table of large objects.
const SHARDS: usize = 64;
/// Counters of the filter before that table.
const FILTER: usize = 1 << 14;

static RECORDS: Records<CHUNKS, RECORDS_PER_CHUNK> = Records::new();
static SHARD_TABLES: [SpinLock<Shard>; SHARDS] = [const { SpinLock::new(Shard::new()) }; SHARDS];
static TABLED: [AtomicU32; FILTER] = [const { AtomicU32::new(0) }; FILTER];
/// What a mark's first word is mixed with; 0 until the first mark.
static SECRET: AtomicU64 = AtomicU64::new(0);

const _: () = assert!(size_of::<Record>() <= 64);

/// The number of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordId(u32);

impl RecordId {
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    /// The record that has this [`number`](Self::number).
    pub(crate) const fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Whether a sampled object of this size stays where the wrapped allocator put it.
#[inline(always)]
pub(crate) fn is_large(size: usize) -> bool {
    size >= LARGE
}

/// Whether a small object can be a sampled one, judging by its address.
#[inline(always)]
pub(crate) fn may_be_sampled(pointer: *mut u8) -> bool {
    // At a page's begin, or 16 behind.
    pointer.addr() & (PAGE - 1 - MARK_BYTES) == 0
}

/// Whether a small object of this layout lies exactly where a sampled one would.
#[inline(always)]
pub(crate) fn lies_as_sampled(pointer: *mut u8, layout: Layout) -> bool {
    pointer.addr() % PAGE == if is_marked(layout) { MARK_BYTES } else { 0 }
}

/// Whether a small sampled object of this layout has a mark; over-aligned ones have none.
#[inline(always)]
fn is_marked(layout: Layout) -> bool {
    layout.align() <= MARK_BYTES
}

/// The allocation that a small sampled object of this layout lies in, and how far behind its begin.
pub(crate) fn room(layout: Layout) -> (Layout, usize) {
    let offset = if is_marked(layout) { MARK_BYTES } else { 0 };
    // A small object has less than 64 KiB, so the sum is far from overflowing.
    let align = layout.align().max(PAGE);
    let size = rooms::size(layout.size() + offset, align);
    // SAFETY: the alignment is a power of two, and the size is small. Where the alignment is so large
    // that this size would overflow when rounded up, the layout is the caller's own, and valid.
    (unsafe { Layout::from_size_align_unchecked(size, align) }, offset)
}

// ---------------------------------------------------------------------------------------------
// Records

/// A place for another record, or none when there is no room; then the drop is counted.
pub(crate) fn reserve() -> Option<RecordId> {
    const BYTES: usize = RECORDS_PER_CHUNK * size_of::<Record>();
    let map = || arena::map(BYTES).map(NonNull::cast);
    // SAFETY: it was mapped just now, with this size, and nobody has seen it.
    let unmap = |chunk: NonNull<Record>| unsafe { arena::unmap(chunk.cast(), BYTES) };
    // SAFETY: zeroed memory is valid records, and only `unmap` takes it away.
    let found = unsafe { RECORDS.reserve(map, unmap) };
    if found.is_none() {
        stats::LIVE_TABLE_FULL.add(1);
    }
    found.map(RecordId)
}

/// Gives back a place whose record was not filled, or was emptied.
pub(crate) fn give_back(id: RecordId) {
    RECORDS.give_back(id.0);
}

/// Fills a reserved record.
pub(crate) fn fill(id: RecordId, sampled: &Sampled) {
    if let Some(record) = RECORDS.get(id.0) {
        record.fill(sampled, clock::coarse());
    }
}

/// Counts the object's allocation in its bucket.
pub(crate) fn count_allocated(sampled: &Sampled) {
    sampled.bucket.add_allocated(sampled.size, sampled.weight);
    stats::SAMPLES.add(1);
}

/// Counts the object's free in its bucket and gives the record back; in a signal handler that
/// interrupted the profiler, later.
pub(crate) fn retire(id: RecordId) {
    let Some(record) = RECORDS.get(id.0) else { return };
    if thread::is_inside() {
        // Nobody is to find the object by it.
        record.empty();
        return late::put_off(LateFree::Record(id));
    }
    let _watch = SampleWatch::of_free();
    late::settle();
    count_freed(id);
}

/// Counts the free of a large object, if it is a sampled one; in a signal handler that interrupted the
/// profiler, later.
#[inline]
pub(crate) fn free_large(pointer: *mut u8) {
    if may_be_in_table(pointer) {
        free_if_in_table(pointer);
    }
}

#[inline(never)]
fn free_if_in_table(pointer: *mut u8) {
    if thread::is_inside() {
        return put_off_large(pointer);
    }
    let watch = SampleWatch::of_free();
    late::settle();
    match take_out(pointer) {
        Some(id) => count_freed(id),
        None => watch.of_none(),
    }
}

/// Counts the free of an object that was not counted so far.
fn count_freed(id: RecordId) {
    let Some(record) = RECORDS.get(id.0) else { return };
    if let Some((bucket, size, weight)) = record.counted() {
        bucket.add_freed(size, weight);
        stats::SAMPLES_FREED.add(1);
    }
    give_back(id);
}

/// Shows the live objects, in no order that means anything. `visit` may allocate.
///
/// Nothing stops the program meanwhile. One that is freed and another put in its place while it is
/// read may be shown as a mixture of both; the caller bears that.
pub(crate) fn for_each(visit: &mut dyn FnMut(&LiveObject)) {
    RECORDS.for_each(visit);
}

// ---------------------------------------------------------------------------------------------
// Small objects

/// The record of a small object of this layout, or none when it is not a sampled one.
///
/// # Safety
/// - The object [`lies_as_sampled`].
#[inline(always)]
pub(crate) unsafe fn find_small(pointer: *mut u8, layout: Layout) -> Option<RecordId> {
    if is_marked(layout) {
        // SAFETY: the address is 16 behind a page's begin, in a page that holds the object.
        unsafe { read_mark(pointer) }
    } else {
        find(pointer)
    }
}

/// Counts the free of a small sampled object of this layout.
pub(crate) fn retire_small(pointer: *mut u8, layout: Layout, id: RecordId) {
    if is_marked(layout) {
        return retire(id);
    }
    if thread::is_inside() {
        return put_off_entry(pointer, id);
    }
    take_out(pointer);
    retire(id);
}

/// Counts an object's allocation, and marks it or enters it, so that its free finds it. False when there
/// is no room for that.
///
/// # Safety
/// - The object lies in its [`room`].
pub(crate) unsafe fn record_small(sampled: &Sampled, layout: Layout, id: RecordId) -> bool {
    if is_marked(layout) {
        // SAFETY: the object's room begins with 16 bytes for the mark, at a page's begin.
        unsafe { write_mark(sampled.pointer, id) };
    } else if !insert(sampled.pointer, id) {
        return false;
    }
    count_allocated(sampled);
    true
}

/// Takes what says that a small object is sampled out of its memory, before that goes back.
///
/// # Safety
/// - The object was recorded by [`record_small`] with this layout.
pub(crate) unsafe fn clear(pointer: *mut u8, layout: Layout) {
    if is_marked(layout) {
        // SAFETY: the object is marked.
        unsafe { clear_mark(pointer) };
    }
}

// ---------------------------------------------------------------------------------------------
// Marks before small objects

fn secret() -> u64 {
    let secret = SECRET.load(Ordering::Relaxed);
    if secret != 0 {
        return secret;
    }
    let _errno = KeepErrno::new();
    let mut random = 0_u64;
    // SAFETY: getrandom(2) writes at most the given bytes, which are ours.
    unsafe { libc::getrandom((&raw mut random).cast(), size_of::<u64>(), libc::GRND_NONBLOCK) };
    // The record's own check is what makes the test exact, so a poor secret only costs time.
    let fresh = (random ^ clock::coarse()) | 1;
    match SECRET.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => fresh,
        Err(other) => other,
    }
}

/// Marks the small object at `pointer` as the one of a record.
///
/// # Safety
/// - The 16 bytes before `pointer` are ours, and `pointer` is 16 behind a page's begin.
unsafe fn write_mark(pointer: *mut u8, id: RecordId) {
    // SAFETY: the caller says that the mark's place is ours.
    let words = unsafe { mark_of(pointer) };
    words[0].store(pointer.addr() as u64 ^ secret(), Ordering::Relaxed);
    words[1].store(u64::from(id.0), Ordering::Relaxed);
}

/// The record of the small object at `pointer`, or none when it is not a sampled one.
///
/// # Safety
/// - `pointer` is 16 behind a page's begin, so that the bytes before it can be read.
///
/// A function of its own, so that `ci/memcheck.supp` can name it.
#[inline(never)]
pub(crate) unsafe fn read_mark(pointer: *mut u8) -> Option<RecordId> {
    // SAFETY: the bytes are on the object's own page.
    let words = unsafe { mark_of(pointer) };
    if words[0].load(Ordering::Relaxed) != pointer.addr() as u64 ^ SECRET.load(Ordering::Relaxed) {
        return None;
    }
    let id = RecordId(u32::try_from(words[1].load(Ordering::Relaxed)).ok()?);
    RECORDS.get(id.0)?.is_of(pointer.addr()).then_some(id)
}

/// Takes the mark away, before the object's memory goes back to the wrapped allocator.
///
/// # Safety
/// - As for [`write_mark`].
unsafe fn clear_mark(pointer: *mut u8) {
    // SAFETY: the caller says that the mark's place is ours.
    let words = unsafe { mark_of(pointer) };
    words[0].store(0, Ordering::Relaxed);
}

/// # Safety
/// - The 16 bytes before `pointer` can be read, and are aligned to 8.
unsafe fn mark_of<'a>(pointer: *mut u8) -> &'a [AtomicU64; 2] {
    // SAFETY: the caller says that the bytes before are mapped.
    let mark = unsafe { pointer.sub(MARK_BYTES) }.cast::<[AtomicU64; 2]>();
    // SAFETY: it is aligned, and read and written as atomics only: when it is not a mark it may be
    // another object's memory, whose owner may write it at this moment.
    unsafe { &*mark }
}

// ---------------------------------------------------------------------------------------------
// The table of large and over-aligned objects

/// Enters an object, or says no when the table cannot grow; then the drop is counted.
pub(crate) fn insert(pointer: *mut u8, id: RecordId) -> bool {
    // An earlier object at this address may wait to be taken out, or its free may have been lost.
    late::settle();
    if may_be_in_table(pointer) {
        take_out(pointer).into_iter().for_each(count_freed);
    }
    let hash = hash_of(pointer);
    let inserted = SHARD_TABLES[hash % SHARDS]
        .with(|shard| shard.insert(Entry { pointer: pointer.addr(), id }));
    if inserted {
        TABLED[hash % FILTER].fetch_add(1, Ordering::Relaxed);
    } else {
        stats::LIVE_TABLE_FULL.add(1);
    }
    inserted
}

/// Takes a large object out: its record, or none when it was not sampled. In a signal handler that
/// interrupted the profiler it is none, and the record is retired later.
///
/// The record names no object from here on, since another may get the address before it is retired.
#[inline]
pub(crate) fn remove(pointer: *mut u8) -> Option<RecordId> {
    if !may_be_in_table(pointer) {
        return None;
    }
    if thread::is_inside() {
        put_off_large(pointer);
        return None;
    }
    late::settle();
    let id = take_out(pointer)?;
    name(id, null_mut());
    Some(id)
}

/// Enters a large object again that [`remove`] took out. False as for [`insert`].
pub(crate) fn put_back(pointer: *mut u8, id: RecordId) -> bool {
    name(id, pointer);
    insert(pointer, id)
}

/// The record of the object at this address.
#[cold]
#[inline(never)]
fn find(pointer: *mut u8) -> Option<RecordId> {
    if !may_be_in_table(pointer) {
        return None;
    }
    if thread::is_inside() {
        return find_without_lock(pointer);
    }
    late::settle();
    let id = SHARD_TABLES[hash_of(pointer) % SHARDS].with(|shard| shard.find(pointer.addr()))?;
    // The entry may be of an earlier object, whose free was lost.
    names(id, pointer).then_some(id)
}

#[inline]
fn may_be_in_table(pointer: *mut u8) -> bool {
    // An object's own entry is counted before its address is known to anyone, so it cannot be missed.
    TABLED[hash_of(pointer) % FILTER].load(Ordering::Relaxed) != 0
}

/// The record of an object, for a signal handler that interrupted the profiler: of all records, the one
/// that names it. That takes a moment, and no lock.
#[cold]
fn find_without_lock(pointer: *mut u8) -> Option<RecordId> {
    RECORDS.find(pointer.addr()).map(RecordId)
}

/// Whether the record is the object's.
fn names(id: RecordId, pointer: *mut u8) -> bool {
    RECORDS.get(id.0).is_some_and(|record| record.is_of(pointer.addr()))
}

/// Makes the record the object's, or nobody's.
fn name(id: RecordId, pointer: *mut u8) {
    if let Some(record) = RECORDS.get(id.0) {
        record.name(pointer.addr());
    }
}

/// Frees a large object in a signal handler that interrupted the profiler, if it is a sampled one.
fn put_off_large(pointer: *mut u8) {
    if let Some(id) = find_without_lock(pointer) {
        put_off_entry(pointer, id);
    }
}

/// Frees an object of the table in a signal handler: its entry is taken out later.
fn put_off_entry(pointer: *mut u8, id: RecordId) {
    // Nobody is to find the object by it.
    name(id, null_mut());
    late::put_off(LateFree::Entry(pointer.addr()));
}

/// The entry of an object, if it has one.
fn take_out(pointer: *mut u8) -> Option<RecordId> {
    let hash = hash_of(pointer);
    let removed = SHARD_TABLES[hash % SHARDS].with(|shard| shard.remove(pointer.addr()))?;
    TABLED[hash % FILTER].fetch_sub(1, Ordering::Relaxed);
    Some(removed)
}

/// Does what a signal handler put off.
pub(crate) fn free_late(free: LateFree) {
    let id = match free {
        LateFree::Record(id) => Some(id),
        LateFree::Entry(address) => take_out(std::ptr::without_provenance_mut(address)),
    };
    if let Some(id) = id {
        count_freed(id);
    }
}

fn hash_of(pointer: *mut u8) -> usize {
    let product = (pointer.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product >> 32) as usize
}

/// The locks, for `fork`.
pub(crate) fn acquire_all() {
    SHARD_TABLES.iter().for_each(SpinLock::acquire);
}

pub(crate) fn release_all() {
    SHARD_TABLES.iter().for_each(SpinLock::release);
}

#[cfg(test)]
mod tests;
