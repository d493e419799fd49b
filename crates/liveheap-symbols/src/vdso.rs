//! The kernel's little library that is mapped into every process, the vDSO.
//!
//! Goes in: what a mapping is called, and its build id. Comes out: this process's own vDSO when it
//! is the same build, as it is for every profile of this machine since it was started. There is no
//! file of it; it is read from this process's memory.

use crate::object_file::ObjectFile;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// What the kernel calls it.
const NAME: &str = "[vdso]";
/// A vDSO has two pages; no more than this is read.
const MOST_BYTES: u64 = 1 << 20;

/// Whether a mapping is the vDSO.
pub(crate) fn is_vdso(file: &str) -> bool {
    file == NAME || file.starts_with("linux-vdso.so")
}

/// The vDSO of this build.
pub(crate) fn find_vdso(file: &str, build_id: &str) -> Option<ObjectFile> {
    if !is_vdso(file) || build_id.is_empty() {
        return None;
    }
    let own = own_vdso()?;
    own.image().is_ok_and(|image| image.build_id.eq_ignore_ascii_case(build_id)).then_some(own)
}

/// This process's own.
pub(crate) fn own_vdso() -> Option<ObjectFile> {
    let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with(NAME))?;
    let (start, end) = line.split_whitespace().next()?.split_once('-')?;
    let start = u64::from_str_radix(start, 16).ok()?;
    let length = u64::from_str_radix(end, 16).ok()?.checked_sub(start)?;
    let mut memory = File::open("/proc/self/mem").ok()?;
    memory.seek(SeekFrom::Start(start)).ok()?;
    let mut bytes = Vec::new();
    memory.take(length.min(MOST_BYTES)).read_to_end(&mut bytes).ok()?;
    Some(ObjectFile::unpacked(Path::new(NAME), bytes))
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::{Options, Outcome, symbolize};
    use liveheap_profile::{Mapping, Profile, ProfileBuilder};
    use object::{Object, ObjectSymbol};

    /// A profile of one address in a vDSO of this build.
    fn profile(build_id: &str, address: u64) -> Profile {
        let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
        let start = 0x7ffc_0000_0000;
        let (file, build_id) = (builder.string(NAME), builder.string(build_id));
        let limit = start + 0x2000;
        let mapping =
            builder.mapping(Mapping { start, limit, file, build_id, ..Mapping::default() });
        let location = builder.location(start + address, Some(mapping), &[]);
        builder.sample(&[location], &[1], &[]);
        builder.finish()
    }

    fn name(profile: Profile) -> (Option<String>, Vec<Outcome>) {
        let (profile, outcomes) = symbolize(profile, &Options::default());
        let line = profile.lines.first();
        (line.map(|line| profile.text(profile.function(line).name).to_owned()), outcomes)
    }

    #[test]
    fn the_same_build_has_names_and_another_has_a_reason() {
        let Some(own) = own_vdso() else {
            eprintln!("SKIPPED: this process has no vDSO");
            return;
        };
        let image = own.image().expect("the kernel's library is intact");
        let mut symbols = image.object.dynamic_symbols().filter(ObjectSymbol::is_definition);
        let time = symbols.find(|symbol| symbol.name() == Ok("__vdso_clock_gettime"));
        let address = time.expect("every kernel has it").address();
        let (found, _) = name(profile(&image.build_id, address + 1));
        assert!(found.is_some_and(|name| name.ends_with("clock_gettime")));
        let (found, outcomes) = name(profile("abcdef", address + 1));
        assert_eq!(found, None);
        assert_eq!(
            outcomes[0].to_string(),
            "[vdso]: it is in the kernel, and not the one of this machine as it runs now; its names \
             can be found where the profile was taken"
        );
    }
}
