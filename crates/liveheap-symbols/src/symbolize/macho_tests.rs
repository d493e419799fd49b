//! Mach-O files, written here byte by byte, for there is no compiler of Apple's on most machines.

use super::*;
use crate::test_programs::Folder;
use liveheap_profile::{Mapping, ProfileBuilder};

const X86_64: u32 = 0x0100_0007;
const ARM64: u32 = 0x0100_000c;

/// Where the code of a program is, as linked.
const TEXT: u64 = 0x1_0000_0000;

/// A program with a page of nothing, a page of code, a UUID of one byte repeated, and symbols at
/// distances from the start of the code. A `kind` of 2 is a program, of 10 its debug information.
fn macho(cpu: u32, kind: u32, uuid: u8, symbols: &[(&str, u64)]) -> Vec<u8> {
    let word = |bytes: &mut Vec<u8>, value: u32| bytes.extend(value.to_le_bytes());
    let long = |bytes: &mut Vec<u8>, value: u64| bytes.extend(value.to_le_bytes());
    let segment = |name: &str, address: u64, size: u64, size_in_file: u64, rights: u32| {
        let mut bytes = Vec::new();
        [0x19, 72].iter().for_each(|value| word(&mut bytes, *value));
        bytes.extend(name.as_bytes());
        bytes.resize(24, 0);
        [address, size, 0, size_in_file].iter().for_each(|value| long(&mut bytes, *value));
        [rights, rights, 0, 0].iter().for_each(|value| word(&mut bytes, *value));
        bytes
    };
    // One section, for symbols say which they are in.
    let mut text = segment("__TEXT", TEXT, 0x1000, 0x1000, 5);
    text[4..8].copy_from_slice(&152_u32.to_le_bytes());
    text[64..68].copy_from_slice(&1_u32.to_le_bytes());
    for name in ["__text", "__TEXT"] {
        let end = text.len() + 16;
        text.extend(name.as_bytes());
        text.resize(end, 0);
    }
    [TEXT, 0x1000].iter().for_each(|value| long(&mut text, *value));
    [0, 0, 0, 0, 0x8000_0400, 0, 0, 0].iter().for_each(|value| word(&mut text, *value));

    let mut commands = segment("__PAGEZERO", 0, TEXT, 0, 0);
    commands.extend(text);
    [0x1b, 24].iter().for_each(|value| word(&mut commands, *value));
    commands.extend([uuid; 16]);
    let mut names = vec![0];
    let mut table = Vec::new();
    for (name, distance) in symbols {
        word(&mut table, u32::try_from(names.len()).unwrap());
        // Exported, defined in section 1.
        table.extend([0x0f, 1, 0, 0]);
        long(&mut table, TEXT + distance);
        names.extend(name.as_bytes());
        names.push(0);
    }
    let count = u32::try_from(symbols.len()).unwrap();
    let size = u32::try_from(names.len()).unwrap();
    [2, 24, 0x1000, count, 0x1000 + 16 * count, size]
        .iter()
        .for_each(|value| word(&mut commands, *value));
    let mut file = Vec::new();
    let length = u32::try_from(commands.len()).unwrap();
    // The flag says that the program runs at any address.
    [0xfeed_facf, cpu, 3, kind, 4, length, 0x20_0000, 0]
        .iter()
        .for_each(|value| word(&mut file, *value));
    file.extend(commands);
    file.resize(0x1000, 0);
    file.extend(table);
    file.extend(names);
    file
}

/// One file with programs for several processors.
fn fat(programs: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    let count = u32::try_from(programs.len()).unwrap();
    [0xcafe_babe, count].iter().for_each(|value| file.extend(value.to_be_bytes()));
    let mut offset = 0x1000;
    for (cpu, program) in programs {
        let size = u32::try_from(program.len()).unwrap();
        [*cpu, 3, offset, size, 12].iter().for_each(|value| file.extend(value.to_be_bytes()));
        offset += (size + 0xfff) & !0xfff;
    }
    for (_, program) in programs {
        file.resize((file.len() + 0xfff) & !0xfff, 0);
        file.extend(program);
    }
    file
}

/// The names of addresses 8, 0x18 and 0x28 behind the start of the code, for a mapping of all of it.
fn names(folder: &Folder, uuid: &str) -> String {
    let path = folder.0.join("store");
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let start = TEXT + 0x7000;
    let file = builder.string(&path.to_string_lossy());
    let build_id = builder.string(uuid);
    let limit = start + 0x4000;
    let mapping = Mapping { start, limit, file, build_id, ..Mapping::default() };
    let mapping = builder.mapping(mapping);
    let stack =
        [8, 0x18, 0x28].map(|distance| builder.location(start + distance, Some(mapping), &[]));
    builder.sample(&stack, &[1], &[]);
    let options = Options { debug_folders: Vec::new(), ..Options::default() };
    let (profile, _) = symbolize(builder.finish(), &options);
    let names = (0..3).map(|position| {
        let lines = profile.lines_of(LocationIndex::new(position));
        lines.first().map_or("-", |line| profile.text(profile.function(line).name))
    });
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_program_of_a_mac_has_names_without_the_underscore_of_c() {
    let folder = Folder::new("macho");
    let symbols = [("_main", 0), ("__ZN4fillE", 0x10), ("_grow", 0x20)];
    std::fs::write(folder.0.join("store"), macho(X86_64, 2, 7, &symbols)).unwrap();
    assert_eq!(names(&folder, &"07".repeat(16)), "main _ZN4fillE grow");
    assert_eq!(names(&folder, ""), "main _ZN4fillE grow");
    assert_eq!(names(&folder, &"08".repeat(16)), "- - -");
}

#[test]
fn of_several_programs_in_one_file_the_one_with_the_build_id_counts() {
    let folder = Folder::new("fat");
    let arm = macho(ARM64, 2, 1, &[("_on_arm", 0)]);
    let intel = macho(X86_64, 2, 2, &[("_on_intel", 0)]);
    let bytes = fat(&[(ARM64, arm), (X86_64, intel)]);
    std::fs::write(folder.0.join("store"), &bytes).unwrap();
    assert_eq!(names(&folder, &"01".repeat(16)), "on_arm on_arm on_arm");
    assert_eq!(names(&folder, &"02".repeat(16)), "on_intel on_intel on_intel");
    assert_eq!(names(&folder, &"03".repeat(16)), "- - -");
    for length in (0..bytes.len()).step_by(97) {
        std::fs::write(folder.0.join("store"), &bytes[..length]).unwrap();
        let _ = names(&folder, &"02".repeat(16));
    }
}

#[test]
fn a_folder_beside_a_program_has_its_debug_information() {
    let folder = Folder::new("dsym");
    std::fs::write(folder.0.join("store"), macho(ARM64, 2, 5, &[])).unwrap();
    let below = folder.0.join("store.dSYM/Contents/Resources/DWARF");
    std::fs::create_dir_all(&below).unwrap();
    std::fs::write(below.join("store"), macho(ARM64, 10, 6, &[("_fill", 0)])).unwrap();
    assert_eq!(names(&folder, &"05".repeat(16)), "- - -", "of another build");
    std::fs::write(below.join("store"), macho(ARM64, 10, 5, &[("_fill", 0)])).unwrap();
    assert_eq!(names(&folder, &"05".repeat(16)), "fill fill fill");
}
