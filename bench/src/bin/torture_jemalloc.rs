//! The same torture for jemalloc's own profiler, for comparison. It is set by the environment:
//! `_RJEM_MALLOC_CONF=prof:true,lg_prof_sample:9`.
#![expect(unsafe_code, reason = "jemalloc is asked for a profile through a C function")]

use liveheap_bench::torture::{Marked, Profiler, main as torture};
use std::ffi::{c_char, c_int, c_void};
use std::process::ExitCode;
use std::ptr::null_mut;
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static HEAP: Marked<Jemalloc> = Marked(Jemalloc);

unsafe extern "C" {
    #[link_name = "_rjem_mallctl"]
    fn mallctl(
        name: *const c_char,
        old: *mut c_void,
        old_bytes: *mut usize,
        new: *mut c_void,
        new_bytes: usize,
    ) -> c_int;
}

fn main() -> ExitCode {
    torture(&Profiler { take, accounts: false })
}

/// Writes a profile to nowhere.
fn take() -> bool {
    let mut path = c"/dev/null".as_ptr();
    let new = (&raw mut path).cast();
    // SAFETY: mallctl(3) takes the address of a text for this name, and only reads it.
    let result = unsafe {
        mallctl(c"prof.dump".as_ptr(), null_mut(), null_mut(), new, size_of::<*const c_char>())
    };
    result == 0
}
