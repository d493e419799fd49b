//! The models: a few threads each, and what must hold.
//!
//! The checker runs one thread after the other, in the order in which they start, and goes back to where
//! another could have come first. It looks for that at the last use of an atomic only: a reader before a
//! writer that itself reads and then exchanges is missed. So who only reads starts last, and a model counts
//! when it was seen to fail.

#![expect(unsafe_code, reason = "the checker says who may use a value")]

mod added;
mod records;
mod rooms;
mod turns;

use crate::atomics::{AtomicBool, AtomicU32, Guarded, Ordering};
use crate::entry::Entry;
use crate::free_list::FreeList;
use crate::sync::SpinLock;
use crate::waiting::Waiting;
use loom::sync::Arc;
use loom::thread;

/// All of them, with what they are about.
pub(crate) const ALL: [(&str, fn()); 16] = [
    ("the lock", lock),
    ("the list of free records", free_list),
    ("frees that handlers put off", late_frees),
    ("frees that find no place", too_many_late_frees),
    ("the cache of rules", cache),
    ("a chain of entries", added::chain),
    ("the list of all entries", added::list),
    ("chunks of records", records::chunks),
    ("a chunk that is new", records::new_chunk),
    ("chunks without memory", records::refused_memory),
    ("a record of an object that is handed on", records::handed_on),
    ("a record that is looked at", records::looked_at),
    ("records that are given back", records::given_back),
    ("rooms that are kept", rooms::kept),
    ("one dump at a time", turns::one_waits),
    ("dumps that are turned away", turns::none_waits),
];

/// Adds to a value that nobody else may use at this moment.
fn add(value: &Guarded<u32>) -> u32 {
    value.with_mut(|value| {
        // SAFETY: the checker ends the program when another thread uses it meanwhile.
        let value = unsafe { &mut *value };
        *value += 1;
        *value
    })
}

/// Reads a value that many may read, and nobody may write at this moment.
fn read<T: Copy>(value: &Guarded<T>) -> T {
    // SAFETY: the checker ends the program when another thread writes it meanwhile.
    value.with(|value| unsafe { *value })
}

/// Writes a value that nobody else may use at this moment.
fn write<T>(value: &Guarded<T>, new: T) {
    // SAFETY: the checker ends the program when another thread uses it meanwhile.
    value.with_mut(|value| unsafe { *value = new });
}

/// One at a time is inside, and sees what the one before did.
fn lock() {
    let lock = Arc::new(SpinLock::new(0_u32));
    let other = {
        let lock = Arc::clone(&lock);
        thread::spawn(move || {
            lock.with(|value| *value += 1);
            u32::from(lock.try_with(|value| *value += 1).is_some())
        })
    };
    lock.with(|value| *value += 1);
    let tried = other.join().unwrap_or(0);
    assert_eq!(lock.with(|value| *value), 2 + tried);
}

struct Records {
    list: FreeList,
    links: [AtomicU32; 3],
    /// How often each was taken; who has taken it may use it.
    taken: [Guarded<u32>; 3],
}

impl Records {
    fn new() -> Self {
        let records = Self {
            list: FreeList::new(),
            links: std::array::from_fn(|_| AtomicU32::new(0)),
            taken: std::array::from_fn(|_| Guarded::new(0)),
        };
        (0..3).for_each(|number| records.put(number));
        records
    }

    fn take(&self) -> Option<u32> {
        let number = self.list.take(|number| self.links.get(number as usize))?;
        add(&self.taken[number as usize]);
        Some(number)
    }

    fn put(&self, number: u32) {
        self.list.put(number, &self.links[number as usize]);
    }
}

/// A record has one owner, and none is lost. One thread takes two and puts the first back, so that the
/// list begins as another saw it and goes on otherwise.
fn free_list() {
    let records = Arc::new(Records::new());
    let other = {
        let records = Arc::clone(&records);
        thread::spawn(move || {
            let (first, second) = (records.take(), records.take());
            first.into_iter().for_each(|first| records.put(first));
            second
        })
    };
    let mut kept = vec![records.take(), records.take()];
    kept.push(other.join().unwrap_or(None));
    kept.push(records.take());
    let mut kept: Vec<u32> = kept.into_iter().flatten().collect();
    kept.sort_unstable();
    assert_eq!(kept, [0, 1, 2]);
}

/// The frees that wait, and the table that they are to be taken out of.
struct Table {
    waiting: Waiting<2>,
    /// How many were taken out. Who has found none waiting, or handles one, may use it.
    taken_out: Guarded<u32>,
    /// The wrapped allocator's order: the memory is given back, and out again.
    is_given_back: AtomicBool,
}

impl Table {
    fn settle(&self) {
        if !self.waiting.is_empty() {
            self.waiting.settle(&mut |word| {
                assert_eq!(word, 7);
                add(&self.taken_out);
            });
        }
    }
}

/// Whoever is given the memory of an object whose free was put off finds the table without it, also when
/// a third thread is just handling that free.
fn late_frees() {
    let table = Arc::new(Table {
        waiting: Waiting::new(),
        taken_out: Guarded::new(0),
        is_given_back: AtomicBool::new(false),
    });
    let handler = {
        let table = Arc::clone(&table);
        thread::spawn(move || {
            assert!(table.waiting.put(7));
            table.is_given_back.store(true, Ordering::Release);
        })
    };
    let third = {
        let table = Arc::clone(&table);
        thread::spawn(move || table.settle())
    };
    if table.is_given_back.load(Ordering::Acquire) {
        table.settle();
        // Once, and seen here.
        assert_eq!(add(&table.taken_out), 2);
    }
    assert!(handler.join().is_ok());
    assert!(third.join().is_ok());
    table.settle();
    assert!(table.waiting.is_empty());
}

/// A word is handled once or refused.
fn too_many_late_frees() {
    let waiting = Arc::new(Waiting::<1>::new());
    let others: Vec<_> = (0..2)
        .map(|_| {
            let waiting = Arc::clone(&waiting);
            thread::spawn(move || u32::from(waiting.put(7)))
        })
        .collect();
    let mut handled = 0;
    waiting.settle(&mut |_| handled += 1);
    let put: u32 = others.into_iter().map(|other| other.join().unwrap_or(0)).sum();
    waiting.settle(&mut |_| handled += 1);
    assert_eq!(handled, put);
    assert!(waiting.is_empty());
}

/// What is found is the rule of that key or nothing, while two threads write to one entry and one of them
/// makes room in it.
fn cache() {
    // Keys and rules of which no two make a third.
    let rules = [(0x1000, 0x1), (0x2000, 0x20)];
    // The newer and the older entry, as the runtime uses them.
    let entries = Arc::new([Entry::new(), Entry::new()]);
    let others: Vec<_> = (0..2)
        .map(|number| {
            let entries = Arc::clone(&entries);
            thread::spawn(move || {
                let (key, rule) = rules[number];
                if number == 1 {
                    entries[1].copy(&entries[0]);
                }
                entries[0].set(key, rule);
            })
        })
        .collect();
    let (key, rule) = rules[1];
    assert!(entries[0].find(key).is_none_or(|found| found == rule));
    for other in others {
        assert!(other.join().is_ok());
    }
    // What they leave, whose stores ever came last.
    for entry in &*entries {
        for (key, rule) in rules {
            assert!(entry.find(key).is_none_or(|found| found == rule));
        }
    }
}
