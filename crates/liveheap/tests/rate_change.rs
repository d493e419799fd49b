//! A program that changes the sample rate while it runs: readable text and profile.proto agree.

#![expect(clippy::panic, reason = "a helper of tests")]

use liveheap::{ProfileOptions, set_sample_rate};
use liveheap_profile::{Profile, decode};
use std::hint::black_box;

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

fn take(as_text: bool) -> Profile {
    let mut bytes = Vec::new();
    let written = liveheap::write_profile(&mut bytes, &ProfileOptions::new().text(as_text));
    written.expect("memory takes everything");
    decode(&bytes, &Default::default()).expect("our own profile can be read")
}

fn sums(profile: &Profile) -> Vec<i64> {
    let samples = 0..profile.samples.len();
    samples.fold(vec![0; 4], |mut sums, sample| {
        for (sum, value) in sums.iter_mut().zip(profile.samples.values(sample)) {
            *sum += value;
        }
        sums
    })
}

/// The text, which adds up to what profile.proto does.
///
/// Another thread, such as the one that runs the tests, has the old rate until its next sample. So what
/// is compared was taken between two profiles that are the same.
fn undisturbed_text() -> Profile {
    for _ in 0..100 {
        let before = sums(&take(false));
        let text = take(true);
        if before == sums(&take(false)) {
            assert_eq!(sums(&text), before);
            return text;
        }
    }
    panic!("another thread is sampled all the time");
}

#[inline(never)]
fn a_hundred_of_1000_bytes() -> Vec<Vec<u8>> {
    (0..100).map(|_| black_box(vec![1; 1000])).collect()
}

#[test]
fn old_samples_count_as_much_after_the_rate_was_changed() {
    let kept = a_hundred_of_1000_bytes();
    set_sample_rate(2000);
    let sampled = a_hundred_of_1000_bytes();
    // So rare that what the test itself allocates from here on is not sampled.
    set_sample_rate(1 << 40);
    for off in [false, true] {
        if off {
            set_sample_rate(0);
        }
        let text = undisturbed_text();
        let exact = [100, 100_000, 100, 100_000];
        let mut samples = 0..text.samples.len();
        assert!(samples.any(|sample| text.samples.values(sample) == exact), "off: {off}");
        // Only half of the objects have an error.
        let error = liveheap::memory_stats().alloc_error;
        assert_eq!(error.is_none(), off);
    }
    drop((kept, sampled));
}
