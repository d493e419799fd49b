//! Reads a profile and prints how large its tables are: `cargo run --example decode -- FILE`.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use liveheap_profile::{Limits, decode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: decode FILE")?;
    #[expect(clippy::disallowed_methods, reason = "the crate opens no file; its example must")]
    let bytes = std::fs::read(path)?;
    let profile = decode(&bytes, &Limits::default())?;
    println!(
        "{} samples, {} frames, {} locations, {} functions, {} texts",
        profile.samples.len(),
        profile.samples.frames().len(),
        profile.locations.len(),
        profile.functions.len(),
        profile.strings.len()
    );
    Ok(())
}
