//! The same profiler over another allocator: jemalloc.
//!
//! Any `GlobalAlloc` does. The program keeps 64 MiB, asks for its own profile, and prints which
//! function holds them. What jemalloc knows of its memory goes into the statistics.

#![expect(unsafe_code, reason = "jemalloc is asked through its C function")]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example talks to who runs it"
)]

use liveheap::MemoryStats;
use liveheap_profile::{Profile, decode};
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::null_mut;

#[global_allocator]
static HEAP: liveheap::Heap<tikv_jemallocator::Jemalloc> =
    liveheap::Heap::new(tikv_jemallocator::Jemalloc);

/// How many blocks are kept.
const BLOCKS: usize = 1024;
/// How large each is, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// The function that the profile must name.
#[inline(never)]
fn keep(blocks: &mut Vec<Vec<u8>>) {
    blocks.push(vec![1; BLOCK_BYTES]);
}

unsafe extern "C" {
    /// What the crate `tikv-jemalloc-ctl` calls.
    fn _rjem_mallctl(
        name: *const c_char,
        old: *mut c_void,
        old_size: *mut usize,
        new: *mut c_void,
        new_size: usize,
    ) -> c_int;
}

/// A number of jemalloc's, in bytes.
fn jemalloc(name: &CStr) -> Option<u64> {
    let mut value = 0_usize;
    let mut size = size_of::<usize>();
    // SAFETY: the names below are of numbers of this size, for which there is room.
    let error = unsafe {
        _rjem_mallctl(name.as_ptr(), (&raw mut value).cast(), &raw mut size, null_mut(), 0)
    };
    (error == 0).then_some(value as u64)
}

/// Makes jemalloc take its numbers anew.
fn refresh() {
    let mut epoch = 1_u64;
    // SAFETY: the name is of a number of this size, which is only read.
    unsafe {
        _rjem_mallctl(
            c"epoch".as_ptr(),
            null_mut(),
            null_mut(),
            (&raw mut epoch).cast(),
            size_of::<u64>(),
        )
    };
}

fn add_jemalloc(statistics: &mut MemoryStats) {
    refresh();
    let (mapped, active) = (jemalloc(c"stats.mapped"), jemalloc(c"stats.active"));
    // jemalloc counts: its number is exact where ours is an estimate.
    statistics.alloc = jemalloc(c"stats.allocated").or(statistics.alloc);
    statistics.heap_sys = mapped;
    statistics.heap_inuse = active;
    statistics.heap_idle = mapped.zip(active).map(|(mapped, active)| mapped.saturating_sub(active));
    statistics.heap_released = jemalloc(c"stats.retained");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    liveheap::on_memory_stats(add_jemalloc);
    let mut blocks = Vec::new();
    for _ in 0..BLOCKS {
        keep(&mut blocks);
    }
    let mut bytes = Vec::new();
    liveheap::write_heap_profile(&mut bytes)?;
    let profile = decode(&bytes, &Default::default())?;
    let (held, all) = in_use(&profile, "with_jemalloc::keep");
    println!("with_jemalloc::keep holds an estimated {} of {} MiB in use", held >> 20, all >> 20);
    println!("it really holds {} MiB", (blocks.len() * BLOCK_BYTES) >> 20);
    let off = held.abs_diff(64 << 20);
    // One sample in 512 KiB: the standard error is √(64 MiB × 512 KiB), nearly 6 MiB.
    if off > 32 << 20 {
        return Err(format!("the estimate is {} MiB off", off >> 20).into());
    }
    let heap_inuse = liveheap::memory_stats().heap_inuse.unwrap_or(0);
    println!("jemalloc's pages hold {} MiB", heap_inuse >> 20);
    if heap_inuse < 64 << 20 {
        return Err("jemalloc's own numbers are missing".into());
    }
    Ok(())
}

/// The bytes in use whose stack has the function as its leaf, and all bytes in use.
fn in_use(profile: &Profile, function: &str) -> (u64, u64) {
    let (mut held, mut all) = (0, 0);
    for sample in 0..profile.samples.len() {
        // The fourth sample type is inuse_space.
        let bytes = u64::try_from(profile.samples.values(sample)[3]).unwrap_or(0);
        let leaf = profile.samples.stack(sample).first().map(|leaf| profile.lines_of(*leaf));
        let line = leaf.and_then(|lines| lines.last());
        if line.is_some_and(|line| profile.text(profile.function(line).name) == function) {
            held += bytes;
        }
        all += bytes;
    }
    (held, all)
}
