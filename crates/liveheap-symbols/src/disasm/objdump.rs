//! Instructions of other processors than x86-64, as an installed `objdump` writes them.
//!
//! Goes in: a binary and a range of its addresses. Comes out: the address and the text of each
//! instruction there, with single blanks between the columns. The binutils and LLVM are both
//! understood; which of them knows a processor depends on how it was built, so each is asked.

use object::Architecture;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

/// What some systems call a processor in the names of their packages and programs.
fn triple(architecture: Architecture) -> Option<&'static str> {
    Some(match architecture {
        Architecture::Aarch64 => "aarch64-linux-gnu",
        Architecture::Arm => "arm-linux-gnueabihf",
        Architecture::I386 => "i686-linux-gnu",
        Architecture::PowerPc64 => "powerpc64le-linux-gnu",
        Architecture::Riscv64 => "riscv64-linux-gnu",
        Architecture::S390x => "s390x-linux-gnu",
        _ => return None,
    })
}

/// The instructions of a range.
///
/// # Errors
/// A sentence that says what to install when no installed program knows the processor.
pub(super) fn instructions(
    binary: &Path,
    architecture: Architecture,
    range: &Range<u64>,
) -> Result<Vec<(u64, String)>, String> {
    let triple = triple(architecture);
    let of_system = triple.map(|triple| format!("{triple}-objdump"));
    let programs = ["objdump", "llvm-objdump"].into_iter().map(str::to_owned).chain(of_system);
    for program in programs {
        let output = Command::new(&program)
            .args(["-d", "--no-show-raw-insn"])
            .arg(format!("--start-address={:#x}", range.start))
            .arg(format!("--stop-address={:#x}", range.end))
            .arg(binary)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output();
        let Ok(output) = output else { continue };
        let lines = parse(&String::from_utf8_lossy(&output.stdout));
        if !lines.is_empty() {
            return Ok(lines);
        }
    }
    let package = triple.map_or_else(
        || "a binutils that knows it, or llvm".to_owned(),
        |triple| format!("binutils-{triple}, or llvm"),
    );
    Err(format!("no objdump here knows the machine code of {architecture:?}; install {package}"))
}

/// Lines of an address, a colon, a tab and text; others are titles. (The name of a file may be a
/// number, too.)
fn parse(text: &str) -> Vec<(u64, String)> {
    let instruction = |line: &str| {
        let (address, text) = line.trim_start().split_once(':')?;
        let address = u64::from_str_radix(address, 16).ok()?;
        let text = text.trim_start_matches(' ').strip_prefix('\t')?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        // What is behind the name of a function has no text.
        (!text.is_empty()).then_some((address, text))
    };
    text.lines().filter_map(instruction).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_told_from_titles() {
        let text = "\nadd:     file format elf64-x\n\n0000000000400078 <add>:\n  400078:\tadd\tx0, x0, x1\n \
                    40007c:\tret\n\t...\n";
        let expected = [(0x40_0078, "add x0, x0, x1"), (0x40_007c, "ret")];
        let found = parse(text);
        assert!(found.iter().map(|(at, text)| (*at, text.as_str())).eq(expected), "{found:?}");
    }

    #[test]
    fn who_has_no_objdump_for_a_processor_hears_what_to_install() {
        let error =
            instructions(Path::new("/missing"), Architecture::Riscv64, &(0..4)).unwrap_err();
        assert_eq!(
            error,
            "no objdump here knows the machine code of Riscv64; install binutils-riscv64-linux-gnu, or llvm"
        );
    }
}
