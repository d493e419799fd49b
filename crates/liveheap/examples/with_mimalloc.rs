//! The same profiler over another allocator: mimalloc.
//!
//! Any `GlobalAlloc` does. The program keeps 64 MiB, asks for its own profile, and prints which
//! function holds them. What mimalloc knows of its memory goes into the statistics.

#![expect(unsafe_code, reason = "mimalloc is asked through its C function")]
#![expect(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example talks to who runs it"
)]

use liveheap::MemoryStats;
use liveheap_profile::{Profile, decode};
use std::ptr::null_mut;

#[global_allocator]
static HEAP: liveheap::Heap<mimalloc::MiMalloc> = liveheap::Heap::new(mimalloc::MiMalloc);

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
    /// Each number that has a place is written there.
    fn mi_process_info(
        elapsed_millis: *mut usize,
        user_millis: *mut usize,
        system_millis: *mut usize,
        resident: *mut usize,
        peak_resident: *mut usize,
        committed: *mut usize,
        peak_committed: *mut usize,
        page_faults: *mut usize,
    );
}

fn add_mimalloc(statistics: &mut MemoryStats) {
    let mut committed = 0_usize;
    // SAFETY: the one place that is given has room for its number.
    unsafe {
        mi_process_info(
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
            &raw mut committed,
            null_mut(),
            null_mut(),
        );
    }
    statistics.heap_sys = Some(committed as u64);
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    liveheap::on_memory_stats(add_mimalloc);
    let mut blocks = Vec::new();
    for _ in 0..BLOCKS {
        keep(&mut blocks);
    }
    let mut bytes = Vec::new();
    liveheap::write_heap_profile(&mut bytes)?;
    let profile = decode(&bytes, &Default::default())?;
    let (held, all) = in_use(&profile, "with_mimalloc::keep");
    println!("with_mimalloc::keep holds an estimated {} of {} MiB in use", held >> 20, all >> 20);
    println!("it really holds {} MiB", (blocks.len() * BLOCK_BYTES) >> 20);
    let off = held.abs_diff(64 << 20);
    // One sample in 512 KiB: the standard error is √(64 MiB × 512 KiB), nearly 6 MiB.
    if off > 32 << 20 {
        return Err(format!("the estimate is {} MiB off", off >> 20).into());
    }
    let heap_sys = liveheap::memory_stats().heap_sys.unwrap_or(0);
    println!("mimalloc has {} MiB from the kernel", heap_sys >> 20);
    if heap_sys < 64 << 20 {
        return Err("mimalloc's own number is missing".into());
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
