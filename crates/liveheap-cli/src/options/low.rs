//! What was typed, before anyone asks what it means.
//!
//! Both readers of command lines fill a [`LowArgs`] flag by flag through [`Flag::set`]. Values are
//! checked for their kind only; whether they go together is decided in [`super::high`].

use super::Door;
use super::commands::{self, Command};
use super::settings::Settings;
use super::source::{self, Source};
use super::table::{self, Choice, Named};

/// What was typed.
#[derive(Debug, Default)]
pub(crate) struct LowArgs {
    /// Options that hold a value.
    pub(crate) settings: Settings,
    /// Options that are one of a few words, in the order typed.
    pub(crate) choices: Vec<(&'static table::Row, &'static Choice)>,
    /// The reports asked for, each with its regular expression if it takes one.
    pub(crate) commands: Vec<(&'static Command, String)>,
    /// Where the profiles come from.
    pub(crate) source: Source,
    /// What is no option: binary and sources.
    pub(crate) operands: Vec<String>,
}

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Typed {
    /// A report or a shell.
    Run(Box<LowArgs>),
    /// The usage text, or help on one topic.
    Help(String),
    /// The version.
    Version,
}

/// A flag that exists.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flag {
    /// An option of the reports.
    Row(&'static table::Row),
    /// One of the words that an option may be set to.
    Choice(&'static table::Row, &'static Choice),
    /// A report.
    Command(&'static Command),
    /// An option about where profiles come from.
    Source(&'static source::Row),
}

/// What a value should have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// True or false.
    Switch,
    /// A whole number.
    Whole,
    /// A number.
    Real,
    /// One of the words of this option.
    Word(&'static str),
}

impl Flag {
    /// Looks a flag up by its exact name.
    pub(crate) fn find(door: Door, name: &str) -> Option<Self> {
        if let Some(named) = table::find(door, name) {
            return Some(match named {
                Named::Row(row) => Self::Row(row),
                Named::Choice(row, choice) => Self::Choice(row, choice),
            });
        }
        commands::find(door, name)
            .map(Self::Command)
            .or_else(|| source::find(name).map(Self::Source))
    }

    /// Whether it needs no value.
    pub(crate) fn is_switch(&self) -> bool {
        match self {
            Self::Row(row) => matches!(row.place, table::Place::Switch(_)),
            Self::Choice(..) => true,
            Self::Command(command) => !command.takes_pattern(),
            Self::Source(row) => matches!(row.place, source::Place::Switch(_)),
        }
    }

    /// Sets it to a value.
    pub(crate) fn set(&self, low: &mut LowArgs, value: &str) -> Result<(), Expected> {
        match self {
            Self::Row(row) => match row.place {
                table::Place::Switch(at) => *at(&mut low.settings) = switch(value)?,
                table::Place::Whole(at) => *at(&mut low.settings) = whole(value)?,
                table::Place::Real(at) => *at(&mut low.settings) = real(value)?,
                table::Place::Text(at) => value.clone_into(at(&mut low.settings)),
                table::Place::Word { words, set, .. } => {
                    if !words.contains(&value) {
                        return Err(Expected::Word(row.name));
                    }
                    set(&mut low.settings, value);
                }
                table::Place::Choice { choices, .. } => {
                    let choice = choices.iter().find(|choice| choice.name == value);
                    low.choices.retain(|(_, other)| other.name != value);
                    low.choices.push((row, choice.ok_or(Expected::Word(row.name))?));
                }
            },
            Self::Choice(row, choice) => {
                low.choices.retain(|(_, other)| other.name != choice.name);
                if switch(value)? {
                    low.choices.push((row, choice));
                }
            }
            Self::Command(command) => {
                low.commands.retain(|(other, _)| other.name != command.name);
                if command.takes_pattern() {
                    if !value.is_empty() {
                        low.commands.push((command, value.to_owned()));
                    }
                } else if switch(value)? {
                    low.commands.push((command, String::new()));
                }
            }
            Self::Source(row) => match row.place {
                source::Place::Switch(at) => *at(&mut low.source) = switch(value)?,
                source::Place::Whole(at) => *at(&mut low.source) = whole(value)?,
                source::Place::Text(at) => value.clone_into(at(&mut low.source)),
            },
        }
        Ok(())
    }
}

fn switch(value: &str) -> Result<bool, Expected> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Expected::Switch),
    }
}

/// A whole number, decimal or with one of the prefixes 0x, 0o, 0b.
fn whole(value: &str) -> Result<i64, Expected> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value.strip_prefix('+').unwrap_or(value)),
    };
    let lower = digits.to_ascii_lowercase();
    let parsed = match lower.get(..2) {
        Some("0x") => i64::from_str_radix(&lower[2..], 16),
        Some("0o") => i64::from_str_radix(&lower[2..], 8),
        Some("0b") => i64::from_str_radix(&lower[2..], 2),
        _ if digits.starts_with(['+', '-']) => return Err(Expected::Whole),
        _ => digits.parse(),
    };
    parsed.map(|number| sign * number).map_err(|_| Expected::Whole)
}

fn real(value: &str) -> Result<f64, Expected> {
    table::read_real(value).ok_or(Expected::Real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_may_be_signed_and_prefixed() {
        assert_eq!(whole("-1"), Ok(-1));
        assert_eq!(whole("+0x10"), Ok(16));
        assert_eq!(whole("--1"), Err(Expected::Whole));
        assert_eq!(whole("ten"), Err(Expected::Whole));
        assert_eq!(whole("99999999999999999999"), Err(Expected::Whole));
    }

    #[test]
    fn a_report_switched_off_again_was_not_asked_for() {
        let mut low = LowArgs::default();
        let top = Flag::find(Door::Pprof, "top").unwrap();
        top.set(&mut low, "true").unwrap();
        top.set(&mut low, "false").unwrap();
        assert!(low.commands.is_empty());
        Flag::find(Door::Pprof, "list").unwrap().set(&mut low, "").unwrap();
        assert!(low.commands.is_empty());
    }
}
