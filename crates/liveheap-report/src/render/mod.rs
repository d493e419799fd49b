//! Renderings: what a report holds, written as bytes. Data goes in, text comes out; nothing is
//! computed here that another rendering of the same data would need too.

pub(crate) mod callgrind;
pub(crate) mod csv;
pub(crate) mod disasm;
pub(crate) mod dot;
pub(crate) mod json;
mod label_lines;
pub(crate) mod list;
pub(crate) mod raw;
pub(crate) mod svg;
mod tab_writer;
pub(crate) mod tags;
pub(crate) mod text;
pub(crate) mod traces;
pub(crate) mod web_list;
