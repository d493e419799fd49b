//! The profiler never uses the allocator that it wraps for itself: each call of the program is one
//! call of that allocator, also when every one is sampled, or none where a freed room of another sampled
//! object is used again.

#![expect(unsafe_code, reason = "an allocator that counts its calls")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    CALLS.with(|calls| calls.set(calls.get() + 1));
}

/// The calls of the inner allocator on this thread while `work` runs.
fn calls(work: impl FnOnce()) -> usize {
    let before = CALLS.with(Cell::get);
    work();
    CALLS.with(Cell::get) - before
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's contract, passed on.
        unsafe { System.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's contract, passed on.
        unsafe { System.realloc(pointer, layout, new_size) }
    }
}

#[global_allocator]
static HEAP: liveheap::Heap<Counting> = liveheap::Heap::new(Counting).sample_rate(1);

/// One allocation from a new stack each time.
#[inline(never)]
fn deep(depth: usize, size: usize) -> Vec<u8> {
    let bytes = if depth == 0 { vec![0; size] } else { deep(depth - 1, size) };
    std::hint::black_box(bytes)
}

#[test]
fn a_call_is_one_call_or_none() {
    for depth in [0, 1, 10, 100, 200] {
        for size in [1, 100] {
            assert!(calls(|| drop(deep(depth, size))) <= 2);
        }
        // So large ones have no rooms that are kept.
        for size in [10_000, 70_000] {
            assert_eq!(calls(|| drop(deep(depth, size))), 2);
        }
    }
}

#[test]
fn nearly_all_rooms_go_back_at_once() {
    let mut boxes: Vec<Box<[u8; 2000]>> = (0..1000).map(|_| Box::new([0; 2000])).collect();
    let freed = calls(|| boxes.clear());
    // Eight are kept; a few more are when another test takes them meanwhile.
    assert!((950..=1000).contains(&freed), "{freed}");
}

#[test]
fn growing_a_large_object_stays_a_reallocation() {
    let mut bytes: Vec<u8> = Vec::with_capacity(1 << 20);
    assert_eq!(calls(|| bytes.reserve_exact(2 << 20)), 1);
}

#[test]
fn a_first_allocation_of_a_thread_is_one_call_or_none() {
    let threads = (0..20).map(|_| std::thread::spawn(|| calls(|| drop(deep(3, 10)))));
    for thread in threads {
        assert!(thread.join().unwrap() <= 2);
    }
}

#[test]
fn growing_tables_ask_the_kernel() {
    let before = liveheap::stats().table_bytes;
    let mut kept = Vec::with_capacity(20_000);
    let calls = calls(|| kept.extend((0..20_000_u32).map(Box::new)));
    // Other tests leave rooms of this size.
    assert!((19_000..=20_000).contains(&calls), "{calls}");
    assert!(liveheap::stats().table_bytes >= before + 20_000 * 32);
}
