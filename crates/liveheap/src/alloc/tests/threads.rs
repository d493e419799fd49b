//! Objects that one thread allocates and another frees.

use super::{Block, Totals, alone, inner_blocks, reseed};
use std::sync::mpsc::sync_channel;

#[test]
fn after_a_churn_of_threads_nothing_is_in_use() {
    for rate in [1, 4096] {
        alone(rate, 1, || {
            let before = Totals::now();
            let (send, receive) = sync_channel::<Block>(1000);
            let receive = std::sync::Arc::new(crate::sync::SpinLock::new(receive));
            std::thread::scope(|scope| {
                for number in 0..4 {
                    let send = send.clone();
                    scope.spawn(move || {
                        reseed(number);
                        for step in 0..5000_usize {
                            let size = if step % 64 == 0 { 70_000 } else { 1 + step % 500 };
                            let mut block = Block::new(size, 8);
                            if step % 3 == 0 {
                                block.resize(size * 2);
                            }
                            let _ = send.send(block);
                        }
                    });
                }
                drop(send);
                for _ in 0..2 {
                    let receive = std::sync::Arc::clone(&receive);
                    scope.spawn(move || while receive.with(|receive| receive.recv()).is_ok() {});
                }
                // A reader never sees more freed than allocated: the numbers would wrap around.
                for _ in 0..20 {
                    let now = Totals::now();
                    assert!(now.objects >= 0.0 && now.objects <= now.allocated_objects);
                    assert!(now.sampled_in_use <= now.sampled_allocated);
                }
            });
            let after = Totals::now().since(before);
            assert_eq!((after.objects, after.bytes, after.sampled_in_use), (0.0, 0.0, 0));
            if rate == 1 {
                assert_eq!(after.sampled_allocated, 4 * (5000 + 1667));
            }
            assert_eq!(inner_blocks(), 0);
        });
    }
}

#[test]
fn objects_of_a_thread_that_has_ended_are_freed_by_others() {
    alone(1, 1, || {
        let before = Totals::now();
        let blocks = std::thread::spawn(|| [Block::new(10, 1), Block::new(100_000, 1)]);
        let blocks = blocks.join().unwrap();
        assert_eq!(Totals::now().since(before).objects, 2.0);
        drop(blocks);
        assert_eq!(Totals::now().since(before).objects, 0.0);
    });
}
