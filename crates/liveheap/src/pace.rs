//! How often a thread may sample so that it costs little: the sample rate that nobody has set.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: that a sample was taken, what one costs, and
//! the thread's clocks. Out: the rate of the next. A thread that allocates large buffers all the time would
//! take a sample with every second one; there, samples are taken with 2, 4, 8 … times the rate, and each
//! stands for as much more. That keeps estimates unbiased, because the rate of a sample is known before
//! its object is: it depends on what the thread did before, and on nothing that comes after. A larger
//! rate makes them less certain, which is why it lasts only as long as it must.

use crate::clock;

/// Samples may take one of so many nanoseconds of a thread's CPU time.
const ONE_OF: u64 = 50;
/// The most doublings of the rate: to 64 MiB from 512 KiB.
const MOST_DOUBLINGS: u32 = 7;
/// The most of them at once: what was seen may not last.
const MOST_AT_ONCE: u32 = 3;
/// Samples after which a thread's pace is looked at: much less than what people notice, and enough that
/// neither chance nor the reading of a clock matters.
const WINDOW: u32 = 1024;

/// The clocks of a thread, in nanoseconds.
pub(crate) trait Clocks {
    /// Of the thread's CPU time; to read it takes as long as a cheap sample.
    fn cpu_nanos(&self) -> u64;
    /// Of the world's time, which goes on at least as fast; coarse, and cheap to read.
    fn wall_nanos(&self) -> u64;
}

/// Those of the thread that asks.
pub(crate) struct OwnClocks;

impl Clocks for OwnClocks {
    fn cpu_nanos(&self) -> u64 {
        match clock::of_thread() {
            // There is none: then it counts as if it always had a processor.
            0 => self.wall_nanos(),
            nanos => nanos,
        }
    }

    fn wall_nanos(&self) -> u64 {
        clock::coarse()
    }
}

/// The pace of one thread. All zero is its first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How often the rate is doubled.
    doublings: u32,
    /// Samples since the window began.
    samples: u32,
    /// The CPU time when that was; 0 in the first moment.
    begin_cpu: u64,
    /// The world's time when the CPU time was last asked for.
    asked_wall: u64,
}

impl Pace {
    pub(crate) const fn first() -> Self {
        Self { doublings: 0, samples: 0, begin_cpu: 0, asked_wall: 0 }
    }

    /// The rate that goes with it.
    pub(crate) fn rate(self, smallest: u64) -> u64 {
        smallest << self.doublings
    }

    /// The pace after one more sample, of which each takes `cost_nanos`. The clocks are read only when that
    /// matters.
    pub(crate) fn after_sample(self, cost_nanos: u64, clocks: &impl Clocks) -> Self {
        if self.begin_cpu == 0 {
            return Self::beginning(self.doublings, clocks.cpu_nanos(), clocks);
        }
        let samples = self.samples + 1;
        let each = (cost_nanos * ONE_OF).max(1);
        let slow = 2 * each * u64::from(WINDOW);
        // In the middle of a window nothing can change but that a thread has become slow.
        if samples < WINDOW
            && (self.doublings == 0 || clocks.wall_nanos().saturating_sub(self.asked_wall) <= slow)
        {
            return Self { samples, ..self };
        }
        let cpu = clocks.cpu_nanos();
        let Some(took) = cpu.checked_sub(self.begin_cpu) else {
            // The thread is one of a child process, whose clocks begin anew.
            return Self::beginning(self.doublings, cpu, clocks);
        };
        if samples < WINDOW && took <= slow {
            return Self { samples, asked_wall: clocks.wall_nanos(), ..self };
        }
        let allowed = each * u64::from(samples);
        let doublings = if took < allowed {
            let more = doublings_to(allowed, took).min(MOST_AT_ONCE);
            (self.doublings + more).min(MOST_DOUBLINGS)
        } else {
            // One less than would just do.
            self.doublings.saturating_sub(doublings_to(took, allowed).saturating_sub(1))
        };
        Self::beginning(doublings, cpu, clocks)
    }

    fn beginning(doublings: u32, cpu: u64, clocks: &impl Clocks) -> Self {
        Self { doublings, samples: 0, begin_cpu: cpu.max(1), asked_wall: clocks.wall_nanos() }
    }
}

/// How often `smaller` must be doubled to be at least `larger`.
fn doublings_to(larger: u64, smaller: u64) -> u32 {
    larger.div_ceil(smaller.max(1)).next_power_of_two().trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::{Clocks, MOST_DOUBLINGS, Pace};
    use std::cell::Cell;

    const RATE: u64 = 512 << 10;
    const COST_NANOS: u64 = 1000;

    /// A thread that allocates so many bytes in a microsecond beside its samples, and its clocks.
    struct Thread {
        pace: Pace,
        clocks: Fixed,
        in_samples: u64,
        /// Of so many threads one has the processor.
        crowd: u64,
    }

    #[derive(Default)]
    struct Fixed {
        cpu: u64,
        wall: u64,
        cpu_reads: Cell<u64>,
    }

    impl Clocks for Fixed {
        fn cpu_nanos(&self) -> u64 {
            self.cpu_reads.set(self.cpu_reads.get() + 1);
            self.cpu
        }

        fn wall_nanos(&self) -> u64 {
            // The kernel's cheap clock goes on every 4 ms.
            self.wall / 4_000_000 * 4_000_000
        }
    }

    impl Thread {
        fn new() -> Self {
            let clocks = Fixed { cpu: 1, ..Fixed::default() };
            Self { pace: Pace::first(), clocks, in_samples: 0, crowd: 1 }
        }

        /// The share of samples in the CPU time of the last `samples` of them.
        fn share(&mut self, bytes_in_microsecond: u64, samples: u64) -> f64 {
            let (begin, in_samples) = (self.clocks.cpu, self.in_samples);
            for _ in 0..samples {
                let took = self.pace.rate(RATE) * 1000 / bytes_in_microsecond + COST_NANOS;
                self.clocks.cpu += took;
                self.clocks.wall += took * self.crowd;
                self.in_samples += COST_NANOS;
                self.pace = self.pace.after_sample(COST_NANOS, &self.clocks);
            }
            (self.in_samples - in_samples) as f64 / (self.clocks.cpu - begin) as f64
        }
    }

    #[test]
    fn a_thread_whose_samples_take_little_keeps_its_rate() {
        let mut thread = Thread::new();
        // 1 GB/s: 2000 samples.
        assert!(thread.share(1000, 100_000) < 0.002);
        assert_eq!(thread.pace.rate(RATE), RATE);
    }

    #[test]
    fn samples_take_a_fiftieth_of_a_threads_time_at_most() {
        for gigabytes in [20, 50, 100, 1000] {
            let mut thread = Thread::new();
            // It finds its rate in a few windows.
            thread.share(gigabytes * 1000, 20_000);
            let share = thread.share(gigabytes * 1000, 100_000);
            assert!(share < 0.025, "{gigabytes} GB/s: {share}");
            assert!(share > 0.008, "{gigabytes} GB/s: {share}");
        }
    }

    #[test]
    fn a_thread_that_waits_for_its_processor_is_no_slower_for_it() {
        let mut thread = Thread { crowd: 20, ..Thread::new() };
        thread.share(100_000, 20_000);
        let share = thread.share(100_000, 100_000);
        assert!(share < 0.025, "{share}");
        // To ask for the CPU time takes a while, too.
        let reads = thread.clocks.cpu_reads.get();
        assert!(reads < 120_000 / 40, "{reads}");
    }

    #[test]
    fn there_is_a_largest_rate() {
        let mut thread = Thread::new();
        thread.share(1_000_000_000, 20_000);
        assert_eq!(thread.pace.rate(RATE), RATE << MOST_DOUBLINGS);
    }

    #[test]
    fn a_few_samples_in_calm_end_it() {
        let mut thread = Thread::new();
        thread.share(100_000, 20_000);
        assert!(thread.pace.rate(RATE) > RATE);
        // 100 MB/s: a sample takes longer than a window may.
        thread.share(100, 10);
        assert_eq!(thread.pace.rate(RATE), RATE);
    }

    #[test]
    fn clocks_that_begin_anew_change_no_rate() {
        let mut thread = Thread::new();
        assert!(thread.share(1000, 1500) < 0.002);
        // As a child process finds them.
        thread.clocks.cpu = 1;
        assert!(thread.share(1000, 1500) < 0.002);
        assert_eq!(thread.pace.rate(RATE), RATE);
    }

    #[test]
    fn clocks_that_jump_do_no_harm() {
        let mut pace = Pace::first();
        for second in [5, 5, 5, 3, 9, 0, u64::MAX >> 30] {
            let clocks = Fixed { cpu: second << 30, wall: second << 30, ..Fixed::default() };
            for _ in 0..3000 {
                pace = pace.after_sample(u64::MAX >> 40, &clocks);
            }
        }
        assert!(pace.rate(RATE) <= RATE << MOST_DOUBLINGS);
    }
}
