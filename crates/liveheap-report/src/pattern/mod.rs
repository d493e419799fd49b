//! Regular expressions as the users of pprof write them.
//!
//! A text in Go's syntax goes in; a [`Pattern`] that answers "is it somewhere in this text?" comes
//! out, or an error in Go's words. The translation into the syntax of the `regex` crate is in
//! [`translate`]. Nothing here captures or replaces.

mod translate;

use crate::error::{Error, ErrorKind};
use regex::bytes::{Regex, RegexBuilder};

/// How many bytes a compiled expression may take. Go allows a thousand repetitions, which is a lot
/// for a class of all letters.
const SIZE_LIMIT: usize = 64 << 20;

/// How deep groups may nest; Go allows as many.
const NEST_LIMIT: u32 = 1000;

/// A regular expression in Go's syntax: unanchored, case-sensitive.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    regex: Regex,
}

impl Pattern {
    /// Compiles an expression; an error is the reason in Go's words.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let translated = translate::from_go(source)?;
        // Works on bytes because Go's `\B` looks at ASCII letters only, which the other half of
        // the crate refuses to do within a character.
        let mut builder = RegexBuilder::new(&translated);
        builder.size_limit(SIZE_LIMIT).nest_limit(NEST_LIMIT);
        let regex = builder.build().map_err(|cause| match cause {
            regex::Error::CompiledTooBig(_) => {
                format!("error parsing regexp: expression too large: `{source}`")
            }
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or_default();
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                format!("error parsing regexp: {reason}: `{source}`")
            }
        })?;
        Ok(Self { source: String::from(source), regex })
    }

    /// The expression of an option; `None` when the option is empty.
    ///
    /// # Errors
    /// When it does not parse.
    pub(crate) fn of_option(option: &str, source: &str) -> Result<Option<Self>, Error> {
        if source.is_empty() {
            return Ok(None);
        }
        Self::new(source).map(Some).map_err(|reason| bad_option(option, &reason))
    }

    /// The expression that a report takes as its argument.
    ///
    /// # Errors
    /// When it does not parse.
    pub(crate) fn of_argument(source: &str) -> Result<Self, Error> {
        Self::new(source).map_err(|reason| {
            let message = format!("parsing argument regexp {source}: {reason}");
            Error::new(ErrorKind::BadExpression, message)
        })
    }

    /// Whether it matches somewhere in `text`.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }

    /// The expression as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

/// The error for an option whose expression does not parse.
pub(crate) fn bad_option(option: &str, reason: &str) -> Error {
    Error::new(ErrorKind::BadExpression, format!("parsing {option} regexp: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_option_is_no_pattern() {
        assert!(Pattern::of_option("focus", "").unwrap().is_none());
    }

    #[test]
    fn errors_name_the_option() {
        let error = Pattern::of_option("focus", "(").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parsing focus regexp: error parsing regexp: missing closing ): `(`"
        );
        let error = Pattern::of_argument("[").unwrap_err();
        assert_eq!(
            error.to_string(),
            "parsing argument regexp [: error parsing regexp: missing closing ]: `[`"
        );
    }
}
