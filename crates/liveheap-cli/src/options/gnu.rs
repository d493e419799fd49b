//! Reads a command line of our own verbs: `liveheap VERB [--options] SOURCE...`.
//!
//! Options may stand anywhere: `--name`, `--name=value`, `--name value`, `--no-name` for a switch,
//! `-n 5` and `-n5` for the few with a letter. `-` and `_` within a name are the same, or left out.
//! Everything behind `--` is a source. Without a verb the shell is meant.

use super::commands::Command;
use super::low::{Expected, Flag, LowArgs, Typed};
use super::{Door, commands, source, suggest, table};
use anyhow::{Result, anyhow, bail};
use std::path::Path;

/// Reads the words behind the program's name.
pub(crate) fn parse(words: &[String]) -> Result<Typed> {
    if let [first, rest @ ..] = words {
        match first.as_str() {
            "help" => return Ok(Typed::Help(rest.join(" "))),
            "version" if rest.is_empty() => return Ok(Typed::Version),
            _ => {}
        }
    }
    let mut low = LowArgs::default();
    let mut operands = Vec::new();
    let mut rest = words.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        if word == "--" {
            operands.extend(rest.by_ref().map(str::to_owned));
        } else if let Some(option) = word.strip_prefix("--") {
            match option {
                "help" => return Ok(Typed::Help(verb(&operands).unwrap_or_default())),
                "version" => return Ok(Typed::Version),
                _ => long(option, &mut rest, &mut low)?,
            }
        } else if let Some(option) = word.strip_prefix('-').filter(|option| !option.is_empty()) {
            match option {
                "h" => return Ok(Typed::Help(verb(&operands).unwrap_or_default())),
                "V" => return Ok(Typed::Version),
                _ => short(option, &mut rest, &mut low)?,
            }
        } else {
            operands.push(word.to_owned());
        }
    }
    take_verb(&mut low, operands)?;
    Ok(Typed::Run(Box::new(low)))
}

fn verb(operands: &[String]) -> Option<String> {
    operands.first().filter(|word| commands::find(Door::Own, word).is_some()).cloned()
}

fn long<'a>(
    option: &'a str,
    rest: &mut impl Iterator<Item = &'a str>,
    low: &mut LowArgs,
) -> Result<()> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    if let Some(flag) = find(name) {
        return set(flag, &format!("--{name}"), value, rest, low);
    }
    let negated = name.strip_prefix("no-").and_then(find).filter(Flag::is_switch);
    match (negated, value) {
        (Some(flag), None) => set(flag, &format!("--{name}"), Some("false"), rest, low),
        (Some(_), Some(_)) => bail!("--{name} takes no value"),
        (None, _) if commands::find(Door::Own, name).is_some() => {
            bail!("--{name} is a command: write `liveheap {name} SOURCE`")
        }
        (None, _) => match suggest::nearest(name, names()) {
            Some(near) => bail!("unknown option --{name}: did you mean --{near}?"),
            None => bail!("unknown option --{name}: `liveheap help` lists all options"),
        },
    }
}

fn short<'a>(
    option: &'a str,
    rest: &mut impl Iterator<Item = &'a str>,
    low: &mut LowArgs,
) -> Result<()> {
    let mut letters = option.chars();
    let letter = letters.next();
    let row = table::behind(Door::Own).find(|row| row.letter.is_some() && row.letter == letter);
    let name = option.split_once('=').map_or(option, |(name, _)| name);
    // `-focus=x` is pprof's spelling, not the letter `f`.
    if find(name).is_some() && name.len() > 1 {
        bail!("-{name}: write --{name}, or `liveheap pprof -{name} ...` for pprof's own syntax");
    }
    if commands::find(Door::Own, name).is_some() {
        bail!(
            "-{name}: write `liveheap {name} ...`, or `liveheap pprof -{name} ...` for pprof's own syntax"
        );
    }
    let Some(row) = row else {
        bail!("unknown option -{option}: `liveheap help` lists all options");
    };
    let attached = Some(letters.as_str()).filter(|value| !value.is_empty());
    set(Flag::Row(row), &format!("-{}", &option[..1]), attached, rest, low)
}

fn set<'a>(
    flag: Flag,
    shown: &str,
    value: Option<&'a str>,
    rest: &mut impl Iterator<Item = &'a str>,
    low: &mut LowArgs,
) -> Result<()> {
    let value = match value {
        Some(value) => value,
        None if flag.is_switch() => "true",
        None => rest.next().ok_or_else(|| anyhow!("{shown} needs a value"))?,
    };
    let plain = match (flag.is_switch(), value.to_ascii_lowercase().as_str()) {
        (true, "yes" | "y" | "on") => "true",
        (true, "no" | "n" | "off") => "false",
        _ => value,
    };
    flag.set(low, plain).map_err(|expected| match expected {
        Expected::Switch => anyhow!("{shown}: {value:?} is neither true nor false"),
        Expected::Whole => anyhow!("{shown}: {value:?} is not a whole number"),
        Expected::Real => anyhow!("{shown}: {value:?} is not a number"),
        Expected::Word(option) => {
            let words = table::behind(Door::Own)
                .filter(|row| row.name == option)
                .flat_map(table::Row::words);
            anyhow!("{shown}: {value:?} is not one of {}", words.collect::<Vec<_>>().join(", "))
        }
    })
}

/// The flag of a name in which `-` and `_` may be mixed or missing; reports are verbs here.
fn find(name: &str) -> Option<Flag> {
    let plain = |text: &str| text.replace(['-', '_'], "");
    let wanted = plain(name);
    let exact = names().find(|candidate| plain(candidate) == wanted)?;
    Flag::find(Door::Own, exact)
}

fn names() -> impl Iterator<Item = &'static str> {
    table::behind(Door::Own)
        .map(|row| row.name)
        .chain(table::behind(Door::Own).flat_map(|row| row.choices()).map(|choice| choice.name))
        .chain(source::ROWS.iter().map(|row| row.name))
        .chain(source::SHORTHANDS.iter().map(|shorthand| shorthand.name))
}

/// Takes the verb and its regular expression off the operands; the rest are sources.
fn take_verb(low: &mut LowArgs, operands: Vec<String>) -> Result<()> {
    let mut operands = operands.into_iter();
    let Some(first) = operands.next() else {
        bail!("no profile given: `liveheap top FILE-OR-URL` for a start, `liveheap help` for more");
    };
    match commands::find(Door::Own, &first) {
        Some(command) => {
            let mut pattern = String::new();
            if command.takes_pattern() {
                pattern = operands.next().unwrap_or_default();
                if pattern.is_empty() {
                    bail!("{first} needs a regular expression: `liveheap {first} NAME SOURCE`");
                }
            }
            low.operands = operands.collect();
            if let [source] = low.operands.as_slice()
                && command.takes_pattern()
                && Path::new(&pattern).is_file()
                && is_word(source)
            {
                bail!("the name comes before the profile: `liveheap {first} {source} {pattern}`");
            }
            if low.operands.is_empty() {
                let argument = if command.takes_pattern() { " NAME" } else { "" };
                bail!("no profile given: write `liveheap {first}{argument} FILE-OR-URL`");
            }
            low.commands.push((command, pattern));
        }
        None => {
            if is_word(&first) {
                let words = commands::behind(Door::Own)
                    .map(|command| command.name)
                    .chain(["help", "pprof"]);
                match suggest::nearest(&first, words) {
                    Some(near) => bail!("unknown command {first}: did you mean {near}?"),
                    None => bail!(
                        "{first} is neither a command nor a file: `liveheap help` lists the commands"
                    ),
                }
            }
            low.operands = std::iter::once(first).chain(operands).collect();
            let misplaced = low
                .operands
                .iter()
                .filter(|word| is_word(word))
                .find_map(|word| commands::find(Door::Own, word));
            if let Some(Command { name, .. }) = misplaced {
                bail!("the command comes first: `liveheap {name} ...`");
            }
        }
    }
    Ok(())
}

/// Whether a word is neither a file nor anything like a URL.
fn is_word(word: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
    word.replace("::", "").chars().all(is_plain) && !Path::new(word).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&words) {
            Ok(Typed::Run(low)) => format!(
                "{:?} {:?} trim={} n={} {:?}",
                low.commands
                    .iter()
                    .map(|(command, pattern)| format!("{} {pattern}", command.name))
                    .collect::<Vec<_>>(),
                low.choices.iter().map(|(_, choice)| choice.name).collect::<Vec<_>>(),
                low.settings.base.trim,
                low.settings.node_count,
                low.operands,
            ),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn options_stand_anywhere_and_in_any_spelling() {
        let wanted = r#"["top "] ["cum"] trim=false n=5 ["x.pb.gz"]"#;
        assert_eq!(read("top x.pb.gz --cum --nodecount 5 --no-trim"), wanted);
        assert_eq!(read("--sort=cum top --node-count=5 --trim=no x.pb.gz"), wanted);
        assert_eq!(read("top --cum -n5 --trim=false -- x.pb.gz"), wanted);
    }

    #[test]
    fn a_listing_takes_its_expression_first() {
        assert_eq!(read("list leak x.pb"), r#"["list leak"] [] trim=true n=-1 ["x.pb"]"#);
    }

    #[test]
    fn without_a_verb_the_shell_is_meant() {
        assert_eq!(read("./x.pb http://h/p"), r#"[] [] trim=true n=-1 ["./x.pb", "http://h/p"]"#);
    }

    #[test]
    fn errors_say_what_to_do() {
        assert_eq!(read("tpo x.pb"), "unknown command tpo: did you mean top?");
        assert_eq!(
            read("frobnicate x.pb"),
            "frobnicate is neither a command nor a file: `liveheap help` lists the commands"
        );
        assert_eq!(read("top"), "no profile given: write `liveheap top FILE-OR-URL`");
        assert_eq!(read("list leak"), "no profile given: write `liveheap list NAME FILE-OR-URL`");
        assert_eq!(read("top --focsu=a x.pb"), "unknown option --focsu: did you mean --focus?");
        assert_eq!(read("top --nodecount"), "--nodecount needs a value");
        assert_eq!(read("top --nodecount=ten x"), "--nodecount: \"ten\" is not a whole number");
        assert_eq!(read("top --sort=sideways x"), "--sort: \"sideways\" is not one of cum, flat");
        assert_eq!(
            read("-top x.pb"),
            "-top: write `liveheap top ...`, or `liveheap pprof -top ...` for pprof's own syntax"
        );
        assert_eq!(
            read("top -cum x.pb"),
            "-cum: write --cum, or `liveheap pprof -cum ...` for pprof's own syntax"
        );
    }

    #[test]
    fn what_stands_in_the_wrong_place_is_told_so() {
        assert_eq!(read("x.pb top"), "the command comes first: `liveheap top ...`");
        assert_eq!(
            read("list Cargo.toml Pool::put"),
            "the name comes before the profile: `liveheap list Pool::put Cargo.toml`"
        );
        assert_eq!(read("list top x.pb"), r#"["list top"] [] trim=true n=-1 ["x.pb"]"#);
    }

    #[test]
    fn help_and_version_are_found_anywhere() {
        assert_eq!(read("help top"), "Help(\"top\")");
        assert_eq!(read("top --help"), "Help(\"top\")");
        assert_eq!(read("--version"), "Version");
    }
}
