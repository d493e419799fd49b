//! Random profiles and random legal options, printed by the real pprof and by ours: not one byte may
//! differ.
//!
//! Each run is made from a seed of its own, so a difference can be repeated with `--seed N --runs 1`.
//! The real tool prints some ties in random order. So when the two differ, it is asked again: if it
//! contradicts itself, the run says nothing about us and is counted apart.

mod options;
mod profiles;
mod random;

use crate::process::{build, fresh_folder};
use anyhow::{Context, Result, bail};
pub(crate) use random::Random;
use std::path::Path;
use std::process::Command;

/// How often the real tool is asked again before a difference counts.
const REPEATS: usize = 24;
/// Differences shown before the chore gives up.
const SHOWN: usize = 5;

/// What a differential run needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// The real pprof.
    pub(crate) oracle: &'a Path,
    /// How many comparisons.
    pub(crate) runs: u64,
    /// The seed of the first one.
    pub(crate) seed: u64,
}

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    let ours = build(&["--package", "liveheap-cli"])?.join("liveheap");
    let folder = fresh_folder("differential")?;
    let (mut equal, mut undecided, mut different) = (0_u64, 0_u64, Vec::new());
    for seed in plan.seed..plan.seed + plan.runs {
        let mut random = Random::new(seed);
        let profile = folder.join("profile.pb.gz");
        let base = folder.join("base.pb.gz");
        for path in [&profile, &base] {
            let bytes = liveheap_profile::encode_gzip(&profiles::make(&mut random))?;
            std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))?;
        }
        let arguments = options::choose(&mut random, &profile, &base);
        let real = ask(Command::new(plan.oracle).args(&arguments))?;
        let own = ask(Command::new(&ours).arg("pprof").args(&arguments))?;
        if real == own {
            equal += 1;
        } else if contradicts_itself(plan.oracle, &arguments, &real, &own)? {
            undecided += 1;
        } else {
            let kept = folder.join(format!("seed-{seed}"));
            std::fs::create_dir_all(&kept)?;
            std::fs::copy(&profile, kept.join("profile.pb.gz"))?;
            std::fs::copy(&base, kept.join("base.pb.gz"))?;
            std::fs::write(kept.join("real.txt"), &real.text)?;
            std::fs::write(kept.join("ours.txt"), &own.text)?;
            println!("seed {seed}: pprof {}", arguments.join(" "));
            print_first_difference(&real, &own);
            different.push(seed);
            if different.len() == SHOWN {
                break;
            }
        }
    }
    println!(
        "differential: {equal} equal, {undecided} where the real tool contradicts itself, {} different",
        different.len()
    );
    if !different.is_empty() {
        bail!("repeat one with --seed N --runs 1; seeds {different:?}");
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
struct Answer {
    status: Option<i32>,
    text: Vec<u8>,
}

fn ask(command: &mut Command) -> Result<Answer> {
    let output = command
        .env("TZ", "UTC")
        .env("PPROF_BINARY_PATH", "/nonexistent")
        .output()
        .with_context(|| format!("starting {command:?}"))?;
    // Two packers give different bytes for the same profile, so a profile is compared unpacked.
    let text = if output.stdout.starts_with(&[0x1f, 0x8b]) {
        let profile = liveheap_profile::decode(&output.stdout, &Default::default())?;
        liveheap_profile::encode(&profile)
    } else {
        output.stdout
    };
    Ok(Answer { status: output.status.code(), text })
}

/// Whether the real tool gives another answer when asked again, or ours.
fn contradicts_itself(
    oracle: &Path,
    arguments: &[String],
    real: &Answer,
    own: &Answer,
) -> Result<bool> {
    for _ in 0..REPEATS {
        let again = ask(Command::new(oracle).args(arguments))?;
        if again == *own || again != *real {
            return Ok(true);
        }
    }
    Ok(false)
}

fn print_first_difference(real: &Answer, own: &Answer) {
    if real.status != own.status {
        println!("  status: real {:?}, ours {:?}", real.status, own.status);
    }
    let (real, own) = (String::from_utf8_lossy(&real.text), String::from_utf8_lossy(&own.text));
    let mut own_lines = own.lines();
    for (number, real_line) in real.lines().enumerate() {
        let own_line = own_lines.next().unwrap_or("(nothing)");
        if real_line != own_line {
            println!("  line {}\n    real {real_line:?}\n    ours {own_line:?}", number + 1);
            return;
        }
    }
    if let Some(extra) = own_lines.next() {
        println!("  ours goes on with {extra:?}");
    }
}
