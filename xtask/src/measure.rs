//! What one run of a program costs.
#![expect(unsafe_code, reason = "wait4 is the only call that gives one child's peak memory")]

use anyhow::{Context, Result, bail};
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The cost of one process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// User and system time.
    pub(crate) cpu_seconds: f64,
    /// From start to end.
    pub(crate) wall_seconds: f64,
    /// Peak resident memory, in units of 1 000 000 bytes.
    pub(crate) peak_megabytes: f64,
}

/// What a program printed, as far as it takes to compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    /// The first bytes.
    pub(crate) head: Vec<u8>,
    /// How many there were.
    pub(crate) bytes: usize,
    hash: u64,
}

/// Runs a program to its end; gives its cost and what it printed.
///
/// # Errors
/// When it cannot be started or ends with an error.
pub(crate) fn run_once(command: &mut Command) -> Result<(Cost, Printed)> {
    let (cost, printed, status) = run(command)?;
    if status != 0 {
        bail!("{command:?} ended with wait status {status}");
    }
    Ok((cost, printed))
}

/// The same for a program that should end with exit status 2.
///
/// # Errors
/// When it cannot be started or ends otherwise.
pub(crate) fn run_refused(command: &mut Command) -> Result<Cost> {
    let (cost, _, status) = run(command)?;
    if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 2 {
        bail!("{command:?} was not refused, wait status {status}");
    }
    Ok(cost)
}

fn run(command: &mut Command) -> Result<(Cost, Printed, libc::c_int)> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {command:?}"))?;
    let (mut printed, mut hasher) =
        (Printed { head: Vec::new(), bytes: 0, hash: 0 }, DefaultHasher::new());
    if let Some(stdout) = &mut child.stdout {
        let mut buffer = vec![0; 1 << 16];
        loop {
            // Full pieces, so that equal texts are hashed in equal pieces.
            let mut held = 0;
            while held < buffer.len() {
                let read = stdout
                    .read(&mut buffer[held..])
                    .with_context(|| format!("reading from {command:?}"))?;
                if read == 0 {
                    break;
                }
                held += read;
            }
            if held == 0 {
                break;
            }
            if printed.bytes == 0 {
                printed.head = buffer[..held.min(16)].to_vec();
            }
            printed.bytes += held;
            hasher.write(&buffer[..held]);
        }
    }
    printed.hash = hasher.finish();
    let process = libc::pid_t::try_from(child.id()).context("process id")?;
    let mut status = 0;
    // SAFETY: all-zero bytes are a valid rusage, which is a struct of integers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals, and nobody else waits for this child.
    let waited = unsafe { libc::wait4(process, &raw mut status, 0, &raw mut usage) };
    if waited != process {
        bail!("{command:?} cannot be waited for");
    }
    let cost = Cost {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall_seconds: start.elapsed().as_secs_f64(),
        // Linux counts in units of 1024 bytes (getrusage(2)).
        peak_megabytes: usage.ru_maxrss as f64 * 1024.0 / 1e6,
    };
    Ok((cost, printed, status))
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

/// The middle value; the mean of the two middle ones when their number is even.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
