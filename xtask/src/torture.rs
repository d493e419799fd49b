//! Runs the torture program: everything that is hard on the runtime, at once, for some time.
//!
//! In: minutes or seconds, and how many threads; whether under valgrind's memcheck; whether jemalloc's
//! own profiler takes the place of ours. Out: what the
//! program says, and an error when a fact does not hold. See `bench/src/torture.rs`.

use crate::process::{build, root};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// How a run is made.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seconds: u64,
    pub(crate) threads: u64,
    /// jemalloc's own profiler instead of ours.
    pub(crate) jemalloc: bool,
    /// Under valgrind, which checks each access to memory.
    pub(crate) memcheck: bool,
}

pub(crate) fn run(plan: &Plan) -> Result<()> {
    let name = if plan.jemalloc { "torture_jemalloc" } else { "torture" };
    let folder = build(&["--package", "liveheap-bench", "--bin", name])?;
    let program = folder.join(name);
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
    if plan.jemalloc {
        command.env("_RJEM_MALLOC_CONF", "prof:true,lg_prof_sample:9");
    }
    command.args([plan.seconds.to_string(), plan.threads.to_string()]);
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    if !status.success() {
        bail!("torture ended with {status}");
    }
    Ok(())
}
