//! Tables that are full, and a kernel that gives no memory: the program goes on, and what is missing
//! is counted.

#![expect(unsafe_code, reason = "limits a child's memory")]

use std::hint::black_box;

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

/// Calls itself from two places, as the bits of `path` say: each path is another stack.
#[inline(never)]
fn walk(path: u64, depth: u32) -> Box<u64> {
    let found = if depth == 0 {
        Box::new(path)
    } else if path & 1 == 0 {
        walk(path >> 1, depth - 1)
    } else {
        // Another call instruction, behind the first.
        black_box(walk(black_box(path >> 1), depth - 1))
    };
    black_box(found)
}

/// Runs `work` in a child and gives its exit code: tables never shrink, so each test needs its own.
fn in_child(work: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the system's allocator and the profiler both prepare for a fork.
    match unsafe { libc::fork() } {
        0 => {
            let code = work();
            // SAFETY: ends the child without running the parent's destructors.
            unsafe { libc::_exit(code) }
        }
        id => {
            let mut status = 0;
            // SAFETY: waits for the child that was just made.
            assert_eq!(unsafe { libc::waitpid(id, &raw mut status, 0) }, id);
            assert!(libc::WIFEXITED(status), "{status:x}");
            libc::WEXITSTATUS(status)
        }
    }
}

#[test]
fn more_stacks_than_fit_are_counted_without_their_stack() {
    let code = in_child(|| {
        let before = liveheap::stats();
        let mut live = Vec::with_capacity(200_000);
        live.extend((0..100_000).map(|path| walk(path, 100)));
        let after = liveheap::stats();
        let counted = after.stack_table_full > before.stack_table_full;
        let complete = after.live_samples >= before.live_samples + 100_000;
        // 64 MiB of stacks and buckets, and 64 bytes for each live object.
        let bounded = after.table_bytes < (64 << 20) + 100_000 * 64 + (8 << 20);
        drop(live);
        let freed = liveheap::stats().live_samples <= before.live_samples + 10;
        i32::from(!counted)
            + 2 * i32::from(!complete)
            + 4 * i32::from(!bounded)
            + 8 * i32::from(!freed)
    });
    assert_eq!(code, 0);
}

#[test]
fn without_memory_for_tables_the_program_goes_on() {
    let code = in_child(|| {
        // Memory that is there already can be used, new mappings are refused.
        let mut kept: Vec<Vec<u8>> = Vec::with_capacity(100_000);
        liveheap::set_sample_rate(0);
        let room: Vec<Vec<u8>> = (0..100_000).map(|_| Vec::with_capacity(4300)).collect();
        drop(room);
        let limit = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
        // SAFETY: reads the given structure.
        unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        liveheap::set_sample_rate(1);
        let before = liveheap::stats();
        for number in 0..60_000_usize {
            kept.push(Vec::with_capacity(10 + number % 100));
        }
        let after = liveheap::stats();
        drop(kept);
        let counted = after.live_table_full > before.live_table_full
            || after.placements_failed > before.placements_failed;
        let freed = liveheap::stats().live_samples <= before.live_samples + 10;
        i32::from(!counted) + 2 * i32::from(!freed)
    });
    assert_eq!(code, 0);
}
