//! Runs the torture program: everything that is hard on the runtime, at once, for some time.
//!
//! In: minutes or seconds, and how many threads; whether under valgrind's memcheck. Out: what the
//! program says, and an error when a fact does not hold. See `bench/src/torture.rs`.

use crate::process::{build, root};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// How a run is made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) threads: u64,
    /// Under valgrind, which checks each access to memory.
    pub(crate) memcheck: bool,
}

pub(crate) fn run(plan: &Plan) -> Result<()> {
    let folder = build(&["--package", "liveheap-bench", "--bin", "torture"])?;
    let program = folder.join("torture");
    let mut command = if plan.memcheck {
        let mut valgrind = Command::new("valgrind");
        let suppressions = root().join("ci/memcheck.supp");
        valgrind.args(["--quiet", "--error-exitcode=9", "--fair-sched=yes"]);
        valgrind.arg(format!("--suppressions={}", suppressions.display()));
        valgrind.arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    command.args([plan.seconds.to_string(), plan.threads.to_string()]);
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("torture ended with {status}");
    }
    Ok(())
}
