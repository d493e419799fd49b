//! A spin lock for the profiler's tables.
//!
//! Runs inside malloc: no allocation, no panic, and no waiting for anything but a few dozen
//! instructions of another thread. The standard library's locks are not used because nothing says
//! that they never allocate.
//!
//! Locks are taken in this order, and `fork` takes all of them in it: the clients of the
//! endpoint, the late frees, a thread's last stack, the module list,
//! a stripe of the buckets, a shard of the live table, the arena. Nothing calls the wrapped allocator
//! while it holds one. A signal handler can interrupt a thread that does: the thread is then
//! [`inside`](thread::is_inside), and what its handler allocates and frees takes no lock.

#![expect(unsafe_code, reason = "a lock hands out exclusive access by itself")]

use crate::atomics::{AtomicBool, Guarded, Ordering, constant, wait};
use crate::thread::{self, Inside};

/// A value that one thread at a time can use.
pub(crate) struct SpinLock<T> {
    locked: AtomicBool,
    value: Guarded<T>,
}

// SAFETY: `with` is the only way to the value, and it lets one thread at a time in.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    constant! {
        pub(crate) fn new(value: T) -> Self {
            Self { locked: AtomicBool::new(false), value: Guarded::new(value) }
        }
    }

    /// Runs `work` with the value. `work` must not panic, allocate or take a lock of lower rank.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let _inside = Inside::enter();
        self.acquire();
        // SAFETY: the lock is held, and `work` cannot keep the reference.
        let result = self.value.with_mut(|value| work(unsafe { &mut *value }));
        self.release();
        result
    }

    /// As `with`, or `None` at once when another thread is inside.
    pub(crate) fn try_with<R>(&self, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        let _inside = Inside::enter();
        #[cfg(test)]
        count::one();
        if !thread::is_forking()
            && self
                .locked
                .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
        {
            return None;
        }
        // SAFETY: the lock is held, and `work` cannot keep the reference.
        let result = self.value.with_mut(|value| work(unsafe { &mut *value }));
        self.release();
        Some(result)
    }

    /// Takes the lock without using the value: only for `fork`, and for `with`.
    ///
    /// A thread inside `fork` holds every lock already, so it passes.
    pub(crate) fn acquire(&self) {
        #[cfg(test)]
        count::one();
        if thread::is_forking() {
            return;
        }
        let mut looks = 0_u32;
        // Acquire pairs with the Release in `release`.
        while self
            .locked
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            while self.locked.load(Ordering::Relaxed) {
                looks = looks.wrapping_add(1);
                wait(looks);
            }
        }
    }

    pub(crate) fn release(&self) {
        if !thread::is_forking() {
            self.locked.store(false, Ordering::Release);
        }
    }
}

/// How many locks a thread takes, for tests that say it takes none.
#[cfg(test)]
pub(crate) mod count {
    use std::cell::Cell;

    thread_local! {
        static TAKEN: Cell<u64> = const { Cell::new(0) };
    }

    pub(super) fn one() {
        TAKEN.with(|taken| taken.set(taken.get() + 1));
    }

    /// The locks that `work` takes or tries to take on this thread.
    pub(crate) fn of<R>(work: impl FnOnce() -> R) -> u64 {
        let before = TAKEN.with(Cell::get);
        let _ = work();
        TAKEN.with(Cell::get) - before
    }
}
