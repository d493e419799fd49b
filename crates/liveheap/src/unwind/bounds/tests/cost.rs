//! What it takes to find a thread's stack, by each way there is, in CPU time. Means something in release mode
//! only: `cargo test --release -p liveheap --lib unwind::bounds::tests::cost -- --ignored --nocapture`.

#![expect(clippy::disallowed_macros, reason = "a measure is printed")]

use super::super::super::here;
use super::super::super::readable::Way;
use super::{Fenced, PAGE, deeper, listed};
use crate::maps::{self, query};
use crate::thread;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::ptr;

/// Measures, of which the least is taken, and the most nanoseconds that one is to last.
const MEASURES: u32 = 20;
const MEASURE_NANOS: u64 = 5_000_000;

fn cpu_nanos() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `time` only.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap()
}

/// The least nanoseconds of CPU time that `work` takes.
fn nanos(work: &dyn Fn()) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..MEASURES {
        let begin = cpu_nanos();
        let mut times = 0;
        while times == 0 || cpu_nanos() - begin < MEASURE_NANOS {
            (0..10).for_each(|_| work());
            times += 10;
        }
        least = least.min((cpu_nanos() - begin) / times);
    }
    least
}

fn mappings() -> u64 {
    let mut count = 0;
    maps::for_each(&mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    count
}

/// From the page of the stack pointer to that of the thread's variables.
fn measure() {
    let sp = here().sp;
    let top = thread::with(|state| ptr::from_ref(state).addr());
    let pages = sp / PAGE * PAGE..top.next_multiple_of(PAGE);
    let ways = [
        nanos(&|| _ = black_box(Way::Populate.allows(&pages, PAGE))),
        nanos(&|| _ = black_box(Way::Mask.allows(&pages, PAGE))),
        nanos(&|| _ = black_box(query::mapping_at(sp))),
        nanos(&|| _ = black_box(listed(sp))),
    ];
    let [populate, mask, query, list] = ways;
    let count = pages.len() / PAGE;
    println!("| {} | {count} | {populate} | {mask} | {query} | {list} |", mappings());
    assert!(count > 8 || populate.min(mask) * 4 < list, "{ways:?}");
}

#[test]
#[ignore = "a measure, for release mode"]
fn the_stack_of_a_thread_takes_less_than_a_fourth_of_what_the_list_takes() {
    println!("| mappings | pages | advice ns | signal mask ns | question ns | list ns |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let thread = std::thread::spawn(|| {
        measure();
        deeper(24 << 10, measure);
        deeper(120 << 10, measure);
        // Below this thread's stack, so that the list has them first.
        let _many: Vec<_> = (0..4970).map(|_| Fenced::new(PAGE)).collect();
        measure();
    });
    thread.join().unwrap();
}
