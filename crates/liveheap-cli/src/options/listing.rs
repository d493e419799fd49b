//! What our own verbs have to offer, as help, manual and completions list it.
//!
//! Goes in: the tables. Comes out: commands in groups and options in groups, each with the words in
//! which it is shown. Nothing is formatted here.

use super::Door;
use super::commands::{self, Command, Viewer, Way};
use super::settings::Settings;
use super::source;
use super::table::{self, Place, Row};
use liveheap_report::ReportKind;

/// An option as it is typed.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Its letter, such as the `n` of `-n 5`.
    pub(crate) letter: Option<char>,
    /// Its name without the dashes before it.
    pub(crate) name: String,
    /// How its value is called; empty for a switch.
    pub(crate) value: &'static str,
    /// Whether it is a switch that is on unless it is turned off.
    pub(crate) is_on: bool,
    /// The words that may or usually do stand as its value.
    pub(crate) words: Vec<&'static str>,
    /// What it does: a line for lists, then more lines.
    pub(crate) help: Vec<&'static str>,
}

/// Things that belong together, under a title.
#[derive(Debug)]
pub(crate) struct Group<T> {
    /// The title, without a colon.
    pub(crate) title: &'static str,
    /// What belongs together.
    pub(crate) members: Vec<T>,
}

impl Listed {
    /// The option with its dashes and the name of its value.
    pub(crate) fn shown(&self) -> String {
        let no = if self.is_on { "[no-]" } else { "" };
        let equals = if self.value.is_empty() { "" } else { "=" };
        format!("--{no}{}{equals}{}", self.name, self.value)
    }

    /// The names that can be typed: `--name`, and `--no-name` of a switch that is on.
    pub(crate) fn long_names(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        if self.is_on {
            names.push(format!("no-{}", self.name));
        }
        names
    }

    /// Whether its value is a file, or something that may be one.
    pub(crate) fn takes_file(&self) -> bool {
        matches!(self.value, "FILE" | "SOURCE" | "PATHS")
    }
}

/// All commands, in groups.
pub(crate) fn commands() -> [Group<&'static Command>; 4] {
    let group = |title, place| Group {
        title,
        members: commands::behind(Door::Own).filter(|command| place_of(command) == place).collect(),
    };
    [
        group("Commands", 0),
        group("Pictures by Graphviz, and programs that show them", 1),
        group("For other tools", 2),
        group("Other names", 3),
    ]
}

fn place_of(command: &Command) -> usize {
    let is_for_tools = matches!(
        command.report(String::new()),
        Some(
            ReportKind::Proto
                | ReportKind::TopProto
                | ReportKind::Raw
                | ReportKind::Folded
                | ReportKind::Callgrind
        )
    );
    match command.way {
        _ if command.name == "text" => 3,
        Way::Away { graphviz: Some(_), .. } | Way::Viewer { viewer: Viewer::Program(_), .. } => 1,
        _ if is_for_tools => 2,
        _ => 0,
    }
}

/// All options, in groups.
pub(crate) fn options() -> [Group<Listed>; 4] {
    let reports = table::behind(Door::Own).flat_map(report_options).collect();
    let is_form = |row: &&source::Row| matches!(row.name, "json" | "csv");
    let rows = || source::ROWS.iter().filter(|row| !row.help.1.is_empty());
    let shorthands = source::SHORTHANDS.iter().map(|shorthand| &shorthand.row);
    [
        Group { title: "Options", members: reports },
        Group {
            title: "Where profiles come from",
            members: rows().filter(|row| !is_form(row)).map(source_option).collect(),
        },
        Group {
            title: "How reports are written",
            members: rows().filter(is_form).map(source_option).collect(),
        },
        Group {
            title: "Short for --sample-index=TYPE",
            members: shorthands.map(source_option).collect(),
        },
    ]
}

/// A name as our own verbs spell it.
pub(crate) fn dashed(name: &str) -> String {
    name.replace('_', "-")
}

fn report_options(row: &'static Row) -> Vec<Listed> {
    let of = |name: &str, letter, value, words, help: &'static [&'static str]| Listed {
        letter,
        name: dashed(name),
        value,
        is_on: value.is_empty() && row.show(&Settings::default()) == "true" && name == row.name,
        words,
        help: help.to_vec(),
    };
    let choices = row.choices().iter();
    if !row.choices().is_empty() {
        return choices.map(|choice| of(choice.name, None, "", Vec::new(), choice.help)).collect();
    }
    let words = match row.name {
        "sample_index" => source::SHORTHANDS
            .iter()
            .map(|shorthand| shorthand.sample_index)
            .filter(|name| name.ends_with("_space") || name.ends_with("_objects"))
            .collect(),
        "unit" => vec!["minimum", "auto", "B", "kB", "MB", "GB"],
        _ => row.words(),
    };
    vec![of(row.name, row.letter, value_name(row), words, row.help)]
}

/// What the value of an option is called.
fn value_name(row: &Row) -> &'static str {
    match (&row.place, row.name) {
        (Place::Switch(_), _) => "",
        (Place::Whole(_) | Place::Real(_), _) => "N",
        (_, "output") => "FILE",
        (_, "source_path" | "trim_path") => "PATHS",
        (_, "unit") => "UNIT",
        (_, "sample_index") => "TYPE",
        (_, "tagroot" | "tagleaf") => "KEYS",
        (_, "tagfocus" | "tagignore") => "TAG",
        (Place::Text(_), _) => "REGEX",
        (Place::Word { .. } | Place::Choice { .. }, _) => "WORD",
    }
}

fn source_option(row: &'static source::Row) -> Listed {
    let (value, help) = row.help;
    let words = match row.name {
        "symbolize" => vec!["none", "local", "fastlocal", "remote", "force", "demangle=full"],
        _ => Vec::new(),
    };
    let name = dashed(row.name);
    Listed { letter: None, name, value, is_on: false, words, help: vec![help] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_and_every_option_is_listed_once() {
        let groups = commands();
        let listed: Vec<&str> =
            groups.iter().flat_map(|group| &group.members).map(|command| command.name).collect();
        let distinct: BTreeSet<&str> = listed.iter().copied().collect();
        let all: BTreeSet<&str> = commands::behind(Door::Own).map(|command| command.name).collect();
        assert_eq!((listed.len(), &distinct), (all.len(), &all));

        let groups = options();
        let listed: Vec<String> = groups
            .iter()
            .flat_map(|group| &group.members)
            .map(|option| option.name.clone())
            .collect();
        let mut all: BTreeSet<String> = BTreeSet::new();
        for row in table::behind(Door::Own) {
            if row.choices().is_empty() {
                all.insert(dashed(row.name));
            }
            all.extend(row.choices().iter().map(|choice| dashed(choice.name)));
        }
        // What does nothing here is accepted, and not offered.
        let rows = source::ROWS.iter().filter(|row| !row.help.1.is_empty());
        all.extend(rows.map(|row| dashed(row.name)));
        all.extend(source::SHORTHANDS.iter().map(|shorthand| dashed(shorthand.name)));
        assert_eq!((listed.len(), listed.into_iter().collect()), (all.len(), all));
    }

    #[test]
    fn a_switch_that_is_on_is_shown_with_what_turns_it_off() {
        let [options, ..] = options();
        let shown: Vec<String> =
            options.members.iter().filter(|option| option.is_on).map(Listed::shown).collect();
        assert_eq!(shown, ["--[no-]trim"]);
    }
}
