//! A program with a heap profiler: the first thing that must work.

#[global_allocator]
static HEAP: liveheap::Heap = liveheap::Heap::system().sample_rate(1);

#[test]
fn every_allocation_is_a_sample_at_rate_one() {
    let before = liveheap::stats();
    let kept: Vec<Vec<u8>> = (1..=100).map(|size| vec![1; size]).collect();
    let after = liveheap::stats();
    assert!(after.installed);
    assert_eq!(after.sample_rate, 1);
    assert!(after.samples >= before.samples + 101, "{before:?} {after:?}");
    drop(kept);
}
