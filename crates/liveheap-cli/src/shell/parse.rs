//! One line typed into the shell to what it asks for.
//!
//! Assignments change the settings at once; a report gets settings of its own, so that its
//! arguments hold for it alone. Error texts are those that pprof's users know.

use crate::options::Door;
use crate::options::commands::{self, Command};
use crate::options::settings::Settings;
use crate::options::suggest;
use crate::options::table::{self, Named, Place};
use crate::session::Session;
use liveheap_report::{Sort, sample_index};

/// Behind this everything in an assignment is a remark.
const REMARK: &str = "//:";

/// What a line asks for.
#[derive(Debug)]
pub(crate) enum Step {
    /// Nothing, or nothing more.
    Done,
    /// The end.
    Quit,
    /// The list of options.
    Options,
    /// Help, on everything when empty.
    Help(String),
    /// A report.
    Report(Box<Wanted>),
}

/// A report that a line asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Which.
    pub(crate) command: &'static Command,
    /// Its regular expression, if it takes one.
    pub(crate) pattern: String,
    /// The options for this time.
    pub(crate) settings: Settings,
}

/// The lines that a line stands for: itself, unless it is a shorthand.
pub(crate) fn expand(line: &str, session: &Session) -> Vec<String> {
    let line = line.trim();
    if line == ":" {
        return ["focus=", "ignore=", "hide=", "tagfocus=", "tagignore="]
            .map(str::to_owned)
            .to_vec();
    }
    for sample_type in session.sample_types() {
        let chosen = format!("sample_index={sample_type}");
        if line == sample_type {
            return vec![chosen];
        }
        if line.strip_prefix("total_") == Some(sample_type) {
            return vec![String::from("mean=0"), chosen];
        }
        if line.strip_prefix("mean_") == Some(sample_type) {
            return vec![String::from("mean=1"), chosen];
        }
    }
    vec![line.to_owned()]
}

/// What a line asks for; `Err` is what to tell the user.
pub(crate) fn parse(
    line: &str,
    settings: &mut Settings,
    session: &Session,
) -> Result<Step, String> {
    let (name, value) = match line.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (line, None),
    };
    let name = name.trim();
    // Our command line has dashes in names, so our shell takes them too.
    let dashless = match session.door() {
        Door::Own => name.replace('-', "_"),
        Door::Pprof => name.to_owned(),
    };
    if let Some(named) = table::find(session.door(), &dashless) {
        let value = value.map(|value| {
            let value = value.rfind(REMARK).map_or(value, |start| &value[..start]);
            value.trim()
        });
        assign(named, &dashless, value, settings, session)?;
        return Ok(Step::Done);
    }
    if session.door() == Door::Own && value.is_some() && is_name(name) {
        return Err(format!("there is no option {name}: `o` lists all"));
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(Step::Done),
        ["o" | "options", ..] => Ok(Step::Options),
        ["exit" | "quit" | "q", ..] => Ok(Step::Quit),
        ["help", topic @ ..] => Ok(Step::Help(topic.join(" "))),
        [name, arguments @ ..] => report(session, name, arguments, settings),
    }
}

fn assign(
    named: Named,
    name: &str,
    value: Option<&str>,
    settings: &mut Settings,
    session: &Session,
) -> Result<(), String> {
    if value.is_none() && !named.stands_alone() {
        return Err(format!("please specify a value, e.g. {name}=<val>"));
    }
    let value = value.unwrap_or_default();
    let row = match named {
        Named::Row(row) => row,
        Named::Choice(_, choice) => {
            // What would unset a word has no meaning. A word alone sets it, but not in pprof.
            let is_set = match value {
                "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
                "" => session.door() == Door::Own,
                _ => false,
            };
            if !is_set {
                return Err(format!("unknown config field {name:?}"));
            }
            (choice.set)(settings);
            return Ok(());
        }
    };
    // Go's words for what is wrong with a number mean something to no one else.
    let in_own_words = |error: String| match (session.door(), &row.place) {
        (Door::Pprof, _) => error,
        (Door::Own, Place::Switch(_)) => format!("{name}: {value:?} is neither true nor false"),
        (Door::Own, Place::Whole(_)) => format!("{name}: {value:?} is not a whole number"),
        (Door::Own, _) => format!("{name}: {value:?} is not a number"),
    };
    match row.place {
        Place::Switch(at) => *at(settings) = switch(value).map_err(in_own_words)?,
        Place::Whole(at) => *at(settings) = whole(value).map_err(in_own_words)?,
        Place::Real(at) => *at(settings) = real(value).map_err(in_own_words)?,
        Place::Text(at) if name == "sample_index" => {
            let profile = session.profile();
            let index = sample_index(profile, value).map_err(|error| error.to_string())?;
            *at(settings) = profile.text(profile.sample_types[index].kind).to_owned();
        }
        Place::Text(at) => value.clone_into(at(settings)),
        Place::Word { words, set, .. } => {
            if !words.contains(&value) {
                return Err(format!("{name} is one of {}", words.join(", ")));
            }
            set(settings, value);
        }
        Place::Choice { choices, .. } => {
            let choice = choices.iter().find(|choice| choice.name == value);
            let choice = choice.ok_or_else(|| format!("invalid {name:?} value {value:?}"))?;
            (choice.set)(settings);
        }
    }
    Ok(())
}

fn switch(value: &str) -> Result<bool, String> {
    match value.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err(format!("illegal value \"{value}\" for bool variable")),
    }
}

fn whole(value: &str) -> Result<i64, String> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    value.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            PosOverflow | NegOverflow => "value out of range",
            _ => "invalid syntax",
        };
        format!("strconv.Atoi: parsing {value:?}: {why}")
    })
}

fn real(value: &str) -> Result<f64, String> {
    table::read_real(value).ok_or_else(|| {
        let is_number = value.parse::<f64>().is_ok();
        let why = if is_number { "value out of range" } else { "invalid syntax" };
        format!("strconv.ParseFloat: parsing {value:?}: {why}")
    })
}

/// A report and its arguments: a limit, `-cum`, `>file`, and what to focus on or to ignore.
fn report(
    session: &Session,
    name: &str,
    arguments: &[&str],
    settings: &Settings,
) -> Result<Step, String> {
    let door = session.door();
    let mut arguments = arguments.to_vec();
    let mut name = name;
    let mut found = commands::find(door, name);
    if found.is_none() {
        // `top10` is `top 10`.
        let stem = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
        if stem.len() < name.len() && !stem.is_empty() {
            arguments.insert(0, &name[stem.len()..]);
            name = stem;
            found = commands::find(door, name);
        }
    }
    let Some(command) = found else {
        let is_option = table::find(door, name)
            .is_some_and(|named| !matches!(named, Named::Row(row) if !row.choices().is_empty()));
        return Err(if is_option {
            let value = arguments.first().copied().unwrap_or("<val>");
            format!("did you mean: {name}={value}")
        } else {
            let words = commands::behind(Door::Own).map(|command| command.name);
            match suggest::nearest(name, words.chain(["help", "options", "quit"])) {
                Some(near) if door == Door::Own => {
                    format!("unrecognized command: {name:?}, did you mean {near}?")
                }
                _ => format!("unrecognized command: {name:?}"),
            }
        });
    };
    let mut pattern = String::new();
    if command.takes_pattern() {
        if arguments.is_empty() {
            return Err(format!("command {name} requires an argument"));
        }
        arguments.remove(0).clone_into(&mut pattern);
    }
    let mut settings = settings.clone();
    let (mut focus, mut ignore) = (String::new(), String::new());
    let mut rest = arguments.into_iter();
    while let Some(argument) = rest.next() {
        if let Ok(count) = argument.parse::<i32>() {
            settings.node_count = i64::from(count);
        } else if let Some(file) = argument.strip_prefix('>') {
            let file = if file.is_empty() { rest.next() } else { Some(file) };
            file.ok_or("unexpected end of line after >")?.clone_into(&mut settings.output);
        } else if matches!(argument, "-cum" | "--cum") {
            settings.sort_by(Sort::Cum);
        } else if door == Door::Own
            && let Some(option) = option(argument)
        {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            let name = name.replace('-', "_");
            let named = table::find(door, &name)
                .ok_or_else(|| format!("there is no option {argument}: `o` lists all"))?;
            let value = if named.stands_alone() { value } else { value.or_else(|| rest.next()) };
            assign(named, &name, value, &mut settings, session)?;
        } else if let Some(expression) = argument.strip_prefix('-') {
            join(&mut ignore, expression);
        } else {
            join(&mut focus, argument);
        }
    }
    let filters = &mut settings.base.filters;
    let (focused, ignored) = if name == "tags" {
        (&mut filters.tag_focus, &mut filters.tag_ignore)
    } else {
        (&mut filters.focus, &mut filters.ignore)
    };
    if !focus.is_empty() {
        *focused = focus;
    }
    if !ignore.is_empty() {
        *ignored = ignore;
    }
    if settings.node_count == -1 && matches!(name, "top" | "text") {
        settings.node_count = 10;
    }
    Ok(Step::Report(Box::new(Wanted { command, pattern, settings })))
}

/// The option that an argument of our own shell names, written as on our command line: `--name` or
/// `-n`. Everything else with a dash is what to ignore.
fn option(argument: &str) -> Option<&str> {
    match argument.strip_prefix("--") {
        Some(name) if !name.is_empty() => Some(name),
        _ => (argument == "-n").then_some("nodecount"),
    }
}

/// Whether a text is written as the name of an option.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
}

/// Either of two regular expressions.
fn join(expression: &mut String, other: &str) {
    if !expression.is_empty() && !other.is_empty() {
        expression.push('|');
    }
    expression.push_str(other);
}

#[cfg(test)]
mod tests;
