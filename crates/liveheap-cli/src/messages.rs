//! Everything that is said on standard error, one variant each.
//!
//! Reports go to standard output and nothing else does. Words that pprof's users and scripts know
//! are pprof's.

use std::fmt;
use std::io::Write;

/// Something the user should hear.
#[derive(Debug)]
pub(crate) enum Message {
    /// A profile is being fetched from this URL.
    Fetching {
        /// The URL as it is asked for.
        url: String,
    },
    /// The server takes its time, because it was asked to.
    Wait {
        /// How long.
        seconds: u64,
    },
    /// A source failed while others may not.
    SourceFailed {
        /// The source as it was typed.
        source: String,
        /// Why.
        error: String,
    },
    /// Some of several sources failed.
    Fetched {
        /// `source` or `base`.
        which: &'static str,
        /// How many there are.
        got: usize,
        /// Out of how many.
        wanted: usize,
    },
    /// A copy of a fetched profile was kept.
    Saved {
        /// Where.
        path: String,
    },
    /// No copy of a fetched profile could be kept.
    NotSaved {
        /// Why.
        error: String,
    },
    /// A folder for copies cannot be used.
    FolderRefused {
        /// Which.
        path: String,
        /// Why.
        error: String,
    },
    /// A report goes to a file.
    Generating {
        /// Which.
        path: String,
    },
    /// Two flags chose a sample type; this one lost.
    SampleTypeIgnored {
        /// The flag without its dash.
        option: &'static str,
    },
    /// A perf.data file is being converted.
    Converting {
        /// The file.
        path: String,
    },
    /// Nothing matched, perhaps because names are short.
    NamesAreShort,
    /// The shell starts.
    Greeting,
    /// The shell starts with nothing to show.
    NothingByDefault,
    /// A note of a library, or an error of one line in the shell: printed as it is.
    Plain(String),
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetching { url } => write!(formatter, "Fetching profile over HTTP from {url}"),
            Self::Wait { seconds } => {
                write!(formatter, "Please wait... ({})", short_duration(*seconds))
            }
            Self::SourceFailed { source, error } => write!(formatter, "{source}: {error}"),
            Self::Fetched { which, got, wanted } => {
                write!(formatter, "Fetched {got} {which} profiles out of {wanted}")
            }
            Self::Saved { path } => write!(formatter, "Saved profile in {path}"),
            Self::NotSaved { error } => write!(formatter, "Could not save profile: {error}"),
            Self::FolderRefused { path, error } => {
                write!(formatter, "Could not use temp dir {path}: {error}")
            }
            Self::Generating { path } => write!(formatter, "Generating report in {path}"),
            Self::SampleTypeIgnored { option } => {
                write!(formatter, "Multiple value selections, ignoring -{option}")
            }
            Self::Converting { path } => {
                write!(formatter, "Converting {path} to a profile.proto (this may take a while)")
            }
            Self::NamesAreShort => formatter.write_str(
                "names are compared as they are shown; --names=full (names=full in the shell) has all \
                 modules",
            ),
            Self::Greeting => formatter.write_str(
                "Entering interactive mode (type \"help\" for commands, \"o\" for options)",
            ),
            Self::NothingByDefault => formatter.write_str(
                "No samples were found with the default sample value type.\n\
                 Try \"sample_index\" command to analyze different sample values.",
            ),
            Self::Plain(text) => formatter.write_str(text),
        }
    }
}

/// Says it on standard error.
pub(crate) fn say(message: &Message) {
    let mut text = message.to_string();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    // Who closed standard error does not want to hear it.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Says an error or a note of a library on standard error.
pub(crate) fn say_plain(text: impl fmt::Display) {
    say(&Message::Plain(text.to_string()));
}

/// A whole number of seconds in Go's words, such as `5s` or `1m30s`.
fn short_duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_leave_out_leading_zeros_only() {
        assert_eq!(short_duration(5), "5s");
        assert_eq!(short_duration(90), "1m30s");
        assert_eq!(short_duration(3600), "1h0m0s");
    }
}
