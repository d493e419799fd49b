//! What sampling costs a program: the same workload without a profiler, the same once more, and with
//! one; ours over several allocators, and the profilers of others.
//!
//! In: how often. Out: a table in Markdown. One process of each kind stays alive; in each round each
//! runs one block, in turn, and its CPU time is divided by that of the plain program's in the same
//! round. A row shows the median over fresh instances of the median over rounds, and the range. The
//! control column is the plain program against itself: differences below its range are noise.
//! Instructions, where valgrind is installed, have no noise.

mod contenders;
mod server;

use crate::process::build;
use anyhow::{Context, Result};
use contenders::{Contender, contenders};
use server::{Program, Server};
use std::path::Path;
use std::process::Command;

/// What a run needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Fresh processes of each kind.
    pub(crate) instances: usize,
    /// Blocks that each instance runs.
    pub(crate) rounds: usize,
    /// Only rows whose workload and allocator contain this.
    pub(crate) only: &'a str,
    /// A Go tree, to measure Go beside the others.
    pub(crate) goroot: Option<&'a Path>,
}

/// Blocks a round; a round takes some 20 ms.
const BLOCKS: u32 = 1;
/// Blocks between the two runs whose difference in instructions is taken.
const COUNTED_BLOCKS: u32 = 3;
/// Blocks of the shorter run: a program that runs on has found its sample rate.
const WARM_BLOCKS: u32 = 6;

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    let folder = build(&["--package", "liveheap-bench"])?;
    let counts = Command::new("valgrind").arg("--version").output().is_ok();
    let contenders = contenders(&folder, plan.goroot)?;
    println!("| workload | allocator, profiler | control CPU | profiled CPU | instructions |");
    println!("| --- | --- | --- | --- | --- |");
    for workload in ["window", "threads", "texts", "buffers"] {
        for contender in &contenders {
            let name = &contender.name;
            if !contender.workloads.contains(&workload)
                || !format!("{workload} {name}").contains(plan.only)
            {
                continue;
            }
            let [control, profiled] = ratios(plan, contender, workload)?;
            // Under valgrind threads run one at a time, in an order that varies.
            let instructions = if counts && contender.is_countable && workload != "threads" {
                format!("{:+.1} %", added_instructions(contender, workload)?)
            } else {
                "-".to_owned()
            };
            println!("| {workload} | {name} | {control} | {profiled} | {instructions} |");
        }
    }
    Ok(())
}

/// CPU time of the control and of the profiled program, divided by the plain one's.
fn ratios(plan: &Plan<'_>, contender: &Contender, workload: &str) -> Result<[String; 2]> {
    let mut medians = [Vec::new(), Vec::new()];
    for _ in 0..plan.instances {
        let mut servers = Vec::new();
        for program in [&contender.plain, &contender.control, &contender.profiled] {
            let mut server = Server::start(program)?;
            server.block(workload, BLOCKS)?;
            servers.push(server);
        }
        let mut rounds = [Vec::new(), Vec::new()];
        for round in 0..plan.rounds {
            let mut times = [0.0; 3];
            for turn in 0..3 {
                let place = (round + turn) % 3;
                times[place] = servers[place].block(workload, BLOCKS)?;
            }
            rounds[0].push(times[1] / times[0]);
            rounds[1].push(times[2] / times[0]);
        }
        for (all, rounds) in medians.iter_mut().zip(rounds) {
            all.push(median(rounds));
        }
    }
    Ok(medians.map(|all| {
        let low = all.iter().copied().fold(f64::INFINITY, f64::min);
        let high = all.iter().copied().fold(0.0, f64::max);
        format!("{:.2} [{low:.2}-{high:.2}]", median(all))
    }))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Instructions that the profiler adds to a block, in percent.
fn added_instructions(contender: &Contender, workload: &str) -> Result<f64> {
    let plain = instructions(&contender.plain, workload)?;
    let profiled = instructions(&contender.profiled, workload)?;
    Ok((profiled / plain - 1.0) * 100.0)
}

fn instructions(program: &Program, workload: &str) -> Result<f64> {
    let run = |blocks: u32| {
        let output = Command::new("valgrind")
            .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
            .arg(&program.path)
            .args([workload, &blocks.to_string()])
            .envs(program.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .context("starting valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.contains("refs:"));
        let number = line.and_then(|line| line.split_whitespace().last());
        let number = number.with_context(|| format!("valgrind counted nothing:\n{text}"))?;
        number.replace(',', "").parse::<f64>().context("reading valgrind's count")
    };
    Ok((run(WARM_BLOCKS + COUNTED_BLOCKS)? - run(WARM_BLOCKS)?) / f64::from(COUNTED_BLOCKS))
}
