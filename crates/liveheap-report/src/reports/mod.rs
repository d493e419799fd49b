//! The reports: what each one says, as plain data.
//!
//! A graph or a profile goes in, a struct comes out; how it is written is in `render`.

pub(crate) mod call_graph;
pub(crate) mod callgrind;
pub(crate) mod disasm;
pub(crate) mod folded;
pub(crate) mod list;
pub(crate) mod proto;
pub(crate) mod raw;
pub(crate) mod tags;
pub(crate) mod top;
pub(crate) mod top_proto;
pub(crate) mod traces;
pub(crate) mod tree;
pub(crate) mod web_list;
