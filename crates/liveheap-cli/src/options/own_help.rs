//! Help on our own verbs: the overview, and one topic at a time.

use super::commands::{self, Command};
use super::listing::{self, Listed, dashed};
use super::{Door, help};
use std::fmt::Write;

/// What stands before the lists.
const HEAD: &str = "\
liveheap shows where a program's memory goes and why it keeps growing.

  liveheap COMMAND [--options] SOURCE...   one report
  liveheap [--options] SOURCE...           a shell over the profile
  liveheap pprof ARGS...                   exactly as `go tool pprof ARGS...`

A source is a file, `-` for standard input, or a URL: http://127.0.0.1:8999/debug/pprof/heap, or
just 127.0.0.1:8999. Several are added up.

Begin with
  liveheap top SOURCE            which functions hold the memory
  liveheap list NAME SOURCE      which of their lines
  liveheap tree SOURCE           who called them
  liveheap web SOURCE            the same as a picture in the browser
  liveheap top --base=OLD NEW    what was added since
  liveheap doctor SOURCE         why names or lines are missing, and what to do
";

/// What stands behind the lists.
const TAIL: &str = "
`liveheap help NAME` says more about a command or an option, `liveheap help man` is the manual page,
`liveheap help completions SHELL` completes words in bash, zsh or fish.
";

/// The overview.
pub(crate) fn usage() -> String {
    let mut text = String::from(HEAD);
    for group in listing::commands() {
        let _ = writeln!(text, "\n{}:", group.title);
        for command in group.members {
            let _ = writeln!(text, "  {:<14} {}", with_argument(command), command.description);
        }
    }
    for group in listing::options() {
        let _ = writeln!(text, "\n{}:", group.title);
        for option in group.members {
            let _ = writeln!(text, "  {}", line(&option));
        }
    }
    text.push_str(TAIL);
    text
}

/// Help on one command or option; `None` when there is none of this name.
pub(crate) fn topic(name: &str) -> Option<String> {
    if let Some(command) = commands::find(Door::Own, name) {
        return Some(on_command(command));
    }
    let wanted = dashed(name.trim_start_matches('-'));
    let wanted = wanted.strip_prefix("no-").unwrap_or(&wanted);
    let option = listing::options()
        .into_iter()
        .flat_map(|group| group.members)
        .find(|option| option.name == wanted)?;
    let mut text = format!("{}\n", line(&option).trim_start());
    for more in &option.help[1..] {
        let _ = writeln!(text, "  {more}");
    }
    if !option.words.is_empty() && option.value != "WORD" {
        let _ = writeln!(text, "  Such as {}.", option.words.join(", "));
    }
    Some(text)
}

fn on_command(command: &Command) -> String {
    let name = command.name;
    let argument = if command.takes_pattern() { " NAME" } else { "" };
    let mut text =
        format!("{}\n\n  liveheap {name}{argument} [--options] SOURCE...\n", command.description);
    if command.takes_pattern() {
        text.push_str("\nNAME is a regular expression, or an address such as 0x4a2f10.\n");
    }
    if name == "top" {
        text.push_str("\nThe first 10 rows are shown; -n 0 shows all.\n");
    }
    if name == "doctor" {
        text.push_str(
            "\nA source may also be a binary: then it says what a profile of it would get.\n",
        );
    }
    let lines = help::usage_lines(command);
    if !lines.is_empty() {
        text.push_str("\nIn the shell:\n");
        for line in lines {
            let _ = writeln!(text, "  {line}");
        }
    }
    text.push_str("\n`liveheap help` lists all options.\n");
    text
}

/// A command's name and what must stand behind it.
pub(crate) fn with_argument(command: &Command) -> String {
    let argument = if command.takes_pattern() { " NAME" } else { "" };
    format!("{}{argument}", command.name)
}

fn line(option: &Listed) -> String {
    let letter =
        option.letter.map_or_else(|| String::from("    "), |letter| format!("-{letter}, "));
    format!("{letter}{:<24} {}", option.shown(), option.help[0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn everything_is_in_the_overview() {
        let usage = usage();
        for option in listing::options().iter().flat_map(|group| &group.members) {
            assert!(usage.contains(&format!(" {} ", option.shown())), "{}", option.name);
        }
        for command in commands::behind(Door::Own) {
            assert!(
                usage.contains(&format!("\n  {} ", with_argument(command))),
                "{}",
                command.name
            );
        }
    }

    #[test]
    fn no_line_but_a_long_help_line_is_wider_than_a_page() {
        for line in usage().lines().filter(|line| !line.starts_with("  ")) {
            assert!(line.len() <= 100, "{line}");
        }
    }

    #[test]
    fn a_command_says_how_it_is_typed_here_and_in_the_shell() {
        expect![[r#"
            Output callers/callees of functions matching regexp

              liveheap peek NAME [--options] SOURCE...

            NAME is a regular expression, or an address such as 0x4a2f10.

            In the shell:
              peek func_regex
              Display callers and callees of functions matching func_regex.

            `liveheap help` lists all options.
        "#]]
        .assert_eq(&topic("peek").unwrap());
    }

    #[test]
    fn an_option_is_found_in_any_spelling() {
        expect![[r#"
            -n, --nodecount=N            Max number of nodes to show
              0 for no limit, -1 for what suits the report.
              In a graph a dotted edge stands for a path through hidden nodes.
        "#]]
        .assert_eq(&topic("nodecount").unwrap());
        for (one, other) in
            [("call_tree", "--call-tree"), ("no-trim", "trim"), ("diff-base", "diff_base")]
        {
            assert_eq!(topic(one), topic(other));
            assert!(topic(one).is_some(), "{one}");
        }
        assert_eq!(topic("nosuch"), None);
    }
}
