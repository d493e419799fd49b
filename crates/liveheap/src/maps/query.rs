//! The one mapping that an address is in, without the list of all.
//!
//! Runs inside malloc: no allocation, no panic; it opens a file, with plain system calls that no
//! thread cancellation can interrupt. In: an address. Out: from where to where its mapping goes. Linux
//! 6.11 and later answer that; for others see [`for_each`](super::for_each).

use crate::errno::KeepErrno;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the kernel says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Process addresses of the mapping.
    Is(Range<usize>),
    /// The address is in no mapping.
    Nowhere,
    /// The kernel does not answer this question.
    Silent,
}

/// `struct procmap_query` of `linux/fs.h`, as Linux 6.11 had it first; the kernel's later ones are
/// longer, and it takes this one still. All zero but for the question, so that no text is copied.
#[repr(C)]
#[derive(Default)]
struct Question {
    size: u64,
    flags: u64,
    address: u64,
    start: u64,
    end: u64,
    rights: u64,
    page_size: u64,
    offset: u64,
    inode: u64,
    device_major: u32,
    device_minor: u32,
    name_size: u32,
    build_id_size: u32,
    name_address: u64,
    build_id_address: u64,
}

/// Bytes of a [`Question`].
const SIZE: u32 = 104;
const _: () = assert!(size_of::<Question>() == SIZE as usize);

/// `PROCMAP_QUERY`: a call that reads and writes a [`Question`], number 17 of those that have an `f`.
pub(crate) const REQUEST: u32 = 3 << 30 | SIZE << 16 | (b'f' as u32) << 8 | 17;

/// True when the kernel did not know the question: it will not learn it.
static UNKNOWN: AtomicBool = AtomicBool::new(false);

/// Asks for the mapping that `address` is in.
pub(crate) fn mapping_at(address: usize) -> Answer {
    if UNKNOWN.load(Ordering::Relaxed) {
        return Answer::Silent;
    }
    let _errno = KeepErrno::new();
    let Some(file) = super::open() else { return Answer::Silent };
    let mut question =
        Question { size: u64::from(SIZE), address: address as u64, ..Question::default() };
    // SAFETY: ioctl(2) writes to `question` only, whose size it is told.
    let result =
        unsafe { libc::syscall(libc::SYS_ioctl, file, u64::from(REQUEST), &raw mut question) };
    let error = if result < 0 { std::io::Error::last_os_error().raw_os_error() } else { None };
    super::close(file);
    match (result, error) {
        (0, _) => {
            let (start, end) = (usize::try_from(question.start), usize::try_from(question.end));
            start.ok().zip(end.ok()).map_or(Answer::Silent, |(start, end)| Answer::Is(start..end))
        }
        (_, Some(libc::ENOENT)) => Answer::Nowhere,
        // The kernel was interrupted, or had no memory.
        (_, Some(libc::EINTR | libc::EAGAIN | libc::ENOMEM)) => Answer::Silent,
        _ => {
            UNKNOWN.store(true, Ordering::Relaxed);
            Answer::Silent
        }
    }
}

#[cfg(test)]
pub(crate) fn forget() {
    UNKNOWN.store(false, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::super::for_each;
    use super::{Answer, mapping_at};
    use std::ops::ControlFlow;

    #[test]
    fn an_answer_is_what_the_list_says() {
        // Code and constants: others may change what lies beside a stack meanwhile.
        let addresses = [mapping_at as fn(usize) -> Answer as usize, c"text".as_ptr().addr()];
        for address in addresses {
            let mut listed = Answer::Nowhere;
            for_each(&mut |mapping| {
                if (mapping.start..mapping.end).contains(&address) {
                    listed = Answer::Is(mapping.start..mapping.end);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            let answer = mapping_at(address);
            assert!(answer == listed || answer == Answer::Silent, "{answer:?} {listed:?}");
        }
    }

    #[test]
    fn an_address_without_memory_is_in_no_mapping() {
        assert!(matches!(mapping_at(1), Answer::Nowhere | Answer::Silent));
    }
}
