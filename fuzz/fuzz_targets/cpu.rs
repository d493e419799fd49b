//! Fuzzes CPU profiles in words of 32 bits.
#![no_main]

#[path = "../../crates/liveheap-profile/tests/properties/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::run("cpu", input));
