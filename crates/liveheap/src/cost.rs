//! What the profiler costs its process, by its own account: the CPU time of samples and of dumps.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: the begin and the end of such work. Out:
//! sums in [`stats`](crate::stats()). Samples are timed with the clock that the C library reads without
//! the kernel, 0.03 µs. The kernel's clock of a thread's CPU time leaves out what others had of the
//! processor, but to read it takes 0.25 µs, and what the kernel leaves in the caches makes the sample
//! behind it take twice as long as it does otherwise. So the first samples are timed, and then few, which
//! stand for the others; and one that waited for its processor counts little. A profile takes long enough
//! for the better clock.

use crate::clock;
use crate::sampler::mixed;
use crate::stats::{self, Counter};
use crate::thread;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many samples of a process are timed, each for itself.
const TIMED_AT_FIRST: u64 = 1024;
/// Then one of so many is timed, at random, and stands for all of them. A power of two.
const ONE_OF: u64 = 256;

/// A sample counts so many nanoseconds at most. The first of a program takes about as long; one that takes
/// longer has waited for its processor.
const MOST_NANOS: u64 = 1_000_000;
/// It stands for others with so many at most: none of them is a thread's first.
const MOST_OF_OTHERS_NANOS: u64 = 100_000;

/// A sample that takes so many times the mean, or one of so many parts of it, is far off.
const FAR_OFF: u64 = 4;
/// The mean is over about so many of the last.
const SMOOTHING: u64 = 32;

/// What a sample, and the free of one, takes in nanoseconds: the mean of those that were timed lately.
static MEAN_SAMPLE: AtomicU64 = AtomicU64::new(500);
static MEAN_FREE: AtomicU64 = AtomicU64::new(200);

/// What a sample takes with its free, in nanoseconds.
pub(crate) fn of_sample_nanos() -> u64 {
    MEAN_SAMPLE.load(Ordering::Relaxed) + MEAN_FREE.load(Ordering::Relaxed)
}

/// Moves the mean towards what was seen now, by a part of the way.
fn approach(mean: &AtomicU64, seen: u64) {
    let now = mean.load(Ordering::Relaxed);
    // One that is far off, as the first of a thread is, moves it no more than one that is not.
    let seen = seen.clamp(now / FAR_OFF, now.saturating_mul(FAR_OFF));
    let next = now - now / SMOOTHING + seen / SMOOTHING;
    // When two threads do this at once, one of the two is lost.
    mean.store(next.max(SMOOTHING), Ordering::Relaxed);
}

/// Lives as long as one sample, or the free of one, is handled.
pub(crate) struct SampleWatch {
    timed: Option<Timed>,
}

struct Timed {
    mean: &'static AtomicU64,
    /// How many samples it stands for.
    weight: u64,
    begin: u64,
}

impl SampleWatch {
    /// Before an object is recorded.
    pub(crate) fn of_sample() -> Self {
        Self::start(&stats::SAMPLES, &MEAN_SAMPLE)
    }

    /// Before the record of an object that is freed is given back.
    pub(crate) fn of_free() -> Self {
        Self::start(&stats::SAMPLES_FREED, &MEAN_FREE)
    }

    /// What it was for turned out to be no sample.
    pub(crate) fn of_none(mut self) {
        self.timed = None;
    }

    #[inline]
    fn start(done_before: &Counter, mean: &'static AtomicU64) -> Self {
        let weight = if done_before.value() < TIMED_AT_FIRST { 1 } else { ONE_OF };
        let is_timed = weight == 1 || is_one_of_many();
        Self { timed: is_timed.then(|| Timed::start(weight, mean)) }
    }
}

/// Whether this thread's next sample is timed.
fn is_one_of_many() -> bool {
    thread::with(|state| {
        let number = state.watches.get();
        state.watches.set(number.wrapping_add(1));
        // Threads that handle one sample each are as likely as any.
        let ticket = u64::from(thread::id(state)) << 32 | u64::from(number);
        mixed(ticket).is_multiple_of(ONE_OF)
    })
}

impl Timed {
    #[cold]
    fn start(weight: u64, mean: &'static AtomicU64) -> Self {
        Self { mean, weight, begin: clock::fine() }
    }

    #[cold]
    fn stop(&self) {
        let end = clock::fine();
        // What a reading takes, when the one before has brought what it needs into the caches.
        let reading = clock::fine().saturating_sub(end);
        let took = end.saturating_sub(self.begin).saturating_sub(reading).min(MOST_NANOS);
        approach(self.mean, took);
        let others = took.min(MOST_OF_OTHERS_NANOS).saturating_mul(self.weight - 1);
        stats::SAMPLING_CPU.add(took.saturating_add(others));
    }
}

impl Drop for SampleWatch {
    #[inline]
    fn drop(&mut self) {
        if let Some(timed) = &self.timed {
            timed.stop();
        }
    }
}

/// Lives as long as this thread takes a profile.
pub(crate) struct DumpWatch {
    begin: u64,
}

impl DumpWatch {
    pub(crate) fn start() -> Self {
        Self { begin: clock::of_thread() }
    }
}

impl Drop for DumpWatch {
    fn drop(&mut self) {
        let end = clock::of_thread();
        stats::DUMP_CPU.add(end.saturating_sub(self.begin));
        stats::DUMPS.add(1);
    }
}

/// After a fork, in the child, whose own CPU time begins at 0.
pub(crate) fn begin_anew() {
    for counter in [&stats::SAMPLING_CPU, &stats::DUMP_CPU, &stats::DUMPS] {
        counter.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::{ONE_OF, approach, is_one_of_many};
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn the_mean_follows_what_was_timed_lately_and_not_what_is_far_off() {
        let mean = AtomicU64::new(500);
        let seen = |nanos: &[u64]| {
            (0..300).for_each(|number| approach(&mean, nanos[number % nanos.len()]));
            mean.load(Ordering::Relaxed)
        };
        assert!((900..1150).contains(&seen(&[1000])));
        // Half of them 500 and half 1500.
        assert!((900..1150).contains(&seen(&[500, 1500])));
        assert!((40_000..60_000).contains(&seen(&[50_000])));
        seen(&[1000]);
        approach(&mean, u64::MAX);
        assert!(mean.load(Ordering::Relaxed) < 1250);
        assert!(seen(&[0]) < 100);
        assert!((900..1150).contains(&seen(&[1000])));
    }

    /// Of 256 000 tickets 1000 are expected, give or take 32: chance stays within 200.
    #[test]
    fn one_sample_of_256_is_timed_on_one_thread_and_on_many() {
        let alone = (0..ONE_OF * 1000).filter(|_| is_one_of_many()).count();
        assert!(alone.abs_diff(1000) < 200, "{alone}");
        let first = |_| std::thread::spawn(|| (0..ONE_OF).filter(|_| is_one_of_many()).count());
        let threads: Vec<_> = (0..1000).map(first).map(|thread| thread.join().unwrap()).collect();
        let all: usize = threads.iter().sum();
        assert!(all.abs_diff(1000) < 200, "{all}");
    }
}
