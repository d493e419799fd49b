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
use crate::live::{self, LARGE, MARK_BYTES, PAGE, RecordId, Sampled};
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
/// ```
/// #[global_allocator]
/// static HEAP: liveheap::Heap = liveheap::Heap::system();
/// # fn main() {}
/// ```
pub struct Heap<A = System> {
    inner: A,
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
        Self { inner, sample_rate: None }
    }

    /// Sets the mean number of allocated bytes between two samples: 1 samples every allocation, 0
    /// none. `LIVEHEAP_SAMPLE_RATE` in the environment wins over it.
    ///
    /// Unless one of them is set, it is 524288 (512 KiB), and 2 to 128 times as much for a thread whose
    /// samples would take more than 2 % of its time otherwise, as long as it is so. A rate that is set is
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
// the same layout, or lies in a larger one of `inner`'s, 16 bytes behind its begin, with the same size
// and no larger alignment. Which of the two it is can be told exactly from its address and layout, and
// a free passes the layout that `inner` was given. Nothing here unwinds.
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
        if live::stays_in_place(layout) || live::may_be_marked(pointer) {
            // SAFETY: the caller's contract, passed on.
            return unsafe { Self::dealloc_slowly(pointer, layout.size(), layout.align(), self) };
        }
        // SAFETY: the caller's contract; no sampled object has such an address and layout.
        unsafe { self.inner.dealloc(pointer, layout) }
    }

    #[inline(always)]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let goes_on = thread::countdown(new_size);
        if !goes_on || live::stays_in_place(layout) || live::may_be_marked(pointer) {
            // SAFETY: the caller's contract, passed on.
            return unsafe {
                Self::realloc_slowly(
                    pointer,
                    layout.size(),
                    layout.align(),
                    new_size,
                    self,
                    !goes_on,
                )
            };
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

    #[inline(never)]
    unsafe fn dealloc_slowly(pointer: *mut u8, size: usize, align: usize, heap: &Self) {
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        if live::stays_in_place(layout) {
            if let Some(id) = live::remove(pointer) {
                live::retire(id);
            }
            // SAFETY: an object of such a layout is where `inner` put it.
            return unsafe { heap.inner.dealloc(pointer, layout) };
        }
        // SAFETY: the address is 16 behind a page's begin.
        match unsafe { live::read_mark(pointer) } {
            // SAFETY: without a mark the object is one of `inner`'s own.
            None => unsafe { heap.inner.dealloc(pointer, layout) },
            Some(id) => {
                live::retire(id);
                // SAFETY: the object is marked, and its record is gone.
                unsafe { heap.dealloc_marked(pointer, layout) };
            }
        }
    }

    #[inline(never)]
    unsafe fn realloc_slowly(
        pointer: *mut u8,
        size: usize,
        align: usize,
        new_size: usize,
        heap: &Self,
        ran_out: bool,
    ) -> *mut u8 {
        let marker = 0_u8;
        // SAFETY: they are a layout's.
        let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
        let rate = if ran_out { heap.pick(new_size) } else { None };
        if !live::stays_in_place(layout)
            && live::may_be_marked(pointer)
            // SAFETY: the address is 16 behind a page's begin.
            && let Some(id) = unsafe { live::read_mark(pointer) }
        {
            // SAFETY: the object is marked with this record.
            return unsafe {
                heap.move_marked(pointer, layout, new_size, id, rate, &raw const marker)
            };
        }
        // SAFETY: the object is one of `inner`'s own; the rest is the caller's contract.
        unsafe { heap.realloc_unmarked(pointer, layout, new_size, rate, &raw const marker) }
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
        let id = live::reserve();
        let Some(id) = id else {
            done();
            // SAFETY: the caller's contract, passed on.
            return unsafe { self.alloc_plain(layout, fill) };
        };
        if live::stays_in_place(layout) {
            // SAFETY: the caller's contract, passed on.
            let pointer = unsafe { self.alloc_plain(layout, fill) };
            record_in_place(pointer, layout.size(), rate, id, marker);
            return pointer;
        }
        let _watch = SampleWatch::of_sample();
        let room = with_mark(layout);
        // SAFETY: the layout is the caller's, and larger.
        let start = unsafe { self.alloc_plain(room, fill) };
        if start.is_null() {
            stats::PLACEMENTS_FAILED.add(1);
            live::give_back(id);
            done();
            // SAFETY: the caller's contract, passed on.
            return unsafe { self.alloc_plain(layout, fill) };
        }
        // SAFETY: the allocation is 16 bytes larger than the object.
        let pointer = unsafe { start.add(MARK_BYTES) };
        thread::with(|state| {
            let sampled = describe(state, pointer, layout.size(), rate, marker);
            live::fill(id, &sampled);
            live::count_allocated(&sampled);
        });
        // SAFETY: the allocation begins with 16 bytes for the mark, at a page's begin.
        unsafe { live::write_mark(pointer, id) };
        done();
        pointer
    }

    unsafe fn alloc_plain(&self, layout: Layout, fill: Fill) -> *mut u8 {
        match fill {
            // SAFETY: the caller's contract, passed on.
            Fill::Any => unsafe { self.inner.alloc(layout) },
            // SAFETY: the caller's contract, passed on.
            Fill::Zero => unsafe { self.inner.alloc_zeroed(layout) },
        }
    }

    /// Frees an object that is marked. Its record is gone already.
    unsafe fn dealloc_marked(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the object is marked, so the bytes before it are ours.
        unsafe { live::clear_mark(pointer) };
        // SAFETY: a marked object lies 16 bytes behind the begin of its allocation.
        let start = unsafe { pointer.sub(MARK_BYTES) };
        // SAFETY: `inner` gave out `start` with this very layout.
        unsafe { self.inner.dealloc(start, with_mark(layout)) };
    }

    /// Reallocates a marked object: it moves, and whether it is sampled again is `rate`.
    unsafe fn move_marked(
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
        live::retire(id);
        // SAFETY: the object is marked, and its record is gone.
        unsafe { self.dealloc_marked(pointer, layout) };
        moved
    }

    /// Reallocates an object that is not marked; it may be in the table of large objects.
    unsafe fn realloc_unmarked(
        &self,
        pointer: *mut u8,
        layout: Layout,
        new_size: usize,
        rate: Option<u64>,
        marker: *const u8,
    ) -> *mut u8 {
        let old_id = if live::stays_in_place(layout) { live::remove(pointer) } else { None };
        let in_place = layout.align() > MARK_BYTES || new_size >= LARGE;
        if let Some(rate) = rate
            && !in_place
        {
            // SAFETY: the contract of `realloc`, passed on.
            return unsafe { self.move_and_mark(pointer, layout, new_size, old_id, rate, marker) };
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
            match live::reserve() {
                Some(id) => record_in_place(moved, new_size, rate, id, marker),
                None => done(),
            }
        }
        moved
    }

    /// Reallocates an unmarked object to a small one that is sampled.
    unsafe fn move_and_mark(
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

/// The layout of the allocation that a marked object lies in.
fn with_mark(layout: Layout) -> Layout {
    // A marked object has less than 64 KiB, so the sum is far from overflowing.
    let size = layout.size() + MARK_BYTES;
    // SAFETY: the alignment is a power of two, and the size is small.
    unsafe { Layout::from_size_align_unchecked(size, PAGE) }
}

/// Records an object that stays where the wrapped allocator put it.
fn record_in_place(pointer: *mut u8, size: usize, rate: u64, id: RecordId, marker: *const u8) {
    let _watch = SampleWatch::of_sample();
    if pointer.is_null() {
        live::give_back(id);
        return done();
    }
    thread::with(|state| {
        let sampled = describe(state, pointer, size, rate, marker);
        live::fill(id, &sampled);
        if live::insert(pointer, id) {
            live::count_allocated(&sampled);
        } else {
            live::give_back(id);
        }
    });
    done();
}

/// Puts the record of an object back that could not be reallocated.
fn put_back(pointer: *mut u8, id: Option<RecordId>) {
    if let Some(id) = id
        && !live::insert(pointer, id)
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
