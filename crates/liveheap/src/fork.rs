//! What happens around `fork`: the child must not inherit a lock that another thread held.
//!
//! In: nothing. Out: nothing; it registers handlers once. Before a fork the forking thread takes
//! every lock of the profiler, in their order. The child keeps the counters, for its heap is a copy,
//! draws other random numbers, and leaves the servers to its parent. `vfork`, `posix_spawn` and `exec` need nothing.
//! A signal handler that interrupted the profiler and forks takes no lock, for its own thread may hold it; neither does
//! what its child allocates in the handler.

#![expect(unsafe_code, reason = "handlers are registered with the C library")]

#[cfg(feature = "http")]
use crate::http;
use crate::thread::{self, Inside, Quiet};
use crate::{buckets, callers, cost, late, live, sampler, unwind};
use std::sync::atomic::{AtomicBool, Ordering};

static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Registers the handlers, the first time it is called.
pub(crate) fn register() {
    if REGISTERED.load(Ordering::Relaxed) || REGISTERED.swap(true, Ordering::Relaxed) {
        return;
    }
    // The C library may allocate for its list of handlers: not one of the program's objects.
    let _quiet = Quiet::enter();
    // SAFETY: the handlers are functions of this crate; they neither allocate nor panic.
    unsafe { libc::pthread_atfork(Some(before), Some(after_in_parent), Some(after_in_child)) };
}

pub(crate) extern "C" fn before() {
    if thread::is_inside() {
        return;
    }
    let _inside = Inside::enter();
    #[cfg(feature = "http")]
    http::acquire();
    late::acquire();
    callers::acquire_all();
    unwind::modules::acquire();
    buckets::acquire_all();
    live::acquire_all();
    // Other handlers run now, and may allocate on this thread: it passes its own locks.
    thread::set_forking(true);
}

pub(crate) extern "C" fn after_in_parent() {
    release();
}

extern "C" fn after_in_child() {
    release();
    late::recount();
    #[cfg(feature = "http")]
    http::leave_to_parent();
    cost::begin_anew();
    sampler::reseed();
}

fn release() {
    if !thread::is_forking() {
        return;
    }
    let _inside = Inside::enter();
    thread::set_forking(false);
    live::release_all();
    buckets::release_all();
    unwind::modules::release();
    callers::release_all();
    late::release();
    #[cfg(feature = "http")]
    http::release();
}

#[cfg(test)]
mod tests {
    use super::{after_in_parent, before, buckets};
    use crate::sync::count;
    use crate::thread::Inside;

    /// A lock that is held already would be waited for without end.
    #[test]
    fn a_handler_that_interrupted_the_profiler_takes_and_leaves_no_lock() {
        let _inside = Inside::enter();
        buckets::acquire_all();
        let taken = count::of(|| {
            before();
            after_in_parent();
        });
        buckets::release_all();
        assert_eq!(taken, 0);
    }
}
