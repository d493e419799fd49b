//! The global allocator: the way of every allocation and free.
//!
//! Runs inside malloc: no allocation, no panic. In: the program's calls. Out: the same calls to the
//! wrapped allocator, which always sees the layouts that it gave out; only a small object that is
//! sampled becomes a part of a slightly larger allocation, for the mark before it. What is not
//! sampled costs a subtraction and a branch; its free costs the test of two numbers.
//!
//! A sampled object's record goes before its memory does, so that another thread that is given the
//! same address at once finds no trace of it.

#![expect(unsafe_code, reason = "implements and calls GlobalAlloc")]

use crate::cost::SampleWatch;
use crate::live::{self, RecordId, Sampled};
use crate::rooms::Rooms;
use crate::thread::{self, ThreadState};
use crate::{buckets, callers, fork, sampler, stats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering};

static INSTALLED: AtomicBool = AtomicBool::new(false);

/// Whether any allocation came through a [`Heap`].
pub(crate) fn is_installed() -> bool {
    INSTALLED.load(Ordering::Relaxed)
}

/// The program's allocator `A`, and a sampling of what it allocates.
///
/// It is made for a `static`: up to 62 KiB of `A`'s memory, of sampled objects that were freed, are kept for the
/// next ones, and are not given back when a `Heap` is dropped.
///
/// ```
/// #[global_allocator]
/// static HEAP: liveheap::Heap = liveheap::Heap::system();
/// # fn main() {}
/// ```
pub struct Heap<A = System> {
    inner: A,
    rooms: Rooms,
    /// None leaves it to the environment, and else to what sampling costs.
    sample_rate: Option<u64>,
}

impl Heap<System> {
    /// Over the system's allocator.
    pub const fn system() -> Self {
        Self::new(System)
    }
}

impl<A> Heap<A> {
    /// Over the allocator `inner`, which is not another [`Heap`]: both would count the same bytes.
    pub const fn new(inner: A) -> Self {
        Self { inner, rooms: Rooms::none(), sample_rate: None }
    }

    /// Sets the mean number of allocated bytes between two samples: 1 samples every allocation, 0
    /// none. `LIVEHEAP_SAMPLE_RATE` in the environment wins over it.
    ///
    /// Unless one of them is set, it is 524288 (512 KiB), and 2 to 128 times as much for a thread whose
    /// samples would take more than 2 % of its CPU time otherwise, as long as it is so. A rate that is set is
    /// kept, whatever it costs.
    #[must_use]
    pub const fn sample_rate(mut self, bytes: u64) -> Self {
        self.sample_rate = Some(bytes);
        self
    }
}

impl<A> fmt::Debug for Heap<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Heap")
            .field("sample_rate", &self.sample_rate)
            .finish_non_exhaustive()
    }
}

/// Whether fresh memory must be zero.
#[derive(Clone, Copy)]
enum Fill {
    Any,
    Zero,
}

// SAFETY: memory comes from `inner`, which keeps the contract: an allocation is one of `inner`'s with
// the same layout, or lies in one of `inner`'s that begins with a page: at its begin, or 16 bytes behind,
// with room for it and no larger alignment. Which of them it is can be told exactly from its address, its
// layout and the records, and a free passes the layout that `inner` was given. Nothing here unwinds.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Heap<A> {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if thread::countdown(layout.size()) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { self.inner.alloc(layout) };
        }
        // SAFETY: the caller's contract, passed on.
        unsafe { Self::alloc_slowly(layout.size(), layout.align(), self) }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if thread::countdown(layout.size()) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { self.inner.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's contract, passed on.
        unsafe { Self::alloc_zeroed_slowly(layout.size(), layout.align(), self) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let (size, align) = (layout.size(), layout.align());
        if live::may_be_sampled(pointer) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::dealloc_near_page(pointer, size, align, self) };
        }
        if live::is_large(size) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::dealloc_large(pointer, size, align, self) };
        }
        // SAFETY: the caller's contract; no sampled object has such an address and layout.
        unsafe { self.inner.dealloc(pointer, layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let (size, align) = (layout.size(), layout.align());
        if !thread::countdown(new_size) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::realloc_sampled(pointer, size, align, new_size, self) };
        }
        if live::may_be_sampled(pointer) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::realloc_near_page(pointer, size, align, new_size, self) };
        }
        if live::is_large(size) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::realloc_sampled(pointer, size, align, new_size, self) };
        }
        // SAFETY: the caller's contract; no sampled object has such an address and layout.
        unsafe { self.inner.realloc(pointer, layout, new_size) }
    }
}

/// The slow paths take what the compiler's entry points take, in the same order, so that the fast
/// paths before them move no registers: two or three instructions an allocation.
impl<A: GlobalAlloc> Heap<A> {
    #[cold]
    #[inline(never)]
    unsafe fn alloc_slowly(size: usize, align: usize, heap: &Self) -> *mut u8 {
        let marker = 0_u8;
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        match heap.pick(size) {
            // SAFETY: the caller's contract, passed on.
            None => unsafe { heap.inner.alloc(layout) },
            // SAFETY: the caller's contract, passed on.
            Some(rate) => unsafe { heap.sample(layout, rate, Fill::Any, &raw const marker) },
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn alloc_zeroed_slowly(size: usize, align: usize, heap: &Self) -> *mut u8 {
        let marker = 0_u8;
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        match heap.pick(size) {
            // SAFETY: the caller's contract, passed on.
            None => unsafe { heap.inner.alloc_zeroed(layout) },
            // SAFETY: the caller's contract, passed on.
            Some(rate) => unsafe { heap.sample(layout, rate, Fill::Zero, &raw const marker) },
        }
    }

    /// Frees an object that may be sampled, judging by its address.
    #[inline(never)]
    unsafe fn dealloc_near_page(pointer: *mut u8, size: usize, align: usize, heap: &Self) {
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        if live::is_large(size) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::dealloc_large(pointer, size, align, heap) };
        }
        if live::lies_as_sampled(pointer, layout) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::dealloc_small(pointer, size, align, heap) };
        }
        // SAFETY: what is not sampled is one of `inner`'s own.
        unsafe { heap.inner.dealloc(pointer, layout) };
    }

    #[cold]
    #[inline(never)]
    unsafe fn dealloc_large(pointer: *mut u8, size: usize, align: usize, heap: &Self) {
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        live::free_large(pointer);
        // SAFETY: a large object is where `inner` put it.
        unsafe { heap.inner.dealloc(pointer, layout) };
    }

    /// Frees a small object that lies as a sampled one does.
    #[inline(never)]
    unsafe fn dealloc_small(pointer: *mut u8, size: usize, align: usize, heap: &Self) {
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        // SAFETY: this is where it lies.
        match unsafe { live::find_small(pointer, layout) } {
            // SAFETY: what is not sampled is one of `inner`'s own.
            None => unsafe { heap.inner.dealloc(pointer, layout) },
            Some(id) => {
                live::retire_small(pointer, layout, id);
                // SAFETY: the object is sampled, and its record is gone.
                unsafe { heap.dealloc_with_room(pointer, layout) };
            }
        }
    }

    /// Reallocates an object that may be sampled, judging by its address; its new size is no sample.
    #[inline(never)]
    unsafe fn realloc_near_page(
        pointer: *mut u8,
        size: usize,
        align: usize,
        new_size: usize,
        heap: &Self,
    ) -> *mut u8 {
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        if live::is_large(size) || live::lies_as_sampled(pointer, layout) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::realloc_sampled(pointer, size, align, new_size, heap) };
        }
        // SAFETY: what is not sampled is one of `inner`'s own.
        unsafe { heap.inner.realloc(pointer, layout, new_size) }
    }

    /// Reallocates an object that may be sampled, or whose countdown ran out.
    #[inline(never)]
    unsafe fn realloc_sampled(
        pointer: *mut u8,
        size: usize,
        align: usize,
        new_size: usize,
        heap: &Self,
    ) -> *mut u8 {
        let marker = 0_u8;
        let marker = &raw const marker;
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        let rate = if thread::ran_out() { heap.pick(new_size) } else { None };
        if !live::is_large(size)
            && live::lies_as_sampled(pointer, layout)
            // SAFETY: this is where it lies.
            && let Some(id) = unsafe { live::find_small(pointer, layout) }
        {
            // SAFETY: the object is sampled and has this record.
            return unsafe { heap.move_small(pointer, layout, new_size, id, rate, marker) };
        }
        // SAFETY: the object is one of `inner`'s own; the rest is the caller's contract.
        unsafe { heap.realloc_in_place(pointer, layout, new_size, rate, marker) }
    }

    /// Decides about an allocation whose countdown ran out. After a rate, [`Self::sample`] or
    /// [`done`] must follow.
    fn pick(&self, size: usize) -> Option<u64> {
        thread::with(|state| {
            if !state.started.get() {
                INSTALLED.store(true, Ordering::Relaxed);
            }
            let rate = sampler::pick(state, size, self.sample_rate)?;
            fork::register();
            Some(rate)
        })
    }

    /// Allocates an object that was picked, and records it.
    unsafe fn sample(&self, layout: Layout, rate: u64, fill: Fill, marker: *const u8) -> *mut u8 {
        if live::is_large(layout.size()) {
            // SAFETY: the caller's contract, passed on.
            let pointer = unsafe { self.alloc_plain(layout, fill) };
            record_in_place(pointer, layout.size(), rate, marker);
            return pointer;
        }
        // SAFETY: the caller's contract, passed on.
        let pointer = unsafe { self.alloc_small(layout, rate, fill, marker) };
        done();
        // SAFETY: the caller's contract, passed on.
        pointer.unwrap_or_else(|| unsafe { self.alloc_plain(layout, fill) })
    }

    /// Allocates and records a small object that was picked; none when there is no room for that.
    unsafe fn alloc_small(
        &self,
        layout: Layout,
        rate: u64,
        fill: Fill,
        marker: *const u8,
    ) -> Option<*mut u8> {
        let _watch = SampleWatch::of_sample();
        let id = live::reserve()?;
        let (room, offset) = live::room(layout);
        // SAFETY: the layout is the caller's, or larger.
        let start = unsafe { self.alloc_room(room, fill) };
        if start.is_null() {
            stats::PLACEMENTS_FAILED.add(1);
            live::give_back(id);
            return None;
        }
        // SAFETY: the room is as much larger than the object.
        let pointer = unsafe { start.add(offset) };
        let sampled = thread::with(|state| describe(state, pointer, layout.size(), rate, marker));
        live::fill(id, &sampled);
        // SAFETY: the object lies in its room.
        if !unsafe { live::record_small(&sampled, layout, id) } {
            live::give_back(id);
            // SAFETY: `inner` gave it out with this layout, and nobody has seen it.
            unsafe { self.inner.dealloc(start, room) };
            return None;
        }
        Some(pointer)
    }

    /// The room of a small sampled object: one that was kept, or one of `inner`'s.
    unsafe fn alloc_room(&self, room: Layout, fill: Fill) -> *mut u8 {
        let Some(kept) = self.rooms.take(room) else {
            // SAFETY: the caller's contract, passed on.
            return unsafe { self.alloc_plain(room, fill) };
        };
        let start = kept.as_ptr();
        if matches!(fill, Fill::Zero) {
            // SAFETY: it has as many bytes, and nobody else has it.
            unsafe { start.write_bytes(0, room.size()) };
        }
        start
    }

    unsafe fn alloc_plain(&self, layout: Layout, fill: Fill) -> *mut u8 {
        match fill {
            // SAFETY: the caller's contract, passed on.
            Fill::Any => unsafe { self.inner.alloc(layout) },
            // SAFETY: the caller's contract, passed on.
            Fill::Zero => unsafe { self.inner.alloc_zeroed(layout) },
        }
    }

    /// Frees a small sampled object. Its record is gone already.
    unsafe fn dealloc_with_room(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller says that it was recorded.
        unsafe { live::clear(pointer, layout) };
        let (room, offset) = live::room(layout);
        // SAFETY: a small sampled object lies so far behind the begin of its room.
        let start = unsafe { pointer.sub(offset) };
        if !self.rooms.keep(start, room) {
            // SAFETY: `inner` gave out `start` with this very layout.
            unsafe { self.inner.dealloc(start, room) };
        }
    }

    /// Reallocates a small sampled object: it moves, and whether it is sampled again is `rate`.
    unsafe fn move_small(
        &self,
        pointer: *mut u8,
        layout: Layout,
        new_size: usize,
        id: RecordId,
        rate: Option<u64>,
        marker: *const u8,
    ) -> *mut u8 {
        // SAFETY: the caller of `realloc` keeps the new size in range of the layout's alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let moved = match rate {
            // SAFETY: the layout is valid and not empty, by the contract of `realloc`.
            None => unsafe { self.inner.alloc(new_layout) },
            // SAFETY: as above.
            Some(rate) => unsafe { self.sample(new_layout, rate, Fill::Any, marker) },
        };
        if moved.is_null() {
            // The old object stays as it is, with its record.
            return null_mut();
        }
        // SAFETY: both allocations have this many bytes, and they are different ones.
        unsafe { std::ptr::copy_nonoverlapping(pointer, moved, layout.size().min(new_size)) };
        live::retire_small(pointer, layout, id);
        // SAFETY: the object was sampled, and its record is gone.
        unsafe { self.dealloc_with_room(pointer, layout) };
        moved
    }

    /// Reallocates an object that is where `inner` put it; a large one may be sampled.
    unsafe fn realloc_in_place(
        &self,
        pointer: *mut u8,
        layout: Layout,
        new_size: usize,
        rate: Option<u64>,
        marker: *const u8,
    ) -> *mut u8 {
        let old_id = if live::is_large(layout.size()) { live::remove(pointer) } else { None };
        if let Some(rate) = rate
            && !live::is_large(new_size)
        {
            // SAFETY: the contract of `realloc`, passed on.
            return unsafe {
                self.move_and_sample(pointer, layout, new_size, old_id, rate, marker)
            };
        }
        // SAFETY: the object is where `inner` put it, with this layout.
        let moved = unsafe { self.inner.realloc(pointer, layout, new_size) };
        if moved.is_null() {
            put_back(pointer, old_id);
            if rate.is_some() {
                done();
            }
            return moved;
        }
        if let Some(id) = old_id {
            live::retire(id);
        }
        if let Some(rate) = rate {
            record_in_place(moved, new_size, rate, marker);
        }
        moved
    }

    /// Reallocates such an object to a small one that is sampled.
    unsafe fn move_and_sample(
        &self,
        pointer: *mut u8,
        layout: Layout,
        new_size: usize,
        old_id: Option<RecordId>,
        rate: u64,
        marker: *const u8,
    ) -> *mut u8 {
        // SAFETY: the caller of `realloc` keeps the new size in range of the layout's alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the layout is valid and not empty, by the contract of `realloc`.
        let moved = unsafe { self.sample(new_layout, rate, Fill::Any, marker) };
        if moved.is_null() {
            put_back(pointer, old_id);
            return moved;
        }
        // SAFETY: both allocations have this many bytes, and they are different ones.
        unsafe { std::ptr::copy_nonoverlapping(pointer, moved, layout.size().min(new_size)) };
        if let Some(id) = old_id {
            live::retire(id);
        }
        // SAFETY: the old object is where `inner` put it, with this layout.
        unsafe { self.inner.dealloc(pointer, layout) };
        moved
    }
}

/// Records an object that stays where the wrapped allocator put it.
fn record_in_place(pointer: *mut u8, size: usize, rate: u64, marker: *const u8) {
    let _watch = SampleWatch::of_sample();
    if !pointer.is_null()
        && let Some(id) = live::reserve()
    {
        let sampled = thread::with(|state| describe(state, pointer, size, rate, marker));
        live::fill(id, &sampled);
        if live::insert(pointer, id) {
            live::count_allocated(&sampled);
        } else {
            live::give_back(id);
        }
    }
    done();
}

/// Puts the record of an object back that could not be reallocated.
fn put_back(pointer: *mut u8, id: Option<RecordId>) {
    if let Some(id) = id
        && !live::put_back(pointer, id)
    {
        live::retire(id);
    }
}

/// What is recorded of an object: among others, who allocated it.
fn describe(
    state: &ThreadState,
    pointer: *mut u8,
    size: usize,
    rate: u64,
    marker: *const u8,
) -> Sampled {
    let callers = callers::of(state, marker.addr());
    let size = size as u64;
    sampler::remember(rate);
    let weight = sampler::weight(size, rate);
    let bucket = buckets::find(callers, size);
    Sampled { pointer, bucket, size, weight, thread: thread::id(state) }
}

/// Ends the handling of an allocation that was picked.
fn done() {
    thread::with(sampler::after_sample);
}

#[cfg(test)]
mod tests;
