//! What sampling costs a program: the same workload over an allocator, over the same allocator once
//! more, and over it with the profiler.
//!
//! In: how often. Out: a table in Markdown. One process of each kind stays alive; in each round each
//! runs one block, in turn, and its CPU time is divided by that of the plain allocator's in the same
//! round. A row shows the median over fresh instances of the median over rounds, and the range. The
//! control column is the plain allocator against itself: differences below its range are noise.
//! Instructions, where valgrind is installed, have no noise.

use crate::process::build;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a run needs to know.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    /// Fresh processes of each kind.
    pub(crate) instances: usize,
    /// Blocks that each instance runs.
    pub(crate) rounds: usize,
    /// Only rows whose name contains this.
    pub(crate) only: &'a str,
}

const ALLOCATORS: [&str; 3] = ["system", "mimalloc", "jemalloc"];
/// Name and blocks a round; a round takes some 20 ms.
const WORKLOADS: [(&str, u32); 4] = [("window", 1), ("threads", 1), ("texts", 1), ("buffers", 1)];
/// Blocks between the two runs whose difference in instructions is taken.
const COUNTED_BLOCKS: u32 = 3;

pub(crate) fn run(plan: &Plan<'_>) -> Result<()> {
    let folder = build(&["--package", "liveheap-bench"])?;
    let counts = Command::new("valgrind").arg("--version").output().is_ok();
    println!("| workload | over | control CPU | profiled CPU | instructions |");
    println!("| --- | --- | --- | --- | --- |");
    for allocator in ALLOCATORS {
        for (workload, blocks) in WORKLOADS {
            if !format!("{workload} {allocator}").contains(plan.only) {
                continue;
            }
            let [control, profiled] = ratios(plan, &folder, allocator, workload, blocks)?;
            let instructions = match workload {
                // Under valgrind threads run one at a time, in an order that varies.
                "threads" => None,
                _ if counts => Some(added_instructions(&folder, allocator, workload)?),
                _ => None,
            };
            let instructions =
                instructions.map_or_else(|| "-".to_owned(), |added| format!("{added:+.1} %"));
            println!("| {workload} | {allocator} | {control} | {profiled} | {instructions} |");
        }
    }
    Ok(())
}

/// CPU time of the control and of the profiled program, divided by the plain one's.
fn ratios(
    plan: &Plan<'_>,
    folder: &Path,
    allocator: &str,
    workload: &str,
    blocks: u32,
) -> Result<[String; 2]> {
    let mut medians = [Vec::new(), Vec::new()];
    for _ in 0..plan.instances {
        let mut servers = Vec::new();
        for suffix in ["", "_control", "_liveheap"] {
            let mut server = Server::start(&folder.join(format!("{allocator}{suffix}")))?;
            server.block(workload, blocks)?;
            servers.push(server);
        }
        let mut rounds = [Vec::new(), Vec::new()];
        for round in 0..plan.rounds {
            let mut times = [0.0; 3];
            for turn in 0..3 {
                let place = (round + turn) % 3;
                times[place] = servers[place].block(workload, blocks)?;
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
fn added_instructions(folder: &Path, allocator: &str, workload: &str) -> Result<f64> {
    let plain = instructions(&folder.join(allocator), workload)?;
    let profiled = instructions(&folder.join(format!("{allocator}_liveheap")), workload)?;
    Ok((profiled / plain - 1.0) * 100.0)
}

fn instructions(program: &Path, workload: &str) -> Result<f64> {
    let run = |blocks: u32| {
        let output = Command::new("valgrind")
            .args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"])
            .arg(program)
            .args([workload, &blocks.to_string()])
            .output()
            .context("starting valgrind")?;
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().find(|line| line.contains("refs:"));
        let number = line.and_then(|line| line.split_whitespace().last());
        let number = number.with_context(|| format!("valgrind counted nothing:\n{text}"))?;
        number.replace(',', "").parse::<f64>().context("reading valgrind's count")
    };
    Ok((run(1 + COUNTED_BLOCKS)? - run(1)?) / f64::from(COUNTED_BLOCKS))
}

/// A process that runs blocks on demand. It ends when its input does.
struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    fn start(program: &Path) -> Result<Self> {
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{} has no pipes", program.display());
        };
        Ok(Self { child, input: Some(input), output: BufReader::new(output) })
    }

    /// CPU nanoseconds of some blocks.
    fn block(&mut self, workload: &str, blocks: u32) -> Result<f64> {
        let input = self.input.as_mut().context("the program's input is closed")?;
        writeln!(input, "{workload} {blocks}").context("asking for a block")?;
        input.flush().context("asking for a block")?;
        let mut line = String::new();
        self.output.read_line(&mut line).context("reading a block's time")?;
        let nanos: f64 = line.trim().parse().with_context(|| format!("no time: {line:?}"))?;
        ensure!(nanos > 0.0, "a block of {workload} took no time");
        Ok(nanos)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.input = None;
        // It has nothing left to do; how it ended does not matter.
        let _ = self.child.wait();
    }
}
