//! Which stack allocated how much: stack and size class to counters.
//!
//! Runs inside malloc: no allocation, no panic, and no lock that is held for longer than an update.
//! In: a stack, a size, a weight. Out: [`for_each`], which shows every bucket. Stacks and buckets are
//! only ever added, so a reader walks them without a lock; the counters of a bucket are read and
//! written under a lock, so a reader never sees a free without its allocation.
//!
//! A bucket holds objects of one size class, because an error bar can be computed for rows of one
//! size only. Counters are integers: when everything is freed, in use is exactly nothing.

#![expect(unsafe_code, reason = "entries of variable length in memory of the profiler's own")]

use crate::arena::Arena;
use crate::atomics::AtomicPtr;
use crate::chain::{Chain, Linked};
use crate::growing_list::{GrowingList, Listed};
use crate::sampler::WEIGHT_FRACTION_BITS;
use crate::stats;
use crate::sync::SpinLock;
use std::cell::UnsafeCell;
use std::ptr::{NonNull, null_mut};

/// Bytes that stacks and buckets may take together.
const LIMIT: usize = 64 << 20;
/// Bytes for the buckets without a stack: room for every size class.
const LIMIT_WITHOUT_STACK: usize = 1 << 20;
/// Chains of stacks, and of buckets.
const CHAINS: usize = 1 << 15;
/// Locks for the counters and the chains; a power of two below [`CHAINS`], so that a chain has one lock.
const STRIPES: usize = 64;

static STACKS: [Chain<Stack>; CHAINS] = [const { Chain::new() }; CHAINS];
static BUCKETS: [Chain<Bucket>; CHAINS] = [const { Chain::new() }; CHAINS];
static ALL_BUCKETS: GrowingList<Bucket> = GrowingList::new();
static LOCKS: [SpinLock<()>; STRIPES] = [const { SpinLock::new(()) }; STRIPES];
static ARENA: Arena = Arena::new(LIMIT);
static ARENA_WITHOUT_STACK: Arena = Arena::new(LIMIT_WITHOUT_STACK);
/// Takes what no other bucket can, when the kernel gives no memory at all.
static LAST_RESORT: Bucket = Bucket::new(null_mut(), 0, 0);

/// A stack's frames, which lie behind this head.
#[repr(C)]
struct Stack {
    next: *mut Stack,
    hash: u64,
    length: usize,
}

/// The counters of one stack and size class. Lives as long as the program.
pub(crate) struct Bucket {
    next: *mut Bucket,
    older: AtomicPtr<Bucket>,
    /// Null for allocations whose stack is not known.
    stack: *mut Stack,
    /// Size class of the objects.
    class: u32,
    /// Bytes of the first object that came here.
    size: u64,
    counters: UnsafeCell<Counters>,
}

// SAFETY: everything but the counters is constant once the bucket can be found, and the counters are
// used under the bucket's lock only.
unsafe impl Sync for Bucket {}

impl Linked for Stack {
    fn next(&self) -> *mut Self {
        self.next
    }
}

impl Linked for Bucket {
    fn next(&self) -> *mut Self {
        self.next
    }
}

impl Listed for Bucket {
    fn older(&self) -> &AtomicPtr<Self> {
        &self.older
    }
}

#[derive(Clone, Copy)]
struct Counters {
    allocated: Sums,
    freed: Sums,
}

/// Sums over samples. The estimates are fixed-point numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sums {
    sampled_objects: u64,
    sampled_bytes: u64,
    objects: u128,
    bytes: u128,
    /// Of the estimate of the bytes: a whole number.
    variance: u128,
}

/// An estimate, and the samples it was made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tally {
    /// Estimated number of objects.
    pub(crate) objects: f64,
    /// Estimated bytes.
    pub(crate) bytes: f64,
    /// Objects that were picked.
    pub(crate) sampled_objects: u64,
    /// Bytes of the objects that were picked.
    pub(crate) sampled_bytes: u64,
    /// The variance of `bytes`, whatever rates the objects were picked with.
    pub(crate) variance: f64,
}

/// One bucket as it is now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketView<'a> {
    /// Tells buckets apart; a bucket has the same in every snapshot.
    pub(crate) id: usize,
    /// Return addresses, leaf first; empty when the stack is not known.
    pub(crate) stack: &'a [usize],
    /// Bytes of one object: of the first that came here. The others are as large up to 128 bytes,
    /// and within 1/16 above. It is the same in every snapshot, so that snapshots can be compared.
    pub(crate) size: u64,
    /// What was allocated since the program began.
    pub(crate) allocated: Tally,
    /// What of that is not freed. Exactly zero when all is.
    pub(crate) in_use: Tally,
}

impl Bucket {
    const fn new(stack: *mut Stack, class: u32, size: u64) -> Self {
        let zero = Sums { sampled_objects: 0, sampled_bytes: 0, objects: 0, bytes: 0, variance: 0 };
        Self {
            next: null_mut(),
            older: AtomicPtr::new(null_mut()),
            stack,
            class,
            size,
            counters: UnsafeCell::new(Counters { allocated: zero, freed: zero }),
        }
    }

    /// Counts the allocation of a sample of `size` bytes that stands for `weight` objects.
    pub(crate) fn add_allocated(&self, size: u64, weight: u64) {
        self.with_counters(|counters| counters.allocated.add(size, weight));
    }

    /// Counts the free of a sample: `size` and `weight` as at its allocation.
    pub(crate) fn add_freed(&self, size: u64, weight: u64) {
        self.with_counters(|counters| counters.freed.add(size, weight));
    }

    fn with_counters<R>(&self, work: impl FnOnce(&mut Counters) -> R) -> R {
        let address = std::ptr::from_ref(self).addr() as u64;
        LOCKS[reduce(mix(address), STRIPES)].with(|()| {
            // SAFETY: the lock of this bucket is held, and nothing else reaches the counters.
            work(unsafe { &mut *self.counters.get() })
        })
    }

    /// [`BucketView::id`].
    pub(crate) fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    fn view(&self) -> BucketView<'_> {
        let Counters { allocated, freed } = self.with_counters(|counters| *counters);
        BucketView {
            id: self.id(),
            stack: frames(self.stack),
            size: self.size,
            allocated: allocated.tally(),
            in_use: allocated.without(&freed).tally(),
        }
    }
}

impl Sums {
    /// Adds a sample of `size` bytes that stands for `weight` objects.
    pub(crate) fn add(&mut self, size: u64, weight: u64) {
        self.sampled_objects = self.sampled_objects.wrapping_add(1);
        self.sampled_bytes = self.sampled_bytes.wrapping_add(size);
        let bytes = u128::from(weight) * u128::from(size);
        self.objects = self.objects.wrapping_add(u128::from(weight));
        self.bytes = self.bytes.wrapping_add(bytes);
        self.variance = self.variance.wrapping_add(variance(bytes, size));
    }

    /// Adds other samples.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.sampled_objects = self.sampled_objects.wrapping_add(other.sampled_objects);
        self.sampled_bytes = self.sampled_bytes.wrapping_add(other.sampled_bytes);
        self.objects = self.objects.wrapping_add(other.objects);
        self.bytes = self.bytes.wrapping_add(other.bytes);
        self.variance = self.variance.wrapping_add(other.variance);
    }

    /// What remains without `freed`, which is never more.
    fn without(&self, freed: &Self) -> Self {
        Self {
            sampled_objects: self.sampled_objects.wrapping_sub(freed.sampled_objects),
            sampled_bytes: self.sampled_bytes.wrapping_sub(freed.sampled_bytes),
            objects: self.objects.wrapping_sub(freed.objects),
            bytes: self.bytes.wrapping_sub(freed.bytes),
            variance: self.variance.wrapping_sub(freed.variance),
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let unit = f64::from(1 << WEIGHT_FRACTION_BITS);
        Tally {
            objects: self.objects as f64 / unit,
            bytes: self.bytes as f64 / unit,
            sampled_objects: self.sampled_objects,
            sampled_bytes: self.sampled_bytes,
            variance: self.variance as f64,
        }
    }
}

/// What one sample adds to the variance of the estimate: an object of s bytes that is picked with
/// probability p adds s² (1 − p) / p², which is s w (s w − s) for its weight w = 1 / p. `bytes` is s w as
/// a fixed-point number.
fn variance(bytes: u128, size: u64) -> u128 {
    let bytes = bytes >> WEIGHT_FRACTION_BITS;
    bytes * bytes.saturating_sub(u128::from(size))
}

/// Shows every bucket, in no order that means anything. `visit` may allocate.
///
/// Each bucket is consistent in itself: what is in use was allocated.
pub(crate) fn for_each(visit: &mut dyn FnMut(&BucketView<'_>)) {
    ALL_BUCKETS.for_each(|bucket| visit(&bucket.view()));
    let last = LAST_RESORT.view();
    if last.allocated.sampled_objects > 0 {
        visit(&last);
    }
}

/// The one copy of a stack's frames.
#[derive(Clone, Copy)]
pub(crate) struct Interned(*mut Stack);

// SAFETY: a published stack is constant and lives as long as the program.
unsafe impl Send for Interned {}

/// The bucket of a stack and objects of `size` bytes. When there is no room for another, or was none
/// for the stack, the one without a stack.
pub(crate) fn find(stack: Option<Interned>, size: u64) -> &'static Bucket {
    let class = size_class(size);
    let found = stack.and_then(|Interned(stack)| find_bucket(&ARENA, stack, class, size));
    found.unwrap_or_else(|| {
        stats::STACK_TABLE_FULL.add(1);
        find_bucket(&ARENA_WITHOUT_STACK, null_mut(), class, size).unwrap_or(&LAST_RESORT)
    })
}

/// The one copy of `stack` (return addresses, leaf first), or none when there is no room for another.
pub(crate) fn intern(stack: &[usize]) -> Option<Interned> {
    if stack.is_empty() {
        return Some(Interned(null_mut()));
    }
    let hash = stack.iter().fold(stack.len() as u64, |hash, pc| mix(hash ^ *pc as u64));
    let is_it = |entry: NonNull<Stack>| {
        // SAFETY: a published stack is complete and lives as long as the program.
        unsafe { entry.as_ref() }.hash == hash && frames(entry.as_ptr()) == stack
    };
    let (chain, lock) = (&STACKS[reduce(hash, CHAINS)], &LOCKS[reduce(hash, STRIPES)]);
    // SAFETY: `new_stack` completes and links a stack, in memory that is never given back.
    let found = unsafe { chain.find_or_add(lock, is_it, |next| new_stack(next, hash, stack)) };
    found.map(|stack| Interned(stack.as_ptr()))
}

fn new_stack(next: *mut Stack, hash: u64, stack: &[usize]) -> Option<NonNull<Stack>> {
    let memory = ARENA.take(size_of::<Stack>() + size_of_val(stack))?.cast::<Stack>();
    // SAFETY: the arena gave this memory, aligned and large enough, to us alone.
    unsafe { memory.write(Stack { next, hash, length: stack.len() }) };
    // SAFETY: the frames' place directly behind the head is inside of the same piece.
    let place = unsafe { memory.add(1) }.cast::<usize>().as_ptr();
    // SAFETY: the piece has room for the whole stack, and nobody else knows it.
    unsafe { std::ptr::copy_nonoverlapping(stack.as_ptr(), place, stack.len()) };
    Some(memory)
}

/// The frames of a published stack; none of a null one.
fn frames(stack: *const Stack) -> &'static [usize] {
    if stack.is_null() {
        return &[];
    }
    // SAFETY: a published stack is complete and never changes.
    let length = unsafe { (*stack).length };
    // SAFETY: the frames lie directly behind the head, in the same piece of memory.
    let first = unsafe { stack.add(1) }.cast::<usize>();
    // SAFETY: `new_stack` wrote `length` frames there, and they never change.
    unsafe { std::slice::from_raw_parts(first, length) }
}

fn find_bucket(arena: &Arena, stack: *mut Stack, class: u32, size: u64) -> Option<&'static Bucket> {
    let hash = mix(stack.addr() as u64 ^ (u64::from(class) << 48));
    let is_it = |entry: NonNull<Bucket>| {
        // SAFETY: a published bucket is complete and lives as long as the program.
        let bucket = unsafe { entry.as_ref() };
        bucket.stack == stack && bucket.class == class
    };
    let make = |next| {
        let memory = arena.take(size_of::<Bucket>())?.cast::<Bucket>();
        // SAFETY: the arena gave this memory, aligned and large enough, to us alone.
        unsafe { memory.write(Bucket { next, ..Bucket::new(stack, class, size) }) };
        // SAFETY: the bucket is complete and lives as long as the program.
        ALL_BUCKETS.add(unsafe { memory.as_ref() });
        Some(memory)
    };
    let (chain, lock) = (&BUCKETS[reduce(hash, CHAINS)], &LOCKS[reduce(hash, STRIPES)]);
    // SAFETY: `make` completes and links a bucket, in memory that is never given back.
    let found = unsafe { chain.find_or_add(lock, is_it, make) };
    // SAFETY: a published bucket is complete and lives as long as the program.
    found.map(|bucket| unsafe { bucket.as_ref() })
}

/// Which sizes share a bucket: every size its own up to 128 bytes, then 16 steps to the double.
fn size_class(size: u64) -> u32 {
    match u32::try_from(size) {
        Ok(small) if small <= 128 => small,
        _ => {
            let doubling = size.ilog2();
            let step = (size >> (doubling - 4)) & 15;
            let step = u32::try_from(step).unwrap_or(0);
            129 + (doubling - 7) * 16 + step
        }
    }
}

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 29)
}

/// A place below `count`, which is a power of two, for a hash.
fn reduce(hash: u64, count: usize) -> usize {
    (hash.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32) as usize & (count - 1)
}

/// The locks, for `fork`.
pub(crate) fn acquire_all() {
    LOCKS.iter().for_each(SpinLock::acquire);
    ARENA.acquire();
    ARENA_WITHOUT_STACK.acquire();
}

pub(crate) fn release_all() {
    ARENA_WITHOUT_STACK.release();
    ARENA.release();
    LOCKS.iter().for_each(SpinLock::release);
}

#[cfg(test)]
mod tests {
    use super::{Bucket, BucketView, for_each, intern, size_class};
    use crate::sampler::weight;

    fn find(stack: &[usize], size: u64) -> &'static Bucket {
        super::find(intern(stack), size)
    }

    fn view(stack: &[usize]) -> Option<(u64, f64, f64, f64, f64)> {
        let mut found = None;
        for_each(&mut |bucket: &BucketView<'_>| {
            if bucket.stack == stack {
                let (allocated, in_use) = (bucket.allocated, bucket.in_use);
                found = Some((
                    bucket.size,
                    allocated.objects,
                    allocated.bytes,
                    in_use.objects,
                    in_use.bytes,
                ));
            }
        });
        found
    }

    #[test]
    fn equal_stacks_and_sizes_share_a_bucket() {
        let bucket = find(&[10, 20], 100);
        bucket.add_allocated(100, weight(100, 1));
        find(&[10, 20], 100).add_allocated(100, weight(100, 1));
        assert!(std::ptr::eq(bucket, find(&[10, 20], 100)));
        assert_eq!(view(&[10, 20]), Some((100, 2.0, 200.0, 2.0, 200.0)));
    }

    #[test]
    fn another_stack_or_size_has_another_bucket() {
        let bucket = find(&[11, 20], 100);
        for other in [find(&[11, 20], 101), find(&[11], 100), find(&[20, 11], 100)] {
            assert!(!std::ptr::eq(bucket, other));
        }
    }

    #[test]
    fn when_all_is_freed_exactly_nothing_is_in_use() {
        let bucket = find(&[12], 77);
        for rate in [3, 1000, 524_288] {
            bucket.add_allocated(77, weight(77, rate));
        }
        for rate in [1000, 524_288, 3] {
            bucket.add_freed(77, weight(77, rate));
        }
        let (.., objects, bytes) = view(&[12]).unwrap();
        assert_eq!((objects, bytes), (0.0, 0.0));
    }

    /// For objects of one size and one rate it is what follows from the estimate alone, as readers of a
    /// profile compute it: B s / (e^(s/R) - 1).
    #[test]
    fn the_variance_is_the_one_of_the_theory_and_nothing_when_all_is_freed() {
        let sums = |sizes_and_rates: &[(u64, u64)]| {
            let mut sums = super::Sums::default();
            for (size, rate) in sizes_and_rates {
                sums.add(*size, weight(*size, *rate));
            }
            sums
        };
        for (size, rate) in [(64_u64, 524_288_u64), (300_000, 524_288), (1 << 20, 524_288), (10, 1)]
        {
            let tally = sums(&[(size, rate); 10]).tally();
            let theory = tally.bytes * size as f64 / (size as f64 / rate as f64).exp_m1();
            let theory = if rate == 1 { 0.0 } else { theory };
            assert!((tally.variance - theory).abs() <= 1e-3 * theory, "{size}: {tally:?} {theory}");
        }
        let mixed = sums(&[(64, 4096), (1 << 20, 1 << 22)]);
        assert_eq!(mixed.without(&mixed).tally().variance, 0.0);
    }

    #[test]
    fn a_class_spans_a_sixteenth() {
        assert_eq!(size_class(128) + 1, size_class(129));
        assert_eq!(size_class(1024), size_class(1087));
        assert_eq!(size_class(1024) + 1, size_class(1088));
        assert_eq!(size_class(1024) + 16, size_class(2048));
        let classes: Vec<u32> = (1..100_000).map(size_class).collect();
        assert!(classes.windows(2).all(|pair| pair[0] == pair[1] || pair[0] + 1 == pair[1]));
        assert!(size_class(u64::MAX) < 1100);
    }
}
