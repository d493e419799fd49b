//! Fuzzes binaries: names, lines, inlined frames and machine code.
#![no_main]

#[path = "../../crates/liveheap-symbols/tests/hostile/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let scratch = std::env::temp_dir().join(format!("liveheap-fuzz-{}", std::process::id()));
    targets::run(input, &scratch);
});
