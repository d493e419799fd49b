//! The inner allocator has no memory.

use super::{Block, HEAP, Totals, alone, inner_blocks};
use crate::live::LARGE;
use std::alloc::{GlobalAlloc, Layout};

#[test]
fn an_allocation_that_fails_leaves_no_trace() {
    for size in [100, LARGE] {
        alone(1, 1, || {
            let before = Totals::now();
            let layout = Layout::from_size_align(size, 8).unwrap();
            HEAP.inner.fail_after(0);
            // SAFETY: the layout is not empty.
            let pointer = unsafe { HEAP.alloc(layout) };
            if pointer.is_null() {
                assert_eq!(Totals::now(), before);
            } else {
                // A small one is tried again without its mark.
                // SAFETY: the heap gave it out with this layout.
                unsafe { HEAP.dealloc(pointer, layout) };
                assert_eq!((size, Totals::now()), (100, before));
            }
            assert_eq!(inner_blocks(), 0);
        });
    }
}

#[test]
fn a_reallocation_that_fails_keeps_the_object_and_its_record() {
    // Small and large, to small and large; each call of the inner allocator may be the one to fail.
    for (old, new) in [(100, 200), (100, LARGE), (LARGE, 100), (LARGE, 4 * LARGE)] {
        for sampled_before in [true, false] {
            for calls in 0..3 {
                alone(u64::from(sampled_before), 1, || {
                    let mut block = Block::new(old, 8);
                    block.bytes()[99] = 7;
                    crate::set_sample_rate(1);
                    let before = Totals::now();
                    HEAP.inner.fail_after(calls);
                    // SAFETY: the block is what the heap gave out, and the size is not 0.
                    let moved = unsafe { HEAP.realloc(block.pointer, block.layout, new) };
                    HEAP.inner.fail_after(-1);
                    if moved.is_null() {
                        assert_eq!(Totals::now(), before);
                    } else {
                        block.pointer = moved;
                        block.layout = Layout::from_size_align(new, 8).unwrap();
                    }
                    assert_eq!(block.bytes()[99], 7);
                });
                assert_eq!(inner_blocks(), 0);
            }
        }
    }
}
