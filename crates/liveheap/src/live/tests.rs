//! Examples of the live table and of records.

use super::{
    Entry, PAGE, RecordId, Sampled, Shard, fill, find_without_lock, give_back, insert,
    may_be_sampled, put_back, remove, reserve, room,
};
use std::alloc::Layout;

fn address(number: usize) -> *mut u8 {
    std::ptr::without_provenance_mut(number)
}

#[test]
fn a_small_sampled_object_has_room_where_its_free_looks() {
    for align in (0..30).map(|doublings| 1 << doublings) {
        for size in [1, 100, 65_535] {
            let layout = Layout::from_size_align(size, align).unwrap();
            let (room, offset) = room(layout);
            assert!(room.align() >= PAGE && room.size() >= size + offset);
            assert!(offset.is_multiple_of(align.min(PAGE)));
            let pointer = address(7 * room.align() + offset);
            assert!(may_be_sampled(pointer) && pointer.addr().is_multiple_of(align));
        }
    }
}

#[test]
fn an_object_is_found_once() {
    assert_eq!(remove(address(0x10_0000)), None);
    assert!(insert(address(0x10_0000), RecordId(7)));
    assert_eq!(remove(address(0x10_0000)), Some(RecordId(7)));
    assert_eq!(remove(address(0x10_0000)), None);
}

/// While it is moved, its memory is another's already.
#[test]
fn an_object_that_was_taken_out_is_named_by_no_record() {
    let pointer = address(0x20_0000);
    let id = reserve().unwrap();
    let named = || find_without_lock(pointer) == Some(id);
    let bucket = crate::buckets::find(None, 1 << 16);
    fill(id, &Sampled { pointer, bucket, size: 1 << 16, weight: 0, thread: 0 });
    assert!(insert(pointer, id) && named());
    assert_eq!(remove(pointer), Some(id));
    assert!(!named());
    assert!(put_back(pointer, id) && named());
    assert_eq!(remove(pointer), Some(id));
    give_back(id);
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
