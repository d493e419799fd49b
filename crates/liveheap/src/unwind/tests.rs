//! Examples of stacks.

use super::{Captured, DEEPEST, Remembered, capture};
use crate::thread;
use std::cell::{Cell, RefCell};

mod cost;
pub(crate) mod denied;
pub(crate) mod fenced;
mod locks;
mod remembered;

/// The callers of the function that `marker` is a local variable of: how many.
#[inline(always)]
fn capture_anew(marker: &u8, frames: &mut [usize; DEEPEST]) -> usize {
    let marker = std::ptr::from_ref(marker).addr();
    NOTHING.with_borrow_mut(|nothing| {
        nothing.forget();
        match thread::with(|state| capture(state, marker, nothing, frames)) {
            Captured::Frames(count) => count,
            Captured::Remembered => panic!("nothing was remembered"),
        }
    })
}

thread_local! {
    /// Too large for the small stacks of some tests.
    static NOTHING: RefCell<Remembered> = const { RefCell::new(Remembered::nothing()) };
}

/// A thread's last stack, and what it was.
struct Last {
    remembered: Remembered,
    frames: [usize; DEEPEST],
    count: usize,
    /// How often the very same stack was met.
    met: usize,
}

thread_local! {
    static LAST: RefCell<Last> = const {
        RefCell::new(Last {
            remembered: Remembered::nothing(),
            frames: [0; DEEPEST],
            count: 0,
            met: 0,
        })
    };
}

/// The same with the help of the thread's last stack.
#[inline(always)]
fn capture_with_last(marker: &u8, frames: &mut [usize; DEEPEST]) -> usize {
    let marker = std::ptr::from_ref(marker).addr();
    LAST.with_borrow_mut(|last| {
        let captured =
            thread::with(|state| capture(state, marker, &mut last.remembered, &mut last.frames));
        match captured {
            Captured::Frames(count) => last.count = count,
            Captured::Remembered => last.met += 1,
        }
        *frames = last.frames;
        last.count
    })
}

#[inline(never)]
fn deep(depth: usize, frames: &mut [usize; DEEPEST]) -> usize {
    let marker = 0_u8;
    let count = if depth == 0 { capture_anew(&marker, frames) } else { deep(depth - 1, frames) };
    std::hint::black_box(&marker);
    count
}

#[test]
fn each_call_adds_a_frame() {
    let mut frames = [0; DEEPEST];
    let shallow = deep(0, &mut frames);
    assert!(shallow > 3, "{shallow}");
    assert_eq!(deep(10, &mut frames), shallow + 10);
    // The recursion's frames are one and the same place.
    assert!(frames[1..9].iter().all(|frame| *frame == frames[1]));
}

#[test]
fn a_stack_ends_at_the_most_frames() {
    let mut frames = [0; DEEPEST];
    assert_eq!(deep(1000, &mut frames), DEEPEST);
}

#[test]
fn another_thread_has_a_stack_of_its_own() {
    let count = std::thread::spawn(|| deep(0, &mut [0; DEEPEST])).join().unwrap();
    assert!(count > 3, "{count}");
}

// ---------------------------------------------------------------------------------------------
// The same stacks, as the C compiler's own unwinder sees them.

type Visit = extern "C" fn(*mut libc::c_void, *mut libc::c_void) -> libc::c_int;

unsafe extern "C" {
    fn _Unwind_Backtrace(visit: Visit, argument: *mut libc::c_void) -> libc::c_int;
    fn _Unwind_GetIP(context: *mut libc::c_void) -> usize;
}

extern "C" fn push_frame(context: *mut libc::c_void, frames: *mut libc::c_void) -> libc::c_int {
    // SAFETY: `reference` passes a vector that it holds alone.
    let frames = unsafe { &mut *frames.cast::<Vec<usize>>() };
    // SAFETY: the unwinder passes a context that is valid during this call.
    frames.push(unsafe { _Unwind_GetIP(context) });
    0
}

fn reference() -> Vec<usize> {
    let mut frames: Vec<usize> = Vec::new();
    // SAFETY: the function gets the vector that it expects.
    unsafe { _Unwind_Backtrace(push_frame, (&raw mut frames).cast()) };
    frames
}

/// Captures the callers of this function both ways: the frames must be the same from the first on, with
/// the help of the last stack as well, twice.
#[inline(never)]
fn compare() {
    let marker = 0_u8;
    let mut frames = [0; DEEPEST];
    let count = capture_anew(&marker, &mut frames);
    for _ in 0..2 {
        let mut again = [0; DEEPEST];
        let count_again = capture_with_last(&marker, &mut again);
        assert_eq!(again[..count_again], frames[..count]);
    }
    std::hint::black_box(&marker);
    let reference = reference();
    let first = reference.iter().position(|frame| *frame == frames[0]);
    let first = first.unwrap_or_else(|| panic!("{:x?} {reference:x?}", &frames[..count]));
    let mut callers = reference[first..].to_vec();
    // The other unwinder shows the end of the stack as a frame.
    callers.retain(|frame| *frame != 0);
    callers.truncate(DEEPEST);
    assert_eq!(frames[..count], callers[..]);
    COMPARED.with(|compared| compared.set(compared.get() + 1));
}

thread_local! {
    static COMPARED: Cell<usize> = const { Cell::new(0) };
}

fn compared() -> usize {
    COMPARED.with(Cell::take)
}

#[test]
fn a_stack_is_the_one_that_others_see() {
    compare();
    assert_eq!(compared(), 1);
}

#[test]
fn a_stack_goes_through_callbacks_of_the_standard_library() {
    let mut numbers: Vec<u32> = (0..100).map(|number| number * 7 % 101).collect();
    numbers.sort_by(|first, second| {
        compare();
        first.cmp(second)
    });
    assert!(compared() >= 99);
}

extern "C" fn compare_numbers(first: *const libc::c_void, second: *const libc::c_void) -> i32 {
    compare();
    // SAFETY: qsort(3) passes an element of the array.
    let first = unsafe { *first.cast::<i32>() };
    // SAFETY: as above.
    first - unsafe { *second.cast::<i32>() }
}

#[test]
fn a_stack_goes_through_callbacks_of_the_c_library() {
    let mut numbers: Vec<i32> = (0..100).map(|number| number * 7 % 101).collect();
    // SAFETY: the array has 100 elements of 4 bytes.
    unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 100, 4, Some(compare_numbers)) };
    assert!(compared() >= 99);
}

#[test]
fn a_stack_reaches_the_root_of_another_thread() {
    let threads = (0..3).map(|_| {
        std::thread::spawn(|| {
            compare();
            compared()
        })
    });
    assert_eq!(threads.map(|thread| thread.join().unwrap()).sum::<usize>(), 3);
}

struct ComparesWhenDropped;

impl Drop for ComparesWhenDropped {
    fn drop(&mut self) {
        compare();
    }
}

#[test]
fn a_stack_goes_through_a_panic() {
    let result = std::panic::catch_unwind(|| {
        let _first = ComparesWhenDropped;
        let _second = ComparesWhenDropped;
        std::panic::resume_unwind(Box::new(1));
    });
    assert!(result.is_err());
    assert_eq!(compared(), 2);
}

extern "C" fn on_signal(_: libc::c_int) {
    compare();
}

#[test]
fn a_stack_goes_through_a_signal_handler() {
    let handler = on_signal as extern "C" fn(libc::c_int);
    // SAFETY: nobody else uses this signal, and the handler is a function of this signature.
    unsafe { libc::signal(libc::SIGUSR2, handler as libc::sighandler_t) };
    // SAFETY: the handler returns.
    unsafe { libc::raise(libc::SIGUSR2) };
    assert_eq!(compared(), 1);
}

#[repr(align(256))]
struct Aligned([u8; 256]);

/// A function that realigns its stack.
#[inline(never)]
fn with_aligned_local(depth: usize) -> u8 {
    let mut local = Aligned([0; 256]);
    std::hint::black_box(&mut local);
    if depth == 0 {
        compare();
    } else {
        local.0[1] = with_aligned_local(depth - 1);
    }
    local.0[usize::from(local.0[1])]
}

/// A function with a large frame.
#[inline(never)]
fn with_large_local(depth: usize) -> u8 {
    let mut local = [0_u8; 16_000];
    std::hint::black_box(&mut local);
    if depth == 0 {
        compare();
    } else {
        local[1] = with_large_local(depth - 1);
    }
    local[usize::from(local[1])]
}

#[test]
fn a_stack_goes_through_unusual_frames() {
    with_aligned_local(5);
    with_large_local(5);
    assert_eq!(compared(), 2);
}

// A function that keeps a frame pointer and has no unwind table.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    ".text",
    ".globl liveheap_test_call_without_table",
    "liveheap_test_call_without_table:",
    "push rbp",
    "mov rbp, rsp",
    "call rdi",
    "pop rbp",
    "ret",
);

#[test]
#[cfg(target_arch = "x86_64")]
fn a_stack_goes_through_code_without_tables_that_keeps_a_frame_pointer() {
    unsafe extern "C" {
        fn liveheap_test_call_without_table(work: extern "C" fn());
    }
    thread_local! {
        static FRAMES: Cell<usize> = const { Cell::new(0) };
    }
    extern "C" fn work() {
        FRAMES.with(|count| count.set(deep(0, &mut [0; DEEPEST])));
    }
    let outside = deep(0, &mut [0; DEEPEST]);
    // SAFETY: calls `work` with the stack aligned as it must be.
    unsafe { liveheap_test_call_without_table(work) };
    assert!(FRAMES.with(Cell::get) >= outside + 2);
}

/// Random bytes as tables: whatever they say, the answer comes back.
#[test]
fn damaged_tables_do_no_harm() {
    use super::bytes::Bytes;
    use super::{Registers, cfi, expression};

    let mut seed = 1_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        seed.to_le_bytes()[7]
    };
    let registers = Registers { pc: 1, sp: usize::MAX - 8, fp: 16 };
    let mut rows = 0;
    for _ in 0..100_000 {
        let bytes: &'static [u8; 24] = Box::leak(Box::new(std::array::from_fn(|_| random())));
        let code = Bytes::new(bytes);
        rows += usize::from(cfi::row_of_code(code, usize::MAX / 2).is_some());
        expression::evaluate(code, Some(1), &registers, &|address| Some(address ^ 1));
    }
    assert!(rows > 1000, "{rows}");
}
