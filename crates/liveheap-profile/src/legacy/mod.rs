//! The formats from before profile.proto, which allocators and runtimes still write.
//!
//! | module | who writes it | how it begins |
//! | --- | --- | --- |
//! | `cpu` | gperftools' CPU profiler, and its Java sibling | words 0, 3, 0 or 1, period, 0 |
//! | `heap` | tcmalloc, gperftools, Go with `debug=1` | `heap profile: …` |
//! | `count` | Go's goroutines and threads with `debug=1` | `goroutine profile: total …` |
//! | `thread` | Google's thread lists | `--- threadz …` |
//! | `contention` | Go's mutexes with `debug=1`, C++ mutexes | `--- mutex:` and others |
//! | `java` | heaps and mutexes of Java programs | `--- heapz 1 ---` and others |
//! | `jemalloc` | jemalloc's heap profiler | `heap_v2/…` |
//!
//! Bytes go in, a profile comes out; nothing is symbolized here. The first six are read as pprof
//! reads them, with its leniency; it cannot read the last one. Each reader looks at the beginning
//! and declines with `Unrecognized` if the bytes are not its own. All take linear time.

mod contention;
mod count;
mod cpu;
mod drop_frames;
mod heap;
mod java;
mod jemalloc;
mod maps;
mod scan;
mod stacks;
#[cfg(test)]
mod tests;
mod thread;

use crate::{Error, ErrorKind, Profile};

/// Reads a profile in any of the formats.
///
/// # Errors
/// `Unrecognized` when no reader takes the bytes for its own; else what the one that does found
/// wrong.
pub(crate) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    if u32::try_from(bytes.len()).is_err() {
        return Err(Error::new(ErrorKind::Limit, "profiles in text may have 4 GiB at most"));
    }
    let readers = [cpu::read, heap::read, count::read, thread::read, contention::read, java::read];
    for reader in readers {
        match reader(bytes) {
            Err(error) if error.kind() == ErrorKind::Unrecognized => {}
            decided => return decided.map(drop_frames::by_sample_type),
        }
    }
    jemalloc::read(bytes)
}

fn unrecognized() -> Error {
    Error::new(ErrorKind::Unrecognized, "unrecognized profile format")
}

fn malformed(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, message)
}
