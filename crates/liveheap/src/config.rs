//! What the user can set: the sample rate, from the program or from the environment.
//!
//! Runs inside malloc: no allocation, no blocking, no panic. The environment is read once, at the
//! program's first allocation; it wins over what the program's source says, and a later
//! [`set_sample_rate`] wins over both.

#![expect(unsafe_code, reason = "getenv without allocating is a C function")]

use crate::{sampler, stats};
use std::ffi::CStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Mean number of allocated bytes between two samples, unless set otherwise.
pub(crate) const DEFAULT_SAMPLE_RATE: u64 = 512 << 10;
/// The largest sample rate, one sample in a TiB; larger ones mean this.
pub(crate) const LARGEST_SAMPLE_RATE: u64 = 1 << 40;
/// Nothing was asked for so far.
const UNSET: u64 = u64::MAX;

static RATE: AtomicU64 = AtomicU64::new(UNSET);
static SEED: AtomicU64 = AtomicU64::new(UNSET);
static ENVIRONMENT_READ: AtomicBool = AtomicBool::new(false);

/// Sets the mean number of allocated bytes between two samples: 1 samples every allocation, 0 none.
///
/// It holds at once on the calling thread, and on another thread from its next sample on. Objects
/// that were sampled before keep the weight they had.
pub fn set_sample_rate(bytes: u64) {
    RATE.store(bytes.min(LARGEST_SAMPLE_RATE), Ordering::Relaxed);
    sampler::restart();
}

/// The mean number of allocated bytes between two samples; 0 when sampling is off. While none was
/// set, it is the smallest that a thread has.
pub fn sample_rate() -> u64 {
    set_rate().unwrap_or(DEFAULT_SAMPLE_RATE)
}

/// The rate that was set, by whatever means: it is kept, whatever it costs.
pub(crate) fn set_rate() -> Option<u64> {
    match RATE.load(Ordering::Relaxed) {
        UNSET => None,
        rate => Some(rate),
    }
}

/// Takes the rate from the environment or from the program's source, if none was set so far.
///
/// Later calls do nothing: a thread may change the environment once there are several, and reading
/// it meanwhile is not safe.
pub(crate) fn start(rate_in_source: Option<u64>) {
    if ENVIRONMENT_READ.swap(true, Ordering::Relaxed) {
        return;
    }
    SEED.store(number(c"LIVEHEAP_SEED").unwrap_or(UNSET), Ordering::Relaxed);
    if let Some(rate) = number(c"LIVEHEAP_SAMPLE_RATE").or(rate_in_source) {
        let rate = rate.min(LARGEST_SAMPLE_RATE);
        // A rate set meanwhile by the program wins; either outcome is a valid state.
        let _ = RATE.compare_exchange(UNSET, rate, Ordering::Relaxed, Ordering::Relaxed);
    }
}

/// The fixed seed that tests ask for.
pub(crate) fn seed() -> Option<u64> {
    match SEED.load(Ordering::Relaxed) {
        UNSET => None,
        seed => Some(seed),
    }
}

/// A variable of the environment as a number; one that is none is counted and ignored.
fn number(name: &CStr) -> Option<u64> {
    // SAFETY: `name` ends with a NUL, and getenv(3) only reads.
    let text = unsafe { libc::getenv(name.as_ptr()) };
    if text.is_null() {
        return None;
    }
    // SAFETY: getenv(3) returns a NUL-terminated text that lives until the variable is changed.
    let text = unsafe { CStr::from_ptr(text) };
    let number = parse(text.to_bytes());
    if number.is_none() {
        stats::BAD_SETTINGS.add(1);
    }
    number
}

fn parse(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(value)
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_setting_is_a_plain_decimal_number() {
        assert_eq!(parse(b"524288"), Some(524_288));
        assert_eq!(parse(b"0"), Some(0));
        assert_eq!(parse(b"18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn a_setting_that_is_no_number_is_ignored() {
        for text in [&b""[..], b"512k", b"-1", b" 1", b"18446744073709551616"] {
            assert_eq!(parse(text), None);
        }
    }
}
