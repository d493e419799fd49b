//! Help texts, made from the tables.
//!
//! The words are those that pprof's users know, because scripts and habits depend on them. What our
//! own verbs say is in [`super::own_help`].

use super::Door;
use super::commands::{self, Command, Usage};
use super::table::{self, Row};
use std::fmt::Write;

/// What stands before the tables in pprof's usage text.
const PPROF_HEAD: &str = r#"usage:

Produce output in the specified format.

   pprof <format> [options] [binary] <source> ...

Omit the format to get an interactive shell whose commands can be used
to generate various views of a profile

   pprof [options] [binary] <source> ...

Omit the format and provide the "-http" flag to get an interactive web
interface at the specified host:port that can be used to navigate through
various views of a profile.

   pprof -http [host]:[port] [options] [binary] <source> ...

Details:
"#;

/// What stands behind the tables in pprof's usage text.
const PPROF_TAIL: &str = r"

  Source options:
    -seconds              Duration for time-based profile collection
    -timeout              Timeout in seconds for profile collection
    -buildid              Override build id for main binary
    -add_comment          Free-form annotation to add to the profile
                          Displayed on some reports or with pprof -comments
    -diff_base source     Source of base profile for comparison
    -base source          Source of base profile for profile subtraction
    profile.pb.gz         Profile in compressed protobuf format
    legacy_profile        Profile in legacy pprof format
    http://host/profile   URL for profile handler to retrieve
    -symbolize=           Controls source of symbol information
      none                  Do not attempt symbolization
      local                 Examine only local binaries
      fastlocal             Only get function names from local binaries
      remote                Do not examine local binaries
      force                 Force re-symbolization
    Binary                  Local path or build id of binary for symbolization
    -tls_cert             TLS client certificate file for fetching profile and symbols
    -tls_key              TLS private key file for fetching profile and symbols
    -tls_ca               TLS CA certs file for fetching profile and symbols

  Misc options:
   -http              Provide web interface at host:port.
                      Host is optional and 'localhost' by default.
                      Port is optional and a randomly available port by default.
   -no_browser        Skip opening a browser for the interactive web UI.
   -tools             Search path for object tools
   -all_frames        Ignore drop_frames and keep_frames regexps in the profile
                      Rarely needed, mainly used for debugging pprof itself

  Legacy convenience options:
   -inuse_space           Same as -sample_index=inuse_space
   -inuse_objects         Same as -sample_index=inuse_objects
   -alloc_space           Same as -sample_index=alloc_space
   -alloc_objects         Same as -sample_index=alloc_objects
   -total_delay           Same as -sample_index=delay
   -contentions           Same as -sample_index=contentions
   -mean_delay            Same as -mean -sample_index=delay

  Environment Variables:
   PPROF_TMPDIR       Location for saved profiles (default $HOME/pprof)
   PPROF_TOOLS        Search path for object-level tools
   PPROF_BINARY_PATH  Search path for local binary files
                      default: $HOME/pprof/binaries
                      searches $buildid/$name, $buildid/*, $path/$buildid,
                      ${buildid:0:2}/${buildid:2}.debug, $name, $path,
                      ${name}.debug, $dir/.debug/${name}.debug,
                      usr/lib/debug/$dir/${name}.debug
   * On Windows, %USERPROFILE% is used instead of $HOME
";

/// The usage text of the pprof door.
pub(crate) fn pprof_usage() -> String {
    format!("{PPROF_HEAD}{}{PPROF_TAIL}", tables(Door::Pprof, "-"))
}

/// What `help` says in the shell.
pub(crate) fn shell_usage(door: Door) -> String {
    format!(
        "{}\n  :   Clear focus/ignore/hide/tagfocus/tagignore\n\n  type \"help <cmd|option>\" for more information\n",
        tables(door, "")
    )
}

/// All reports and options; with a dash before each for the command line, without for the shell.
fn tables(door: Door, dash: &str) -> String {
    let line = |name: &str, help: &str| format!("    {:<16} {help}", format!("{dash}{name}"));
    let title = if dash.is_empty() { "Commands" } else { "Output formats (select at most one)" };
    let mut text = format!("  {title}:\n");
    for command in commands::behind(door) {
        let _ = writeln!(text, "{}", line(command.name, command.description));
    }
    if dash.is_empty() {
        text.push_str("    o/options        List options and their current values\n");
        let program = if door == Door::Pprof { " pprof" } else { "" };
        let _ = writeln!(text, "    q/quit/exit/^D   Exit{program}");
    }
    text.push_str("\n  Options:\n");
    for row in sorted(door, |row| row.choices().is_empty()) {
        let _ = writeln!(text, "{}", line(row.name, row.help[0]));
    }
    text.push_str("\n  Option groups (only set one per group):");
    for row in sorted(door, |row| !row.choices().is_empty()) {
        let _ = write!(text, "\n    {:<16} ", row.name);
        for choice in row.choices() {
            let _ = write!(text, "\n  {}", line(choice.name, choice.help[0]));
        }
    }
    text
}

fn sorted(door: Door, wanted: fn(&&Row) -> bool) -> Vec<&'static Row> {
    let mut rows: Vec<&'static Row> = table::behind(door).filter(wanted).collect();
    // A name stands before those it begins, as with the blanks that fill it up in a list.
    rows.sort_unstable_by_key(|row| row.name);
    rows
}

/// Help on one report or option; `sample_types` are those of the profile at hand, if there is one.
pub(crate) fn topic(door: Door, name: &str, sample_types: Option<&str>) -> Option<String> {
    if let Some(command) = commands::find(door, name) {
        return Some(command_help(command));
    }
    // The groups have no help of their own; their words have.
    let named = table::find(door, name)
        .filter(|named| !matches!(named, table::Named::Row(row) if !row.choices().is_empty()))?;
    let mut text = named.help().join("\n");
    text.push('\n');
    if let (table::Named::Row(Row { name: "sample_index", .. }), Some(types)) =
        (named, sample_types)
    {
        let _ = writeln!(text, "Or use sample_index=name, with name in {types}.");
    }
    text.push('\n');
    Some(text)
}

fn command_help(command: &Command) -> String {
    let lines = usage_lines(command);
    let mut text = format!("{}\n", command.description);
    if !lines.is_empty() {
        text.push_str("  Usage:\n");
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
    }
    text.push('\n');
    text
}

/// What may stand behind a command in the shell, in lines.
pub(super) fn usage_lines(command: &Command) -> Vec<String> {
    let name = command.name;
    let owned = |text: &str| text.to_owned();
    const FILTERED: &str = "Include samples matching focus_regex, and exclude ignore_regex.";
    let (mut lines, redirect) = match command.usage {
        Usage::None => return Vec::new(),
        Usage::Lines(lines) => return lines.iter().copied().map(owned).collect(),
        Usage::Report { cum, redirect } => {
            let mut lines = vec![
                format!("{name} [n] [focus_regex]* [-ignore_regex]*"),
                owned("Include up to n samples"),
                owned(FILTERED),
            ];
            if cum {
                lines[0].push_str(" [-cum]");
                lines.push(owned("-cum sorts the output by cumulative weight"));
            }
            (lines, redirect)
        }
        Usage::Listing { redirect } => {
            let lines = vec![
                format!("{name}<func_regex|address> [-focus_regex]* [-ignore_regex]*"),
                owned("Include functions matching func_regex, or including the address specified."),
                owned(FILTERED),
            ];
            (lines, redirect)
        }
    };
    if redirect {
        lines[0].push_str(" >f");
        lines.push(owned("Optionally save the report on the file f"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::source;
    use expect_test::expect;

    #[test]
    fn a_report_says_what_may_stand_behind_it() {
        let help = topic(Door::Pprof, "top", None).unwrap();
        expect![[r#"
            Outputs top entries in text form
              Usage:
                top [n] [focus_regex]* [-ignore_regex]* [-cum] >f
                Include up to n samples
                Include samples matching focus_regex, and exclude ignore_regex.
                -cum sorts the output by cumulative weight
                Optionally save the report on the file f

        "#]]
        .assert_eq(&help);
    }

    #[test]
    fn the_sample_types_of_the_profile_are_named() {
        let help = topic(Door::Pprof, "sample_index", Some("[samples cpu]")).unwrap();
        assert!(help.ends_with("Or use sample_index=name, with name in [samples cpu].\n\n"));
    }

    #[test]
    fn a_group_of_options_is_no_topic() {
        assert_eq!(topic(Door::Pprof, "granularity", None), None);
        assert_eq!(topic(Door::Pprof, "nosuch", None), None);
    }

    #[test]
    fn every_option_is_in_the_usage_text() {
        let usage = pprof_usage();
        for row in table::behind(Door::Pprof).filter(|row| row.choices().is_empty()) {
            assert!(usage.contains(&format!("    -{}", row.name)), "{}", row.name);
        }
        for row in source::ROWS {
            // pprof has neither output for machines nor a limit; its text is left as its users know it.
            let is_pprofs = !["json", "csv", "max_unpacked"].contains(&row.name);
            assert_eq!(usage.contains(&format!("   -{}", row.name)), is_pprofs, "{}", row.name);
        }
    }
}
