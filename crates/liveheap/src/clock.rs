//! The clocks that the profiler reads, in nanoseconds.
//!
//! Runs inside malloc: no allocation, no lock, no panic, and the error number stays. Out: a time, or 0
//! where the kernel has no such clock or a filter of system calls keeps it back.

#![expect(unsafe_code, reason = "reads clocks of the kernel")]

use crate::errno::KeepErrno;

/// The world's time since some moment, as fine as its cheapest reading is: a few milliseconds.
pub(crate) fn coarse() -> u64 {
    nanos_of(libc::CLOCK_MONOTONIC_COARSE)
}

/// The same, fine; 0.03 µs to read, without the kernel.
pub(crate) fn fine() -> u64 {
    nanos_of(libc::CLOCK_MONOTONIC)
}

/// This thread's CPU time so far; 0.25 µs to read.
pub(crate) fn of_thread() -> u64 {
    nanos_of(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time of the process with all its threads so far.
pub(crate) fn of_process() -> u64 {
    nanos_of(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn nanos_of(clock: libc::clockid_t) -> u64 {
    let _errno = KeepErrno::new();
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes the given structure; it may be called in signal handlers, and
    // leaves it as it is when it fails.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec
        .cast_unsigned()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(time.tv_nsec.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::nanos_of;

    /// As one that a filter of system calls keeps back.
    #[test]
    fn a_clock_that_there_is_not_is_0_and_leaves_the_error_number() {
        // SAFETY: closes no file.
        unsafe { libc::close(-1) };
        let before = std::io::Error::last_os_error().raw_os_error();
        let nanos = nanos_of(1 << 20);
        let after = std::io::Error::last_os_error().raw_os_error();
        assert_eq!((nanos, after), (0, before));
    }
}
