//! Rooms that one thread frees and another is given.

use super::add;
use crate::atomics::Guarded;
use crate::rooms::Places;
use loom::sync::Arc;
use loom::thread;

struct Allocator {
    places: Places<2>,
    /// How often each room was used. Who has a room may use it.
    used: [Guarded<u32>; 3],
}

impl Allocator {
    /// Takes a room and uses it: its number.
    fn take(&self) -> Option<usize> {
        let room = self.places.take()?.addr().get() - 1;
        add(&self.used[room]);
        Some(room)
    }

    fn keep(&self, room: usize) -> bool {
        self.places.keep(std::ptr::without_provenance_mut(room + 1))
    }
}

/// A room is one thread's, who sees what the one before left in it; and each that is kept is taken again.
pub(super) fn kept() {
    let allocator = Arc::new(Allocator {
        places: Places::new(),
        used: std::array::from_fn(|_| Guarded::new(0)),
    });
    assert!(allocator.keep(0));
    let other = {
        let allocator = Arc::clone(&allocator);
        thread::spawn(move || {
            let taken = allocator.take();
            let mine = [Some(1), taken];
            // What is not wanted stays here.
            mine.map(|room| room.filter(|room| !allocator.keep(*room)))
        })
    };
    let taken = allocator.take();
    let mine = [Some(2), taken].map(|room| room.filter(|room| !allocator.keep(*room)));
    let others = other.join().unwrap_or([None; 2]);
    let last = [allocator.take(), allocator.take(), allocator.take()];
    let mut all: Vec<usize> = [&mine[..], &others, &last].concat().into_iter().flatten().collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2]);
}
