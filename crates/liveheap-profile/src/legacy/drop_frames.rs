//! Which frames of an unsymbolized profile belong to the profiler, once they have names.
//!
//! The expressions are written into every profile that is made from such a file and show in
//! `-proto`, so they are pprof's to the letter.

use crate::Profile;

/// Entry points of allocators.
pub(super) const ALLOCATORS: &str = concat!(
    "calloc|cfree|malloc|free|memalign|do_memalign|(__)?posix_memalign|pvalloc|valloc|realloc|",
    "tcmalloc::.*|tc_calloc|tc_cfree|tc_malloc|tc_free|tc_memalign|tc_posix_memalign|tc_pvalloc|",
    "tc_valloc|tc_realloc|tc_new|tc_delete|tc_newarray|tc_deletearray|tc_new_nothrow|",
    "tc_newarray_nothrow|malloc_zone_malloc|malloc_zone_calloc|malloc_zone_valloc|",
    r"malloc_zone_realloc|malloc_zone_memalign|malloc_zone_free|runtime\..*|BaseArena::.*|",
    "(::)?do_malloc_no_errno|(::)?do_malloc_pages|(::)?do_malloc|DoSampledAllocation|",
    "MallocedMemBlock::MallocedMemBlock|_M_allocate|__builtin_(vec_)?delete|",
    "__builtin_(vec_)?new|__gnu_cxx::new_allocator::allocate|__libc_malloc|",
    r"__malloc_alloc_template::allocate|allocate|cpp_alloc|operator new(\[\])?|",
    "simple_alloc::allocate",
);

/// Frames of Go's runtime that the program caused.
const KEPT_BY_ALLOCATORS: &str = r"runtime\.panic|runtime\.reflectcall|runtime\.call[0-9]*";

/// Where locks report that they were waited for.
const LOCKS: &str = concat!(
    "RecordLockProfileData|(base::)?RecordLockProfileData.*|(base::)?SubmitMutexProfileData.*|",
    "(base::)?SubmitSpinLockProfileData.*|(base::Mutex::)?AwaitCommon.*|(base::Mutex::)?Unlock.*|",
    "(base::Mutex::)?UnlockSlow.*|(base::Mutex::)?ReaderUnlock.*|(base::MutexLock::)?~MutexLock.*|",
    "(Mutex::)?AwaitCommon.*|(Mutex::)?Unlock.*|(Mutex::)?UnlockSlow.*|(Mutex::)?ReaderUnlock.*|",
    "(MutexLock::)?~MutexLock.*|(SpinLock::)?Unlock.*|(SpinLock::)?SlowUnlock.*|",
    "(SpinLockHolder::)?~SpinLockHolder.*",
);

/// Signal handlers of CPU profilers.
const HANDLERS: &str = concat!(
    "ProfileData::Add|ProfileData::prof_handler|CpuProfiler::prof_handler|__pthread_sighandler|",
    "__restore",
);

/// Sets the expressions that fit what the profile measures.
pub(super) fn by_sample_type(mut profile: Profile) -> Profile {
    let kinds: Vec<&str> = profile.sample_types.iter().map(|of| profile.text(of.kind)).collect();
    let (drop, keep) = match kinds[..] {
        ["objects", "space"]
        | ["inuse_objects", "inuse_space"]
        | ["alloc_objects", "alloc_space"]
        | ["alloc_objects", "alloc_space", "inuse_objects", "inuse_space"] => {
            (ALLOCATORS, KEPT_BY_ALLOCATORS)
        }
        ["contentions", "delay"] => (LOCKS, ""),
        _ => (HANDLERS, ""),
    };
    profile.drop_frames = profile.strings.add(drop);
    profile.keep_frames = profile.strings.add(keep);
    profile
}
