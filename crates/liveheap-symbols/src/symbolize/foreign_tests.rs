//! Programs for other processors and systems: 32 bits, bytes in the other order, Windows.
//!
//! Each is assembled from a source of a few lines, with line tables, by the binutils for it. Where
//! those are not installed the test says that it was skipped.

use super::*;
use crate::test_programs::{Folder, label, profile};
use std::path::PathBuf;
use std::process::Command;

/// Two functions of two instructions each.
const SOURCE: &str = ".text\n.globl grow\nMARK(grow)\ngrow:\n nop\n nop\n.globl fill\nMARK(fill)\nfill:\n nop\n nop\n";

/// What says that a symbol is a function.
const OF_ELF: &str = ".type NAME, @function";
const OF_WINDOWS: &str = ".def NAME; .scl 2; .type 32; .endef";

/// Assembles and links the source; `None` when the tools are not installed.
fn assemble(
    folder: &Folder,
    tools: &str,
    mark: &str,
    assembler: &[&str],
    linker: &[&str],
) -> Option<PathBuf> {
    let mut source = SOURCE.to_owned();
    for name in ["grow", "fill"] {
        source = source.replace(&format!("MARK({name})"), &mark.replace("NAME", name));
    }
    std::fs::write(folder.0.join("store.s"), source).expect("the folder takes files");
    let tool =
        |name: &str| Command::new(format!("{tools}{name}")).arg("--version").output().is_ok();
    if !tool("as") || !tool("ld") {
        eprintln!("SKIPPED: {tools}as and {tools}ld are not installed");
        return None;
    }
    let run = |name: &str, flags: &[&str], rest: &[&str]| {
        folder.run(&format!("{tools}{name}"), &[flags, rest].concat());
    };
    run("as", assembler, &["-gdwarf-4", "-o", "store.o", "store.s"]);
    run("ld", linker, &["-e", "grow", "-o", "store", "store.o"]);
    Some(folder.0.join("store"))
}

/// Names and lines of the first instructions of both functions.
fn found(binary: &Path) -> Vec<(String, i64)> {
    let addresses = [label(binary, "grow"), label(binary, "fill")];
    let profile = profile(binary, &binary.to_string_lossy(), "", &addresses, None);
    let options = Options { debug_folders: Vec::new(), ..Options::default() };
    let (profile, outcomes) = symbolize(profile, &options);
    let locations = (0..profile.locations.len()).map(LocationIndex::new);
    let lines = locations.flat_map(|location| profile.lines_of(location).to_vec());
    let found: Vec<_> = lines
        .map(|line| (profile.text(profile.function(&line).name).to_owned(), line.line))
        .collect();
    assert_eq!(found.len(), 2, "{}", outcomes[0]);
    found
}

fn check(binary: Option<PathBuf>) {
    let Some(binary) = binary else { return };
    assert_eq!(found(&binary), [("grow".to_owned(), 5), ("fill".to_owned(), 10)]);
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_program_of_32_bits() {
    let folder = Folder::new("bits-32");
    check(assemble(&folder, "", OF_ELF, &["--32"], &["-m", "elf_i386"]));
}

#[test]
fn a_program_with_its_bytes_in_the_other_order() {
    let folder = Folder::new("big-endian");
    check(assemble(&folder, "powerpc64-linux-gnu-", OF_ELF, &["-a64", "-mbig"], &[]));
}

#[test]
fn a_program_for_windows() {
    let folder = Folder::new("windows");
    check(assemble(&folder, "x86_64-w64-mingw32-", OF_WINDOWS, &[], &[]));
}
