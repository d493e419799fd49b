//! Reports over profiles: filters, call graphs, tables and pictures.
//!
//! [`answer()`] turns a [`liveheap_profile::Profile`] and a [`Request`] into a [`Report`], which
//! renders itself. Nothing here opens a file or a socket: what a report needs of the world comes
//! in through [`Surroundings`].

mod answer;
mod binary;
mod decimal;
mod error;
mod filter;
#[cfg(test)]
mod fixture;
mod go_time;
mod graph;
mod layout;
mod legend;
mod measure;
mod names;
mod numbers;
mod paths;
mod pattern;
mod picture;
mod render;
mod report;
mod reports;
mod request;
mod sources;
mod time;
mod value;

pub use answer::{Answer, Surroundings, answer};
pub use binary::{Binary, BinarySymbol, Instruction, InstructionFrame, InstructionReader};
pub use error::{Error, ErrorKind, Note};
pub use filter::drop_uninteresting;
pub use measure::label;
pub use picture::{Color, Picture, PictureEdge, PictureNode, TagBox};
pub use report::{PictureFormat, Report};
pub use reports::callgrind::{CallgrindEntry, CallgrindPlace, CallgrindReport};
pub use reports::disasm::{DisasmReport, Routine, RoutineLine};
pub use reports::folded::{FoldedReport, FoldedStack};
pub use reports::list::{ListReport, ListedFile, ListedFunction, SourceLine};
pub use reports::raw::RawReport;
pub use reports::tags::{TagKey, TagsReport};
pub use reports::top::{Inlining, TopReport, TopRow};
pub use reports::traces::TracesReport;
pub use reports::tree::{TreeBlock, TreeEdge, TreeReport};
pub use reports::web_list::{
    InlinedCall, WebListAddress, WebListFile, WebListFunction, WebListLine, WebListReport,
};
pub use request::{Filters, Granularity, ReportKind, Request, Sort};
pub use value::sample_index;
