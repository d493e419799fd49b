//! Examples of the live table and of records.

use super::{Entry, RecordId, Shard, give_back, insert, remove, reserve, stays_in_place};
use std::alloc::Layout;

fn address(number: usize) -> *mut u8 {
    std::ptr::without_provenance_mut(number)
}

#[test]
fn large_and_over_aligned_objects_stay_in_place() {
    let stays = |size, align| stays_in_place(Layout::from_size_align(size, align).unwrap());
    assert_eq!([stays(1, 1), stays(65_535, 16), stays(65_536, 1)], [false, false, true]);
    assert_eq!([stays(1, 16), stays(1, 32), stays(1, 4096)], [false, true, true]);
}

#[test]
fn an_object_is_found_once() {
    assert_eq!(remove(address(0x10_0000)), None);
    assert!(insert(address(0x10_0000), RecordId(7)));
    assert_eq!(remove(address(0x10_0000)), Some(RecordId(7)));
    assert_eq!(remove(address(0x10_0000)), None);
}

#[test]
fn a_table_keeps_its_entries_while_it_grows_and_shrinks() {
    let mut shard = Shard::new();
    let pointer = |number: u32| number as usize * 4096;
    for number in 1..=10_000 {
        assert!(shard.insert(Entry { pointer: pointer(number), id: RecordId(number) }));
    }
    for number in (1..=10_000).step_by(2) {
        assert_eq!(shard.remove(pointer(number)), Some(RecordId(number)));
    }
    for number in 1..=10_000 {
        let kept = (number % 2 == 0).then_some(RecordId(number));
        assert_eq!(shard.remove(pointer(number)), kept);
    }
    assert_eq!(shard.length, 0);
}

#[test]
fn records_in_use_differ() {
    let mut ids: Vec<u32> = (0..100).map(|_| reserve().unwrap().0).collect();
    let again = ids.clone();
    again.into_iter().for_each(|id| give_back(RecordId(id)));
    ids.clear();
    ids.extend((0..100).map(|_| reserve().unwrap().0));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}
