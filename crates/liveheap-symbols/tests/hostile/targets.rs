//! What the fuzz target does with a binary. The fuzz workspace includes this file, so that kept
//! inputs are replayed with the very code that found them.

use liveheap_profile::{Mapping, Profile, ProfileBuilder};
use liveheap_symbols::{Disassembler, Mode, Options, Outcome, Syntax, demangle_profile, symbolize};
use std::path::Path;

/// Where small programs have their code when they are position independent, and when they are not.
const CODE: [u64; 2] = [0x1000, 0x40_1000];

/// Symbolizes addresses of a binary, and shows its code. Neither may panic or take long, whatever
/// the bytes are. `scratch` is a file that is overwritten with them.
pub(crate) fn run(input: &[u8], scratch: &Path) -> (Profile, Vec<Outcome>) {
    std::fs::write(scratch, input).expect("the scratch file can be written");
    let file = scratch.to_string_lossy();
    let mut options = Options::default();
    options.debug_folders = Vec::new();
    let (profile, outcomes) = symbolize(profile(&file), &options);
    assert_eq!(outcomes.len(), 1, "one mapping, one outcome");
    assert!(!outcomes[0].to_string().is_empty(), "an outcome has words");
    let profile = demangle_profile(profile, Mode::Simplified, false);
    if let Ok(disassembler) = Disassembler::find(&file, "", &options) {
        for syntax in [Syntax::Go, Syntax::Intel, Syntax::Att] {
            let _ = disassembler.code(&CODE.map(|start| start..start + 64), syntax);
        }
    }
    (profile, outcomes)
}

/// A profile with addresses as linked, for a mapping that starts at 0 holds for these.
fn profile(file: &str) -> Profile {
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let file = builder.string(file);
    let mapping = Mapping { start: 0, limit: u64::MAX, file, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    let places = CODE.into_iter().flat_map(|start| (start..start + 0x400).step_by(8));
    let stack: Vec<_> = places
        .chain([0, u64::MAX])
        .map(|address| builder.location(address, Some(mapping), &[]))
        .collect();
    builder.sample(&stack, &[1], &[]);
    builder.finish()
}
