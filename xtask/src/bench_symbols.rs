//! What it costs to find the names of many addresses in a large binary, beside the real pprof with
//! the helper that it picks itself: `llvm-symbolizer`, else `addr2line`.
//!
//! Goes in: binaries; without any, the compilers that are at hand. Comes out: a table in Markdown of
//! CPU seconds (with those of all helpers), peak resident memory (of the largest process) and how
//! many different functions each of the two shows.

use crate::elf::ElfFile;
use crate::measure::{Cost, median, run_once};
use crate::process::{build, capture, fresh_folder};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the benchmark needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The real pprof.
    pub(crate) oracle: &'a Path,
    /// How many addresses the profiles have.
    pub(crate) addresses: u64,
    /// How often our command runs.
    pub(crate) rounds: usize,
    /// Binaries to look in.
    pub(crate) binaries: Vec<PathBuf>,
}

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    ensure!(plan.rounds > 0 && plan.addresses > 0, "nothing to do");
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    let folder = fresh_folder("bench-symbols")?;
    let mut binaries = plan.binaries.clone();
    if binaries.is_empty() {
        // One with a symbol table only, one that pprof was built with, one of ours with everything.
        binaries = vec![compiler_library()?, plan.oracle.to_path_buf(), ours.clone()];
    }
    println!(
        "| binary | MB | pprof CPU s | ours CPU s | CPU ratio | pprof MB | ours MB | MB ratio | pprof functions | our functions |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for binary in &binaries {
        row(plan, &ours, binary, &folder)?;
    }
    Ok(())
}

/// The library that all of rustc is in.
fn compiler_library() -> Result<PathBuf> {
    let root = capture(Command::new("rustc").args(["--print", "sysroot"]))?;
    let folder = Path::new(root.trim()).join("lib");
    let entries =
        std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    let is_driver = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("librustc_driver-") && name.ends_with(".so")
    };
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.find(is_driver).with_context(|| format!("no driver library in {}", folder.display()))
}

fn row(plan: &Plan<'_>, ours: &Path, binary: &Path, folder: &Path) -> Result<()> {
    let elf = ElfFile::read(binary)?;
    let name = binary.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let path = folder.join(format!("{name}.pb.gz"));
    let profile = elf.profile(&elf.spread(plan.addresses))?;
    std::fs::write(&path, liveheap_profile::encode_gzip(&profile)?)
        .with_context(|| format!("writing {}", path.display()))?;
    drop(profile);
    let functions = |command: &mut Command| -> Result<usize> {
        let text =
            capture(command.args(["-top", "-nodecount=1000000", "-nodefraction=0"]).arg(&path))?;
        Ok(text.lines().skip_while(|line| !line.contains("flat%")).skip(1).count())
    };
    let real_functions = functions(&mut Command::new(plan.oracle))?;
    let own_functions = functions(Command::new(ours).arg("pprof"))?;
    let (real, _) = run_once(Command::new(plan.oracle).arg("-top").arg(&path))?;
    let mut own_costs = Vec::new();
    for _ in 0..plan.rounds {
        own_costs.push(run_once(Command::new(ours).args(["pprof", "-top"]).arg(&path))?.0);
    }
    let of = |field: fn(&Cost) -> f64| median(own_costs.iter().map(field).collect());
    let (cpu, memory) = (of(|cost| cost.cpu_seconds), of(|cost| cost.peak_megabytes));
    let size = std::fs::metadata(binary)?.len();
    println!(
        "| `{name}` | {} | {:.2} | {cpu:.2} | {:.1} | {:.0} | {memory:.0} | {:.1} | {real_functions} | {own_functions} |",
        size / 1_000_000,
        real.cpu_seconds,
        real.cpu_seconds / cpu,
        real.peak_megabytes,
        real.peak_megabytes / memory,
    );
    Ok(())
}
