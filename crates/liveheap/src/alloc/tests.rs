//! The allocator as its users see it: on a heap of the tests' own, with an inner allocator that
//! checks every layout, and a truth that is counted beside the estimates.

mod checking;
mod estimates;
mod failures;
mod handlers;
mod layouts;
mod scores;
mod threads;

use crate::buckets::{BucketView, for_each};
use crate::live::PAGE;
use crate::sampler::{self, Random};
use crate::sync::SpinLock;
use crate::{config, thread};
use checking::Checking;
use std::alloc::{GlobalAlloc, Layout};

use super::Heap;

/// The heap of all these tests. It is not the program's allocator, so nothing else uses it.
static HEAP: Heap<Checking> = Heap::new(Checking::new());
/// The sample rate belongs to the process, so that one test at a time can have it.
static ONE_TEST: SpinLock<()> = SpinLock::new(());

/// Runs a test with a sample rate, a fixed seed and a heap that nobody else uses meanwhile.
fn alone(rate: u64, seed: u64, test: impl FnOnce()) {
    let _alone = Alone::begin();
    config::set_sample_rate(rate);
    let complaints = HEAP.inner.complaints();
    thread::with(|state| {
        // A first allocation, so that the seed is not replaced at the next one.
        if !state.started.get() {
            drop(Block::new(1, 1));
        }
    });
    reseed(seed);
    give_rooms_back();
    test();
    assert_eq!(HEAP.inner.complaints(), complaints);
}

/// One lives while a test is alone; one that fails lets the others go on, too.
struct Alone;

impl Alone {
    fn begin() -> Self {
        ONE_TEST.acquire();
        Self
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        ONE_TEST.release();
    }
}

fn reseed(seed: u64) {
    thread::with(|state| {
        state.random.set(Random::from_seed(seed));
        sampler::rearm(state);
    });
}

/// An object that frees itself.
struct Block {
    pointer: *mut u8,
    layout: Layout,
}

// SAFETY: a block owns its memory, and the heap takes frees from any thread.
unsafe impl Send for Block {}

impl Block {
    #[inline(never)]
    fn new(size: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the layout is not empty.
        let pointer = unsafe { HEAP.alloc(layout) };
        assert!(fits(pointer, layout), "{pointer:?} {layout:?}");
        Self { pointer, layout }
    }

    #[inline(never)]
    fn zeroed(size: usize, align: usize) -> Self {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the layout is not empty.
        let pointer = unsafe { HEAP.alloc_zeroed(layout) };
        assert!(fits(pointer, layout), "{pointer:?} {layout:?}");
        Self { pointer, layout }
    }

    #[inline(never)]
    fn resize(&mut self, size: usize) {
        // SAFETY: the block is what the heap gave out, and the size is not 0.
        let moved = unsafe { HEAP.realloc(self.pointer, self.layout, size) };
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        assert!(fits(moved, self.layout), "{moved:?} {:?}", self.layout);
        self.pointer = moved;
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the block owns that many bytes, and the tests write them before they read.
        unsafe { std::slice::from_raw_parts_mut(self.pointer, self.layout.size()) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the block is what the heap gave out.
        unsafe { HEAP.dealloc(self.pointer, self.layout) };
    }
}

/// Leaves no room to samples to come, so that each asks the inner allocator for one.
fn give_rooms_back() {
    for size in (0..16).map(|doublings| 1 << doublings) {
        let room = Layout::from_size_align(size, PAGE).unwrap();
        while let Some(kept) = HEAP.rooms.take(room) {
            // SAFETY: the inner allocator gave it out with this layout.
            unsafe { HEAP.inner.dealloc(kept.as_ptr(), room) };
        }
    }
}

/// How many blocks of the inner allocator are in use, when no room is kept.
fn inner_blocks() -> usize {
    give_rooms_back();
    HEAP.inner.blocks()
}

/// Not null, and where the layout wants it.
fn fits(pointer: *mut u8, layout: Layout) -> bool {
    !pointer.is_null() && pointer.addr().is_multiple_of(layout.align())
}

/// Estimates and numbers of samples, summed over all buckets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Totals {
    allocated_objects: f64,
    allocated_bytes: f64,
    objects: f64,
    bytes: f64,
    sampled_allocated: u64,
    sampled_in_use: u64,
}

impl Totals {
    /// Of all true stacks: other tests make up stacks of small numbers, at the same time.
    fn now() -> Self {
        Self::of(&|bucket| bucket.stack.first().is_none_or(|frame| *frame > 4096))
    }

    /// Of the buckets that `wanted` says yes to.
    fn of(wanted: &dyn Fn(&BucketView<'_>) -> bool) -> Self {
        let mut totals = Self::default();
        for_each(&mut |bucket| {
            if wanted(bucket) {
                totals.allocated_objects += bucket.allocated.objects;
                totals.allocated_bytes += bucket.allocated.bytes;
                totals.objects += bucket.in_use.objects;
                totals.bytes += bucket.in_use.bytes;
                totals.sampled_allocated += bucket.allocated.sampled_objects;
                totals.sampled_in_use += bucket.in_use.sampled_objects;
            }
        });
        totals
    }

    fn since(self, before: Self) -> Self {
        Self {
            allocated_objects: self.allocated_objects - before.allocated_objects,
            allocated_bytes: self.allocated_bytes - before.allocated_bytes,
            objects: self.objects - before.objects,
            bytes: self.bytes - before.bytes,
            sampled_allocated: self.sampled_allocated - before.sampled_allocated,
            sampled_in_use: self.sampled_in_use - before.sampled_in_use,
        }
    }
}
