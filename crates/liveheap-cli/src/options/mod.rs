//! What the user asked for.
//!
//! The tables ([`table`], [`commands`], [`source`]) say which options and reports there are: one
//! row each. The two readers ([`go`] for pprof's flag syntax, [`gnu`] for our own verbs) turn the
//! words of a command line into [`low::LowArgs`], which is what was typed; [`high`] turns that into
//! a [`high::Plan`], which is what it means. Nothing behind this module sees the words.

pub(crate) mod commands;
pub(crate) mod completions;
pub(crate) mod gnu;
pub(crate) mod go;
pub(crate) mod help;
pub(crate) mod high;
pub(crate) mod listing;
pub(crate) mod low;
pub(crate) mod manual;
pub(crate) mod own_help;
pub(crate) mod settings;
pub(crate) mod source;
pub(crate) mod suggest;
pub(crate) mod table;

/// Which of the two doors the user came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// `liveheap pprof`, or a link named `pprof`: the same bytes as the other tool.
    Pprof,
    /// Our own verbs.
    Own,
}
