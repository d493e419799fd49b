//! A program of the workloads that is kept alive, and asked for blocks.

use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A program and the variables that make it what it is.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pub(super) path: PathBuf,
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Program {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, variables: Vec::new() }
    }

    pub(super) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((variable, value.into()));
        self
    }
}

/// A process that runs blocks on demand. It ends when its input does.
pub(super) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Server {
    pub(super) fn start(program: &Program) -> Result<Self> {
        let mut child = Command::new(&program.path)
            .envs(program.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.path.display()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("{} has no pipes", program.path.display());
        };
        Ok(Self { child, input: Some(input), output: BufReader::new(output) })
    }

    /// CPU nanoseconds of some blocks.
    pub(super) fn block(&mut self, workload: &str, blocks: u32) -> Result<f64> {
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
