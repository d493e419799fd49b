//! Where our own time goes: a run of the command under `perf record`, shown by the command itself.
//!
//! `perf script` prints each sample as a block of frames, leaf first. The blocks become collapsed
//! stacks, which `liveheap top` reads as it reads any profile.

use crate::process::capture;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Samples a second.
const FREQUENCY: &str = "2000";
/// Bytes of each stack that perf keeps to unwind it later.
const CALL_GRAPH: &str = "dwarf,16384";

/// Prints what functions hold the time of `command`.
///
/// # Errors
/// When perf is missing or may not record.
pub(super) fn print(name: &str, command: &mut Command, ours: &Path, folder: &Path) -> Result<()> {
    let folded = record(command, folder).with_context(|| format!("profiling {name}"))?;
    println!("{name}\n");
    let mut top = Command::new(ours);
    top.args(["pprof", "-top", "-nodecount=12"]).arg(&folded).stderr(Stdio::null());
    println!("{}", capture(&mut top)?);
    Ok(())
}

/// Runs a command under perf; gives the file of its collapsed stacks.
fn record(command: &Command, folder: &Path) -> Result<PathBuf> {
    let data = folder.join("perf.data");
    let recorded = Command::new("perf")
        .args(["record", "--quiet", "-F", FREQUENCY, "--call-graph", CALL_GRAPH, "-o"])
        .arg(&data)
        .arg("--")
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("starting perf, which the package linux-perf has")?;
    if !recorded.success() {
        bail!("perf record ended with {recorded}; may this user record?");
    }
    let script = capture(
        Command::new("perf").args(["script", "--no-inline", "-F", "ip,sym", "-i"]).arg(&data),
    )?;
    let folded = folder.join("own.folded");
    std::fs::write(&folded, collapse(&script)).context("writing collapsed stacks")?;
    Ok(folded)
}

/// Blocks of `address name` lines to lines of `root;…;leaf count`.
fn collapse(script: &str) -> String {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for block in script.split("\n\n") {
        let names = block.lines().rev().filter_map(|line| line.trim().split_once(' '));
        let stack: Vec<String> = names.map(|(_, name)| name.replace(';', ":")).collect();
        if !stack.is_empty() {
            *stacks.entry(stack.join(";")).or_default() += 1;
        }
    }
    stacks.iter().map(|(stack, count)| format!("{stack} {count}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_stacks_root_first() {
        let script = "\n  1f leaf\n  2f <T as U>::f\n\n  3f leaf\n  2f <T as U>::f\n\n  4f main\n";
        assert_eq!(collapse(script), "<T as U>::f;leaf 2\nmain 1\n");
    }
}
