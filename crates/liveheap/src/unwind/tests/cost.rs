//! What a stack costs, beside the C compiler's unwinder on the same stack, and beside nothing but following
//! frame pointers, which is right only where all code keeps them. Means something in release
//! mode only: `cargo test --release -p liveheap --lib unwind::tests::cost -- --ignored --nocapture`,
//! and the same with `RUSTFLAGS=-Cforce-frame-pointers=yes`.

#![expect(clippy::disallowed_macros, reason = "a measure is printed")]

use super::{_Unwind_Backtrace, _Unwind_GetIP, Captured, DEEPEST, LAST, capture, deep};
use crate::thread;
use std::cell::Cell;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Stacks of one measure, and measures of which the least is taken: other programs only add time.
const STACKS: u32 = 200;
const MEASURES: u32 = 50;
/// More than a core's own caches hold.
const SWEPT_BYTES: usize = 3 << 20;

type Frames = [usize; DEEPEST];

/// One stack by ours, as if it were the thread's first: the number of frames.
fn ours(frames: &mut Frames) -> usize {
    LAST.with_borrow_mut(|last| last.remembered.forget());
    the_same(frames)
}

/// The same with the help of the last stack, which is this one.
fn the_same(_: &mut Frames) -> usize {
    let marker = 0_u8;
    let marker = black_box(&raw const marker).addr();
    LAST.with_borrow_mut(|last| {
        let captured =
            thread::with(|state| capture(state, marker, &mut last.remembered, &mut last.frames));
        if let Captured::Frames(count) = captured {
            last.count = count;
        }
        last.count
    })
}

/// The same with the help of the last stack, which has another leaf.
fn another_leaf(frames: &mut Frames) -> usize {
    #[inline(never)]
    fn one(frames: &mut Frames) -> usize {
        black_box(the_same(frames))
    }
    #[inline(never)]
    fn other(frames: &mut Frames) -> usize {
        black_box(black_box([0; 4])[0] + the_same(frames))
    }
    TURN.set(!TURN.get());
    if TURN.get() { one(frames) } else { other(frames) }
}

thread_local! {
    static TURN: Cell<bool> = const { Cell::new(false) };
}

/// The same by the C compiler's unwinder, as a profiler uses it: into an array.
fn theirs(frames: &mut Frames) -> usize {
    struct Filled<'a> {
        frames: &'a mut Frames,
        count: usize,
    }
    extern "C" fn push(context: *mut libc::c_void, filled: *mut libc::c_void) -> libc::c_int {
        // SAFETY: it is the value below, which nothing else uses meanwhile.
        let filled = unsafe { &mut *filled.cast::<Filled<'_>>() };
        let Some(frame) = filled.frames.get_mut(filled.count) else { return 5 };
        // SAFETY: the unwinder's own context.
        *frame = unsafe { _Unwind_GetIP(context) };
        filled.count += 1;
        0
    }
    let mut filled = Filled { frames, count: 0 };
    // SAFETY: the function gets the value that it expects.
    unsafe { _Unwind_Backtrace(push, (&raw mut filled).cast()) };
    filled.count
}

/// The same along the frame pointers, without any look at the code: as far as they lead.
fn along_frame_pointers(frames: &mut Frames) -> usize {
    let registers = super::super::here();
    let Some(stack) = thread::with(|state| super::super::bounds(state, registers.sp)) else {
        return 0;
    };
    let mut fp = registers.fp;
    for (count, frame) in frames.iter_mut().enumerate() {
        let words = stack.read(fp).zip(stack.read(fp.wrapping_add(size_of::<usize>())));
        let Some((next, return_address)) = words.filter(|(next, _)| *next > fp) else {
            return count;
        };
        *frame = return_address;
        fp = next;
    }
    frames.len()
}

/// The least time of one stack below `depth` more calls, in nanoseconds, and its frames.
#[inline(never)]
fn below(depth: usize, work: fn(&mut Frames) -> usize, swept: &mut [u8]) -> (usize, u128) {
    let result = if depth == 0 {
        let mut frames = [0; DEEPEST];
        let mut least = Duration::MAX;
        let mut count = 0;
        for _ in 0..MEASURES {
            let mut took = Duration::ZERO;
            for _ in 0..STACKS {
                swept.iter_mut().step_by(64).for_each(|byte| *byte = byte.wrapping_add(1));
                let started = Instant::now();
                count = work(&mut frames);
                took += started.elapsed();
            }
            least = least.min(took / STACKS);
        }
        (count, least.as_nanos())
    } else {
        below(depth - 1, work, swept)
    };
    black_box(result)
}

#[test]
#[ignore = "a measure, for release mode"]
fn a_stack_costs_less_than_a_third_of_what_the_c_compilers_unwinder_takes() {
    let outer = deep(0, &mut [0; DEEPEST]);
    let mut memory = vec![0; SWEPT_BYTES];
    println!(
        "| frames | caches | another stack | another leaf | the same | C compiler's | frames by frame \
         pointers | ns |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for depth in [15_usize, 30, 60] {
        for (caches, bytes) in [("hot", 0), ("swept", SWEPT_BYTES)] {
            let more = depth.saturating_sub(outer);
            let (count, our_nanos) = below(more, ours, &mut memory[..bytes]);
            let (_, leaf_nanos) = below(more, another_leaf, &mut memory[..bytes]);
            let (_, same_nanos) = below(more, the_same, &mut memory[..bytes]);
            let (_, their_nanos) = below(more, theirs, &mut memory[..bytes]);
            let (kept, kept_nanos) = below(more, along_frame_pointers, &mut memory[..bytes]);
            println!(
                "| {count} | {caches} | {our_nanos} | {leaf_nanos} | {same_nanos} | {their_nanos} | \
                 {kept} | {kept_nanos} |"
            );
            assert!(our_nanos * 3 < their_nanos, "{count} frames: {our_nanos} and {their_nanos}");
            assert!(same_nanos * 2 < our_nanos, "{count} frames: {same_nanos} and {our_nanos}");
        }
    }
}
