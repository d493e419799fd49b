//! Examples of stacks.

use super::{DEEPEST, capture};
use crate::thread;

#[inline(never)]
fn deep(depth: usize, frames: &mut [usize; DEEPEST]) -> usize {
    let marker = 0_u8;
    let count = if depth == 0 {
        thread::with(|state| capture(state, (&raw const marker).addr(), frames))
    } else {
        deep(depth - 1, frames)
    };
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
