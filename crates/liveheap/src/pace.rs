//! How often a thread may sample so that it costs little: the sample rate that nobody has set.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: that a sample was taken, and what one costs.
//! Out: the rate of the next. A thread that allocates large buffers all the time would take a sample
//! with every second one; there, samples are taken with 2, 4, 8 … times the rate, and each stands for
//! as much more. That keeps estimates unbiased, because the rate of a sample is known before its
//! object is: it depends on what the thread did before, and on nothing that comes after. A larger rate
//! makes them less certain, which is why it lasts only as long as it must.

/// Samples may take one of so many nanoseconds of a thread's time.
const ONE_OF: u64 = 50;
/// The most doublings of the rate: to 64 MiB from 512 KiB.
const MOST_DOUBLINGS: u32 = 7;
/// The most of them at once: the clock may not have gone on at all.
const MOST_AT_ONCE: u32 = 3;
/// Samples after which a thread's pace is looked at. They take a few times as long as the clock needs
/// to go on, and much less than what people notice.
const WINDOW: u32 = 1024;

/// The pace of one thread. All zero is its first moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pace {
    /// How often the rate is doubled.
    doublings: u32,
    /// Samples since the window began.
    samples: u32,
    /// When that was.
    begin_nanos: u64,
}

impl Pace {
    pub(crate) const fn first() -> Self {
        Self { doublings: 0, samples: 0, begin_nanos: 0 }
    }

    /// The rate that goes with it.
    pub(crate) fn rate(self, smallest: u64) -> u64 {
        smallest << self.doublings
    }

    /// The pace after one more sample, of which each takes `cost_nanos`. `now` is asked for the time only
    /// when it matters.
    pub(crate) fn after_sample(self, cost_nanos: u64, now: impl FnOnce() -> u64) -> Self {
        let samples = self.samples + 1;
        if self.doublings == 0 && samples < WINDOW && self.begin_nanos != 0 {
            return Self { samples, ..self };
        }
        let now = now().max(1);
        if self.begin_nanos == 0 {
            return Self { begin_nanos: now, ..self };
        }
        let took = now.saturating_sub(self.begin_nanos);
        let each = (cost_nanos * ONE_OF).max(1);
        let is_slow = took > 2 * each * u64::from(WINDOW);
        if samples < WINDOW && !is_slow {
            return Self { samples, ..self };
        }
        let allowed = each * u64::from(samples);
        let doublings = if took < allowed {
            let more = doublings_to(allowed, took).min(MOST_AT_ONCE);
            (self.doublings + more).min(MOST_DOUBLINGS)
        } else {
            // One less than would just do.
            self.doublings.saturating_sub(doublings_to(took, allowed).saturating_sub(1))
        };
        Self { doublings, samples: 0, begin_nanos: now }
    }
}

/// How often `smaller` must be doubled to be at least `larger`.
fn doublings_to(larger: u64, smaller: u64) -> u32 {
    larger.div_ceil(smaller.max(1)).next_power_of_two().trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::{MOST_DOUBLINGS, Pace};

    const RATE: u64 = 512 << 10;
    const COST_NANOS: u64 = 1000;

    /// A thread that allocates so many bytes in a microsecond beside its samples, and its clock.
    struct Thread {
        pace: Pace,
        nanos: u64,
        in_samples: u64,
    }

    impl Thread {
        fn new() -> Self {
            Self { pace: Pace::first(), nanos: 1, in_samples: 0 }
        }

        /// The share of samples in the time of the last `samples` of them.
        fn share(&mut self, bytes_in_microsecond: u64, samples: u64) -> f64 {
            let (begin, in_samples) = (self.nanos, self.in_samples);
            for _ in 0..samples {
                self.nanos += self.pace.rate(RATE) * 1000 / bytes_in_microsecond + COST_NANOS;
                self.in_samples += COST_NANOS;
                // The kernel's cheap clock goes on every 4 ms.
                let clock = self.nanos / 4_000_000 * 4_000_000 + 1;
                self.pace = self.pace.after_sample(COST_NANOS, || clock);
            }
            (self.in_samples - in_samples) as f64 / (self.nanos - begin) as f64
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
    fn a_clock_that_stands_still_or_goes_back_does_no_harm() {
        let mut pace = Pace::first();
        for second in [5, 5, 5, 3, 9, 0, u64::MAX >> 30] {
            for _ in 0..3000 {
                pace = pace.after_sample(u64::MAX >> 40, || second << 30);
            }
        }
        assert!(pace.rate(RATE) <= RATE << MOST_DOUBLINGS);
    }
}
