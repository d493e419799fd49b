//! What a dump costs at 100 000 live samples: time, memory at its peak, and what stays. Release mode,
//! on request: `cargo test --release -p liveheap --test dump_cost -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, clippy::disallowed_macros, reason = "a measure is printed")]

mod stacks;

use stacks::walk;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Different stacks among the samples.
const STACKS: u32 = 1 << 10;
const MOST_TIME: Duration = Duration::from_millis(200);
const MOST_MEMORY_KIB: u64 = 32 << 10;
/// What may stay of a dump. Pages of the C library's arenas, not tables.
const MOST_RESIDUE_KIB: u64 = 4 << 10;

/// A number of `/proc/self/status` in KiB.
fn kib(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// The kernel's mark of the most memory begins anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

#[test]
#[ignore = "measures, in release mode"]
fn a_dump_at_100_000_live_samples_is_fast_and_leaves_nothing() {
    let mut live = Vec::with_capacity(100_000);
    live.extend((0..100_000).map(|number| walk(number % STACKS, 20)));
    assert!(liveheap::stats().live_samples >= 100_000);
    let mut before_any = 0;
    for round in 0..5 {
        forget_peak();
        let before = kib("VmRSS");
        before_any = if round == 0 { before } else { before_any };
        let start = Instant::now();
        let response = liveheap::respond("/debug/pprof/heap", "");
        let time = start.elapsed();
        let peak = kib("VmHWM").saturating_sub(before);
        assert_eq!(response.status(), 200);
        let size = response.body().len();
        drop(response);
        let residue = kib("VmRSS").saturating_sub(before_any);
        println!("dump {round}: {time:?}, peak {peak} KiB, stays {residue} KiB, {size} bytes");
        assert!(peak < MOST_MEMORY_KIB, "{peak} KiB");
        assert!(residue < MOST_RESIDUE_KIB, "{residue} KiB");
        // On a machine that does other things the first may wait for its processor.
        assert!(round < 4 || time < MOST_TIME, "{time:?}");
    }
    drop(live);
}
