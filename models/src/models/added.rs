//! Entries that are only ever added: stacks and buckets.

use super::{read, write};
use crate::atomics::{AtomicPtr, AtomicUsize, Guarded, Ordering};
use crate::chain::{Chain, Linked};
use crate::growing_list::{GrowingList, Listed};
use crate::sync::SpinLock;
use loom::sync::Arc;
use loom::thread;
use std::ptr::{NonNull, null_mut};

/// As large as two stacks or buckets of one chain. Whoever finds it may read all of it.
struct Entry {
    next: Guarded<*mut Entry>,
    older: AtomicPtr<Entry>,
    kind: Guarded<u32>,
}

impl Linked for Entry {
    fn next(&self) -> *mut Self {
        read(&self.next)
    }
}

impl Listed for Entry {
    fn older(&self) -> &AtomicPtr<Self> {
        &self.older
    }
}

/// What the threads share, and the memory for entries, which lasts until all of them have ended.
struct Shared {
    chain: Chain<Entry>,
    lock: SpinLock<()>,
    all: GrowingList<Entry>,
    memory: [Entry; 4],
    used: AtomicUsize,
}

impl Shared {
    fn new() -> Arc<Self> {
        let entry = |_| Entry {
            next: Guarded::new(null_mut()),
            older: AtomicPtr::new(null_mut()),
            kind: Guarded::new(0),
        };
        Arc::new(Self {
            chain: Chain::new(),
            lock: SpinLock::new(()),
            all: GrowingList::new(),
            memory: std::array::from_fn(entry),
            used: AtomicUsize::new(0),
        })
    }

    fn make(&self, kind: u32, next: *mut Entry) -> &'static Entry {
        let entry = &self.memory[self.used.fetch_add(1, Ordering::Relaxed)];
        write(&entry.kind, kind);
        write(&entry.next, next);
        // SAFETY: who uses an entry holds what its memory is in.
        unsafe { NonNull::from(entry).as_ref() }
    }

    /// The entry of this kind in the chain, which is made when there is none.
    fn find(&self, kind: u32) -> NonNull<Entry> {
        // SAFETY: an entry in the chain is in our memory.
        let is_it = |entry: NonNull<Entry>| read(&unsafe { entry.as_ref() }.kind) == kind;
        let make = |next| Some(NonNull::from(self.make(kind, next)));
        // SAFETY: `make` makes it so, as long as we are there.
        let found = unsafe { self.chain.find_or_add(&self.lock, is_it, make) };
        found.unwrap_or(NonNull::dangling())
    }

    fn kinds(&self) -> Vec<u32> {
        let mut kinds = Vec::new();
        self.all.for_each(|entry| kinds.push(read(&entry.kind)));
        kinds
    }
}

/// All find the same entry of a kind, complete, and none is lost.
pub(super) fn chain() {
    let shared = Shared::new();
    let other = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || [1, 2].map(|kind| (kind, shared.find(kind))))
    };
    let mut found = vec![(2, shared.find(2)), (1, shared.find(1))];
    found.extend(other.join().into_iter().flatten());
    let last = [1, 2].map(|kind| shared.find(kind));
    assert!(found.into_iter().all(|(kind, entry)| entry == last[kind as usize - 1]));
    assert_eq!(shared.used.load(Ordering::Relaxed), 2);
}

/// Who walks sees every entry once, complete, and each thread's in their order.
pub(super) fn list() {
    let shared = Shared::new();
    let start = |work: fn(&Shared) -> Vec<u32>| {
        let shared = Arc::clone(&shared);
        thread::spawn(move || work(&shared))
    };
    let writer = start(|shared| {
        [1, 2].into_iter().for_each(|kind| shared.all.add(shared.make(kind, null_mut())));
        Vec::new()
    });
    // Behind the writers, or it would see nothing of them.
    let reader = start(|shared| shared.kinds());
    shared.all.add(shared.make(3, null_mut()));
    assert!(writer.join().is_ok());
    let some = reader.join().unwrap_or_default();
    let all = shared.kinds();
    assert!(all == [3, 2, 1] || all == [2, 3, 1] || all == [2, 1, 3]);
    assert!(all.ends_with(&some), "{some:?}");
}
