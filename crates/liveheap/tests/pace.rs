//! A thread that allocates large buffers all the time, with the rate that nobody has set.

use liveheap::ProfileOptions;
use liveheap_profile::decode;
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system();

/// So small that the C library does not ask the kernel for each: nothing else takes time.
const BUFFER: usize = 100 << 10;

#[inline(never)]
fn buffer() -> Vec<u8> {
    black_box(Vec::with_capacity(BUFFER))
}

/// Both at once, since all of a process's threads count in its CPU time.
#[test]
fn samples_of_large_buffers_take_little_time_and_estimate_well() {
    const KEPT: usize = 20_000;
    /// So many, and not so long: on a busy machine it takes a while to come to the replacing.
    const REPLACED: usize = 2_000_000;
    let mut kept: Vec<Vec<u8>> = Vec::with_capacity(KEPT);
    let begin = Instant::now();
    let mut replaced = 0_usize;
    while kept.len() < KEPT || replaced < REPLACED {
        if kept.len() < KEPT {
            kept.push(buffer());
        } else {
            // Another place each time, all of them in turn.
            kept[replaced * 7919 % KEPT] = buffer();
            replaced += 1;
        }
    }
    let stats = liveheap::stats();
    let took = begin.elapsed();
    let statistics = liveheap::memory_stats();
    assert!(stats.sparse_samples * 20 > stats.samples, "{stats:?}");

    // Of one thread that does nothing else, 2 % and what the first samples took, before that was known.
    let share = stats.sampling_cpu_nanos as f64 / took.as_nanos() as f64;
    assert!(share < 0.1, "{share} {stats:?}");

    let truth = (KEPT * BUFFER) as f64;
    let estimate = statistics.alloc.unwrap() as f64;
    let error = statistics.alloc_error.unwrap() as f64;
    // All with the smallest rate would have this one; which of them are in use is chance.
    let smallest = (truth * BUFFER as f64 / (BUFFER as f64 / 524_288.0).exp_m1()).sqrt();
    assert!(error > 0.9 * smallest, "{error} {smallest}");
    assert!((estimate - truth).abs() < 5.0 * error, "{estimate} {error}");

    let mut bytes = Vec::new();
    liveheap::write_profile(&mut bytes, &ProfileOptions::new()).unwrap();
    let profile = decode(&bytes, &Default::default()).unwrap();
    let said = |words: &str| profile.comments.iter().any(|id| profile.text(*id).contains(words));
    assert!(said("samples were picked with larger rates"));

    drop(kept);
    let rest = liveheap::memory_stats().alloc.unwrap();
    assert!(rest < 100 << 20, "{rest}");
}
