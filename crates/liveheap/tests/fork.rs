//! A child of a program with many threads keeps its profile and can go on sampling.

#![expect(unsafe_code, reason = "forks")]

use std::sync::atomic::{AtomicBool, Ordering};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

static STOP: AtomicBool = AtomicBool::new(false);

/// What the child does; its exit code is 0 when all is well.
fn child() -> i32 {
    let before = liveheap::stats();
    let kept: Vec<Vec<u8>> = (1..1000).map(|size| vec![1; size]).collect();
    let large = vec![0_u8; 1 << 20];
    let after = liveheap::stats();
    drop((kept, large));
    let freed = liveheap::stats();
    let sampled = after.samples >= before.samples + 1000;
    let balanced = freed.live_samples + 1000 <= after.live_samples;
    i32::from(!sampled) + 2 * i32::from(!balanced)
}

#[test]
fn a_child_of_a_busy_parent_samples_on() {
    std::thread::scope(|scope| {
        for size in [10_usize, 1000, 100_000] {
            scope.spawn(move || {
                while !STOP.load(Ordering::Relaxed) {
                    std::hint::black_box(vec![1_u8; size]);
                }
            });
        }
        for round in 0..20 {
            // SAFETY: the child calls nothing that another thread could have left locked: the
            // system's allocator and the profiler both prepare for a fork.
            match unsafe { libc::fork() } {
                0 => {
                    let code = child();
                    // SAFETY: ends the child without running the parent's destructors.
                    unsafe { libc::_exit(code) };
                }
                id => {
                    assert!(id > 0);
                    let mut status = 0;
                    // SAFETY: waits for the child that was just made.
                    let ended = unsafe { libc::waitpid(id, &raw mut status, 0) };
                    assert_eq!((ended, status), (id, 0), "round {round}");
                }
            }
        }
        STOP.store(true, Ordering::Relaxed);
    });
}
