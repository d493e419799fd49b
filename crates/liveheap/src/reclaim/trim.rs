//! Gives memory that is free anyway back to the kernel, where the C library can.
//!
//! Out: a line that says what it did to the resident size. It can take a fifth of a second on a large
//! heap, and other threads wait for memory meanwhile: only `gc=full` comes here.

#![expect(unsafe_code, reason = "malloc_trim is a C function")]

use std::fmt::Write as _;
use std::time::Instant;

pub(super) fn give_free_memory_to_the_kernel() -> String {
    let before = resident_bytes();
    let started = Instant::now();
    if !trim() {
        return "gc: this C library cannot give free memory back on request".to_owned();
    }
    let given_back = before.saturating_sub(resident_bytes());
    let mut line = String::new();
    // Writing to a text cannot fail.
    let _ = write!(
        line,
        "gc: malloc_trim ran for {} ms and gave back {given_back} resident bytes",
        started.elapsed().as_millis()
    );
    line
}

#[cfg(target_env = "gnu")]
fn trim() -> bool {
    // SAFETY: malloc_trim(3) is safe to call from any thread at any time.
    unsafe { libc::malloc_trim(0) };
    true
}

#[cfg(not(target_env = "gnu"))]
fn trim() -> bool {
    false
}

/// Resident bytes of this process; 0 when the kernel does not say.
fn resident_bytes() -> u64 {
    let statistics = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statistics.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok());
    // SAFETY: sysconf(3) has no preconditions.
    let page_size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.unwrap_or(0).saturating_mul(u64::try_from(page_size).unwrap_or(0))
}
