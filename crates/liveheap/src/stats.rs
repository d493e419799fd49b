//! What the profiler knows about itself: how much it recorded, and everything it could not record.
//!
//! Runs inside malloc: no allocation, no blocking, no panic. Where other code would report an error,
//! this crate adds one to a counter here.

use crate::{alloc, arena, late};
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only grows.
pub(crate) struct Counter(AtomicU64);

impl Counter {
    const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub(crate) fn add(&self, number: u64) {
        self.0.fetch_add(number, Ordering::Relaxed);
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Only for the child of a fork.
    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

pub(crate) static SAMPLES: Counter = Counter::new();
pub(crate) static SAMPLES_FREED: Counter = Counter::new();
pub(crate) static LIVE_TABLE_FULL: Counter = Counter::new();
pub(crate) static STACK_TABLE_FULL: Counter = Counter::new();
pub(crate) static STACKS_UNREADABLE: Counter = Counter::new();
pub(crate) static STACKS_CUT: Counter = Counter::new();
pub(crate) static STACKS_BROKEN: Counter = Counter::new();
pub(crate) static PLACEMENTS_FAILED: Counter = Counter::new();
pub(crate) static HANDLER_SAMPLES_LOST: Counter = Counter::new();
pub(crate) static HANDLER_FREES_LOST: Counter = Counter::new();
pub(crate) static SPARSE_SAMPLES: Counter = Counter::new();
pub(crate) static BAD_SETTINGS: Counter = Counter::new();
/// Nanoseconds, see [`cost`](crate::cost).
pub(crate) static SAMPLING_CPU: Counter = Counter::new();
/// Nanoseconds.
pub(crate) static DUMP_CPU: Counter = Counter::new();
pub(crate) static DUMPS: Counter = Counter::new();

/// What the profiler recorded and what it could not, since the program began. Numbers only grow,
/// except `live_samples`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Whether a [`Heap`](crate::Heap) is this program's allocator.
    pub installed: bool,
    /// Mean number of allocated bytes between two samples; 0 is off.
    pub sample_rate: u64,
    /// Allocations that were picked and recorded.
    pub samples: u64,
    /// Of these, the ones that were picked with a larger rate than [`Stats::sample_rate`]: more of them would
    /// have taken more than 2 % of their thread's CPU time.
    pub sparse_samples: u64,
    /// Recorded allocations that are not freed yet.
    pub live_samples: u64,
    /// Memory of the profiler's tables, in bytes; it is not in the wrapped allocator.
    pub table_bytes: u64,
    /// Allocations that were picked but not recorded: no room for another live object.
    pub live_table_full: u64,
    /// Samples recorded without their stack: no room for another stack.
    pub stack_table_full: u64,
    /// Samples recorded without their stack: the kernel did not say where the thread's stack lies.
    pub stacks_unreadable: u64,
    /// Samples that lack the frames near the root: the stack was deeper than 128 frames.
    pub stacks_cut: u64,
    /// Samples that lack the frames near the root: code without unwind tables was in the way.
    pub stacks_broken: u64,
    /// Allocations that were picked but not recorded: the wrapped allocator had no room for the mark.
    pub placements_failed: u64,
    /// Allocations that were picked but not recorded: a signal handler made them while its thread was
    /// at work on the profiler's tables.
    pub handler_samples_lost: u64,
    /// Frees that are not counted, so that their objects seem to be in use: a signal handler made
    /// them while its thread was at work on the profiler's tables, and too many others waited.
    pub handler_frees_lost: u64,
    /// `LIVEHEAP_*` variables that were ignored because they are not numbers.
    pub bad_settings: u64,
    /// CPU time that went into samples and into the frees of sampled objects, in nanoseconds. It is an
    /// estimate: the first 1024 are timed, then one in 256, by a clock that goes on while the thread waits for
    /// its processor; what one counts is bounded. What other allocations and frees pay, a few instructions
    /// each, is not in it. In the child of a fork it begins at 0.
    pub sampling_cpu_nanos: u64,
    /// CPU time that went into taking profiles, in nanoseconds, without the reclaim hooks. In the child
    /// of a fork it begins at 0.
    pub dump_cpu_nanos: u64,
    /// Profiles that were taken. In the child of a fork it begins at 0.
    pub dumps: u64,
}

/// What the profiler recorded and what it could not.
pub fn stats() -> Stats {
    late::settle();
    // Frees first: a sample freed in between must not make the difference negative.
    let freed = SAMPLES_FREED.value();
    let samples = SAMPLES.value();
    Stats {
        installed: alloc::is_installed(),
        sample_rate: crate::sample_rate(),
        samples,
        sparse_samples: SPARSE_SAMPLES.value(),
        live_samples: samples.saturating_sub(freed),
        table_bytes: arena::mapped_bytes(),
        live_table_full: LIVE_TABLE_FULL.value(),
        stack_table_full: STACK_TABLE_FULL.value(),
        stacks_unreadable: STACKS_UNREADABLE.value(),
        stacks_cut: STACKS_CUT.value(),
        stacks_broken: STACKS_BROKEN.value(),
        placements_failed: PLACEMENTS_FAILED.value(),
        handler_samples_lost: HANDLER_SAMPLES_LOST.value(),
        handler_frees_lost: HANDLER_FREES_LOST.value(),
        bad_settings: BAD_SETTINGS.value(),
        sampling_cpu_nanos: SAMPLING_CPU.value(),
        dump_cpu_nanos: DUMP_CPU.value(),
        dumps: DUMPS.value(),
    }
}
