//! Memory for the profiler's tables, straight from the kernel.
//!
//! Runs inside malloc: no allocation, no panic. In: a size. Out: zeroed memory that is never given
//! back (from an [`Arena`]) or given back whole (from [`map`]). The wrapped allocator is never used,
//! so a table can grow in the middle of one of its calls.

#![expect(unsafe_code, reason = "memory comes from mmap")]

use crate::errno::KeepErrno;
use crate::sync::SpinLock;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that an arena asks of the kernel at a time.
const CHUNK: usize = 1 << 20;

static MAPPED: AtomicU64 = AtomicU64::new(0);

/// Bytes that are mapped for all tables.
pub(crate) fn mapped_bytes() -> u64 {
    MAPPED.load(Ordering::Relaxed)
}

/// Maps `bytes` of zeroed memory, or none when the kernel refuses.
pub(crate) fn map(bytes: usize) -> Option<NonNull<u8>> {
    let _errno = KeepErrno::new();
    // SAFETY: a new private mapping at an address of the kernel's choice touches nothing of ours.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return None;
    }
    MAPPED.fetch_add(bytes as u64, Ordering::Relaxed);
    // Kernels that can will show the mapping under this name; the others refuse, which is no loss.
    // SAFETY: names a mapping of ours with a text that ends with a NUL; prctl(2) copies it.
    unsafe {
        libc::prctl(
            libc::PR_SET_VMA,
            libc::PR_SET_VMA_ANON_NAME,
            address,
            bytes,
            c"liveheap".as_ptr(),
        )
    };
    NonNull::new(address.cast())
}

/// Gives back what [`map`] returned.
///
/// # Safety
/// - `start` and `bytes` are those of one `map`, and nothing refers to the memory any more.
pub(crate) unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller passes one whole mapping that nobody uses.
    if unsafe { libc::munmap(start.as_ptr().cast(), bytes) } == 0 {
        MAPPED.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

/// Memory that is handed out piece by piece and lives as long as the program.
pub(crate) struct Arena {
    /// Bytes that may be handed out in all.
    limit: usize,
    state: SpinLock<State>,
}

struct State {
    /// Bytes handed out, with what was lost at the ends of chunks.
    used: usize,
    /// The current chunk: the next free address and the address behind its end. 0 before the first.
    next: usize,
    end: usize,
}

impl Arena {
    pub(crate) const fn new(limit: usize) -> Self {
        Self { limit, state: SpinLock::new(State { used: 0, next: 0, end: 0 }) }
    }

    /// Zeroed memory of `bytes`, aligned to 16 bytes; none when the limit or the kernel says so.
    pub(crate) fn take(&self, bytes: usize) -> Option<NonNull<u8>> {
        let bytes = bytes.checked_next_multiple_of(16)?;
        self.state.with(|state| {
            if bytes > CHUNK || state.used.saturating_add(bytes) > self.limit {
                return None;
            }
            if state.end - state.next < bytes {
                let chunk = map(CHUNK)?.as_ptr().expose_provenance();
                state.used += state.end - state.next;
                state.next = chunk;
                state.end = chunk + CHUNK;
            }
            let piece = NonNull::new(std::ptr::with_exposed_provenance_mut(state.next));
            state.next += bytes;
            state.used += bytes;
            piece
        })
    }

    /// The lock, for `fork`.
    pub(crate) fn acquire(&self) {
        self.state.acquire();
    }

    pub(crate) fn release(&self) {
        self.state.release();
    }
}

#[cfg(test)]
mod tests {
    use super::Arena;

    #[test]
    fn an_arena_stops_at_its_limit() {
        let arena = Arena::new(100);
        assert!(arena.take(50).is_some());
        assert!(arena.take(50).is_none());
        assert!(arena.take(32).is_some());
    }

    #[test]
    fn pieces_do_not_overlap_and_are_aligned() {
        let arena = Arena::new(1 << 21);
        let first = arena.take(1).unwrap().addr().get();
        let second = arena.take(17).unwrap().addr().get();
        let third = arena.take(1).unwrap().addr().get();
        assert_eq!([second - first, third - second, first % 16], [16, 32, 0]);
    }
}
