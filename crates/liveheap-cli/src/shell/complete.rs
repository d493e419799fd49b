//! What may stand where the cursor is.

use crate::options::table::{Named, Place};
use crate::options::{Door, commands, table};

/// Words that are neither reports nor options.
const OTHERS: &[&str] = &["exit", "help", "options", "quit"];

/// What the profile has to offer.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The names of its functions.
    pub(super) functions: Vec<String>,
    /// The names of its sample types.
    pub(super) sample_types: Vec<String>,
}

/// The start of the word at the end of `line`, in bytes, and what it may become, in order.
///
/// The first word is a report or an option; behind `option=` come the words it may be set to, and
/// behind a report functions of the profile, found by any part of their names.
pub(super) fn candidates(door: Door, line: &str, known: &Known) -> (usize, Vec<String>) {
    if let Some((name, value)) = line.split_once('=')
        && let Some(found) = values(door, name.trim(), value.trim_start(), known)
    {
        return (line.len() - value.trim_start().len(), found);
    }
    let start = line
        .rfind(char::is_whitespace)
        .map_or(0, |space| space + line[space..].chars().next().map_or(1, char::len_utf8));
    let word = &line[start..];
    let before: Vec<&str> = line[..start].split_whitespace().collect();
    let found = match before.as_slice() {
        [] => named(door, word),
        ["help"] => named(door, word)
            .into_iter()
            .map(|name| name.trim_end_matches('=').to_owned())
            .collect(),
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
                let matching = known.functions.iter().filter(|name| name.contains(part));
                matching.map(|name| format!("{dash}{}", escaped(name))).collect()
            }
        }
    };
    (start, found)
}

/// The words that begin with `start` and an option may be set to; `None` if there is no such option.
fn values(door: Door, name: &str, start: &str, known: &Known) -> Option<Vec<String>> {
    let Named::Row(row) = table::find(door, name)? else { return None };
    let words: Vec<&str> = match row.place {
        Place::Switch(_) => vec!["false", "true"],
        _ if row.name == "sample_index" => known.sample_types.iter().map(String::as_str).collect(),
        _ => row.words(),
    };
    let fitting = words.into_iter().filter(|word| word.starts_with(start));
    Some(fitting.map(str::to_owned).collect())
}

/// Reports and options that begin with a word.
fn named(door: Door, word: &str) -> Vec<String> {
    let options = table::behind(door).flat_map(|row| {
        let needs_value = !matches!(row.place, Place::Switch(_));
        let own = format!("{}{}", row.name, if needs_value { "=" } else { "" });
        std::iter::once(own).chain(row.choices().iter().map(|choice| choice.name.to_owned()))
    });
    let mut names: Vec<String> = commands::behind(door)
        .map(|command| command.name)
        .chain(OTHERS.iter().copied())
        .map(str::to_owned)
        .chain(options)
        .filter(|name| name.starts_with(word))
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
        let sample_types = ["alloc_space", "inuse_space"].map(str::to_owned).to_vec();
        let known = Known { functions: functions.to_vec(), sample_types };
        candidates(Door::Own, line, &known)
    }

    #[test]
    fn the_first_word_is_a_report_or_an_option() {
        assert_eq!(completed("tra"), (0, vec![String::from("traces")]));
        assert_eq!(completed("help nodec"), (5, vec![String::from("nodecount")]));
        assert_eq!(completed("cu"), (0, vec![String::from("cum")]));
    }

    #[test]
    fn behind_an_equals_sign_come_the_words_it_may_be_set_to() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(completed("sor"), (0, words(&["sort="])));
        assert_eq!(completed("sort="), (5, words(&["cum", "flat"])));
        assert_eq!(completed("names=r"), (6, words(&["raw"])));
        assert_eq!(completed("sample_index = in"), (15, words(&["inuse_space"])));
        assert_eq!(completed("sample_index=in"), (13, words(&["inuse_space"])));
        assert_eq!(completed("mean=t"), (5, words(&["true"])));
        assert_eq!(completed("focus=m"), (6, Vec::new()));
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
