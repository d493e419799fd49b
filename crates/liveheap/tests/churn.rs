//! Profiles that are taken while threads allocate, resize and free each other's objects: in no row is less
//! than nothing in use, or more than was allocated.

#![expect(clippy::disallowed_types, reason = "the ban is for code that runs inside an allocation")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use liveheap::ProfileOptions;
use liveheap_profile::{Profile, decode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Objects that any thread may free.
static EXCHANGE: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
const TIME: Duration = Duration::from_secs(2);

/// An object from a stack that is so deep.
#[inline(never)]
fn nested(depth: usize, size: usize) -> Vec<u8> {
    let object = if depth == 0 { Vec::with_capacity(size) } else { nested(depth - 1, size) };
    std::hint::black_box(object)
}

fn churn(stop: &AtomicBool) {
    let mut number = 1_usize;
    while !stop.load(Ordering::Relaxed) {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        let size = match number >> 60 {
            0 => 70_000,
            _ => 1 + (number >> 40) % 16 * 100,
        };
        let mut object = nested((number >> 50) % 4, size);
        object.reserve_exact(size * 2);
        let mut exchange = EXCHANGE.lock().unwrap_or_else(PoisonError::into_inner);
        exchange.push(object);
        let other =
            if exchange.len() > 100 { Some(exchange.swap_remove(number % 100)) } else { None };
        drop(exchange);
        drop(other);
    }
}

/// Objects of one row that live as short as can be: at any moment none or one of them is in use.
fn flicker(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        drop(std::hint::black_box(vec![1_u8; 100]));
    }
}

/// Looks at each sample: allocated objects and bytes, in use objects and bytes. Gives their number.
fn check(profile: &Profile, is_split: bool) -> usize {
    for sample in 0..profile.samples.len() {
        let values = profile.samples.values(sample);
        let &[objects, bytes, in_use_objects, in_use_bytes] = values.first_chunk().unwrap();
        assert!(values.iter().all(|value| *value >= 0), "{values:?}");
        // What is in use and what was allocated are in different samples when they are split.
        assert!(is_split || in_use_objects <= objects && in_use_bytes <= bytes, "{values:?}");
    }
    profile.samples.len()
}

fn check_sums() {
    let sums = liveheap::memory_stats();
    assert!(sums.alloc <= sums.total_alloc, "{sums:?}");
    assert!(sums.heap_objects <= sums.mallocs, "{sums:?}");
}

fn taken(options: &ProfileOptions) -> Vec<u8> {
    let mut bytes = Vec::new();
    liveheap::write_profile(&mut bytes, options).unwrap();
    bytes
}

fn decoded(bytes: &[u8]) -> Profile {
    decode(bytes, &Default::default()).unwrap()
}

#[test]
fn in_use_is_never_negative() {
    let stop = AtomicBool::new(false);
    let (mut profiles, mut samples) = (0, 0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| churn(&stop));
            scope.spawn(|| flicker(&stop));
        }
        let end = Instant::now() + TIME;
        let outcome = std::panic::catch_unwind(|| {
            let (mut profiles, mut samples) = (0, 0);
            while Instant::now() < end || profiles < 10 {
                samples += check(&decoded(&taken(&ProfileOptions::new())), false);
                samples += check(
                    &decoded(&taken(&ProfileOptions::new().by_age(true).by_thread(true))),
                    true,
                );
                samples += check(&decoded(&taken(&ProfileOptions::new().text(true))), false);
                let delta = liveheap::respond("/debug/pprof/delta_heap", "");
                samples += check(&decoded(delta.body()), true);
                profiles += 4;
                // The sums alone are cheap: so each row is looked at often.
                (0..500).for_each(|_| check_sums());
            }
            (profiles, samples)
        });
        stop.store(true, Ordering::Relaxed);
        (profiles, samples) = outcome.unwrap();
    });
    assert!(profiles >= 10 && samples > 20 * profiles, "{samples} samples in {profiles} profiles");
}
