//! How many instructions the profiler adds to an allocation with its free, and to a reallocation,
//! counted by valgrind.
//!
//! Needs valgrind, and means something in release mode only:
//! `cargo test --release -p liveheap --test instruction_budget -- --ignored`

#![expect(unsafe_code, reason = "calls allocators directly")]
#![expect(clippy::disallowed_macros, reason = "a measure is printed")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::process::Command;

static HEAP: liveheap::Heap = liveheap::Heap::system();

/// Instructions that an allocation with its free may cost more than without the profiler, samples
/// included.
const BUDGET: f64 = 12.0;
/// The same for a reallocation, which passes both tests.
const REALLOCATION_BUDGET: f64 = 11.0;
const PAIRS: u32 = 100_000;

/// As the compiler's own entry points are: functions that take a size and an alignment, and that
/// their caller does not see into.
#[derive(Clone, Copy)]
struct Entries {
    allocate: unsafe fn(usize, usize) -> *mut u8,
    reallocate: unsafe fn(*mut u8, usize, usize, usize) -> *mut u8,
    free: unsafe fn(*mut u8, usize, usize),
}

macro_rules! entries {
    ($allocator:expr) => {{
        unsafe fn allocate(size: usize, align: usize) -> *mut u8 {
            // SAFETY: as the caller says.
            let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
            // SAFETY: the layout is not empty.
            unsafe { $allocator.alloc(layout) }
        }
        unsafe fn reallocate(
            pointer: *mut u8,
            size: usize,
            align: usize,
            new_size: usize,
        ) -> *mut u8 {
            // SAFETY: as the caller says.
            let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
            // SAFETY: as the caller says.
            unsafe { $allocator.realloc(pointer, layout, new_size) }
        }
        unsafe fn free(pointer: *mut u8, size: usize, align: usize) {
            // SAFETY: as the caller says.
            let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
            // SAFETY: as the caller says.
            unsafe { $allocator.dealloc(pointer, layout) }
        }
        Entries { allocate, reallocate, free }
    }};
}

/// Objects that live at a time: enough that their places on their pages are as mixed as any.
const WINDOW: usize = 1000;

/// Replaces objects, the oldest first, with a reallocation in between or not.
fn replace(entries: Entries, count: u32, with_reallocation: bool) {
    let entries = black_box(entries);
    let mut window = [(std::ptr::null_mut::<u8>(), 0_usize); WINDOW];
    for number in 0..count as usize {
        let size = 16 + number % 64;
        // SAFETY: the size is small, and the alignment a power of two.
        let mut pointer = unsafe { (entries.allocate)(size, 8) };
        let mut kept = size;
        if with_reallocation {
            // The allocator has nothing to do.
            kept = size - 1;
            // SAFETY: the allocator gave it out just now, with this layout.
            pointer = unsafe { (entries.reallocate)(pointer, size, 8, kept) };
        }
        let place = &mut window[number % WINDOW];
        let (oldest, size) = std::mem::replace(place, (pointer, kept));
        if !oldest.is_null() {
            // SAFETY: the allocator gave it out, with this layout.
            unsafe { (entries.free)(oldest, size, 8) };
        }
    }
}

/// Not a test of its own: what valgrind runs.
#[test]
#[ignore = "started by the other test"]
fn child() {
    let Ok(wanted) = std::env::var("LIVEHEAP_TEST_PAIRS") else { return };
    let words: Vec<&str> = wanted.split(' ').collect();
    let [allocator, work, count] = words[..] else { return };
    let entries = if allocator == "profiled" { entries!(HEAP) } else { entries!(System) };
    let count = count.parse().unwrap();
    replace(entries, count, work == "triples");
}

fn instructions(allocator: &str, work: &str, count: u32) -> f64 {
    let output = Command::new("valgrind")
        .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args(["--ignored", "--exact", "child", "--test-threads=1"])
        .env("LIVEHEAP_TEST_PAIRS", format!("{allocator} {work} {count}"))
        .env("LIVEHEAP_SEED", "1")
        .output()
        .expect("valgrind is installed");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = text.lines().find(|line| line.contains("refs:")).expect("valgrind counts");
    let number = line.split_whitespace().last().unwrap_or_default().replace(',', "");
    number.parse().expect("valgrind's count is a number")
}

/// What the profiler adds to one round of such work.
fn added(work: &str) -> f64 {
    let cost = |allocator| {
        let warm = instructions(allocator, work, PAIRS);
        (instructions(allocator, work, 2 * PAIRS) - warm) / f64::from(PAIRS)
    };
    cost("profiled") - cost("plain")
}

#[test]
#[ignore = "needs valgrind and release mode"]
fn a_pair_costs_no_more_than_its_budget() {
    let added = added("pairs");
    println!("{added} instructions for a pair");
    assert!(added < BUDGET, "{added}");
    assert!(added > 1.0, "{added}: the profiler was not in the way");
}

#[test]
#[ignore = "needs valgrind and release mode"]
fn a_reallocation_costs_no_more_than_its_budget() {
    let added = added("triples") - added("pairs");
    println!("{added} instructions for a reallocation");
    assert!(added < REALLOCATION_BUDGET, "{added}");
    assert!(added > 1.0, "{added}: the profiler was not in the way");
}
