//! Speed and memory beside the real pprof: paired runs in turn, medians, ratios.
//!
//! Prints a table in Markdown, as docs/performance.md shows it. Times are CPU seconds of the whole
//! process (user and system), beside its wall time and peak resident memory. `gzip -dc` of the same
//! file stands in the table as a floor: no tool can read the profile without unpacking it.

mod generate;
mod measure;

use crate::process::{build, fresh_folder};
use anyhow::{Context, Result, ensure};
use generate::Shape;
use measure::{Cost, median, run_once};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a benchmark run needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The real pprof.
    pub(crate) oracle: &'a Path,
    /// How often each command runs.
    pub(crate) rounds: usize,
    /// Only rows whose name contains this.
    pub(crate) only: &'a str,
}

/// Rows of the table: name, profile, arguments.
const ROWS: &[(&str, Shape, &[&str])] = &[
    ("small -top", Shape::Small, &["-top"]),
    ("medium -top", Shape::Medium, &["-top"]),
    ("large -top", Shape::Large, &["-top"]),
    ("large -tree", Shape::Large, &["-tree"]),
    ("large -dot", Shape::Large, &["-dot"]),
    ("large -peek", Shape::Large, &["-peek=function_7$"]),
    ("large -proto", Shape::Large, &["-proto"]),
    ("large -traces", Shape::Large, &["-traces"]),
    ("large -focus", Shape::Large, &["-top", "-focus=function_1"]),
    ("large -base", Shape::Large, &["-top", "-base"]),
    ("wide -top", Shape::Wide, &["-top"]),
    ("deep -top", Shape::Deep, &["-top"]),
    ("labels -tags", Shape::Labels, &["-tags"]),
    ("200 snapshots merged -top", Shape::Snapshots, &["-top"]),
];

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    let folder = fresh_folder("bench-pprof")?;
    println!(
        "| run | pprof CPU s | ours CPU s | CPU ratio | pprof wall s | ours wall s | pprof MB | ours MB | MB ratio | ours / `gzip -dc` CPU |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, shape, arguments) in ROWS {
        if !name.contains(plan.only) {
            continue;
        }
        let files = files_of(*shape, &folder)?;
        row(plan, &ours, name, arguments, &files)?;
    }
    Ok(())
}

/// Makes the files of a shape unless an earlier row did.
fn files_of(shape: Shape, folder: &Path) -> Result<Vec<PathBuf>> {
    (0..shape.files())
        .map(|number| {
            let path = folder.join(format!("{shape:?}-{number}.pb.gz").to_lowercase());
            if !path.exists() {
                let bytes = liveheap_profile::encode_gzip(&generate::make(shape, number))?;
                std::fs::write(&path, bytes)
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            Ok(path)
        })
        .collect()
}

fn row(
    plan: &Plan<'_>,
    ours: &Path,
    name: &str,
    arguments: &[&str],
    files: &[PathBuf],
) -> Result<()> {
    let mut words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    if let Some(base) = words.iter_mut().find(|word| *word == "-base") {
        *base = format!("-base={}", files[0].display());
    }
    words.insert(0, String::from("-symbolize=none"));
    words.extend(files.iter().map(|path| path.display().to_string()));
    let (mut real_costs, mut own_costs, mut floor_costs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        // In turn, so that a busy minute of the machine hits all of them.
        let (own, own_text) = run_once(Command::new(ours).arg("pprof").args(&words))?;
        let (real, real_text) = run_once(Command::new(plan.oracle).args(&words))?;
        let (floor, _) = run_once(Command::new("gzip").arg("-dc").args(files))?;
        let is_profile = real_text.starts_with(&[0x1f, 0x8b]);
        ensure!(is_profile || own_text == real_text, "{name}: the two print different things");
        own_costs.push(own);
        real_costs.push(real);
        floor_costs.push(floor);
    }
    let of = |costs: &[Cost], field: fn(&Cost) -> f64| median(costs.iter().map(field).collect());
    let cpu = |cost: &Cost| cost.cpu_seconds;
    let wall = |cost: &Cost| cost.wall_seconds;
    let memory = |cost: &Cost| cost.peak_megabytes;
    println!(
        "| {name} | {:.3} | {:.3} | {:.0} | {:.3} | {:.3} | {:.0} | {:.0} | {:.1} | {:.2} |",
        of(&real_costs, cpu),
        of(&own_costs, cpu),
        of(&real_costs, cpu) / of(&own_costs, cpu),
        of(&real_costs, wall),
        of(&own_costs, wall),
        of(&real_costs, memory),
        of(&own_costs, memory),
        of(&real_costs, memory) / of(&own_costs, memory),
        of(&own_costs, cpu) / of(&floor_costs, cpu),
    );
    Ok(())
}
