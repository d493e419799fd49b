//! Why a profile could not be read or written.

use std::fmt;

/// Why a profile could not be read or written, and where.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input has no bytes.
    Empty,
    /// The packed bytes are damaged or cut short.
    Gzip,
    /// The bytes are not in the format that was tried.
    Unrecognized,
    /// The format was recognized, but the bytes break its rules.
    Malformed,
    /// Two profiles stand behind each other without having been merged.
    Concatenated,
    /// The tables contradict each other.
    Invalid,
    /// More than the tables of a profile can hold.
    Limit,
    /// The packed bytes unpack to more than [`Limits`](crate::Limits) allow.
    UnpackedLimit,
    /// Profiles that cannot be put together.
    Incompatible,
}

impl Error {
    /// An error with a message for people: lower case, no full stop, saying what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// What a stream of unpacked bytes failed with.
    #[cfg(feature = "gzip")]
    pub(crate) fn from_stream(cause: std::io::Error) -> Self {
        if cause.kind() == std::io::ErrorKind::FileTooLarge {
            return Self::new(ErrorKind::UnpackedLimit, cause.to_string());
        }
        let message = format!(
            "decompressing profile: {cause} (the file is damaged or cut short; fetch it again)"
        );
        Self::new(ErrorKind::Gzip, message).with_source(cause)
    }

    /// Puts what was being done in front of the message.
    pub(crate) fn within(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        self.source = Some(Box::new(source));
        self
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}
