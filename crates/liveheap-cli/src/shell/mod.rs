//! The shell: one profile, asked again and again.
//!
//! [`parse`] understands a line, [`run()`] reads lines and carries them out, [`complete`] finishes a
//! word on a terminal.

mod complete;
mod parse;
mod run;
mod terminal;

pub(crate) use run::run;
