//! Other programs: Graphviz for the picture formats that we do not draw, and what shows a file.

use crate::options::commands::Viewer;
use anyhow::{Result, anyhow, bail};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Programs that open a page, in the order in which they are tried.
const BROWSERS: &[&str] = &["chrome", "google-chrome", "chromium", "firefox", "sensible-browser"];

/// Has Graphviz draw a graph; `format` is its own name for the format, such as `png`.
pub(crate) fn graphviz(format: &str, graph: &[u8]) -> Result<Vec<u8>> {
    let mut dot = Command::new("dot")
        .arg(format!("-T{format}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            anyhow!("{format} is drawn by Graphviz: install it, or use svg, which needs nothing ({error})")
        })?;
    let mut input = dot.stdin.take().expect("the standard input was asked for as a pipe");
    // The picture is read while the graph is written: either may fill its pipe.
    let (output, written) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || input.write_all(graph));
        let output = dot.wait_with_output();
        (output, writer.join())
    });
    let output = output.map_err(|error| anyhow!("dot broke off: {error}"))?;
    if !output.status.success() || !matches!(written, Ok(Ok(()))) {
        bail!("dot -T{format} failed with {}", output.status);
    }
    Ok(output.stdout)
}

/// Starts the first program that can show a file; `None` when there is none.
pub(crate) fn show(viewer: Viewer, file: &Path) -> Option<Child> {
    let candidates: Vec<Vec<String>> = match viewer {
        Viewer::Browser => browsers(),
        Viewer::Program(words) => vec![words.iter().map(|&word| word.to_owned()).collect()],
    };
    candidates.into_iter().find_map(|words| {
        let (program, arguments) = words.split_first()?;
        Command::new(program)
            .args(arguments)
            .arg(file)
            .stdin(Stdio::null())
            // Standard output is for reports.
            .stdout(Stdio::null())
            .spawn()
            .ok()
    })
}

fn browsers() -> Vec<Vec<String>> {
    let own = std::env::var("BROWSER").unwrap_or_default();
    let mut candidates = vec![own.split_whitespace().map(str::to_owned).collect()];
    if cfg!(target_os = "macos") {
        candidates.push(vec![String::from("/usr/bin/open")]);
    } else {
        candidates.extend(BROWSERS.iter().map(|&name| vec![name.to_owned()]));
        if std::env::var_os("DISPLAY").or_else(|| std::env::var_os("WAYLAND_DISPLAY")).is_some() {
            candidates.push(vec![String::from("xdg-open")]);
        }
    }
    candidates
}
