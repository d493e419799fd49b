//! Reads a command line in Go's flag syntax, as pprof does.
//!
//! `-x`, `--x`, `-x=v`, `-x v`; a switch takes a value only behind `=`. The first word that is no
//! flag, or `--`, ends the flags: everything behind it is a source.

use super::low::{Expected, Flag, LowArgs, Typed};
use super::table::{self, Named};
use super::{Door, commands, source, suggest};
use anyhow::{Result, bail};

/// Reads the words behind the program's name.
pub(crate) fn parse(words: &[String]) -> Result<Typed> {
    let mut low = LowArgs::default();
    let mut rest = words.iter();
    while let Some(word) = rest.as_slice().first() {
        let Some(stripped) = word.strip_prefix('-').filter(|name| !name.is_empty()) else {
            break;
        };
        rest.next();
        if stripped == "-" {
            break;
        }
        let flag_text = stripped.strip_prefix('-').unwrap_or(stripped);
        if flag_text.starts_with(['-', '=']) {
            bail!("bad flag syntax: {word}");
        }
        let (name, value) = match flag_text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (flag_text, None),
        };
        let Some(flag) = find(name) else {
            if name == "h" || name == "help" {
                return Ok(Typed::Help(String::new()));
            }
            if let Some(Named::Row(row)) = table::find(Door::Pprof, name) {
                let words: Vec<_> = row.choices().iter().map(|choice| choice.name).collect();
                bail!("flag provided but not defined: -{name} (use one of -{})", words.join(", -"));
            }
            match suggest::nearest(name, names()) {
                Some(near) => {
                    bail!("flag provided but not defined: -{name} (did you mean -{near}?)")
                }
                None => bail!("flag provided but not defined: -{name} (-h lists all flags)"),
            }
        };
        let value = match value {
            Some(value) => value,
            None if flag.is_switch() => "true",
            None => match rest.next() {
                Some(value) => value,
                None => bail!("flag needs an argument: -{name}"),
            },
        };
        match flag.set(&mut low, value) {
            Ok(()) => {}
            Err(Expected::Switch) => {
                bail!("invalid boolean value {value:?} for -{name}: use true or false")
            }
            Err(_) => bail!("invalid value {value:?} for flag -{name}: not a number"),
        }
    }
    low.operands = rest.cloned().collect();
    Ok(Typed::Run(Box::new(low)))
}

/// Options that are one of a few words have a flag for each word and none for themselves.
fn find(name: &str) -> Option<Flag> {
    Flag::find(Door::Pprof, name).filter(|flag| match flag {
        Flag::Row(row) => row.choices().is_empty(),
        _ => true,
    })
}

fn names() -> impl Iterator<Item = &'static str> {
    table::behind(Door::Pprof)
        .filter(|row| row.choices().is_empty())
        .map(|row| row.name)
        .chain(table::behind(Door::Pprof).flat_map(|row| row.choices()).map(|choice| choice.name))
        .chain(commands::behind(Door::Pprof).map(|command| command.name))
        .chain(source::ROWS.iter().map(|row| row.name))
        .chain(source::SHORTHANDS.iter().map(|shorthand| shorthand.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&words) {
            Ok(Typed::Run(low)) => format!(
                "{:?} trim={} focus={:?} n={} {:?}",
                low.commands.iter().map(|(command, _)| command.name).collect::<Vec<_>>(),
                low.settings.base.trim,
                low.settings.base.filters.focus,
                low.settings.node_count,
                low.operands,
            ),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_stand_behind_an_equals_sign_or_in_the_next_word() {
        assert_eq!(
            read("-top --focus=a -nodecount 5 x"),
            r#"["top"] trim=true focus="a" n=5 ["x"]"#
        );
    }

    #[test]
    fn a_switch_takes_no_separate_value() {
        assert_eq!(read("-top -trim false x"), r#"["top"] trim=true focus="" n=-1 ["false", "x"]"#);
        assert_eq!(read("-trim=F x"), r#"[] trim=false focus="" n=-1 ["x"]"#);
    }

    #[test]
    fn the_first_source_ends_the_flags() {
        assert_eq!(read("x -top"), r#"[] trim=true focus="" n=-1 ["x", "-top"]"#);
        assert_eq!(read("-top -- -x"), r#"["top"] trim=true focus="" n=-1 ["-x"]"#);
        assert_eq!(read("-top -"), r#"["top"] trim=true focus="" n=-1 ["-"]"#);
    }

    #[test]
    fn errors_say_what_to_do() {
        assert_eq!(read("-tpo x"), "flag provided but not defined: -tpo (did you mean -top?)");
        assert_eq!(
            read("-sort=cum x"),
            "flag provided but not defined: -sort (use one of -cum, -flat)"
        );
        assert_eq!(read("-focus"), "flag needs an argument: -focus");
        assert_eq!(
            read("-nodecount=ten x"),
            "invalid value \"ten\" for flag -nodecount: not a number"
        );
        assert_eq!(
            read("-trim=perhaps x"),
            "invalid boolean value \"perhaps\" for -trim: use true or false"
        );
        assert_eq!(read("---top x"), "bad flag syntax: ---top");
        assert_eq!(read("-h"), "Help(\"\")");
    }
}
