//! Examples of rooms that are kept.

use super::{ALIGN, LARGEST, OF_EACH_SIZE, Rooms, SMALLEST, size};
use std::alloc::Layout;
use std::ptr::NonNull;

fn address(number: usize) -> *mut u8 {
    std::ptr::without_provenance_mut(number * ALIGN)
}

#[test]
fn rooms_that_are_kept_come_back_once_each() {
    let rooms = Rooms::none();
    for bytes in [1, 256, 257, 1000, 4096] {
        let room = Layout::from_size_align(size(bytes, ALIGN), ALIGN).unwrap();
        assert_eq!(rooms.take(room), None);
        for number in 1..=OF_EACH_SIZE {
            assert!(rooms.keep(address(number), room));
        }
        assert!(!rooms.keep(address(100), room));
        let take = |_| rooms.take(room).map_or(0, |kept| kept.addr().get() / ALIGN);
        let mut taken: Vec<usize> = (0..OF_EACH_SIZE).map(take).collect();
        taken.sort_unstable();
        assert!(taken.into_iter().eq(1..=OF_EACH_SIZE));
        assert_eq!(rooms.take(room), None);
        // For the next size, which is another but once.
        assert!(rooms.keep(address(1), room));
        assert_eq!(rooms.take(room), NonNull::new(address(1)));
    }
}

#[test]
fn a_room_is_given_out_with_the_layout_that_it_came_with_only() {
    let rooms = Rooms::none();
    let layout = |size, align| Layout::from_size_align(size, align).unwrap();
    for size in (0..=LARGEST).filter(|size| *size < SMALLEST || !size.is_power_of_two()) {
        assert!(!rooms.keep(address(1), layout(size, ALIGN)));
    }
    for align in [16, ALIGN / 2, 2 * ALIGN, 16 * ALIGN] {
        assert!(!rooms.keep(address(1), layout(SMALLEST, align)));
    }
    assert!(!rooms.keep(address(1), layout(2 * LARGEST, ALIGN)));
    assert!(rooms.keep(address(1), layout(512, ALIGN)));
    assert_eq!(rooms.take(layout(256, ALIGN)), None);
    assert_eq!(rooms.take(layout(1024, ALIGN)), None);
    assert_eq!(rooms.take(layout(512, 2 * ALIGN)), None);
    assert_eq!(rooms.take(layout(512, ALIGN)), NonNull::new(address(1)));
}

#[test]
fn a_room_has_at_least_the_bytes_that_it_is_for() {
    for align in [ALIGN, 2 * ALIGN] {
        for bytes in 0..3 * LARGEST {
            let size = size(bytes, align);
            assert!(size >= bytes && size <= (2 * bytes).max(SMALLEST), "{bytes}: {size}");
        }
        assert_eq!(
            (size(4080, align), size(4096, align)),
            (if align == ALIGN { 4096 } else { 4080 }, 4096)
        );
        assert_eq!(size(5000, align), 5000);
    }
}
