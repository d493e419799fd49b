//! The records of sampled objects, and the chunks they lie in.

use super::{add, read, write};
use crate::atomics::{AtomicBool, AtomicUsize, Guarded, Ordering};
use crate::buckets::Bucket;
use crate::chunks::Chunks;
use crate::record::{LiveObject, Record, Sampled};
use crate::records::Records;
use loom::sync::Arc;
use loom::thread;
use std::ptr::NonNull;

/// A place in a chunk.
struct Place {
    /// The kernel's memory is there. Whoever knows the place may read it.
    is_mapped: Guarded<bool>,
    /// How often the number was taken; who has it may use it.
    taken: Guarded<u32>,
}

/// Chunks, and the memory for them, which lasts until all threads have ended.
struct Memory<const CHUNKS: usize, const PLACES: usize> {
    chunks: Chunks<Place, CHUNKS, PLACES>,
    memory: [[Place; PLACES]; 4],
    mapped: AtomicUsize,
    unmapped: AtomicUsize,
}

impl<const CHUNKS: usize, const PLACES: usize> Memory<CHUNKS, PLACES> {
    fn new() -> Arc<Self> {
        let place = |_| Place { is_mapped: Guarded::new(false), taken: Guarded::new(0) };
        Arc::new(Self {
            chunks: Chunks::new(),
            memory: std::array::from_fn(|_| std::array::from_fn(place)),
            mapped: AtomicUsize::new(0),
            unmapped: AtomicUsize::new(0),
        })
    }

    /// A number of one's own, if the kernel has memory or none is needed.
    fn take(&self, is_memory_left: bool) -> Option<u32> {
        let map = || {
            is_memory_left.then(|| {
                let chunk = &self.memory[self.mapped.fetch_add(1, Ordering::Relaxed)];
                chunk.iter().for_each(|place| write(&place.is_mapped, true));
                NonNull::from(chunk).cast()
            })
        };
        let unmap = |chunk: NonNull<Place>| {
            self.unmapped.fetch_add(1, Ordering::Relaxed);
            // SAFETY: `map` gave it.
            let chunk = unsafe { chunk.cast::<[Place; PLACES]>().as_ref() };
            chunk.iter().for_each(|place| write(&place.is_mapped, false));
        };
        // SAFETY: `map` gives so many places, and who uses them holds what they are in.
        let number = unsafe { self.chunks.take(map, unmap) }?;
        let place = self.chunks.get(number);
        assert!(place.is_some_and(|place| read(&place.is_mapped) && add(&place.taken) == 1));
        Some(number)
    }

    /// Looks at every place that can be seen.
    fn look(&self) {
        let places = (0..self.chunks.used()).filter_map(|number| self.chunks.get(number));
        assert!(places.into_iter().all(|place| read(&place.is_mapped)));
    }
}

/// A number has one owner, and its place one memory.
pub(super) fn chunks() {
    let memory = Memory::<2, 2>::new();
    let other = {
        let memory = Arc::clone(&memory);
        thread::spawn(move || [memory.take(true), memory.take(true)])
    };
    let mut taken = vec![memory.take(true)];
    taken.extend(other.join().into_iter().flatten());
    taken.sort_unstable();
    assert_eq!(taken, [Some(0), Some(1), Some(2)]);
    let (mapped, unmapped) = (&memory.mapped, &memory.unmapped);
    assert_eq!(mapped.load(Ordering::Relaxed) - unmapped.load(Ordering::Relaxed), 2);
}

/// Nobody sees a place before its memory is there.
pub(super) fn new_chunk() {
    let memory = Memory::<1, 1>::new();
    let reader = {
        let memory = Arc::clone(&memory);
        thread::spawn(move || memory.look())
    };
    assert_eq!([memory.take(true), memory.take(true)], [Some(0), None]);
    assert!(reader.join().is_ok());
}

/// Who gets no memory loses its own number at most, and only to another.
pub(super) fn refused_memory() {
    let memory = Memory::<1, 8>::new();
    assert_eq!(memory.take(false), None);
    let other = {
        let memory = Arc::clone(&memory);
        thread::spawn(move || memory.take(false))
    };
    let mut taken = vec![memory.take(false), memory.take(true), memory.take(true)];
    taken.push(other.join().unwrap_or(None));
    let refused = taken.iter().filter(|number| number.is_none()).count();
    taken.extend((0..8).map(|_| memory.take(true)));
    let mut taken: Vec<u32> = taken.into_iter().flatten().collect();
    taken.sort_unstable();
    taken.dedup();
    assert!((8 - refused..=8).contains(&taken.len()), "{taken:?}");
}

static BUCKETS: [Bucket; 3] = [Bucket(0), Bucket(1), Bucket(2)];

/// An object of which everything but the address is this number.
fn object(number: u32) -> Sampled {
    Sampled {
        pointer: std::ptr::without_provenance_mut(address(number)),
        bucket: &BUCKETS[number as usize],
        size: u64::from(number),
        weight: u64::from(number),
        thread: number,
    }
}

fn address(number: u32) -> usize {
    number as usize * 16
}

fn fill(record: &Record, number: u32) {
    record.fill(&object(number), u64::from(number));
}

/// It is one of these objects, or a mixture of them.
fn is_of(object: &LiveObject, numbers: &[u64]) -> bool {
    let is_bucket = |bucket: &Bucket| object.bucket == (&raw const *bucket).addr();
    BUCKETS.iter().any(|bucket| is_bucket(bucket) && numbers.contains(&bucket.0))
        && [object.size, object.weight, object.birth_nanos, u64::from(object.thread)]
            .iter()
            .all(|field| numbers.contains(field))
}

/// A record, and the program's own order of allocation and free.
struct Handed {
    record: Record,
    is_handed_on: AtomicBool,
}

/// Whoever is handed an object knows all of it.
pub(super) fn handed_on() {
    let handed = Handed { record: Record::default(), is_handed_on: AtomicBool::new(false) };
    let handed = Arc::new(handed);
    let other = {
        let handed = Arc::clone(&handed);
        thread::spawn(move || {
            if handed.is_handed_on.load(Ordering::Acquire) {
                assert!(handed.record.is_of(address(1)));
                assert_eq!(handed.record.counted(), Some((&BUCKETS[1], 1, 1)));
            }
        })
    };
    fill(&handed.record, 1);
    handed.is_handed_on.store(true, Ordering::Release);
    assert!(other.join().is_ok());
}

/// Whoever looks sees one object, or two that are mixed, but not a half.
pub(super) fn looked_at() {
    let record = Arc::new(Record::default());
    let reader = {
        let record = Arc::clone(&record);
        thread::spawn(move || record.live_object())
    };
    fill(&record, 1);
    record.empty();
    fill(&record, 2);
    assert!(reader.join().is_ok_and(|seen| seen.is_none_or(|object| is_of(&object, &[1, 2]))));
}

/// Records, the memory for them, and the wrapped allocator's order: an object's memory is given back, and out
/// again.
struct Heap {
    records: Records<1, 2>,
    memory: [Record; 2],
    is_given_back: AtomicBool,
}

impl Heap {
    fn reserve(&self) -> u32 {
        let map = || Some(NonNull::from(&self.memory).cast());
        // SAFETY: there are two records, and who uses them holds what they are in.
        let number = unsafe { self.records.reserve(map, |_| {}) };
        assert!(number.is_some(), "there are more than objects");
        number.unwrap_or(0)
    }

    fn is_of(&self, number: u32, address: usize) -> bool {
        self.records.get(number).is_some_and(|record| record.is_of(address))
    }
}

/// Whoever is given the memory of a sampled object is not taken for its owner, whatever lies before it, also
/// when the record is another object's by then; that one keeps it.
pub(super) fn given_back() {
    let heap = Arc::new(Heap {
        records: Records::new(),
        memory: std::array::from_fn(|_| Record::default()),
        is_given_back: AtomicBool::new(false),
    });
    let first = heap.reserve();
    heap.records.get(first).into_iter().for_each(|record| fill(record, 1));
    let allocating = {
        let heap = Arc::clone(&heap);
        thread::spawn(move || {
            let number = heap.reserve();
            heap.records.get(number).into_iter().for_each(|record| fill(record, 2));
            number
        })
    };
    let next = {
        let heap = Arc::clone(&heap);
        thread::spawn(move || {
            let is_given_out = heap.is_given_back.load(Ordering::Acquire);
            assert!(!is_given_out || !heap.is_of(first, address(1)));
        })
    };
    heap.records.give_back(first);
    heap.is_given_back.store(true, Ordering::Release);
    let second = allocating.join().unwrap_or(0);
    assert!(next.join().is_ok());
    assert!(heap.is_of(second, address(2)));
    let mut seen = 0;
    heap.records.for_each(&mut |object| {
        assert!(is_of(object, &[2]));
        seen += 1;
    });
    assert_eq!(seen, 1);
}
