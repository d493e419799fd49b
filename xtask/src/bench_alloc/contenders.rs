//! Who is measured: our profiler over three allocators, and the profilers that others have.
//!
//! In: the folder of the Rust programs, and a Go tree if there is one. Out: [`Contender`]s. What is
//! not installed is left out, and said.

use super::server::Program;
use crate::process::{capture, fresh_folder, root};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program without a profiler, the same once more, and the same with one.
pub(super) struct Contender {
    /// The allocator and the profiler, as the table shows them.
    pub(super) name: String,
    pub(super) workloads: &'static [&'static str],
    pub(super) plain: Program,
    pub(super) control: Program,
    pub(super) profiled: Program,
    /// Whether valgrind can count its instructions.
    pub(super) is_countable: bool,
}

const ALL_WORKLOADS: [&str; 4] = ["window", "threads", "texts", "buffers"];
/// The rate of everybody, in bytes.
const RATE: &str = "524288";

pub(super) fn contenders(programs: &Path, goroot: Option<&Path>) -> Result<Vec<Contender>> {
    let mut contenders: Vec<Contender> =
        ["system", "mimalloc", "jemalloc"].map(|allocator| ours(programs, allocator)).into();
    contenders.push(jemalloc(programs));
    match tcmalloc_library() {
        Some(library) => contenders.push(gperftools(programs, &library)),
        None => println!("gperftools is left out: there is no libtcmalloc.so on this machine\n"),
    }
    match goroot {
        Some(goroot) => contenders.push(go(goroot)?),
        None => println!("Go is left out: --go GOROOT names a Go tree\n"),
    }
    Ok(contenders)
}

fn ours(programs: &Path, allocator: &str) -> Contender {
    let program = |suffix| Program::new(programs.join(format!("{allocator}{suffix}")));
    Contender {
        name: format!("{allocator}, liveheap"),
        workloads: &ALL_WORKLOADS,
        plain: program(""),
        control: program("_control"),
        profiled: program("_liveheap"),
        is_countable: true,
    }
}

fn jemalloc(programs: &Path) -> Contender {
    let program = |suffix, on| {
        Program::new(programs.join(format!("jemalloc{suffix}")))
            .with("_RJEM_MALLOC_CONF", format!("prof:{on},lg_prof_sample:19"))
    };
    Contender {
        name: "jemalloc, its own".to_owned(),
        workloads: &ALL_WORKLOADS,
        plain: program("", false),
        control: program("_control", false),
        profiled: program("", true),
        is_countable: true,
    }
}

fn gperftools(programs: &Path, library: &Path) -> Contender {
    let program = |suffix, rate| {
        Program::new(programs.join(format!("system{suffix}")))
            .with("LD_PRELOAD", library.display().to_string())
            .with("TCMALLOC_SAMPLE_PARAMETER", rate)
    };
    Contender {
        name: "tcmalloc, gperftools' own".to_owned(),
        workloads: &ALL_WORKLOADS,
        plain: program("", "0"),
        control: program("_control", "0"),
        profiled: program("", RATE),
        is_countable: true,
    }
}

fn go(goroot: &Path) -> Result<Contender> {
    let folder = fresh_folder("bench-go")?;
    let path = folder.join("workloads");
    capture(
        Command::new(goroot.join("bin/go"))
            .current_dir(root().join("bench/go"))
            .env("GOROOT", goroot)
            .env("GOTOOLCHAIN", "local")
            .arg("build")
            .arg("-o")
            .arg(&path),
    )?;
    let program = |rate| Program::new(path.clone()).with("BENCH_SAMPLE_RATE", rate);
    Ok(Contender {
        name: "Go, its own".to_owned(),
        workloads: &["window", "buffers"],
        plain: program("0"),
        control: program("0"),
        profiled: program(RATE),
        // Valgrind does not run Go's runtime.
        is_countable: false,
    })
}

/// gperftools' library with its profiler; the "minimal" one has none.
fn tcmalloc_library() -> Option<PathBuf> {
    let listed = Command::new("ldconfig").arg("-p").output().ok()?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let line = listed.lines().find(|line| line.trim_start().starts_with("libtcmalloc.so"))?;
    Some(PathBuf::from(line.split_whitespace().last()?))
}
