//! What is known of one sampled object, in words that every thread may read while they are written.
//!
//! Runs inside malloc: no allocation, no lock, no panic. In: an object, from who has the record to itself.
//! Out: the same object, to who frees it; and to anyone, but that may be a mixture of two objects.

#![expect(unsafe_code, reason = "a bucket is kept as a pointer")]

use crate::atomics::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::buckets::Bucket;

/// A sampled object that is not freed, or a free place. Zeroed memory is one of these.
#[derive(Default)]
#[repr(C)]
pub(crate) struct Record {
    /// The object, 0 in a free place.
    pointer: AtomicUsize,
    bucket: AtomicPtr<Bucket>,
    /// Bytes that were asked for.
    size: AtomicU64,
    /// How many objects it stands for, a fixed-point number of the sampler's.
    weight: AtomicU64,
    /// When it was allocated, in nanoseconds of the monotonic clock.
    birth_nanos: AtomicU64,
    /// The kernel's id of the thread that allocated it.
    thread: AtomicU32,
    /// In a free place, the link of the list of these.
    next_free: AtomicU32,
}

/// What a record says about its object.
pub(crate) struct Sampled {
    pub(crate) pointer: *mut u8,
    pub(crate) bucket: &'static Bucket,
    pub(crate) size: u64,
    /// How many objects it stands for.
    pub(crate) weight: u64,
    pub(crate) thread: u32,
}

/// A live object, for a split of its bucket's estimate.
#[derive(Debug)]
pub(crate) struct LiveObject {
    /// [`BucketView::id`](crate::buckets::BucketView).
    pub(crate) bucket: usize,
    /// Bytes that were asked for.
    pub(crate) size: u64,
    /// How many objects it stands for.
    pub(crate) weight: u64,
    /// When it was allocated, by the coarse clock.
    pub(crate) birth_nanos: u64,
    /// The kernel's id of the thread that allocated it.
    pub(crate) thread: u32,
}

impl Record {
    /// For who has it to itself.
    #[inline]
    pub(crate) fn fill(&self, sampled: &Sampled, birth_nanos: u64) {
        self.bucket.store(std::ptr::from_ref(sampled.bucket).cast_mut(), Ordering::Relaxed);
        self.size.store(sampled.size, Ordering::Relaxed);
        self.weight.store(sampled.weight, Ordering::Relaxed);
        self.birth_nanos.store(birth_nanos, Ordering::Relaxed);
        self.thread.store(sampled.thread, Ordering::Relaxed);
        // Release pairs with the Acquire in `live_object`.
        self.pointer.store(sampled.pointer.addr(), Ordering::Release);
    }

    /// From now on it is no object's.
    #[inline]
    pub(crate) fn empty(&self) {
        self.pointer.store(0, Ordering::Relaxed);
    }

    /// Makes it the object's at this address, which it was filled for, or with 0 nobody's.
    pub(crate) fn name(&self, address: usize) {
        // Release pairs with the Acquire in `live_object`.
        self.pointer.store(address, Ordering::Release);
    }

    /// Whether it is of the object at this address, for that object's owner: the program brought the object
    /// from the thread that allocated it, and so what that thread wrote here.
    #[inline]
    pub(crate) fn is_of(&self, address: usize) -> bool {
        self.pointer.load(Ordering::Relaxed) == address
    }

    /// The bucket, the size and the weight, for the object's owner. None when it was never filled.
    #[inline]
    pub(crate) fn counted(&self) -> Option<(&'static Bucket, u64, u64)> {
        let bucket = self.bucket.load(Ordering::Relaxed);
        // SAFETY: `fill` stored a bucket, and buckets live as long as the program.
        let bucket = unsafe { bucket.as_ref()? };
        Some((bucket, self.size.load(Ordering::Relaxed), self.weight.load(Ordering::Relaxed)))
    }

    /// The object, for anyone. One that is freed and another put in its place meanwhile may be shown as a
    /// mixture of both; nothing else is.
    pub(crate) fn live_object(&self) -> Option<LiveObject> {
        // Acquire pairs with the Release in `fill`.
        if self.pointer.load(Ordering::Acquire) == 0 {
            return None;
        }
        Some(LiveObject {
            bucket: self.bucket.load(Ordering::Relaxed).addr(),
            size: self.size.load(Ordering::Relaxed),
            weight: self.weight.load(Ordering::Relaxed),
            birth_nanos: self.birth_nanos.load(Ordering::Relaxed),
            thread: self.thread.load(Ordering::Relaxed),
        })
    }

    #[inline]
    pub(crate) fn next_free(&self) -> &AtomicU32 {
        &self.next_free
    }
}
