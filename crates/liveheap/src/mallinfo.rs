//! The statistics of the C library's own allocator.
//!
//! Out: what `mallinfo2` says, or nothing where there is no such function. It walks all free memory, a
//! fifth of a second on a large heap, in which other threads wait for memory: only `gc=full` comes here.
//! Whether the program allocates from the C library at all is not known here.

#![cfg_attr(target_env = "gnu", expect(unsafe_code, reason = "mallinfo2 is a C function"))]

/// Sizes in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CLibraryHeap {
    /// Memory that it has from the kernel.
    pub(crate) mapped: u64,
    /// Of that, what the program has not freed.
    pub(crate) in_use: u64,
    /// Of that, what is free.
    pub(crate) free: u64,
}

#[cfg(target_env = "gnu")]
pub(crate) fn c_library_heap() -> Option<CLibraryHeap> {
    // The function is looked up because a program that links to it needs the C library of 2021.
    // SAFETY: dlsym(3) takes a name that ends with a NUL.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    if found.is_null() {
        return None;
    }
    // SAFETY: mallinfo(3) has this signature.
    let mallinfo2 = unsafe {
        std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> libc::mallinfo2>(found)
    };
    let sums = mallinfo2();
    let separate = sums.hblkhd as u64;
    Some(CLibraryHeap {
        mapped: sums.arena as u64 + separate,
        in_use: sums.uordblks as u64 + separate,
        free: sums.fordblks as u64,
    })
}

#[cfg(not(target_env = "gnu"))]
pub(crate) fn c_library_heap() -> Option<CLibraryHeap> {
    None
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::c_library_heap;

    #[test]
    fn what_is_in_use_or_free_is_what_is_mapped() {
        // So large that it is a mapping of its own.
        let kept = std::hint::black_box(vec![1_u8; 64 << 20]);
        let heap = c_library_heap().unwrap();
        assert_eq!(heap.in_use + heap.free, heap.mapped);
        assert!(heap.in_use >= kept.len() as u64, "{heap:?}");
    }
}
