//! Why a report could not be made, and what else the user should hear.

use std::fmt;

/// Why a report could not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    notes: Vec<Note>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A regular expression or another text of the request does not parse.
    BadExpression,
    /// An option of the request has a value that makes no sense for this profile.
    BadOption,
    /// Nothing in the profile matches what was asked for.
    NoMatch,
    /// The report needs something that the profile does not have.
    Missing,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), notes: Vec::new() }
    }

    /// The same error after these notes.
    pub(crate) fn after(self, notes: Vec<Note>) -> Self {
        Self { notes, ..self }
    }

    /// What the user should hear before the error, in order.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Something that the user should hear beside the report, one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note(String);

impl Note {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
