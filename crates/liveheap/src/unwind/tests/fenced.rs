//! Memory of which it is known what may be read.

use std::ops::Range;
use std::ptr::{self, NonNull};

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

/// Memory between pages that may not be read.
pub(crate) struct Fenced {
    whole: NonNull<u8>,
    /// Its addresses, without the fences.
    pub(crate) inside: Range<usize>,
}

impl Fenced {
    pub(crate) fn new(bytes: usize) -> Self {
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing of ours.
        let whole = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes + 2 * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(whole, libc::MAP_FAILED);
        let start = whole.wrapping_byte_add(PAGE);
        // SAFETY: the pages were mapped above and nobody uses them yet.
        let result = unsafe { libc::mprotect(start, bytes, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(result, 0);
        let inside = start.expose_provenance()..start.addr() + bytes;
        Self { whole: NonNull::new(whole.cast()).unwrap(), inside }
    }

    pub(crate) fn start(&self) -> *mut libc::c_void {
        self.whole.as_ptr().wrapping_add(PAGE).cast()
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        let bytes = self.inside.len() + 2 * PAGE;
        // SAFETY: unmaps what was mapped, once, when no code is on it any more.
        unsafe { libc::munmap(self.whole.as_ptr().cast(), bytes) };
    }
}
