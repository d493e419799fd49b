//! What each thread remembers: how many bytes until its next sample, and its stack's bounds.
//!
//! Runs inside malloc: no allocation, no blocking, no panic. All state is plain memory without a
//! destructor, so it is valid in every moment of a thread's life, also while the thread ends. A
//! countdown that a thread leaves behind is no loss: the next one is as good.

#![expect(unsafe_code, reason = "the thread's id is a system call")]

use crate::pace::Pace;
use crate::sampler::Random;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{Ordering, compiler_fence};

/// More bytes than a thread ever allocates: a countdown that does not end.
pub(crate) const QUIET: i64 = i64::MAX / 2;

/// One thread's state. All zero is its first moment.
pub(crate) struct ThreadState {
    /// Bytes that may still be allocated before the slow path looks closer; below 0 in it.
    pub(crate) left: Cell<i64>,
    /// The sample rate in bytes that `left` was drawn with; 0 while sampling is off.
    pub(crate) rate: Cell<u64>,
    /// False until the thread's first allocation.
    pub(crate) started: Cell<bool>,
    pub(crate) random: Cell<Random>,
    /// How often it samples while nobody has set a rate.
    pub(crate) pace: Cell<Pace>,
    /// Samples and frees of samples that might have been timed.
    pub(crate) watches: Cell<u32>,
    /// The kernel's id of this thread, 0 until the first sample.
    pub(crate) id: Cell<u32>,
    /// Where this thread's stack lies, as the kernel last said: addresses from `low` to below `high`.
    pub(crate) stack_low: Cell<usize>,
    pub(crate) stack_high: Cell<usize>,
    /// True on a thread that holds every lock of the profiler because it is forking.
    forking: Cell<bool>,
    /// How many [`Inside`] live on this thread.
    inside: Cell<u32>,
}

thread_local! {
    static STATE: ThreadState = const {
        ThreadState {
            left: Cell::new(0),
            rate: Cell::new(0),
            started: Cell::new(false),
            random: Cell::new(Random::zero()),
            pace: Cell::new(Pace::first()),
            watches: Cell::new(0),
            id: Cell::new(0),
            stack_low: Cell::new(0),
            stack_high: Cell::new(0),
            forking: Cell::new(false),
            inside: Cell::new(0),
        }
    };
}

/// Runs `work` with this thread's state.
#[inline(always)]
pub(crate) fn with<R>(work: impl FnOnce(&ThreadState) -> R) -> R {
    STATE.with(work)
}

/// Counts an allocation of `size` bytes. False when the slow path must look at it.
#[inline(always)]
pub(crate) fn countdown(size: usize) -> bool {
    with(|state| {
        let left = state.left.get().wrapping_sub(size.cast_signed() as i64);
        state.left.set(left);
        left >= 0
    })
}

/// Whether the countdown has ended, and the next sample is due.
pub(crate) fn ran_out() -> bool {
    with(|state| state.left.get() < 0)
}

/// The kernel's id of this thread.
pub(crate) fn id(state: &ThreadState) -> u32 {
    if state.id.get() == 0 {
        // SAFETY: gettid(2) has no preconditions.
        let id = unsafe { libc::syscall(libc::SYS_gettid) };
        state.id.set(u32::try_from(id).unwrap_or(0));
    }
    state.id.get()
}

pub(crate) fn is_forking() -> bool {
    with(|state| state.forking.get())
}

pub(crate) fn set_forking(forking: bool) {
    with(|state| state.forking.set(forking));
}

/// Whether this thread is at work on the profiler's tables: who asks is a signal handler.
pub(crate) fn is_inside() -> bool {
    with(|state| state.inside.get() > 0)
}

/// One lives while this thread takes, holds or leaves a lock of the profiler.
pub(crate) struct Inside {
    /// A guard belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Inside {
    pub(crate) fn enter() -> Self {
        with(|state| state.inside.set(state.inside.get() + 1));
        // A handler of this thread sees the number before the tables change.
        compiler_fence(Ordering::SeqCst);
        Self { _not_send: PhantomData }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        with(|state| state.inside.set(state.inside.get() - 1));
    }
}

/// Whether the countdown rests, and another is kept for later.
pub(crate) fn is_quiet(state: &ThreadState) -> bool {
    state.left.get() > QUIET / 2
}

/// While one lives, allocations of this thread are not sampled: dumps hold one. Frees still count.
///
/// Neither do they use up the countdown, which would make the next allocation a likelier sample.
#[derive(Debug)]
pub(crate) struct Quiet {
    left_before: i64,
    /// A guard belongs to the thread that made it.
    _not_send: PhantomData<*const ()>,
}

impl Quiet {
    pub(crate) fn enter() -> Self {
        with(|state| Self { left_before: state.left.replace(QUIET), _not_send: PhantomData })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        with(|state| state.left.set(self.left_before));
    }
}
