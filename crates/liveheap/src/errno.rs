//! The C library's error number of this thread, which an allocation must not change.
//!
//! Runs inside malloc: no allocation, no panic. A program may allocate between a failed call and its
//! look at the number, so whoever makes system calls here holds a [`KeepErrno`].

#![expect(unsafe_code, reason = "the number is behind a C function")]

use std::marker::PhantomData;

/// Puts the number back when it goes.
pub(crate) struct KeepErrno {
    number: libc::c_int,
    /// The number belongs to the thread.
    _not_send: PhantomData<*const ()>,
}

impl KeepErrno {
    pub(crate) fn new() -> Self {
        // SAFETY: the address is this thread's number, which only this thread uses.
        let number = unsafe { location().read() };
        Self { number, _not_send: PhantomData }
    }
}

impl Drop for KeepErrno {
    fn drop(&mut self) {
        // SAFETY: the address is this thread's number, which only this thread uses.
        unsafe { location().write(self.number) };
    }
}

fn location() -> *mut libc::c_int {
    // SAFETY: has no preconditions.
    unsafe { libc::__errno_location() }
}

#[cfg(test)]
mod tests {
    use super::KeepErrno;

    #[test]
    fn a_failed_call_in_between_is_not_seen() {
        // SAFETY: closes no file.
        unsafe { libc::close(-1) };
        let before = std::io::Error::last_os_error().raw_os_error();
        let keep = KeepErrno::new();
        // SAFETY: changes to no directory.
        unsafe { libc::chdir(c"".as_ptr()) };
        assert_ne!(std::io::Error::last_os_error().raw_os_error(), before);
        drop(keep);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), before);
    }
}
