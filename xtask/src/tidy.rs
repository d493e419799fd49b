//! Rules of the house that a program can check.
//!
//! - every Rust file opens with `//!`;
//! - no line left for later (the usual words for that) without an issue number;
//! - no file beyond the length at which it should be split;
//! - every file that a document points to exists;
//! - each crate depends on exactly what its committed list says, so a new edge is a diff.

use crate::process::{capture, root};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::process::Command;

/// Lines of code before a file's tests, beyond which it should be two files.
const LONGEST_FILE: usize = 600;
/// The crates whose dependencies are committed.
const CRATES: [&str; 5] =
    ["liveheap-profile", "liveheap", "liveheap-symbols", "liveheap-report", "liveheap-cli"];

pub(crate) fn run(update: bool) -> Result<()> {
    let mut complaints = Vec::new();
    for path in tree::files()? {
        if path.ends_with(".rs") {
            check_source(&path, &mut complaints)?;
        }
        if path.ends_with(".md") {
            check_pointers(&path, &mut complaints)?;
        }
    }
    for name in CRATES {
        check_dependencies(name, update, &mut complaints)?;
    }
    if complaints.is_empty() {
        println!("tidy: nothing to complain about");
        return Ok(());
    }
    for complaint in &complaints {
        println!("tidy: {complaint}");
    }
    bail!("{} complaints", complaints.len())
}

fn read(path: &str) -> Result<String> {
    std::fs::read_to_string(root().join(path)).with_context(|| format!("reading {path}"))
}

fn check_source(path: &str, complaints: &mut Vec<String>) -> Result<()> {
    let text = read(path)?;
    let opening = text.lines().find(|line| !line.starts_with("#!") && !line.is_empty());
    if !opening.is_some_and(|line| line.starts_with("//!")) {
        complaints.push(format!("{path}:1: opens without `//!` saying what the file is"));
    }
    for (number, line) in text.lines().enumerate() {
        // Spelled in parts, so that this file may name them.
        for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!(")] {
            if line.contains(word) && !line.contains(&format!("{word}(#")) {
                complaints.push(format!("{path}:{}: {word} without an issue number", number + 1));
            }
        }
    }
    let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
    let code = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
    if !is_test && code > LONGEST_FILE {
        complaints.push(format!("{path}: {code} lines before its tests; split it"));
    }
    Ok(())
}

/// Every relative link target and every path in backquotes that looks like a file of ours.
fn check_pointers(path: &str, complaints: &mut Vec<String>) -> Result<()> {
    let text = read(path)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (number, line) in text.lines().enumerate() {
        for piece in line.split("](").skip(1) {
            let target = piece.split([')', '#']).next().unwrap_or_default();
            if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            if !root().join(folder).join(target).exists() {
                complaints
                    .push(format!("{path}:{}: points to {target}, which is missing", number + 1));
            }
        }
        for target in line.split('`').skip(1).step_by(2) {
            let ours = ["crates/", "docs/", "xtask/", "fuzz/", "ci/", "tests/"];
            let is_path = ours.iter().any(|start| target.starts_with(start));
            let plain = !target.contains(['*', '{', ' ', '<']);
            if is_path && plain && !root().join(target).exists() {
                complaints.push(format!("{path}:{}: names {target}, which is missing", number + 1));
            }
        }
    }
    Ok(())
}

fn check_dependencies(name: &str, update: bool, complaints: &mut Vec<String>) -> Result<()> {
    let listing = capture(Command::new(env!("CARGO")).current_dir(root()).args([
        "tree",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--package",
        name,
    ]))?;
    let mut names: Vec<&str> =
        listing.lines().filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    let mut wanted = String::new();
    for dependency in names.into_iter().filter(|dependency| *dependency != name) {
        writeln!(wanted, "{dependency}")?;
    }
    let file = format!("crates/{name}/dependencies.txt");
    if update {
        std::fs::write(root().join(&file), &wanted).with_context(|| format!("writing {file}"))?;
    } else if read(&file).unwrap_or_default() != wanted {
        complaints.push(format!(
            "{file}: the crate's dependencies changed; if that is meant, say why in \
             docs/dependencies.md and run `cargo xtask tidy --update`"
        ));
    }
    Ok(())
}
