//! What a dump of 16 384 stacks takes, and for how long it keeps another thread from its samples. Release
//! mode, on request: `cargo test --release -p liveheap --test dump_stall -- --ignored --nocapture`.

#![expect(clippy::unwrap_used, clippy::disallowed_macros, reason = "a measure is printed")]

mod stacks;

use stacks::walk;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Different stacks among the samples.
const STACKS: u32 = 1 << 14;
const DUMPS: usize = 50;
const MOST_TIME: Duration = Duration::from_millis(100);
const MOST_STALL: Duration = Duration::from_millis(1);

static STOP: AtomicBool = AtomicBool::new(false);

/// The longest time that 64 sampled objects took, one after the other with their frees.
fn longest_batch() -> Duration {
    let mut longest = Duration::ZERO;
    while !STOP.load(Ordering::Relaxed) {
        let begin = Instant::now();
        for number in 0..64 {
            black_box(walk(number, 20));
        }
        longest = longest.max(begin.elapsed());
    }
    longest
}

/// The longest batch while `work` runs.
fn meanwhile<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    STOP.store(false, Ordering::Relaxed);
    let thread = std::thread::spawn(longest_batch);
    std::thread::sleep(Duration::from_millis(5));
    let result = work();
    STOP.store(true, Ordering::Relaxed);
    (result, thread.join().unwrap())
}

/// Of the times and stalls the least is judged: on a busy machine a thread also waits for its processor,
/// but not each time.
#[test]
#[ignore = "measures, in release mode"]
fn a_dump_of_many_stacks_is_fast_and_stalls_nobody() {
    let live: Vec<_> = (0..STACKS).map(|number| walk(number, 25)).collect();
    let mut least = (Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..DUMPS {
        let ((time, response), stall) = meanwhile(|| {
            let begin = Instant::now();
            let response = liveheap::respond("/debug/pprof/heap", "");
            (begin.elapsed(), response)
        });
        let ((), alone) = meanwhile(|| std::thread::sleep(time));
        let profile = liveheap_profile::decode(response.body(), &Default::default()).unwrap();
        assert!(profile.samples.len() >= STACKS as usize, "{}", profile.samples.len());
        least = (least.0.min(time), least.1.min(stall), least.2.min(alone));
    }
    let (time, stall, alone) = least;
    println!("{STACKS} stacks: {time:?}; 64 samples {stall:?} meanwhile, {alone:?} without a dump");
    assert!(time < MOST_TIME, "{time:?}");
    assert!(stall < MOST_STALL, "{stall:?}");
    drop(live);
}
