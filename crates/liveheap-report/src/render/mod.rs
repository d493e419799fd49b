//! Renderings: what a report holds, written as bytes. Data goes in, text comes out; nothing is
//! computed here that another rendering of the same data would need too.

pub(crate) mod callgrind;
pub(crate) mod dot;
pub(crate) mod text;
