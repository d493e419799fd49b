//! Reads lines and carries them out until the end of the input.

use super::complete::Known;
use super::parse::{Step, Wanted, expand, parse};
use super::terminal::Lines;
use crate::messages::{Message, say, say_plain};
use crate::options::Door;
use crate::options::help;
use crate::options::settings::Settings;
use crate::options::table::{self, Place, Row};
use crate::output::{Asker, Shown, deliver, is_broken_pipe};
use crate::session::Session;
use anyhow::Result;

/// Runs the shell.
pub(crate) fn run(session: &Session, mut settings: Settings) -> Result<()> {
    greet(session, &settings);
    settings.base.compact_labels = true;
    let prompt = match session.door() {
        Door::Pprof => "(pprof) ",
        Door::Own => "(liveheap) ",
    };
    let mut lines = Lines::open(session.door(), || Known {
        functions: session.function_names(&settings),
        sample_types: session.sample_types().into_iter().map(str::to_owned).collect(),
    });
    let mut shown = Shown::default();
    while let Some(line) = lines.next(prompt)? {
        for line in expand(&line, session) {
            match parse(&line, &mut settings, session) {
                Ok(Step::Done) => {}
                Ok(Step::Quit) => return Ok(()),
                Ok(Step::Options) => say_plain(options(&settings, session)),
                Ok(Step::Help(topic)) => say_plain(help_on(&topic, session)),
                Ok(Step::Report(wanted)) => match carry_out(*wanted, session, &mut shown) {
                    Err(error) if is_broken_pipe(&error) => return Err(error),
                    Err(error) => say_plain(format_args!("{error:#}")),
                    Ok(()) => {}
                },
                Err(error) => say_plain(error),
            }
        }
    }
    Ok(())
}

/// What the profile is, and how to get on.
fn greet(session: &Session, settings: &Settings) {
    let overview = session.overview(settings);
    for line in overview.notes.iter().chain(&overview.lines) {
        say_plain(line);
    }
    if overview.is_empty {
        say(&Message::NothingByDefault);
    }
    say(&Message::Greeting);
}

fn carry_out(wanted: Wanted, session: &Session, shown: &mut Shown) -> Result<()> {
    let Wanted { command, pattern, settings } = wanted;
    let answer = session.ask(command, pattern, &settings)?;
    for note in &answer.notes {
        say_plain(note);
    }
    deliver(&answer, command, &settings, Asker::Shell, shown)
}

fn help_on(topic: &str, session: &Session) -> String {
    if topic.is_empty() {
        return help::shell_usage(session.door());
    }
    let types = format!("[{}]", session.sample_types().join(" "));
    help::topic(session.door(), topic, Some(&types))
        .unwrap_or_else(|| format!("Unknown command: {topic}"))
}

/// All options and their values, with what they may be where that is not any text.
fn options(settings: &Settings, session: &Session) -> String {
    let mut rows: Vec<&Row> =
        table::behind(session.door()).filter(|row| row.name != "source_path").collect();
    rows.sort_unstable_by_key(|row| row.name);
    let lines: Vec<String> = rows
        .into_iter()
        .map(|row| {
            let (value, remark) = shown(row, settings, session);
            let remark = if remark.is_empty() { remark } else { format!("//: {remark}") };
            format!("  {:<25} = {value:<20} {remark}", row.name)
        })
        .collect();
    lines.join("\n")
}

/// A value as it is shown, and a remark on it.
fn shown(row: &Row, settings: &Settings, session: &Session) -> (String, String) {
    let value = row.show(settings);
    match (&row.place, row.name) {
        (Place::Choice { .. } | Place::Word { .. }, _) => {
            let mut words = row.words();
            words.sort_unstable();
            let value = if value.is_empty() { String::from("(default)") } else { value };
            (value, format!("[{}]", words.join(" | ")))
        }
        (_, "sample_index") => {
            let types = session.sample_types();
            let last = types.last().copied().unwrap_or_default();
            let value = if value.is_empty() { last.to_owned() } else { value };
            (value, format!("[{}]", types.join(" | ")))
        }
        (_, "nodecount") if value == "-1" => (value, String::from("default")),
        _ if value.is_empty() => (String::from("\"\""), String::new()),
        _ => (value, String::new()),
    }
}
