//! The current value of every option of a report.
//!
//! The command line fills one [`Settings`]; the shell keeps one and changes it line by line. A
//! report is asked for by [`Settings::request`]. How options are named and described is not here
//! but in [`super::table`].

use liveheap_report::{Granularity, ReportKind, Request, Sort};
use liveheap_symbols::Syntax;

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// In the form that the command is for.
    Own,
    /// As JSON.
    Json,
    /// As comma-separated values.
    Csv,
}

/// How names of functions are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// Those of Rust without generic arguments and known modules.
    Short,
    /// As the profile has them, or as they were demangled.
    Full,
    /// As the linker knows them.
    Raw,
}

impl Names {
    /// The words that stand for them.
    pub(crate) const WORDS: &'static [&'static str] = &["short", "full", "raw"];

    /// Reads one of the words.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            "short" => Some(Self::Short),
            "full" => Some(Self::Full),
            "raw" => Some(Self::Raw),
            _ => None,
        }
    }

    /// The word that stands for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Full => "full",
            Self::Raw => "raw",
        }
    }
}

/// The words that stand for the syntaxes of instructions.
pub(crate) const SYNTAX_WORDS: &[&str] = &["go", "intel", "att"];

/// The current value of every option.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The options that a report needs as they are; which report is filled in when it is asked for.
    pub(crate) base: Request,
    /// File that the report is written to; empty for standard output.
    pub(crate) output: String,
    /// How a report is written.
    pub(crate) form: Form,
    /// How names of functions are written; the door decides when it was not said.
    pub(crate) names: Option<Names>,
    /// Whether instructions are in Intel's syntax, as pprof's option says it.
    pub(crate) intel_syntax: bool,
    /// How instructions are written, if it was said.
    pub(crate) syntax: Option<Syntax>,
    /// Whether the profile is scaled to the total of its base.
    pub(crate) normalize: bool,
    /// Most nodes shown: -1 for the report's own default, otherwise no limit below 1.
    pub(crate) node_count: i64,
    /// What a node stands for, if it was said.
    pub(crate) granularity: Option<Granularity>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base: Request::new(ReportKind::Top),
            output: String::new(),
            form: Form::Own,
            names: None,
            intel_syntax: false,
            syntax: None,
            normalize: false,
            node_count: -1,
            granularity: None,
        }
    }
}

impl Settings {
    /// The question that these settings make of a report.
    pub(crate) fn request(&self, report: ReportKind) -> Request {
        let mut request = self.base.clone();
        request.report = report;
        request.granularity = self.granularity.unwrap_or_default();
        request.node_count = match self.node_count {
            -1 => None,
            count if count < 0 => Some(0),
            count => Some(u32::try_from(count).unwrap_or(u32::MAX)),
        };
        request
    }

    /// How instructions are written.
    pub(crate) fn syntax(&self) -> Syntax {
        let unsaid = if self.intel_syntax { Syntax::Intel } else { Syntax::Go };
        self.syntax.unwrap_or(unsaid)
    }

    /// The word for how instructions are written; empty when it was not said.
    pub(crate) fn syntax_word(&self) -> &'static str {
        match self.syntax {
            None => "",
            Some(Syntax::Go) => "go",
            Some(Syntax::Intel) => "intel",
            Some(Syntax::Att) => "att",
        }
    }

    /// Sets how instructions are written to what one of [`SYNTAX_WORDS`] stands for.
    pub(crate) fn set_syntax(&mut self, word: &str) {
        self.syntax = match word {
            "go" => Some(Syntax::Go),
            "intel" => Some(Syntax::Intel),
            "att" => Some(Syntax::Att),
            _ => self.syntax,
        };
    }

    /// Sets the order of the rows.
    pub(crate) fn sort_by(&mut self, sort: Sort) {
        self.base.sort = sort;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_count_of_minus_one_leaves_the_choice_to_the_report() {
        let mut settings = Settings::default();
        assert_eq!(settings.request(ReportKind::Top).node_count, None);
        settings.node_count = -7;
        assert_eq!(settings.request(ReportKind::Top).node_count, Some(0));
        settings.node_count = 1 << 40;
        assert_eq!(settings.request(ReportKind::Top).node_count, Some(u32::MAX));
    }
}
