//! What a signal handler does while its thread is at work on the profiler's tables: as if it were
//! inside, without a signal.

use super::{Block, Totals, alone, inner_blocks};
use crate::stats::stats;
use crate::thread::Inside;

/// Every lock would be waited for without end if one were taken: the stripes and shards are held.
fn as_in_a_handler(work: impl FnOnce()) {
    let _inside = Inside::enter();
    crate::late::acquire();
    crate::buckets::acquire_all();
    crate::live::acquire_all();
    work();
    crate::live::release_all();
    crate::buckets::release_all();
    crate::late::release();
}

#[test]
fn a_free_in_a_handler_waits_and_is_counted() {
    alone(1, 1, || {
        let before = Totals::now();
        let lost = stats().handler_frees_lost;
        let blocks = [Block::new(100, 8), Block::new(100_000, 8), Block::new(64, 64)];
        assert_eq!(Totals::now().since(before).objects, 3.0);
        as_in_a_handler(|| drop(blocks));
        // The next one who comes to the tables does it.
        drop(Block::new(10, 8));
        let after = Totals::now().since(before);
        assert_eq!((after.objects, after.sampled_in_use, after.sampled_allocated), (0.0, 0, 4));
        assert_eq!(stats().handler_frees_lost, lost);
        assert_eq!(inner_blocks(), 0);
    });
}

#[test]
fn an_allocation_in_a_handler_is_counted_as_lost() {
    alone(1, 1, || {
        let before = (Totals::now(), stats().handler_samples_lost);
        let mut kept = None;
        as_in_a_handler(|| {
            let mut block = Block::new(100, 8);
            block.resize(100_000);
            kept = Some(block);
        });
        assert_eq!(stats().handler_samples_lost, before.1 + 2);
        drop(kept);
        assert_eq!(Totals::now(), before.0);
    });
}

#[test]
fn a_large_object_that_a_handler_resized_is_another_object() {
    alone(1, 1, || {
        let before = Totals::now();
        let mut block = Block::new(100_000, 8);
        as_in_a_handler(|| block.resize(100_001));
        drop(Block::new(10, 8));
        assert_eq!(Totals::now().since(before).objects, 0.0);
        drop(block);
        assert_eq!(Totals::now().since(before).objects, 0.0);
    });
}

#[test]
fn frees_that_find_no_place_are_counted_as_lost() {
    alone(1, 1, || {
        let before = (Totals::now(), stats().handler_frees_lost);
        let blocks: Vec<Block> = (0..300).map(|_| Block::new(100, 8)).collect();
        as_in_a_handler(|| drop(blocks));
        let lost = stats().handler_frees_lost - before.1;
        assert_eq!(lost, 300 - 256);
        assert_eq!(Totals::now().since(before.0).objects, 44.0);
    });
}

/// The entry of such a free stays in the table, and other objects get its address.
#[test]
fn a_lost_free_is_not_taken_for_a_later_object_at_its_address() {
    alone(1, 1, || {
        let before = Totals::now();
        let freed_in_handler = || -> Vec<usize> {
            let blocks: Vec<Block> = (0..300).map(|_| Block::new(64, 64)).collect();
            let addresses = blocks.iter().map(|block| block.pointer.addr()).collect();
            as_in_a_handler(|| drop(blocks));
            addresses
        };
        // Some that are not sampled, and lie at pages' begins though they need not.
        let addresses = freed_in_handler();
        crate::set_sample_rate(0);
        let others: Vec<Block> = (0..1000).map(|_| Block::new(64, 2048)).collect();
        assert!(others.iter().any(|block| addresses.contains(&block.pointer.addr())));
        // The heap's inner allocator looks at the layouts.
        drop(others);
        crate::set_sample_rate(1);
        let addresses = freed_in_handler();
        let others: Vec<Block> = (0..1000).map(|_| Block::new(64, 64)).collect();
        assert!(others.iter().any(|block| addresses.contains(&block.pointer.addr())));
        drop(others);
        assert_eq!(inner_blocks(), 0);
        // All were freed, and those whose address came again are counted by now.
        let lost = Totals::now().since(before).objects;
        assert!(lost < 88.0, "{lost}");
    });
}
