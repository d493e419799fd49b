//! An inner allocator that remembers every layout it gave out, and can be told to fail.

use crate::sync::SpinLock;
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

pub(super) struct Checking {
    /// What is given out, by address.
    blocks: SpinLock<BTreeMap<usize, Layout>>,
    /// Calls that broke the contract.
    complaints: AtomicUsize,
    /// Calls until the one that fails; below 0 none does.
    calls_until_failure: AtomicI64,
}

impl Checking {
    pub(super) const fn new() -> Self {
        Self {
            blocks: SpinLock::new(BTreeMap::new()),
            complaints: AtomicUsize::new(0),
            calls_until_failure: AtomicI64::new(-1),
        }
    }

    pub(super) fn complaints(&self) -> usize {
        self.complaints.load(Ordering::Relaxed)
    }

    pub(super) fn blocks(&self) -> usize {
        self.blocks.with(|blocks| blocks.len())
    }

    /// Lets the call after `calls` others fail, once.
    pub(super) fn fail_after(&self, calls: i64) {
        self.calls_until_failure.store(calls, Ordering::Relaxed);
    }

    fn fails(&self) -> bool {
        self.calls_until_failure.load(Ordering::Relaxed) >= 0
            && self.calls_until_failure.fetch_sub(1, Ordering::Relaxed) == 0
    }

    fn give(&self, pointer: *mut u8, layout: Layout) -> *mut u8 {
        if !pointer.is_null() {
            let old = self.blocks.with(|blocks| blocks.insert(pointer.addr(), layout));
            self.complain(old.is_some());
        }
        pointer
    }

    fn take(&self, pointer: *mut u8, layout: Layout) {
        let given = self.blocks.with(|blocks| blocks.remove(&pointer.addr()));
        self.complain(given != Some(layout));
    }

    fn complain(&self, broken: bool) {
        self.complaints.fetch_add(usize::from(broken), Ordering::Relaxed);
    }
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Checking {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if self.fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's contract, passed on.
        let pointer = unsafe { System.alloc(layout) };
        if !pointer.is_null() && layout.size() < 1 << 16 {
            // SAFETY: the block has that many bytes; dirty memory shows a missing zeroing.
            unsafe { pointer.write_bytes(0xa5, layout.size()) };
        }
        self.give(pointer, layout)
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if self.fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's contract, passed on.
        let pointer = unsafe { System.alloc_zeroed(layout) };
        self.give(pointer, layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        self.take(pointer, layout);
        // SAFETY: the caller's contract, passed on.
        unsafe { System.dealloc(pointer, layout) };
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.fails() {
            return std::ptr::null_mut();
        }
        self.take(pointer, layout);
        // SAFETY: the caller's contract, passed on.
        let moved = unsafe { System.realloc(pointer, layout, new_size) };
        let new_layout = Layout::from_size_align(new_size, layout.align()).unwrap();
        if moved.is_null() { self.give(pointer, layout) } else { self.give(moved, new_layout) }
    }
}
