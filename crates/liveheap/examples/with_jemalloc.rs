//! The same profiler over another allocator: jemalloc.
//!
//! Any `GlobalAlloc` does. The program keeps 64 MiB, asks for its own profile, and prints which
//! function holds them.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_macros,
    reason = "an example talks to who runs it"
)]

use liveheap_profile::{Profile, decode};

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

fn main() -> Result<(), Box<dyn std::error::Error>> {
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
