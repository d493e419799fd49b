//! Which allocations are picked, and how many objects each one stands for.
//!
//! Runs inside malloc: no allocation, no blocking, no panic. In: the countdown that went below zero.
//! Out: whether this allocation is a sample, and with which rate. Picks are the events of a Poisson
//! process over allocated bytes, so an object of s bytes is picked with probability
//! 1 - e^(-s/rate), and a picked one counts 1 / (1 - e^(-s/rate)) objects. Where a stack comes from
//! and where a sample goes is not decided here.

use crate::pace::OwnClocks;
use crate::thread::{QUIET, ThreadState};
use crate::{clock, config, cost, stats, thread};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, compiler_fence};

/// While sampling is off, a thread looks after so many bytes whether it still is.
const BYTES_BETWEEN_CHECKS: i64 = 1 << 20;

/// Binary digits behind the point of a weight.
pub(crate) const WEIGHT_FRACTION_BITS: u32 = 20;

/// The rate that the first sample was picked with, in bytes; 0 before it.
static FIRST_RATE: AtomicU64 = AtomicU64::new(0);
/// Whether a later sample was picked with another.
static OTHER_RATES: AtomicBool = AtomicBool::new(false);

/// Makes the threads' seeds differ.
static THREADS_SEEDED: AtomicU64 = AtomicU64::new(0);

/// A small generator of random numbers (splitmix64): its state is one number, and any will do.
#[derive(Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn zero() -> Self {
        Self(0)
    }

    pub(crate) fn from_seed(seed: u64) -> Self {
        let mut random = Self(seed);
        Self(random.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// Bytes to the next pick: exponentially distributed with the mean `rate`, rounded down.
    ///
    /// Rounding down keeps the probabilities exact: an object of s bytes is picked when the whole
    /// number is below s, which is when the unrounded one is.
    fn bytes_to_next_pick(&mut self, rate: u64) -> i64 {
        if rate <= 1 {
            return 0;
        }
        // 53 random bits make a number above 0 and up to 1.
        let uniform = ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64;
        whole(-uniform.ln() * rate as f64).cast_signed()
    }
}

/// A number in which each bit depends on all bits of the given one.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut mixed = number;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The whole part of a number that is not negative and below 2^63.
fn whole(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the caller's number is in range, and the fraction is to be dropped"
    )]
    {
        number as u64
    }
}

/// Remembers that a sample was picked with this rate.
pub(crate) fn remember(rate: u64) {
    let first = match FIRST_RATE.load(Ordering::Relaxed) {
        0 => FIRST_RATE
            .compare_exchange(0, rate, Ordering::Relaxed, Ordering::Relaxed)
            .map_or_else(|first| first, |_| rate),
        first => first,
    };
    if first != rate {
        OTHER_RATES.store(true, Ordering::Relaxed);
    }
    if config::set_rate().is_none() && rate > config::DEFAULT_SAMPLE_RATE {
        stats::SPARSE_SAMPLES.add(1);
    }
}

/// Whether all samples so far were picked with this rate.
pub(crate) fn all_have_rate(rate: u64) -> bool {
    let first = FIRST_RATE.load(Ordering::Relaxed);
    !OTHER_RATES.load(Ordering::Relaxed) && (first == 0 || first == rate)
}

/// How many objects a sample of `size` bytes stands for, as a fixed-point number.
///
/// At a rate of 1 or below it is exactly one object.
pub(crate) fn weight(size: u64, rate: u64) -> u64 {
    if rate <= 1 {
        return 1 << WEIGHT_FRACTION_BITS;
    }
    let picked = -(-(size.max(1) as f64) / rate as f64).exp_m1();
    whole((f64::from(1 << WEIGHT_FRACTION_BITS) / picked).round())
}

/// Looks at an allocation of `size` bytes whose countdown went below zero: the rate it was picked
/// with, or none when it was not.
///
/// After `Some`, the countdown rests until [`rearm`]: nothing that the recording allocates is
/// sampled.
pub(crate) fn pick(state: &ThreadState, size: usize, rate_in_source: Option<u64>) -> Option<u64> {
    let started = state.started.get();
    if !started {
        // The first allocation of a thread is as likely a sample as any other.
        config::start(rate_in_source);
        state.random.set(Random::from_seed(fresh_seed()));
        state.started.set(true);
    }
    if !started || state.rate.get() == 0 {
        rearm(state);
        let left = state.left.get();
        if state.rate.get() == 0 {
            return None;
        }
        let left = left.saturating_sub(size.cast_signed() as i64);
        state.left.set(left);
        if left >= 0 {
            return None;
        }
    }
    if thread::is_inside() {
        stats::HANDLER_SAMPLES_LOST.add(1);
        rearm(state);
        return None;
    }
    state.left.set(QUIET);
    // A signal handler of this thread sees that, too.
    compiler_fence(Ordering::SeqCst);
    Some(state.rate.get())
}

/// Starts the countdown to the next sample after one that was taken.
pub(crate) fn after_sample(state: &ThreadState) {
    if config::set_rate().is_none() {
        let pace = state.pace.get();
        state.pace.set(pace.after_sample(cost::of_sample_nanos(), &OwnClocks));
    }
    rearm(state);
}

/// Starts the countdown to the thread's next sample, with the rate as it is now.
pub(crate) fn rearm(state: &ThreadState) {
    let rate =
        config::set_rate().unwrap_or_else(|| state.pace.get().rate(config::DEFAULT_SAMPLE_RATE));
    state.rate.set(rate);
    let mut random = state.random.get();
    let left = if rate == 0 { BYTES_BETWEEN_CHECKS } else { random.bytes_to_next_pick(rate) };
    state.random.set(random);
    state.left.set(left);
}

/// Makes a new rate, or new random numbers, hold on this thread at once; while it is quiet, from its next
/// sample on. The countdown has no memory, so dropping its rest changes no probability.
pub(crate) fn restart() {
    thread::with(|state| {
        if state.started.get() && !thread::is_quiet(state) {
            rearm(state);
        }
    });
}

/// After a fork, in the child: other random numbers than the parent's; where the fork was in quiet, from
/// the next sample on.
pub(crate) fn reseed() {
    thread::with(|state| {
        state.random.set(Random::from_seed(fresh_seed()));
        state.id.set(0);
    });
    restart();
}

/// A seed that no other thread has; the same in each run when `LIVEHEAP_SEED` is set.
fn fresh_seed() -> u64 {
    let number = THREADS_SEEDED.fetch_add(1, Ordering::Relaxed);
    let base = config::seed().unwrap_or_else(|| {
        let here = 0_u8;
        let address = std::ptr::from_ref(&here).addr() as u64;
        clock::coarse() ^ address.rotate_left(32) ^ u64::from(std::process::id())
    });
    base ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::{Random, WEIGHT_FRACTION_BITS, weight};

    #[test]
    fn at_rate_one_every_byte_is_a_pick_and_every_weight_is_one() {
        let mut random = Random::from_seed(1);
        assert_eq!(random.bytes_to_next_pick(1), 0);
        assert_eq!(weight(1, 1), 1 << WEIGHT_FRACTION_BITS);
        assert_eq!(weight(1 << 40, 1), 1 << WEIGHT_FRACTION_BITS);
    }

    #[test]
    fn an_object_much_larger_than_the_rate_counts_once() {
        assert_eq!(weight(100 << 20, 1 << 20), 1 << WEIGHT_FRACTION_BITS);
    }

    #[test]
    fn an_object_as_large_as_the_rate_counts_1_58_times() {
        let objects = weight(1 << 20, 1 << 20) as f64 / f64::from(1 << WEIGHT_FRACTION_BITS);
        assert!((objects - 1.581_977).abs() < 1e-5, "{objects}");
    }

    #[test]
    fn a_byte_at_the_largest_rate_does_not_overflow() {
        assert_eq!(weight(1, 1 << 40) >> WEIGHT_FRACTION_BITS, 1 << 40);
    }

    /// 100 000 draws: the mean's standard error is 0.3 %, so 2 % is never reached by chance.
    #[test]
    fn picks_are_the_rate_apart_on_average() {
        let mut random = Random::from_seed(7);
        let sum: i64 = (0..100_000).map(|_| random.bytes_to_next_pick(1000)).sum();
        assert!((sum - 100_000_000).abs() < 2_000_000, "{sum}");
    }

    #[test]
    fn two_seeds_give_two_sequences() {
        let mut first = Random::from_seed(1);
        let mut second = Random::from_seed(2);
        assert_ne!(first.next(), second.next());
    }
}
