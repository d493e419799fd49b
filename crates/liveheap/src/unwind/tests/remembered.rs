//! Stacks that have more or less in common with the last one.

use super::super::remembered::{Met, Step};
use super::super::{Frames, Registers, Stack};
use super::fenced::{Fenced, PAGE};
use super::{DEEPEST, LAST, Remembered, capture_anew, capture_with_last};
use std::cell::Cell;
use std::hint::black_box;

/// A step of a walk through calls, at random but always the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// What the calls share.
struct Walk {
    random: Random,
    compared: usize,
}

/// The callers of this function, with and without the help of the last stack.
#[inline(never)]
fn compare(walk: &mut Walk) {
    let marker = 0_u8;
    let (mut anew, mut with_last) = ([0; DEEPEST], [0; DEEPEST]);
    let count = capture_anew(&marker, &mut anew);
    let count_with_last = capture_with_last(&marker, &mut with_last);
    assert_eq!(with_last[..count_with_last], anew[..count]);
    walk.compared += 1;
}

/// Some stacks, here and below.
fn go_on(walk: &mut Walk, depth: u64) {
    for _ in 0..walk.random.below(4) {
        match walk.random.below(if depth == 0 { 2 } else { 7 }) {
            0 | 1 => compare(walk),
            2 => plain(walk, depth - 1),
            3 => aligned(walk, depth - 1),
            4 => large(walk, depth - 1),
            _ => with_other_frame_pointer(walk, depth - 1),
        }
    }
}

#[inline(never)]
fn plain(walk: &mut Walk, depth: u64) {
    go_on(walk, depth);
    black_box(depth);
}

#[repr(align(128))]
struct Aligned([u8; 128]);

/// Its end is counted from the frame pointer.
#[inline(never)]
fn aligned(walk: &mut Walk, depth: u64) {
    let mut local = Aligned([1; 128]);
    black_box(&mut local.0);
    go_on(walk, depth);
    black_box(&mut local.0);
}

#[inline(never)]
fn large(walk: &mut Walk, depth: u64) {
    let mut local = [1_u8; 1000];
    black_box(&mut local);
    go_on(walk, depth);
    black_box(&mut local);
}

// A function that uses the frame pointer's register for something else, as optimised code does.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".text",
    ".globl liveheap_test_call_with_frame_pointer",
    "liveheap_test_call_with_frame_pointer:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rcx",
    "call rdx",
    "pop rbp",
    ".cfi_def_cfa_offset 8",
    "ret",
    ".cfi_endproc",
);

#[cfg(target_arch = "x86_64")]
fn with_other_frame_pointer(walk: &mut Walk, depth: u64) {
    unsafe extern "C" {
        fn liveheap_test_call_with_frame_pointer(
            walk: *mut libc::c_void,
            depth: u64,
            work: extern "C" fn(*mut libc::c_void, u64),
            frame_pointer: u64,
        );
    }
    extern "C" fn work(walk: *mut libc::c_void, depth: u64) {
        // SAFETY: it is the one below, which nothing else uses meanwhile.
        go_on(unsafe { &mut *walk.cast::<Walk>() }, depth);
    }
    let frame_pointer = walk.random.below(1000);
    let walk = std::ptr::from_mut(walk).cast();
    // SAFETY: it calls `work` with the first two arguments, and the stack aligned as it must be.
    unsafe { liveheap_test_call_with_frame_pointer(walk, depth, work, frame_pointer) };
}

#[cfg(not(target_arch = "x86_64"))]
fn with_other_frame_pointer(walk: &mut Walk, depth: u64) {
    plain(walk, depth);
}

#[test]
fn a_stack_is_the_same_whatever_the_last_one_was() {
    let mut walk = Walk { random: Random(1), compared: 0 };
    while walk.compared < 100_000 {
        go_on(&mut walk, 12);
    }
    let met = LAST.with_borrow(|last| last.met);
    assert!(met > 1000, "the very same stack was met {met} times");
}

/// Stacks that are too deep to be remembered, and such that just are not.
#[test]
fn a_deep_stack_is_the_same_whatever_the_last_one_was() {
    fn deeper(walk: &mut Walk, depth: u64) {
        if depth.is_multiple_of(7) {
            compare(walk);
        }
        if depth > 0 {
            deeper(walk, depth - 1);
        }
        compare(walk);
    }
    let mut walk = Walk { random: Random(1), compared: 0 };
    for depth in [200, 50, 128, 127, 126, 125, 124, 123, 122, 121, 120, 119, 118, 117, 116, 115] {
        deeper(&mut walk, depth);
    }
    assert!(walk.compared > 1000);
}

// A function that has no unwind table, and whatever frame pointer it is given.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".text",
    ".globl liveheap_test_call_with_frame_pointer_and_no_table",
    "liveheap_test_call_with_frame_pointer_and_no_table:",
    "push rbp",
    "mov rbp, rsi",
    "call rdi",
    "pop rbp",
    "ret",
);

/// Where its frame pointer ends the stack once, the stack need not end there the next time.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_root_without_a_table_is_not_remembered() {
    unsafe extern "C" {
        fn liveheap_test_call_with_frame_pointer_and_no_table(
            work: extern "C" fn(),
            frame_pointer: *const [usize; 2],
        );
    }
    thread_local! {
        static COUNTS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
    }
    extern "C" fn work() {
        let marker = 0_u8;
        let count = capture_anew(&marker, &mut [0; DEEPEST]);
        let with_last = capture_with_last(&marker, &mut [0; DEEPEST]);
        COUNTS.set((count, with_last));
    }
    let known = a_root_without_a_table_is_not_remembered as fn() as usize + 1;
    let counts = [0, known].map(|return_address| {
        let frame = black_box([0, return_address]);
        // SAFETY: calls `work` with the stack aligned as it must be; only the walks use the frame pointer.
        unsafe { liveheap_test_call_with_frame_pointer_and_no_table(work, &raw const frame) };
        COUNTS.get()
    });
    assert!(counts[1].0 > counts[0].0, "{counts:?}");
    assert!(counts.iter().all(|(anew, with_last)| anew == with_last), "{counts:?}");
}

/// The memory behind the first frame's return address may be gone, when another stack is there now: a
/// frame of another size comes first, so that nothing behind it is looked at.
#[test]
fn nothing_is_read_behind_a_frame_that_has_changed() {
    let memory = Fenced::new(2 * PAGE);
    let stack = Stack { low: memory.inside.start, reach: memory.inside.len() - 8 };
    let [sp, end, fp] = [0, 2 * PAGE - 64, 64].map(|offset| memory.inside.start + offset);
    let registers = |fp| Registers { pc: 0x5000, sp, fp };
    let mut frames = [0; DEEPEST];
    let mut remembered = Box::new(Remembered::nothing());
    remembered.begin(1 << 48, 0, stack);
    remembered.add(&Step {
        code: 0x5000,
        registers: registers(fp),
        needs_fp: true,
        end,
        return_address: (end - 8, 0),
        caller_fp: None,
    });
    remembered.keep_with_root(0x6000, end);
    let mut meet = |fp| {
        remembered.begin(1 << 48, 0, stack);
        let mut frames = Frames { array: &mut frames, count: 0, marker: 0 };
        remembered.meet(0x5000, &mut registers(fp), stack, &mut frames)
    };
    assert!(matches!(meet(fp), Met::Whole));
    assert!(matches!(meet(fp - 8), Met::Nothing));
    // SAFETY: nobody uses this page.
    unsafe { libc::mprotect(memory.start().wrapping_byte_add(PAGE), PAGE, libc::PROT_NONE) };
    assert!(matches!(meet(fp - 8), Met::Nothing));
}
