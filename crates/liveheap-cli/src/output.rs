//! Where the bytes of a report go: standard output, a file, or a program that shows them.
//!
//! This is the only place that writes to standard output, which carries reports (and the plain
//! shell's prompt) and nothing else.

use crate::external;
use crate::messages::{Message, say};
use crate::options::commands::{Command, Viewer, Way};
use crate::options::settings::{Form, Settings};
use crate::save::create_numbered;
use anyhow::{Context, Result, anyhow};
use liveheap_report::{Answer, Report};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

/// A viewer needs this long to open its file, even when the program that starts it is gone.
const TIME_TO_OPEN: Duration = Duration::from_secs(1);

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A command line: viewers are waited for.
    CommandLine,
    /// A shell: viewers run beside it.
    Shell,
}

/// Files that are shown, to be deleted when no one needs them any more.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    files: Vec<PathBuf>,
    viewers: Vec<Child>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        for viewer in &mut self.viewers {
            // A viewer that is still open is no reason to keep the shell open.
            let _ = viewer.try_wait();
        }
        for file in &self.files {
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Sends a report where the command and the option `output` say.
pub(crate) fn deliver(
    answer: &Answer,
    command: &Command,
    settings: &Settings,
    asker: Asker,
    shown: &mut Shown,
) -> Result<()> {
    let output = settings.output.as_str();
    // For machines there is neither a viewer nor a picture.
    let way = if settings.form == Form::Own { command.way } else { Way::Text };
    let graphviz = match way {
        Way::Text => None,
        Way::Away { graphviz, .. } | Way::Viewer { graphviz, .. } => graphviz,
    };
    let content = match (settings.form, graphviz) {
        (Form::Json, _) => Content::Json(answer),
        (Form::Csv, _) => {
            Content::Bytes(answer.csv().map(String::into_bytes).ok_or_else(|| {
                anyhow!("{} is not a table: -csv is for top, tree, peek and tags", command.name)
            })?)
        }
        (Form::Own, Some(format)) => {
            let mut graph = Vec::new();
            answer.report.write(&mut graph)?;
            Content::Bytes(external::graphviz(format, &graph)?)
        }
        (Form::Own, None) => Content::Report(&answer.report),
    };
    if !output.is_empty() {
        say(&Message::Generating { path: output.to_owned() });
        let file = File::create(output).with_context(|| format!("cannot write {output}"))?;
        return write_file(&content, file, Path::new(output));
    }
    match way {
        Way::Away { ending, .. } if asker == Asker::Shell || io::stdout().is_terminal() => {
            let (file, path) = create_numbered(Path::new(""), "profile", &format!(".{ending}"))
                .context("cannot write here; name a file with `output=`")?;
            say(&Message::Generating { path: path.display().to_string() });
            write_file(&content, file, &path)
        }
        Way::Text | Way::Away { .. } => to_standard_output(|out| content.write(out)),
        Way::Viewer { ending, viewer, .. } => {
            let (file, path) =
                create_numbered(&std::env::temp_dir(), "pprof", &format!(".{ending}"))
                    .context("cannot write a temporary file; name a file with `output=`")?;
            write_file(&content, file, &path)?;
            show(viewer, path, asker, shown)
        }
    }
}

/// Sends bytes where the option `output` says.
pub(crate) fn deliver_bytes(bytes: Vec<u8>, settings: &Settings) -> Result<()> {
    let (content, output) = (Content::Bytes(bytes), settings.output.as_str());
    if output.is_empty() {
        return to_standard_output(|out| content.write(out));
    }
    say(&Message::Generating { path: output.to_owned() });
    let file = File::create(output).with_context(|| format!("cannot write {output}"))?;
    write_file(&content, file, Path::new(output))
}

/// What is to be written.
enum Content<'a> {
    Report(&'a Report),
    Json(&'a Answer),
    Bytes(Vec<u8>),
}

impl Content<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Report(report) => report.write(out),
            Self::Json(answer) => answer.write_json(out),
            Self::Bytes(bytes) => out.write_all(bytes),
        }
    }
}

fn write_file(content: &Content<'_>, file: File, path: &Path) -> Result<()> {
    let mut out = BufWriter::new(file);
    content
        .write(&mut out)
        .and_then(|()| out.flush())
        .with_context(|| format!("cannot write {}", path.display()))
}

fn show(viewer: Viewer, file: PathBuf, asker: Asker, shown: &mut Shown) -> Result<()> {
    let Some(mut running) = external::show(viewer, &file) else {
        let what = match viewer {
            Viewer::Browser => String::from("no browser found: set BROWSER, or open"),
            Viewer::Program(words) => format!("{} is not installed: open", words[0]),
        };
        return Err(anyhow!("{what} {} yourself", file.display()));
    };
    std::thread::sleep(TIME_TO_OPEN);
    let ended = match asker {
        Asker::CommandLine => Some(running.wait().context("waiting for the viewer")?),
        // Who fails does so at once.
        Asker::Shell => running.try_wait().context("asking for the viewer")?,
    };
    if let Some(status) = ended
        && !status.success()
    {
        return Err(anyhow!(
            "what should show it failed ({status}): open {} yourself",
            file.display()
        ));
    }
    shown.files.push(file);
    if asker == Asker::Shell {
        shown.viewers.push(running);
    }
    Ok(())
}

/// Writes to standard output and sees to it that everything got there.
pub(crate) fn to_standard_output(
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).context("cannot write to standard output")
}

/// Whether an error is that no one reads our output any more; that is no failure.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
