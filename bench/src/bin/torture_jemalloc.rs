//! The same torture for jemalloc's own profiler, for comparison: `cargo xtask torture --jemalloc`, which
//! sets `_RJEM_MALLOC_CONF=prof:true,lg_prof_sample:9`.
#![expect(unsafe_code, reason = "jemalloc is asked for a profile through a C function")]
#![expect(clippy::print_stdout, reason = "it is a program's main function")]

use liveheap_bench::torture::{Marked, Profiler, main as torture};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
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
    let outcome = torture(&Profiler { take, accounts: false });
    match totals() {
        Some(totals) => {
            println!("objects and bytes in use, and allocated, by its profile: {totals}")
        }
        None => println!("it gives no profile: is _RJEM_MALLOC_CONF=prof:true set?"),
    }
    outcome
}

/// Writes a profile to nowhere.
fn take() -> bool {
    dump(c"/dev/null")
}

fn dump(path: &CStr) -> bool {
    let mut path = path.as_ptr();
    let new = (&raw mut path).cast();
    // SAFETY: mallctl(3) takes the address of a text for this name, and only reads it.
    let result = unsafe {
        mallctl(c"prof.dump".as_ptr(), null_mut(), null_mut(), new, size_of::<*const c_char>())
    };
    result == 0
}

/// The line with the sums of a profile, when all objects of the torture are freed.
fn totals() -> Option<String> {
    let path = std::env::temp_dir().join(format!("torture-{}.heap", std::process::id()));
    let taken = dump(&CString::new(path.to_str()?).ok()?);
    let text = std::fs::read_to_string(&path).ok();
    // What was not written cannot be removed.
    let _ = std::fs::remove_file(&path);
    let text = text.filter(|_| taken)?;
    text.lines().find_map(|line| line.trim().strip_prefix("t*: ")).map(str::to_owned)
}
