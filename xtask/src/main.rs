//! The project's own chores. Run `cargo xtask` for the list.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to a terminal")]

mod bench_alloc;
mod bench_pprof;
mod bench_symbols;
mod compare_symbols;
mod compat;
mod demo;
mod differential;
mod elf;
mod measure;
mod process;
mod server;
mod tidy;
mod torture;
mod tree;

use anyhow::{Context, Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask CHORE

  demo                     a leaking server, a load on it, and every report that finds the leak
                           (`cargo demo` for short)
  tidy                     file headers, dead pointers in the docs, dependency lists
  tidy --update            rewrite the dependency lists, to be reviewed like code
  compat --go GOROOT       compare the command with a real `go tool pprof`, on a Go and a Rust
                           server; GOROOT is a Go tree with its sources
  differential --oracle PPROF [--runs N] [--seed N]
                           random profiles and options, printed by the real pprof and by ours
  bench-alloc [--instances N] [--rounds N] [--only NAME] [--go GOROOT]
                           what sampling costs a program, beside jemalloc's own profiler and, where
                           they are at hand, gperftools' and Go's, as a table
  bench-pprof --oracle PPROF [--rounds N] [--oracle-rounds N] [--only NAME]
                           speed and memory beside the real pprof, as a table
  profile-own [NAME]       where our own time goes in the rows of that table whose name contains
                           NAME: under perf, shown by our own top
  bench-symbols --oracle PPROF [--addresses N] [--rounds N] [--binary PATH]...
                           the same for looking up names in large binaries
  compare-symbols --oracle PPROF [--go GOROOT]
                           names and lines of small programs, built in every way, that we, the
                           real pprof, addr2line and llvm-symbolizer find, as a table
  torture [--minutes N | --seconds N] [--threads N] [--memcheck] [--jemalloc]
                           threads, dumps, forks, signals, panics and libraries that come and go, all
                           at once on the runtime; 10 minutes and 8 threads unless said otherwise;
                           --jemalloc: on jemalloc's own profiler, for comparison
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[&str]) -> Result<()> {
    match words {
        ["demo"] => demo::run(),
        ["tidy"] => tidy::run(false),
        ["tidy", "--update"] => tidy::run(true),
        ["compat", "--go", goroot] => compat::run(goroot.as_ref()),
        ["differential", "--oracle", oracle, rest @ ..] => {
            let (mut runs, mut seed) = (1000, 1);
            for pair in rest.chunks(2) {
                match pair {
                    ["--runs", number] => runs = number.parse().context("--runs wants a number")?,
                    ["--seed", number] => seed = number.parse().context("--seed wants a number")?,
                    _ => bail!("no such option: {}\n\n{USAGE}", pair.join(" ")),
                }
            }
            differential::run(&differential::Plan { oracle: oracle.as_ref(), runs, seed })
        }
        ["bench-alloc", rest @ ..] => {
            let mut plan = bench_alloc::Plan { instances: 7, rounds: 30, only: "", goroot: None };
            for pair in rest.chunks(2) {
                match pair {
                    ["--instances", number] => {
                        plan.instances = number.parse().context("--instances wants a number")?;
                    }
                    ["--rounds", number] => {
                        plan.rounds = number.parse().context("--rounds wants a number")?;
                    }
                    ["--only", name] => plan.only = name,
                    ["--go", goroot] => plan.goroot = Some(goroot.as_ref()),
                    _ => bail!("no such option: {}\n\n{USAGE}", pair.join(" ")),
                }
            }
            bench_alloc::run(&plan)
        }
        // How the chore calls itself.
        ["profile-own"] => bench_pprof::profile_own(""),
        ["profile-own", name] => bench_pprof::profile_own(name),
        ["bench-pprof", "--make", what, folder] => bench_pprof::make(what, folder.as_ref()),
        ["bench-pprof", "--oracle", oracle, rest @ ..] => {
            let mut plan = bench_pprof::Plan {
                oracle: oracle.as_ref(),
                rounds: 3,
                oracle_rounds: 1,
                only: "",
            };
            for pair in rest.chunks(2) {
                match pair {
                    ["--rounds", number] => {
                        plan.rounds = number.parse().context("--rounds wants a number")?;
                    }
                    ["--oracle-rounds", number] => {
                        plan.oracle_rounds =
                            number.parse().context("--oracle-rounds wants a number")?;
                    }
                    ["--only", name] => plan.only = name,
                    _ => bail!("no such option: {}\n\n{USAGE}", pair.join(" ")),
                }
            }
            bench_pprof::run(&plan)
        }
        ["bench-symbols", "--oracle", oracle, rest @ ..] => {
            let mut plan = bench_symbols::Plan {
                oracle: oracle.as_ref(),
                addresses: 5000,
                rounds: 3,
                binaries: Vec::new(),
            };
            for pair in rest.chunks(2) {
                match pair {
                    ["--addresses", number] => {
                        plan.addresses = number.parse().context("--addresses wants a number")?;
                    }
                    ["--rounds", number] => {
                        plan.rounds = number.parse().context("--rounds wants a number")?;
                    }
                    ["--binary", path] => plan.binaries.push(path.into()),
                    _ => bail!("no such option: {}\n\n{USAGE}", pair.join(" ")),
                }
            }
            bench_symbols::run(&plan)
        }
        ["compare-symbols", "--oracle", oracle] => compare_symbols::run(oracle.as_ref(), None),
        ["compare-symbols", "--oracle", oracle, "--go", goroot] => {
            compare_symbols::run(oracle.as_ref(), Some(goroot.as_ref()))
        }
        ["torture", rest @ ..] => {
            let mut plan =
                torture::Plan { seconds: 600, threads: 8, jemalloc: false, memcheck: false };
            let mut rest = rest.iter().copied();
            while let Some(option) = rest.next() {
                if option == "--memcheck" {
                    plan.memcheck = true;
                    continue;
                }
                if option == "--jemalloc" {
                    plan.jemalloc = true;
                    continue;
                }
                let word = rest.next().unwrap_or_default();
                let number: u64 = word.parse().with_context(|| format!("{option} {word}"))?;
                match option {
                    "--minutes" => plan.seconds = number.saturating_mul(60),
                    "--seconds" => plan.seconds = number,
                    "--threads" => plan.threads = number,
                    _ => bail!("no such option: {option}\n\n{USAGE}"),
                }
            }
            torture::run(&plan)
        }
        [] | ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => bail!("no such chore: {}\n\n{USAGE}", words.join(" ")),
    }
}
