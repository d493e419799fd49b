//! Every report that can be asked for, one row each.
//!
//! A row gives pprof's flag, the word in the shell, our own verb, the help text, which report of
//! `liveheap-report` answers it, and where its bytes go.

use super::Door;
use liveheap_report::ReportKind;

/// One report that can be asked for.
#[derive(Debug)]
pub(crate) struct Command {
    /// Its name: `-name`, the word in the shell, and our verb.
    pub(crate) name: &'static str,
    /// What it does, in a line.
    pub(crate) description: &'static str,
    /// What may stand behind it in the shell.
    pub(crate) usage: Usage,
    /// The report.
    pub(crate) question: Question,
    /// Where its bytes go.
    pub(crate) way: Way,
    /// Whether pprof has it too.
    pub(crate) is_pprofs: bool,
}

/// The report behind a command.
#[derive(Debug)]
pub(crate) enum Question {
    /// It needs nothing more.
    Plain(ReportKind),
    /// It needs a regular expression.
    Pattern(fn(String) -> ReportKind),
    /// It is no report over a profile but one on the profile itself.
    Doctor,
}

/// What may stand behind a command in the shell.
#[derive(Debug)]
pub(crate) enum Usage {
    /// Nothing worth telling.
    None,
    /// Limits and filters.
    Report {
        /// Whether rows can be sorted by cumulative value.
        cum: bool,
        /// Whether it can be written to a file.
        redirect: bool,
    },
    /// A regular expression or an address, then filters.
    Listing {
        /// Whether it can be written to a file.
        redirect: bool,
    },
    /// These lines.
    Lines(&'static [&'static str]),
}

/// Where the bytes of a report go when no file was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// To standard output.
    Text,
    /// To standard output, or to a file with this ending when that is a terminal or a shell.
    Away {
        /// Ending of the file's name.
        ending: &'static str,
        /// Format that Graphviz turns the report into first.
        graphviz: Option<&'static str>,
    },
    /// To a temporary file that a program of the desktop opens.
    Viewer {
        /// Ending of the file's name.
        ending: &'static str,
        /// Format that Graphviz turns the report into first.
        graphviz: Option<&'static str>,
        /// The programs to try.
        viewer: Viewer,
    },
}

/// Programs that show a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// A web browser.
    Browser,
    /// This program with these arguments.
    Program(&'static [&'static str]),
}

impl Command {
    /// Whether a regular expression has to be given.
    pub(crate) fn takes_pattern(&self) -> bool {
        matches!(self.question, Question::Pattern(_))
    }

    /// The report, for a regular expression that is ignored where none is needed; `None` when it
    /// is no report over a profile.
    pub(crate) fn report(&self, pattern: String) -> Option<ReportKind> {
        match &self.question {
            Question::Plain(report) => Some(report.clone()),
            Question::Pattern(report) => Some(report(pattern)),
            Question::Doctor => None,
        }
    }
}

/// Looks a command up by its name, of those that a door leads to.
pub(crate) fn find(door: Door, name: &str) -> Option<&'static Command> {
    behind(door).find(|command| command.name == name)
}

/// The commands that a door leads to, sorted by name.
pub(crate) fn behind(door: Door) -> impl Iterator<Item = &'static Command> {
    COMMANDS.iter().filter(move |command| door == Door::Own || command.is_pprofs)
}

const fn text(
    name: &'static str,
    description: &'static str,
    usage: Usage,
    report: ReportKind,
) -> Command {
    Command {
        name,
        description,
        usage,
        question: Question::Plain(report),
        way: Way::Text,
        is_pprofs: true,
    }
}

const fn listing(
    name: &'static str,
    description: &'static str,
    usage: Usage,
    report: fn(String) -> ReportKind,
) -> Command {
    Command {
        name,
        description,
        usage,
        question: Question::Pattern(report),
        way: Way::Text,
        is_pprofs: true,
    }
}

const fn away(
    name: &'static str,
    description: &'static str,
    usage: Usage,
    report: ReportKind,
    ending: &'static str,
    graphviz: Option<&'static str>,
) -> Command {
    let way = Way::Away { ending, graphviz };
    Command { name, description, usage, question: Question::Plain(report), way, is_pprofs: true }
}

const fn viewed(
    name: &'static str,
    description: &'static str,
    report: ReportKind,
    ending: &'static str,
    graphviz: Option<&'static str>,
    viewer: Viewer,
) -> Command {
    let usage = Usage::Report { cum: false, redirect: false };
    let way = Way::Viewer { ending, graphviz, viewer };
    Command { name, description, usage, question: Question::Plain(report), way, is_pprofs: true }
}

const TABLE: Usage = Usage::Report { cum: true, redirect: true };
const GRAPH: Usage = Usage::Report { cum: false, redirect: true };

/// All commands, sorted by name.
static COMMANDS: &[Command] = &[
    away(
        "callgrind",
        "Outputs a graph in callgrind format",
        GRAPH,
        ReportKind::Callgrind,
        "callgraph.out",
        None,
    ),
    text("comments", "Output all profile comments", Usage::None, ReportKind::Comments),
    listing(
        "disasm",
        "Output assembly listings annotated with samples",
        Usage::Listing { redirect: true },
        ReportKind::Disasm,
    ),
    Command {
        name: "doctor",
        description: "Says why names or lines are missing, and what to do",
        usage: Usage::None,
        question: Question::Doctor,
        way: Way::Text,
        is_pprofs: false,
    },
    text("dot", "Outputs a graph in DOT format", GRAPH, ReportKind::Dot),
    viewed(
        "eog",
        "Visualize graph through eog",
        ReportKind::Svg,
        "svg",
        None,
        Viewer::Program(&["eog"]),
    ),
    viewed(
        "evince",
        "Visualize graph through evince",
        ReportKind::Dot,
        "pdf",
        Some("pdf"),
        Viewer::Program(&["evince"]),
    ),
    Command {
        name: "folded",
        description: "Outputs collapsed stacks for flame graph tools",
        usage: GRAPH,
        question: Question::Plain(ReportKind::Folded),
        way: Way::Text,
        is_pprofs: false,
    },
    away("gif", "Outputs a graph image in GIF format", GRAPH, ReportKind::Dot, "gif", Some("gif")),
    viewed(
        "gv",
        "Visualize graph through gv",
        ReportKind::Dot,
        "ps",
        Some("ps"),
        Viewer::Program(&["gv", "--noantialias"]),
    ),
    viewed(
        "kcachegrind",
        "Visualize report in KCachegrind",
        ReportKind::Callgrind,
        "grind",
        None,
        Viewer::Program(&["kcachegrind"]),
    ),
    listing(
        "list",
        "Output annotated source for functions matching regexp",
        Usage::Listing { redirect: false },
        ReportKind::List,
    ),
    away("pdf", "Outputs a graph in PDF format", GRAPH, ReportKind::Dot, "pdf", Some("pdf")),
    listing(
        "peek",
        "Output callers/callees of functions matching regexp",
        Usage::Lines(&[
            "peek func_regex",
            "Display callers and callees of functions matching func_regex.",
        ]),
        ReportKind::Peek,
    ),
    away("png", "Outputs a graph image in PNG format", GRAPH, ReportKind::Dot, "png", Some("png")),
    away(
        "proto",
        "Outputs the profile in compressed protobuf format",
        Usage::None,
        ReportKind::Proto,
        "pb.gz",
        None,
    ),
    away("ps", "Outputs a graph in PS format", GRAPH, ReportKind::Dot, "ps", Some("ps")),
    text("raw", "Outputs a text representation of the raw profile", Usage::None, ReportKind::Raw),
    away("svg", "Outputs a graph in SVG format", GRAPH, ReportKind::Svg, "svg", None),
    text(
        "tags",
        "Outputs all tags in the profile",
        Usage::Lines(&[
            "tags [tag_regex]* [-ignore_regex]* [>file]",
            "List tags with key:value matching tag_regex and exclude ignore_regex.",
        ]),
        ReportKind::Tags,
    ),
    text("text", "Outputs top entries in text form", TABLE, ReportKind::Top),
    text("top", "Outputs top entries in text form", TABLE, ReportKind::Top),
    away(
        "topproto",
        "Outputs top entries in compressed protobuf format",
        Usage::None,
        ReportKind::TopProto,
        "pb.gz",
        None,
    ),
    text("traces", "Outputs all profile samples in text form", Usage::None, ReportKind::Traces),
    text("tree", "Outputs a text rendering of call graph", TABLE, ReportKind::Tree),
    viewed(
        "web",
        "Visualize graph through web browser",
        ReportKind::Svg,
        "svg",
        None,
        Viewer::Browser,
    ),
    Command {
        name: "weblist",
        description: "Display annotated source in a web browser",
        usage: Usage::Listing { redirect: false },
        question: Question::Pattern(ReportKind::WebList),
        way: Way::Viewer { ending: "html", graphviz: None, viewer: Viewer::Browser },
        is_pprofs: true,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::table;

    #[test]
    fn commands_are_sorted_and_no_option_has_the_same_name() {
        assert!(COMMANDS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(COMMANDS.iter().all(|command| table::find(Door::Own, command.name).is_none()));
    }
}
