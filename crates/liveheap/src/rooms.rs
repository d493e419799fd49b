//! Freed rooms of sampled objects, kept for the next ones.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: allocations that begin with a page, and that
//! nobody uses any more. Out: the same ones, to one taker each. To begin with a page is work for an
//! allocator: the C library's cuts such a block out of a larger one and leaves both ends among its free
//! blocks, where later allocations stumble over them. A few rooms that are kept spare nearly all of that.

use crate::atomics::{AtomicPtr, Ordering, constant, repeated};
use std::alloc::Layout;
use std::ptr::{NonNull, null_mut};

/// A page, as far as the addresses of small sampled objects are concerned: their rooms begin with one.
pub(crate) const PAGE: usize = 4096;
/// The smallest room that is kept and the largest; between them are the powers of two.
const SMALLEST: usize = 256;
const LARGEST: usize = 4096;
const SIZES: usize = (LARGEST / SMALLEST).ilog2() as usize + 1;
/// How many of each size: 62 KiB together.
const OF_EACH_SIZE: usize = 8;

/// How large a room for so many bytes is: as large as those that are kept, where they are.
pub(crate) fn size(bytes: usize, align: usize) -> usize {
    let kept = bytes.max(SMALLEST).next_power_of_two();
    if align == PAGE && kept <= LARGEST { kept } else { bytes }
}

/// The rooms that are kept of one allocator.
pub(crate) struct Rooms([Places<OF_EACH_SIZE>; SIZES]);

impl Rooms {
    constant! {
        pub(crate) fn none() -> Self {
            Self(repeated![Places::new(); SIZES])
        }
    }

    /// A room that was kept. What it held is still in it.
    pub(crate) fn take(&self, room: Layout) -> Option<NonNull<u8>> {
        self.of_size(room)?.take()
    }

    /// Keeps a room that nobody uses. False when it is not wanted.
    pub(crate) fn keep(&self, start: *mut u8, room: Layout) -> bool {
        self.of_size(room).is_some_and(|places| places.keep(start))
    }

    fn of_size(&self, room: Layout) -> Option<&Places<OF_EACH_SIZE>> {
        let is_kept = room.align() == PAGE
            && (SMALLEST..=LARGEST).contains(&room.size())
            && room.size().is_power_of_two();
        is_kept.then(|| &self.0[(room.size() / SMALLEST).ilog2() as usize])
    }
}

/// Places for rooms of one layout.
pub(crate) struct Places<const COUNT: usize>([AtomicPtr<u8>; COUNT]);

impl<const COUNT: usize> Places<COUNT> {
    constant! {
        pub(crate) fn new() -> Self {
            Self(repeated![AtomicPtr::new(null_mut()); COUNT])
        }
    }

    pub(crate) fn take(&self) -> Option<NonNull<u8>> {
        self.0.iter().find_map(|place| {
            if place.load(Ordering::Relaxed).is_null() {
                return None;
            }
            // Acquire pairs with the Release in `keep`: who used the room is done with it.
            NonNull::new(place.swap(null_mut(), Ordering::Acquire))
        })
    }

    pub(crate) fn keep(&self, start: *mut u8) -> bool {
        self.0.iter().any(|place| {
            place.load(Ordering::Relaxed).is_null()
                && place
                    .compare_exchange(null_mut(), start, Ordering::Release, Ordering::Relaxed)
                    .is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, OF_EACH_SIZE, PAGE, Rooms, SMALLEST, size};
    use std::alloc::Layout;
    use std::ptr::NonNull;

    fn address(number: usize) -> *mut u8 {
        std::ptr::without_provenance_mut(number * PAGE)
    }

    #[test]
    fn rooms_that_are_kept_come_back_once_each() {
        let rooms = Rooms::none();
        for bytes in [1, 256, 257, 1000, 4096] {
            let room = Layout::from_size_align(size(bytes, PAGE), PAGE).unwrap();
            assert_eq!(rooms.take(room), None);
            for number in 1..=OF_EACH_SIZE {
                assert!(rooms.keep(address(number), room));
            }
            assert!(!rooms.keep(address(100), room));
            let take = |_| rooms.take(room).map_or(0, |kept| kept.addr().get() / PAGE);
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
            assert!(!rooms.keep(address(1), layout(size, PAGE)));
        }
        for align in [16, PAGE / 2, 2 * PAGE, 16 * PAGE] {
            assert!(!rooms.keep(address(1), layout(SMALLEST, align)));
        }
        assert!(!rooms.keep(address(1), layout(2 * LARGEST, PAGE)));
        assert!(rooms.keep(address(1), layout(512, PAGE)));
        assert_eq!(rooms.take(layout(256, PAGE)), None);
        assert_eq!(rooms.take(layout(1024, PAGE)), None);
        assert_eq!(rooms.take(layout(512, 2 * PAGE)), None);
        assert_eq!(rooms.take(layout(512, PAGE)), NonNull::new(address(1)));
    }

    #[test]
    fn a_room_has_at_least_the_bytes_that_it_is_for() {
        for align in [PAGE, 2 * PAGE] {
            for bytes in 0..3 * LARGEST {
                let size = size(bytes, align);
                assert!(size >= bytes && size <= (2 * bytes).max(SMALLEST), "{bytes}: {size}");
            }
            assert_eq!(
                (size(4080, align), size(4096, align)),
                (if align == PAGE { 4096 } else { 4080 }, 4096)
            );
            assert_eq!(size(5000, align), 5000);
        }
    }
}
