//! Which share of a program's addresses gets names and lines from us, and from the tools that people
//! have: the real pprof, `addr2line`, `llvm-symbolizer`.
//!
//! Goes in: four small programs, built here by the compilers of this machine in every way that debug
//! information can be kept. Comes out: a table in Markdown, and an error when another tool finds
//! more than we do.

mod builds;
mod tools;

use crate::elf::ElfFile;
use crate::process::{build, capture, fresh_folder};
use anyhow::{Context, Result, bail};
use builds::Variant;
use std::path::Path;
use std::process::Command;
use tools::{Found, Tools};

/// How many addresses of each program are looked up.
const ADDRESSES: usize = 500;

pub(crate) fn run(oracle: &Path, goroot: Option<&Path>) -> Result<()> {
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    let folder = fresh_folder("compare-symbols")?;
    let tools = Tools { ours: &ours, oracle, folder: &folder };
    println!("| program | built | ours | `go tool pprof` | `addr2line` | `llvm-symbolizer` |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut lost = Vec::new();
    for language in builds::LANGUAGES {
        let Some(variants) = builds::build(*language, &folder, goroot)? else { continue };
        for variant in &variants {
            let found = row(&tools, variant)?;
            let [own, others @ ..] = &found;
            let cells: Vec<_> = found.iter().map(Found::cell).collect();
            let (program, how) = (language.name(), variant.how);
            println!("| {program} | {how} | {} |", cells.join(" | "));
            let most = |field: fn(&Found) -> usize| others.iter().map(field).max().unwrap_or(0);
            if own.named < most(|found| found.named) || own.lined < most(|found| found.lined) {
                lost.push(format!("{program}, {how}"));
            }
        }
    }
    if !lost.is_empty() {
        bail!("another tool finds more than ours: {}", lost.join("; "));
    }
    Ok(())
}

/// What ours, pprof, `addr2line` and `llvm-symbolizer` find.
fn row(tools: &Tools<'_>, variant: &Variant) -> Result<[Found; 4]> {
    let addresses = code_addresses(&variant.reference)?;
    let elf = ElfFile::read(&variant.binary)?;
    let profile = elf.profile(&addresses)?;
    let path = variant.folder.join("addresses.pb.gz");
    std::fs::write(&path, liveheap_profile::encode_gzip(&profile)?)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok([
        tools.ours(&path, variant)?,
        tools.oracle(&path, variant)?,
        tools.addr2line(&addresses, variant)?,
        tools.llvm_symbolizer(&addresses, variant)?,
    ])
}

/// Addresses in equal distances over the functions of a program that has its symbols: between
/// functions there is nothing to find.
fn code_addresses(binary: &Path) -> Result<Vec<u64>> {
    let listing = capture(Command::new("nm").args(["-S", "--defined-only"]).arg(binary))?;
    let mut functions: Vec<(u64, u64)> = listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let start = u64::from_str_radix(words.next()?, 16).ok()?;
            let size = u64::from_str_radix(words.next()?, 16).ok()?;
            matches!(words.next()?, "t" | "T" | "w" | "W").then_some((start, size))
        })
        .collect();
    functions.sort_unstable();
    let total: u64 = functions.iter().map(|(_, size)| size).sum();
    let step = (total / ADDRESSES as u64).max(1);
    let mut addresses = Vec::new();
    for (start, size) in functions {
        // The first instruction of each, and more of the longer ones.
        addresses.extend((start..start + size).step_by(usize::try_from(step)?));
    }
    addresses.sort_unstable();
    addresses.dedup();
    let thin = addresses.len().div_ceil(ADDRESSES);
    Ok(addresses.into_iter().step_by(thin.max(1)).collect())
}
