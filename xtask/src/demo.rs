//! The main job from beginning to end: a server leaks under load, and the tool names the line.
//!
//! Starts the example `leaky_server`, sends it a bounded load, takes a snapshot over HTTP, and
//! runs the reports a person would run. It fails unless the leaking function holds over 95 % of the
//! memory in use and one source line of it carries that.

use crate::process::{build, capture, fresh_folder};
use crate::server::Server;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::process::Command;

/// Requests sent to `/test`; each adds 1 MiB to the pool, which is emptied at 500.
const REQUESTS: usize = 200;
/// The function of the example that allocates what is never given back.
const LEAKING_FUNCTION: &str = "leaky_server::pool::Buffer::filled";
/// Share of the memory in use that it must hold, in percent.
const SHARE: f64 = 95.0;

pub(crate) fn run() -> Result<()> {
    let programs = build(&["--package", "liveheap-cli"])?;
    build(&["--package", "liveheap", "--example", "leaky_server"])?;
    let liveheap = programs.join("liveheap");
    let folder = fresh_folder("demo")?;

    let server =
        Server::start(Command::new(programs.join("examples/leaky_server")).arg("--port").arg("0"))?;
    step(&format!("leaky_server listens on {}; sending {REQUESTS} requests", server.address()));
    for _ in 0..REQUESTS {
        server.get("/test")?;
    }

    let snapshot = folder.join("heap.pb.gz");
    std::fs::write(&snapshot, server.get("/debug/pprof/heap?gc=1")?)
        .with_context(|| format!("writing {}", snapshot.display()))?;
    step(&format!("took /debug/pprof/heap?gc=1 into {}", snapshot.display()));

    let top = report(&liveheap, "top", &[], &snapshot)?;
    check_share(&top)?;
    let list = report(&liveheap, "list", &[LEAKING_FUNCTION], &snapshot)?;
    check_line(&list)?;
    report(&liveheap, "tree", &[], &snapshot)?;
    let graph = folder.join("heap.svg");
    let output = format!("--output={}", graph.display());
    capture(Command::new(&liveheap).arg("svg").arg(output).arg(&snapshot))?;
    let picture = std::fs::read_to_string(&graph).context("reading the graph")?;
    ensure!(picture.contains("<svg") && picture.contains("</svg>"), "the graph is no SVG");
    step(&format!("wrote the call graph to {} (open it in a browser)", graph.display()));

    let live =
        capture(Command::new(&liveheap).arg("top").arg(server.url("/debug/pprof/heap?gc=1")))?;
    check_share(&live)?;
    step("the same question to the live server's URL names the same function");
    println!("\nthe leak: {LEAKING_FUNCTION}, found down to its line");
    Ok(())
}

fn report(liveheap: &Path, verb: &str, arguments: &[&str], snapshot: &Path) -> Result<String> {
    step(&format!("liveheap {verb} {} {}", arguments.join(" "), snapshot.display()));
    let text = capture(Command::new(liveheap).arg(verb).args(arguments).arg(snapshot))?;
    println!("{text}");
    Ok(text)
}

fn step(what: &str) {
    println!("\n==> {what}");
}

/// The leaking function's row of `top` must carry the share.
fn check_share(top: &str) -> Result<()> {
    let row = top
        .lines()
        .find(|line| line.ends_with(LEAKING_FUNCTION))
        .with_context(|| format!("top does not name {LEAKING_FUNCTION}:\n{top}"))?;
    let share: f64 = row
        .split_whitespace()
        .nth(1)
        .and_then(|cell| cell.strip_suffix('%'))
        .and_then(|cell| cell.parse().ok())
        .with_context(|| format!("no flat% in {row:?}"))?;
    ensure!(share > SHARE, "{LEAKING_FUNCTION} holds only {share} % of the memory in use:\n{top}");
    Ok(())
}

/// One source line of the listing must carry nearly all of the function's flat value.
fn check_line(list: &str) -> Result<()> {
    let header = list
        .lines()
        .find(|line| line.contains("(flat, cum)"))
        .with_context(|| format!("list has no header:\n{list}"))?;
    let total = header.split_whitespace().next().unwrap_or_default();
    let heaviest = list
        .lines()
        .filter(|line| line.split_whitespace().next() == Some(total))
        .find(|line| line.split_whitespace().nth(2).is_some_and(|word| word.contains(':')));
    let Some(line) = heaviest else {
        bail!("no single line carries the {total} of the function:\n{list}");
    };
    let source = line.split_once(':').map(|(_, source)| source.trim()).unwrap_or_default();
    ensure!(!source.is_empty(), "the listing shows no source text:\n{list}");
    println!("the line that allocates it: {source}");
    Ok(())
}
