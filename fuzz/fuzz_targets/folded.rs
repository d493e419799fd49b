//! Fuzzes collapsed stacks.
#![no_main]

#[path = "../../crates/liveheap-profile/tests/properties/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|input: &[u8]| targets::run("folded", input));
