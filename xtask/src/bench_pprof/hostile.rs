//! Inputs that were made to be costly: what they cost us, beside their unpacked size.
//!
//! The real pprof does not stand in this table; it needs minutes and many gigabytes for some.

use crate::measure::{run_once, run_refused};
use anyhow::{Context, Result};
use liveheap_profile::{Frame, LocationIndex, Profile, ProfileBuilder};
use std::path::Path;
use std::process::Command;

/// Rows of the table: name, how the profile is made, the limit on the unpacked size.
type Row = (&'static str, fn() -> Profile, &'static str);

const ROWS: &[Row] = &[
    ("hostile: 10 million distinct stacks", distinct_stacks, "4G"),
    ("hostile: one stack of depth 100 000", deep_stack, "4G"),
    ("hostile: a text of 100 MB", || long_text(100_000_000), "4G"),
    ("hostile: 1 GB of one letter, limit 256M", || long_text(1_000_000_000), "256M"),
];

/// The file with the input at hand.
const FILE: &str = "hostile.pb.gz";

/// Makes the input of a row.
pub(super) fn make(name: &str, folder: &Path) -> Result<()> {
    let row = ROWS.iter().find(|row| row.0 == name).context("no such input")?;
    super::write(&folder.join(FILE), &liveheap_profile::encode_gzip(&row.1())?)
}

/// Measures each input once.
pub(super) fn run(ours: &Path, folder: &Path, only: &str) -> Result<()> {
    println!("\n| run | packed MB | unpacked MB | CPU s | peak MB | peak / unpacked |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for (name, _, limit) in ROWS.iter().filter(|(name, ..)| name.contains(only)) {
        super::make_elsewhere(name, folder)?;
        let path = folder.join(FILE);
        let packed = std::fs::metadata(&path).context("looking at the input")?.len();
        let (_, text) = run_once(Command::new("gzip").arg("-dc").arg(&path))?;
        let unpacked = text.bytes as f64 / 1e6;
        let mut command = Command::new(ours);
        command.args(["pprof", "-symbolize=none", "-top"]);
        command.arg(format!("-max_unpacked={limit}")).arg(&path);
        let cost =
            if *limit == "4G" { run_once(&mut command)?.0 } else { run_refused(&mut command)? };
        println!(
            "| {name} | {:.1} | {unpacked:.0} | {:.2} | {:.0} | {:.1} |",
            packed as f64 / 1e6,
            cost.cpu_seconds,
            cost.peak_megabytes,
            cost.peak_megabytes / unpacked,
        );
    }
    Ok(())
}

/// Four frames each, no two stacks the same.
fn distinct_stacks() -> Profile {
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let places = places(&mut builder, 1000);
    for number in 0..10_000_000 {
        let digit = |place: usize| places[number / place % 100];
        builder.sample(&[digit(1), digit(100), digit(10_000), digit(1_000_000)], &[16], &[]);
    }
    builder.finish()
}

fn deep_stack() -> Profile {
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    let places = places(&mut builder, 1000);
    let stack: Vec<LocationIndex> = (0..100_000).map(|depth| places[depth % 1000]).collect();
    builder.sample(&stack, &[16], &[]);
    builder.finish()
}

fn long_text(bytes: usize) -> Profile {
    let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
    builder.comment(&"x".repeat(bytes));
    builder.sample(&[], &[16], &[]);
    builder.finish()
}

fn places(builder: &mut ProfileBuilder, count: usize) -> Vec<LocationIndex> {
    (0..count)
        .map(|number| {
            let name = format!("function_{number}");
            let function = builder.function(&name, &name, "/src/app.rs", 0);
            let frame = Frame { function, line: 1, column: 0 };
            builder.location(0x1000 + number as u64, None, &[frame])
        })
        .collect()
}
