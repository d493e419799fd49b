//! What may stand where the cursor is.

use crate::options::{Door, commands, table};

/// Words that are neither reports nor options.
const OTHERS: &[&str] = &["exit", "help", "options", "quit"];

/// The start of the word at the end of `line`, in bytes, and what it may become, in order.
///
/// The first word is a report or an option; behind a report come functions of the profile, found by
/// any part of their names.
pub(super) fn candidates(door: Door, line: &str, functions: &[String]) -> (usize, Vec<String>) {
    let start = line
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + line[space..].chars().next().map_or(1, char::len_utf8));
    let word = &line[start..];
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    let found = match before.as_slice() {
        [] => named(door, word),
        ["help"] => named(door, word),
        ["tags", ..] => Vec::new(),
        [first, ..] => {
            let stem = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
            let (dash, part) = match word.strip_prefix('-') {
                Some(part) => ("-", part),
                None => ("", word),
            };
            if commands::find(door, stem).is_none() || part.is_empty() {
                Vec::new()
            } else {
                let matching = functions.iter().filter(|name| name.contains(part));
                matching.map(|name| format!("{dash}{}", escaped(name))).collect()
            }
        }
    };
    (start, found)
}

/// Reports and options that begin with a word.
fn named(door: Door, word: &str) -> Vec<String> {
    let options = table::behind(door).flat_map(|row| {
        std::iter::once(row.name).chain(row.choices().iter().map(|choice| choice.name))
    });
    let mut names: Vec<String> = commands::behind(door)
        .map(|command| command.name)
        .chain(options)
        .chain(OTHERS.iter().copied())
        .filter(|name| name.starts_with(word))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}

/// A name as a regular expression that matches it, without blanks, which would end the word.
fn escaped(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_whitespace() {
            text.push('.');
            continue;
        }
        if r"\.+*?()|[]{}^$".contains(letter) {
            text.push('\\');
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(line: &str) -> (usize, Vec<String>) {
        let functions = ["pool::Buffer::filled", "main", "<A as B>::f"].map(str::to_owned);
        candidates(Door::Own, line, &functions)
    }

    #[test]
    fn the_first_word_is_a_report_or_an_option() {
        assert_eq!(completed("tra"), (0, vec![String::from("traces")]));
        assert_eq!(completed("help nodec"), (5, vec![String::from("nodecount")]));
        assert_eq!(completed("cu"), (0, vec![String::from("cum")]));
    }

    #[test]
    fn behind_a_report_functions_are_found_by_any_part() {
        assert_eq!(completed("list Buf"), (5, vec![String::from("pool::Buffer::filled")]));
        assert_eq!(completed("top5 -mai"), (5, vec![String::from("-main")]));
        assert_eq!(completed("peek as"), (5, vec![String::from("<A.as.B>::f")]));
        assert_eq!(completed("tags mai"), (5, Vec::new()));
        assert_eq!(completed("nonsense mai"), (9, Vec::new()));
    }
}
