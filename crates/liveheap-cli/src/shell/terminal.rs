//! Where the shell's lines come from: a terminal with history and completion, or plain input.

use super::complete::{Known, candidates};
use crate::options::Door;
use crate::output;
use anyhow::{Context as _, Result};
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

/// Where lines come from.
pub(super) enum Lines {
    /// A terminal.
    Terminal(Box<Terminal>),
    /// A pipe or a file, or a terminal that can do nothing.
    Plain,
}

/// A terminal with history and completion.
pub(super) struct Terminal {
    editor: Editor<Words, DefaultHistory>,
    history: Option<PathBuf>,
}

/// Completes words for the editor.
struct Words {
    door: Door,
    known: Known,
}

impl Helper for Words {}
impl Highlighter for Words {}
impl Validator for Words {}

impl Hinter for Words {
    type Hint = String;
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, found) =
            candidates(self.door, line.get(..position).unwrap_or(line), &self.known);
        let pair = |text: String| Pair { display: text.clone(), replacement: text };
        Ok((start, found.into_iter().map(pair).collect()))
    }
}

impl Lines {
    /// A terminal where there is one; `known` is what can be completed, made only for it.
    pub(super) fn open(door: Door, known: impl FnOnce() -> Known) -> Self {
        let term = std::env::var("TERM").unwrap_or_default().to_lowercase();
        if matches!(term.as_str(), "" | "dumb")
            || !io::stdin().is_terminal()
            || !io::stdout().is_terminal()
        {
            return Self::Plain;
        }
        let config =
            rustyline::Config::builder().completion_type(rustyline::CompletionType::List).build();
        match Editor::with_config(config) {
            Ok(mut editor) => {
                editor.set_helper(Some(Words { door, known: known() }));
                let history = history_file();
                if let Some(file) = &history {
                    // There is none before the first session.
                    let _ = editor.load_history(file);
                }
                Self::Terminal(Box::new(Terminal { editor, history }))
            }
            Err(_) => Self::Plain,
        }
    }

    /// The next line, without its end; `None` at the end of the input.
    pub(super) fn next(&mut self, prompt: &str) -> Result<Option<String>> {
        match self {
            Self::Terminal(terminal) => terminal.next(prompt),
            Self::Plain => {
                output::to_standard_output(|out| out.write_all(prompt.as_bytes()))?;
                let mut line = Vec::new();
                let count = io::stdin()
                    .lock()
                    .read_until(b'\n', &mut line)
                    .context("cannot read the next command")?;
                Ok((count > 0).then(|| String::from_utf8_lossy(&line).into_owned()))
            }
        }
    }
}

impl Terminal {
    fn next(&mut self, prompt: &str) -> Result<Option<String>> {
        match self.editor.readline(prompt) {
            Ok(line) => {
                if !line.trim().is_empty()
                    && self.editor.add_history_entry(line.as_str()).unwrap_or(false)
                    && let Some(file) = &self.history
                {
                    // A history that cannot be written is no reason to stop.
                    let _ = self.editor.append_history(file);
                }
                Ok(Some(line))
            }
            // Like other shells: the line is dropped, the shell goes on.
            Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
            Err(ReadlineError::Eof) => Ok(None),
            Err(error) => Err(error).context("cannot read the next command"),
        }
    }
}

/// The file with earlier sessions' lines; its folder is made if need be.
fn history_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")))?;
    let folder = state.join("liveheap");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}
