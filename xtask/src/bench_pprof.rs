//! Speed and memory beside the real pprof: paired runs in turn, medians, ratios.
//!
//! Prints a table in Markdown, as docs/performance.md shows it. Times are CPU seconds of the whole
//! process (user and system), beside its wall time and peak resident memory. `gzip -dc` of the same
//! file stands in the table as a floor: no tool can read the profile without unpacking it. A second
//! table has our own cost for inputs that were made to be costly.

mod generate;
mod hostile;
mod own_profile;

use crate::measure::{Cost, median, run_once};
use crate::process::{build, fresh_folder};
use anyhow::{Context, Result, ensure};
use generate::Shape;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a benchmark run needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The real pprof.
    pub(crate) oracle: &'a Path,
    /// How often our command and `gzip` run.
    pub(crate) rounds: usize,
    /// How often the real pprof runs, which takes a minute each time; not more often than ours.
    pub(crate) oracle_rounds: usize,
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
    ("large -callgrind", Shape::Large, &["-callgrind"]),
    ("large -traces", Shape::Large, &["-traces"]),
    ("large -focus", Shape::Large, &["-top", "-focus=function_1"]),
    ("large -base an earlier one", Shape::Large, &["-top", "-base"]),
    ("large -base itself", Shape::Large, &["-top", "-base itself"]),
    ("wide -top", Shape::Wide, &["-top"]),
    ("deep -top", Shape::Deep, &["-top"]),
    ("labels -tags", Shape::Labels, &["-tags"]),
    ("200 snapshots merged -top", Shape::Snapshots, &["-top"]),
];

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    ensure!(plan.rounds > 0 && plan.oracle_rounds > 0, "each command must run once at least");
    let folder = fresh_folder("bench-pprof")?;
    println!(
        "| run | pprof CPU s | ours CPU s | CPU ratio | pprof wall s | ours wall s | wall ratio | pprof MB | ours MB | MB ratio | ours / `gzip -dc` CPU |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (name, shape, arguments) in ROWS {
        if !name.contains(plan.only) {
            continue;
        }
        let files = files_of(*shape, &folder)?;
        row(plan, &ours, name, *shape, arguments, &files)?;
    }
    hostile::run(&ours, &folder, plan.only)
}

/// Shows where our own time goes in the rows whose name contains `only`.
pub(crate) fn profile_own(only: &str) -> Result<()> {
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    let folder = fresh_folder("bench-pprof")?;
    for (name, shape, arguments) in ROWS.iter().filter(|(name, ..)| name.contains(only)) {
        let words = words(*shape, arguments, &files_of(*shape, &folder)?);
        let mut command = Command::new(&ours);
        command.arg("pprof").args(words.arguments);
        own_profile::print(name, &mut command, &ours, &folder)?;
    }
    Ok(())
}

/// Makes the files of a shape unless an earlier row did.
fn files_of(shape: Shape, folder: &Path) -> Result<Vec<PathBuf>> {
    let name = |number| format!("{shape:?}-{number}.pb.gz").to_lowercase();
    let paths: Vec<PathBuf> = (0..shape.files()).map(|number| folder.join(name(number))).collect();
    if !paths.iter().all(|path| path.exists()) {
        make_elsewhere(&format!("{shape:?}"), folder)?;
    }
    Ok(paths)
}

/// Has a process of its own make the files called `what`. The peak memory of a process counts for
/// those that it starts, so whoever measures must stay small.
fn make_elsewhere(what: &str, folder: &Path) -> Result<()> {
    let itself = std::env::current_exe().context("finding this program")?;
    let mut command = Command::new(itself);
    run_once(command.args(["bench-pprof", "--make", what]).arg(folder)).map(|_| ())
}

/// Makes the files of a shape or of a hostile input: what the process of [`make_elsewhere`] does.
pub(crate) fn make(what: &str, folder: &Path) -> Result<()> {
    let Some(shape) = Shape::ALL.iter().find(|shape| format!("{shape:?}") == what) else {
        return hostile::make(what, folder);
    };
    for number in 0..shape.files() {
        let path = folder.join(format!("{shape:?}-{number}.pb.gz").to_lowercase());
        write(&path, &liveheap_profile::encode_gzip(&generate::make(*shape, number))?)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

/// What a row's command reads.
struct Words {
    /// The options and sources.
    arguments: Vec<String>,
    /// All files that are read.
    files: Vec<PathBuf>,
}

fn words(shape: Shape, arguments: &[&str], files: &[PathBuf]) -> Words {
    // A base is taken earlier than the profile that it is subtracted from, or is that profile.
    let (base, sources) = match arguments.last() {
        Some(&"-base") => (files.first(), &files[1..]),
        Some(&"-base itself") => (files.first(), &files[..1]),
        _ => (None, &files[..shape.sources()]),
    };
    let mut words = vec![String::from("-symbolize=none")];
    let plain = arguments.iter().filter(|word| !word.starts_with("-base"));
    words.extend(plain.map(|word| (*word).to_owned()));
    words.extend(base.map(|base| format!("-base={}", base.display())));
    words.extend(sources.iter().map(|path| path.display().to_string()));
    Words { arguments: words, files: base.into_iter().chain(sources).cloned().collect() }
}

fn row(
    plan: &Plan<'_>,
    ours: &Path,
    name: &str,
    shape: Shape,
    arguments: &[&str],
    files: &[PathBuf],
) -> Result<()> {
    let Words { arguments: words, files: read } = words(shape, arguments, files);
    let (mut real_costs, mut own_costs, mut floor_costs) = (Vec::new(), Vec::new(), Vec::new());
    // A run of milliseconds says little alone.
    let times = if shape == Shape::Small { 40 } else { 1 };
    for round in 0..plan.rounds * times {
        // In turn, so that a busy minute of the machine hits all of them.
        let (own, own_text) = run_once(Command::new(ours).arg("pprof").args(&words))?;
        if round < plan.oracle_rounds * times {
            let (real, real_text) = run_once(Command::new(plan.oracle).args(&words))?;
            let is_profile = real_text.head.starts_with(&[0x1f, 0x8b]);
            ensure!(is_profile || own_text == real_text, "{name}: the two print different things");
            real_costs.push(real);
        }
        let (floor, _) = run_once(Command::new("gzip").arg("-dc").args(&read))?;
        own_costs.push(own);
        floor_costs.push(floor);
    }
    let of = |costs: &[Cost], field: fn(&Cost) -> f64| median(costs.iter().map(field).collect());
    let cpu = |cost: &Cost| cost.cpu_seconds;
    let wall = |cost: &Cost| cost.wall_seconds;
    let memory = |cost: &Cost| cost.peak_megabytes;
    println!(
        "| {name} | {:.3} | {:.3} | {:.0} | {:.4} | {:.4} | {:.1} | {:.0} | {:.0} | {:.1} | {:.2} |",
        of(&real_costs, cpu),
        of(&own_costs, cpu),
        of(&real_costs, cpu) / of(&own_costs, cpu),
        of(&real_costs, wall),
        of(&own_costs, wall),
        of(&real_costs, wall) / of(&own_costs, wall),
        of(&real_costs, memory),
        of(&own_costs, memory),
        of(&real_costs, memory) / of(&own_costs, memory),
        of(&own_costs, cpu) / of(&floor_costs, cpu),
    );
    Ok(())
}
