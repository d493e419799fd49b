//! The manual page, made from the tables, in the language of `man`.

use super::listing;
use super::own_help::with_argument;
use std::fmt::Write;

/// The manual page.
pub(crate) fn manual() -> String {
    let mut text = format!(
        ".TH LIVEHEAP 1 \"\" \"liveheap {}\" \"User Commands\"\n",
        env!("CARGO_PKG_VERSION")
    );
    let _ = text.write_str(
        ".SH NAME
liveheap \\- show where a program's memory goes and why it keeps growing
.SH SYNOPSIS
.B liveheap
.I COMMAND
.RI [ options ]
.IR SOURCE ...
.br
.B liveheap
.RI [ options ]
.IR SOURCE ...
.br
.B liveheap pprof
.IR ARGUMENT ...
.SH DESCRIPTION
Prints a report over the heap profiles that are named, added up.
Without a command it starts a shell over them.
.B liveheap pprof
takes the flags of
.B go tool pprof
and prints the same bytes; a link to liveheap that is named pprof does so too.
.PP
A source is a file, \\- for standard input, or a URL.
A host with a port, such as 127.0.0.1:8999, stands for the heap profile of the program that listens there.
If the first of several sources is a program, it is the one that the others are profiles of.
",
    );
    for group in listing::commands() {
        let _ = writeln!(text, ".SH {}", roff(&group.title.to_uppercase()));
        for command in group.members {
            let name = with_argument(command);
            let _ = writeln!(text, ".TP\n.B {}\n{}.", roff(&name), roff(command.description));
        }
    }
    for group in listing::options() {
        let _ = writeln!(text, ".SH {}", roff(&group.title.to_uppercase()));
        for option in group.members {
            let letter = option.letter.map_or_else(String::new, |letter| format!("-{letter}, "));
            let _ = writeln!(text, ".TP\n.B {}", roff(&format!("{letter}{}", option.shown())));
            for (position, line) in option.help.iter().enumerate() {
                // The first line is a title, the others are sentences.
                let dot = if position == 0 && !line.ends_with('.') { "." } else { "" };
                let line_break = if position == 1 { ".br\n" } else { "" };
                let _ = writeln!(text, "{line_break}{}{dot}", roff(line.trim()));
            }
        }
    }
    let _ = text.write_str(MANUAL_TAIL);
    text
}

/// What stands behind the lists of the manual page.
const MANUAL_TAIL: &str = "\
.SH SHELL
Commands are typed as above, without the sources:
.BR \"top 20\" ,
.BR \"list Pool::put\" ,
.BR \"tree >tree.txt\" .
An option is set by
.IR name = value
and stays so.
.B help
lists everything,
.B o
shows the values, Tab completes words, Ctrl\\-D ends the shell.
.SH ENVIRONMENT
.TP
.B PPROF_TMPDIR
Where copies of fetched profiles are kept; $HOME/pprof by default.
.TP
.B PPROF_BINARY_PATH
Where programs are looked for by build id or name; $HOME/pprof/binaries by default.
.TP
.B BROWSER
What shows the pages of web and weblist.
.TP
.BR HTTP_PROXY \", \" HTTPS_PROXY \", \" NO_PROXY
Proxies for fetching profiles.
.SH FILES
.TP
.I $XDG_STATE_HOME/liveheap/history
The lines that were typed into the shell; ~/.local/state is used when the variable is not set.
.SH EXIT STATUS
0, or 2 after a line on standard error that says what went wrong.
.SH EXAMPLES
.TP
.B liveheap 127.0.0.1:8999
A shell over what a running program holds now.
.TP
.B liveheap top \\-\\-base=old.pb.gz new.pb.gz
What was added between two snapshots.
.TP
.B liveheap list Pool::put new.pb.gz
The lines of a function with the bytes that they hold.
";

/// A text as the body of a line of roff.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    // These would be commands.
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Door, commands};

    #[test]
    fn every_command_and_option_is_in_the_manual() {
        let manual = manual().replace("\\-", "-");
        for option in listing::options().iter().flat_map(|group| &group.members) {
            let shown = option.shown();
            let letter = option.letter.map_or_else(String::new, |letter| format!("-{letter}, "));
            assert!(manual.contains(&format!("\n.B {letter}{shown}\n")), "{shown}");
        }
        for command in commands::behind(Door::Own) {
            assert!(manual.contains(&format!("\n.B {}\n", with_argument(command))));
        }
    }

    #[test]
    fn no_text_is_taken_for_a_command_of_roff() {
        assert_eq!(roff(".a-b\\c"), "\\&.a\\-b\\ec");
        let known = [".B", ".BR", ".I", ".IR", ".RI", ".PP", ".SH", ".TH", ".TP", ".br"];
        for line in manual().lines().filter(|line| line.starts_with(['.', '\''])) {
            assert!(known.contains(&line.split(' ').next().unwrap()), "{line}");
        }
    }
}
