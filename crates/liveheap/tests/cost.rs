//! The profiler's account of its own CPU time, beside the kernel's account of the whole.

#![expect(unsafe_code, reason = "reads the thread's clock, and forks")]
#![expect(clippy::disallowed_types, reason = "the ban is for code that runs inside an allocation")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use liveheap_profile::decode;
use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system();

/// One test at a time: the account is the process's.
static ALONE: Mutex<()> = Mutex::new(());

fn alone(rate: u64) -> MutexGuard<'static, ()> {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    liveheap::set_sample_rate(rate);
    alone
}

fn cpu_nanos(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: clock_gettime(2) writes the given structure.
    assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut time) }, 0);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Does something else for as much CPU time as this thread has taken so far.
fn work_without_allocations() {
    let so_far = cpu_nanos(libc::CLOCK_THREAD_CPUTIME_ID);
    while cpu_nanos(libc::CLOCK_THREAD_CPUTIME_ID) < 2 * so_far {
        black_box(so_far);
    }
}

/// Allocates and frees; the CPU time of that, and what of it the profiler says was its own.
fn work(rate: u64) -> (u64, u64) {
    liveheap::set_sample_rate(rate);
    let before = (cpu_nanos(libc::CLOCK_THREAD_CPUTIME_ID), liveheap::stats().sampling_cpu_nanos);
    for number in 0..50_000_usize {
        drop(black_box(vec![1_u8; 1 + number % 500]));
        if number % 20 == 0 {
            drop(black_box(Vec::<u8>::with_capacity(100_000)));
        }
    }
    let all = cpu_nanos(libc::CLOCK_THREAD_CPUTIME_ID) - before.0;
    (all, liveheap::stats().sampling_cpu_nanos - before.1)
}

#[test]
fn the_account_is_what_sampling_takes() {
    let _alone = alone(0);
    work(1);
    // Of 105 000 samples and frees some 400 are timed, so chance allows for a sixth or so. A busy
    // machine, whose caches are another program's at times, adds more: then it is tried again.
    let mut seen = Vec::new();
    for _ in 0..5 {
        let (without, none) = work(0);
        let (with, sampling) = work(1);
        let (_, few) = work(524_288);
        assert_eq!(none, 0);
        let truth = with.saturating_sub(without);
        if (truth / 2..truth * 3 / 2).contains(&sampling) && few < sampling / 2 {
            return;
        }
        seen.push((without, with, sampling, few));
    }
    panic!("the account is wrong each time: {seen:?}");
}

#[test]
fn the_account_of_a_process_is_less_than_its_cpu_time() {
    let _alone = alone(1);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                work(1);
                work_without_allocations();
            });
        }
    });
    let stats = liveheap::stats();
    let all = cpu_nanos(libc::CLOCK_PROCESS_CPUTIME_ID);
    assert!(stats.sampling_cpu_nanos > all / 20, "{stats:?} of {all}");
    assert!(stats.sampling_cpu_nanos + stats.dump_cpu_nanos < all, "{stats:?} of {all}");
}

#[test]
fn the_share_stands_in_the_comments_and_dumps_are_counted() {
    let _alone = alone(1);
    work(1);
    let take = || {
        let mut bytes = Vec::new();
        liveheap::write_heap_profile(&mut bytes).unwrap();
        let profile = decode(&bytes, &Default::default()).unwrap();
        let comments = profile.comments.iter().map(|&id| profile.text(id).to_owned());
        comments.filter(|comment| comment.starts_with("# liveheap: ")).collect::<Vec<_>>()
    };
    let before = liveheap::stats();
    let comments = take();
    let after = liveheap::stats();
    assert_eq!(comments.len(), 1, "{comments:?}");
    let words: Vec<&str> = comments[0].split_whitespace().collect();
    assert_eq!(words[..4], ["#", "liveheap:", "sampling", "took"], "{comments:?}");
    let number = |place: usize| words[place].parse::<f64>().unwrap();
    let (seconds, share) = (number(4), number(6));
    assert!(seconds > 0.0 && share > 0.0 && share <= 100.0, "{comments:?}");
    assert_eq!(after.dumps, before.dumps + 1);
    let took = after.dump_cpu_nanos - before.dump_cpu_nanos;
    assert!(took > 10_000 && took < cpu_nanos(libc::CLOCK_PROCESS_CPUTIME_ID), "{took}");
}

#[test]
fn a_child_accounts_for_itself() {
    let _alone = alone(1);
    work(1);
    liveheap::write_heap_profile(&mut Vec::new()).unwrap();
    // SAFETY: the child allocates nothing that another thread could have left locked.
    match unsafe { libc::fork() } {
        0 => {
            let at_first = liveheap::stats();
            work(1);
            work_without_allocations();
            let later = liveheap::stats().sampling_cpu_nanos;
            let all = cpu_nanos(libc::CLOCK_PROCESS_CPUTIME_ID);
            let is_new = at_first.sampling_cpu_nanos == 0 && at_first.dumps == 0;
            let code = i32::from(!is_new) + 2 * i32::from(later == 0 || later >= all);
            // SAFETY: ends the child without running the parent's destructors.
            unsafe { libc::_exit(code) };
        }
        id => {
            let mut status = 0;
            // SAFETY: waits for the child that was just made.
            let ended = unsafe { libc::waitpid(id, &raw mut status, 0) };
            assert_eq!((ended, status), (id, 0));
        }
    }
}
