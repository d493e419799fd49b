//! Compares the command with a real `go tool pprof`, on live servers.
//!
//! Builds the real tool and a small leaking Go server from a Go tree, and our own leaking server.
//! Then: every report of the Go server's heap, from its URL and from a file, must print the same
//! bytes from both tools; and the real tool must read our server's endpoint, its dump file and its
//! debug=1 text, name the leaking function and give the numbers that we give.

use crate::process::{build, capture, fresh_folder, root};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Requests sent to each server.
const REQUESTS: usize = 120;
/// The allocating function of the Go server, as its reports name it.
const GO_FUNCTION: &str = "main.(*store).keep";
/// The leaking function of ours.
const RUST_FUNCTION: &str = "leaky_server::pool::Buffer::filled";

pub(crate) fn run(goroot: &Path) -> Result<()> {
    let folder = fresh_folder("compat")?;
    let tools = Tools {
        real: build_go(goroot, &goroot.join("src/cmd/pprof"), &folder.join("go-pprof"))?,
        ours: build(&["--package", "liveheap-cli"])?.join("liveheap"),
        folder: folder.clone(),
    };
    let go_server = build_go(goroot, &root().join("tests/go"), &folder.join("heap-server"))?;
    let mut checks = 0;
    checks += go_heap(&tools, &go_server)?;
    let programs = build(&["--package", "liveheap", "--example", "leaky_server"])?;
    checks += rust_heap(&tools, &programs.join("examples/leaky_server"))?;
    println!("compat: {checks} comparisons with the real pprof, all equal");
    Ok(())
}

struct Tools {
    real: PathBuf,
    ours: PathBuf,
    folder: PathBuf,
}

impl Tools {
    /// Runs the same pprof command line with both and gives what each printed.
    fn both(&self, arguments: &[&str]) -> Result<(String, String)> {
        let saved = self.folder.join("saved");
        let run = |command: &mut Command| {
            capture(command.args(arguments).env("PPROF_TMPDIR", &saved).env("TZ", "UTC"))
        };
        let real = run(&mut Command::new(&self.real))?;
        let ours = run(Command::new(&self.ours).arg("pprof"))?;
        Ok((real, ours))
    }

    fn equal(&self, arguments: &[&str]) -> Result<String> {
        let (real, ours) = self.both(arguments)?;
        ensure!(
            real == ours,
            "pprof {} differs\n--- real\n{real}\n--- ours\n{ours}",
            arguments.join(" ")
        );
        println!("equal: pprof {}", arguments.join(" "));
        Ok(real)
    }
}

fn build_go(goroot: &Path, package: &Path, output: &Path) -> Result<PathBuf> {
    capture(
        Command::new(goroot.join("bin/go"))
            .current_dir(package)
            .env("GOROOT", goroot)
            .env("GOTOOLCHAIN", "local")
            .env("GOFLAGS", "-mod=mod")
            .env("GO111MODULE", "on")
            .args(["build", "-o"])
            .arg(output)
            .arg("."),
    )?;
    Ok(output.to_path_buf())
}

/// A real Go server's heap: the same bytes from both tools, from a file and from the URL.
fn go_heap(tools: &Tools, program: &Path) -> Result<usize> {
    let server = Server::start(&mut Command::new(program))?;
    for _ in 0..REQUESTS {
        server.get("/test")?;
    }
    let file = save(&server, "/debug/pprof/heap?gc=1", &tools.folder.join("go-heap.pb.gz"))?;
    // The heap of an idle Go server still changes a little with each request to it, so the URL is
    // served by a copy that stands still.
    let frozen = crate::server::Frozen::serve(&file)?;
    let url = frozen.url("/debug/pprof/heap");
    let source = format!("-source_path={}", root().join("tests/go").display());
    let list = format!("-list={}", regex_of(GO_FUNCTION));
    let peek = format!("-peek={}", regex_of(GO_FUNCTION));
    let mut checks = 0;
    for place in [file.as_str(), &url] {
        for report in ["-top", "-tree", &list, &peek, "-traces", "-tags", "-raw", "-dot"] {
            let text = tools.equal(&[report, &source, place])?;
            ensure!(text.contains(GO_FUNCTION) || report == "-tags" || report == "-dot", "{text}");
            checks += 1;
        }
        for sample in ["-inuse_objects", "-alloc_space", "-alloc_objects"] {
            tools.equal(&["-top", "-cum", sample, place])?;
            checks += 1;
        }
    }
    // And once the living server, where only the names must agree.
    let live = server.url("/debug/pprof/heap?gc=1");
    let (real, ours) = tools.both(&["-top", &live])?;
    for text in [real, ours] {
        ensure!(text.contains(GO_FUNCTION), "top of {live} does not name {GO_FUNCTION}:\n{text}");
    }
    Ok(checks + 1)
}

/// Our server's heap, read by the real tool.
fn rust_heap(tools: &Tools, program: &Path) -> Result<usize> {
    let server = Server::start(Command::new(program).arg("--port").arg("0"))?;
    for _ in 0..REQUESTS {
        server.get("/test")?;
    }
    // The server answers with the path of the file that it wrote.
    let dump = String::from_utf8(server.get("/dump")?).context("the path of the dump")?;
    let dump = String::from(dump.trim());
    let heap = server.url("/debug/pprof/heap");
    let text = server.url("/debug/pprof/heap?debug=1");
    let mut leaks = Vec::new();
    for place in [&heap, &dump, &text] {
        // Without the binary: names must come with the profile, or from the symbol endpoint.
        let without_binary = "-symbolize=remote";
        let (real, ours) = tools.both(&["-top", without_binary, place])?;
        for printed in [real, ours] {
            let row =
                printed.lines().find(|line| line.ends_with(RUST_FUNCTION)).with_context(|| {
                    format!("top of {place} does not name {RUST_FUNCTION}:\n{printed}")
                })?;
            let cells: Vec<&str> = row.split_whitespace().collect();
            leaks.push(cells[..2].join(" "));
        }
    }
    ensure!(
        leaks.windows(2).all(|pair| pair[0] == pair[1]),
        "the leak is not the same from every place and tool: {leaks:?}"
    );
    println!("equal: flat and flat% of {RUST_FUNCTION} from heap, dump and debug=1: {}", leaks[0]);
    tools.equal(&["-top", "-symbolize=none", &dump])?;
    let variants = rust_variants(tools, &server)?;
    Ok(leaks.len() + 1 + variants)
}

/// What else our endpoint gives, saved once and read by both tools.
fn rust_variants(tools: &Tools, server: &Server) -> Result<usize> {
    // The path, and whether the leak must be named: a quiet second may have no sample.
    let requests = [
        ("/debug/pprof/heap?labels=age", true),
        ("/debug/pprof/heap?labels=thread", true),
        ("/debug/pprof/heap?labels=age,thread", true),
        ("/debug/pprof/allocs", true),
        ("/debug/pprof/allocs?labels=age,thread", true),
        ("/debug/pprof/delta_heap?client=compat", true),
        ("/debug/pprof/delta_heap?client=compat", true),
        ("/debug/pprof/heap?debug=1", false),
        ("/debug/pprof/allocs?debug=1", false),
        ("/debug/pprof/heap?seconds=1", false),
        ("/debug/pprof/allocs?seconds=1", false),
    ];
    let mut checks = 0;
    for (number, (path, names_leak)) in requests.into_iter().enumerate() {
        let file = tools.folder.join(format!("variant-{number}"));
        let file = save(server, path, &file)?;
        println!("reading {path}");
        for report in ["-top", "-tags", "-traces", "-raw"] {
            let text = tools.equal(&[report, "-symbolize=none", &file])?;
            ensure!(
                report == "-tags" || !names_leak || text.contains(RUST_FUNCTION),
                "{report} of {path} does not name {RUST_FUNCTION}:\n{text}"
            );
            for label in ["age", "thread"] {
                let asked = path.split_once("labels=").is_some_and(|(_, it)| it.contains(label));
                ensure!(
                    report != "-tags" || !asked || text.contains(&format!(" {label}: Total ")),
                    "-tags of {path} has no label {label}:\n{text}"
                );
            }
            checks += 1;
        }
    }
    Ok(checks)
}

fn save(server: &Server, path: &str, file: &Path) -> Result<String> {
    std::fs::write(file, server.get(path)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(file.display().to_string())
}

/// A regular expression that matches a function name and nothing else.
fn regex_of(name: &str) -> String {
    let mut pattern = String::from("^");
    for character in name.chars() {
        if !character.is_alphanumeric() {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('$');
    pattern
}
