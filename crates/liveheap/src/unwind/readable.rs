//! Whether memory may be read, as the kernel says.
//!
//! Runs inside malloc: no allocation, no lock, no panic, no file. In: a few pages. Out: whether a read
//! of each would do no harm at this moment. Nothing is written, and what the pages hold is not looked
//! at; those that nobody has touched yet are read as the kernel's page of zeros.

use crate::errno::KeepErrno;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Way {
    /// madvise(2) is told to fault all pages in, as reads would: one call. Linux 5.14 and later.
    Populate = 1,
    /// A signal mask is read from each page. The call refuses to do anything with it, but it reads it
    /// first. All kernels.
    Mask = 2,
    /// The kernel denies the others, or what runs the program in its place does.
    Never = 3,
}

/// The [`Way`] that works here, 0 before it is known.
static WAY: AtomicU8 = AtomicU8::new(0);

/// Whether all of `pages` may be read, which begin and end where the kernel's pages of `page_size`
/// bytes do. False as well where the kernel cannot be asked.
pub(super) fn may_read(pages: &Range<usize>, page_size: usize) -> bool {
    Way::here(page_size).allows(pages, page_size)
}

impl Way {
    fn here(page_size: usize) -> Self {
        match WAY.load(Ordering::Relaxed) {
            1 => Self::Populate,
            2 => Self::Mask,
            3 => Self::Never,
            _ => {
                let found = Self::find(page_size);
                WAY.store(found as u8, Ordering::Relaxed);
                found
            }
        }
    }

    /// The first way that knows that there is no memory at address 0. A kernel that lacks one says
    /// something else there, and so do emulators of Linux that only pretend to have it.
    #[cold]
    fn find(page_size: usize) -> Self {
        let _errno = KeepErrno::new();
        if populate(&(0..page_size)) == Err(libc::ENOMEM) {
            Self::Populate
        } else if read_mask(size_of::<u64>()) == Err(libc::EFAULT) {
            Self::Mask
        } else {
            Self::Never
        }
    }

    pub(super) fn allows(self, pages: &Range<usize>, page_size: usize) -> bool {
        let _errno = KeepErrno::new();
        match self {
            Self::Populate => populate(pages) == Ok(()),
            Self::Mask => pages
                .clone()
                .step_by(page_size.max(1))
                .all(|page| read_mask(page) == Err(libc::EINVAL)),
            Self::Never => false,
        }
    }
}

fn populate(pages: &Range<usize>) -> Result<(), i32> {
    // SAFETY: madvise(2) with this advice reads memory at most, and fails where that cannot be read.
    let result = unsafe {
        libc::syscall(libc::SYS_madvise, pages.start, pages.len(), libc::MADV_POPULATE_READ)
    };
    outcome(result)
}

/// Has the kernel read a signal mask, and refuse what it is to do with it.
fn read_mask(address: usize) -> Result<(), i32> {
    const NOTHING_KNOWN: libc::c_int = -1;
    let nowhere = std::ptr::null_mut::<u64>();
    // SAFETY: rt_sigprocmask(2) reads 8 bytes, fails where they cannot be read, and changes nothing
    // when the first argument is none of three it knows.
    let result = unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, NOTHING_KNOWN, address, nowhere, size_of::<u64>())
    };
    outcome(result)
}

/// The error's number, if there was one.
fn outcome(result: libc::c_long) -> Result<(), i32> {
    if result == 0 {
        return Ok(());
    }
    Err(std::io::Error::last_os_error().raw_os_error().unwrap_or(0))
}

#[cfg(test)]
pub(super) fn forget() {
    WAY.store(0, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::Way;
    use crate::maps::query::{Answer, mapping_at};
    use crate::unwind::tests::fenced::{Fenced, PAGE};
    use std::ops::Range;
    use std::ptr;

    /// The ways that this kernel has.
    fn ways() -> Vec<Way> {
        let memory = Fenced::new(PAGE);
        let page = memory.inside.clone();
        [Way::Populate, Way::Mask].into_iter().filter(|way| way.allows(&page, PAGE)).collect()
    }

    #[test]
    fn memory_between_fences_may_be_read_and_nothing_beside_it() {
        assert!(ways().contains(&Way::Mask));
        for way in ways() {
            let memory = Fenced::new(8 * PAGE);
            let Range { start, end } = memory.inside;
            assert!(way.allows(&(start..end), PAGE));
            assert!(way.allows(&(end - PAGE..end), PAGE));
            assert!(!way.allows(&(start..end + PAGE), PAGE));
            assert!(!way.allows(&(start - PAGE..end), PAGE));
            // Not a hole, which another test's memory could come to lie in.
            let second = memory.start().wrapping_byte_add(PAGE);
            // SAFETY: nobody uses this page.
            assert_eq!(unsafe { libc::mprotect(second, PAGE, libc::PROT_NONE) }, 0);
            assert!(!way.allows(&(start..end), PAGE), "a fence");
            assert!(way.allows(&(start + 2 * PAGE..end), PAGE));
            // Nothing is at the very begin.
            assert!(!way.allows(&(0..PAGE), PAGE));
            // Nothing is where the kernel is.
            assert!(!way.allows(&(usize::MAX - 2 * PAGE + 1..usize::MAX - PAGE + 1), PAGE));
        }
    }

    #[test]
    fn a_fence_that_the_list_does_not_show_is_seen() {
        /// `MADV_GUARD_INSTALL` of Linux 6.13: a fence inside of a mapping.
        const FENCE: libc::c_int = 102;
        let memory = Fenced::new(8 * PAGE);
        let Range { start, end } = memory.inside;
        // SAFETY: nobody uses this page.
        if unsafe { libc::madvise(memory.start().wrapping_byte_add(4 * PAGE), PAGE, FENCE) } != 0 {
            return;
        }
        assert_eq!(mapping_at(start), Answer::Is(start..end));
        for way in ways() {
            assert!(way.allows(&(start..start + 4 * PAGE), PAGE), "{way:?}");
            assert!(!way.allows(&(start..end), PAGE), "{way:?}");
            assert!(way.allows(&(start + 5 * PAGE..end), PAGE), "{way:?}");
        }
    }

    #[test]
    fn asking_leaves_the_error_number_and_the_signal_mask_alone() {
        let mask = || {
            let mut mask = 0_u64;
            let set = ptr::null::<u64>();
            // SAFETY: writes 8 bytes to `mask`.
            unsafe { libc::syscall(libc::SYS_rt_sigprocmask, 0, set, &raw mut mask, 8) };
            mask
        };
        let memory = Fenced::new(PAGE);
        let Range { start, end } = memory.inside;
        // SAFETY: the page is ours.
        unsafe { memory.start().cast::<u64>().write(u64::MAX) };
        // SAFETY: closes no file.
        unsafe { libc::close(-1) };
        let before = mask();
        for way in [Way::Populate, Way::Mask, Way::Never] {
            way.allows(&(start..end), PAGE);
            way.allows(&(start..end + PAGE), PAGE);
            let error = std::io::Error::last_os_error().raw_os_error();
            assert_eq!(error, Some(libc::EBADF), "{way:?}");
        }
        assert_eq!(mask(), before);
    }
}
