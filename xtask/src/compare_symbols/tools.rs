//! Asks each tool for the same addresses and counts what it says.

use super::builds::Variant;
use crate::process::capture;
use anyhow::{Context, Result};
use liveheap_profile::{Limits, LocationIndex, decode};
use std::path::Path;
use std::process::Command;

/// The tools.
#[derive(Debug)]
pub(super) struct Tools<'a> {
    pub(super) ours: &'a Path,
    /// The real pprof.
    pub(super) oracle: &'a Path,
    /// For files in between.
    pub(super) folder: &'a Path,
}

/// What a tool found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    addresses: usize,
    /// How many addresses have the name of a function.
    pub(super) named: usize,
    /// How many have a line.
    pub(super) lined: usize,
    /// Frames of all addresses: with inlined functions more than addresses.
    frames: usize,
}

impl Found {
    /// Names and lines in per cent, and frames for each named address.
    pub(super) fn cell(&self) -> String {
        // The nearest per cent below, so that 100 is all of them.
        let share = |part: usize| part * 100 / self.addresses.max(1);
        let depth = self.frames as f64 / self.named.max(1) as f64;
        match (self.named, self.lined) {
            (0, 0) => "nothing".to_owned(),
            _ => format!("{} %, {} %, {depth:.1}", share(self.named), share(self.lined)),
        }
    }

    /// Takes the frames of one address: name and line, if they are known.
    fn add(&mut self, frames: &[(bool, bool)]) {
        self.addresses += 1;
        self.named += usize::from(frames.iter().any(|(named, _)| *named));
        self.lined += usize::from(frames.iter().any(|(_, lined)| *lined));
        self.frames += frames.iter().filter(|(named, _)| *named).count();
    }
}

impl Tools<'_> {
    pub(super) fn ours(&self, profile: &Path, variant: &Variant) -> Result<Found> {
        self.pprof(Command::new(self.ours).arg("pprof"), profile, variant)
    }

    pub(super) fn oracle(&self, profile: &Path, variant: &Variant) -> Result<Found> {
        self.pprof(&mut Command::new(self.oracle), profile, variant)
    }

    fn pprof(&self, command: &mut Command, profile: &Path, variant: &Variant) -> Result<Found> {
        let output = self.folder.join("symbolized.pb.gz");
        let ids = variant.folder.join(".build-id");
        // Each of the two has its own way to lay out such a folder.
        let folders = format!("{}:{}", variant.folder.display(), ids.display());
        command.env("PPROF_BINARY_PATH", folders);
        capture(command.arg("-proto").arg(format!("-output={}", output.display())).arg(profile))?;
        let bytes =
            std::fs::read(&output).with_context(|| format!("reading {}", output.display()))?;
        let profile = decode(&bytes, &Limits::default())?;
        let mut found = Found::default();
        for position in 0..profile.locations.len() {
            let lines = profile.lines_of(LocationIndex::new(position));
            let frame = |line: &liveheap_profile::Line| {
                (!profile.text(profile.function(line).name).is_empty(), line.line != 0)
            };
            found.add(&lines.iter().map(frame).collect::<Vec<_>>());
        }
        Ok(found)
    }

    pub(super) fn addr2line(&self, addresses: &[u64], variant: &Variant) -> Result<Found> {
        let mut command = Command::new("addr2line");
        command.args(["-a", "-f", "-i", "-e"]).arg(&variant.binary);
        self.listed(&mut command, addresses)
    }

    pub(super) fn llvm_symbolizer(&self, addresses: &[u64], variant: &Variant) -> Result<Found> {
        let mut command = Command::new("llvm-symbolizer");
        command.args(["--addresses", "--functions=linkage", "--no-demangle"]);
        command.arg(format!("--debug-file-directory={}", variant.folder.display()));
        command.arg(format!("--obj={}", variant.binary.display()));
        self.listed(&mut command, addresses)
    }

    /// For each address both print it, then pairs of a function and a place.
    fn listed(&self, command: &mut Command, addresses: &[u64]) -> Result<Found> {
        let text = capture(command.args(addresses.iter().map(|address| format!("{address:#x}"))))?;
        let mut found = Found::default();
        let mut frames: Option<Vec<(bool, bool)>> = None;
        let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
        while let Some(line) = lines.next() {
            if line.starts_with("0x") {
                if let Some(frames) = frames.replace(Vec::new()) {
                    found.add(&frames);
                }
                continue;
            }
            let place = lines.next().context("a function without a place")?;
            if let Some(frames) = &mut frames {
                let number = place.split(':').nth(1).unwrap_or_default();
                let number = number.split(' ').next().unwrap_or_default();
                frames.push((line != "??", number.parse().is_ok_and(|line: u32| line > 0)));
            }
        }
        if let Some(frames) = frames {
            found.add(&frames);
        }
        Ok(found)
    }
}
