//! Objects with as many different stacks as wanted.

use std::hint::black_box;

/// Calls itself from two places, as the bits of `path` say: each path is another stack.
#[inline(never)]
pub(crate) fn walk(path: u32, depth: u32) -> Box<u64> {
    let found = if depth == 0 {
        Box::new(u64::from(path))
    } else if path & 1 == 0 {
        walk(path >> 1, depth - 1)
    } else {
        black_box(walk(black_box(path >> 1), depth - 1))
    };
    black_box(found)
}
