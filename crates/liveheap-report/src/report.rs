//! A finished report: data, and the bytes that it is written as.

use crate::picture::Picture;
use crate::render;
use crate::reports::callgrind::CallgrindReport;
use crate::reports::disasm::DisasmReport;
use crate::reports::folded::FoldedReport;
use crate::reports::list::ListReport;
use crate::reports::raw::RawReport;
use crate::reports::tags::TagsReport;
use crate::reports::top::TopReport;
use crate::reports::traces::TracesReport;
use crate::reports::tree::TreeReport;
use crate::reports::web_list::WebListReport;
use liveheap_profile::{Profile, encode_gzip};
use std::io::{self, Write};

/// A finished report.
#[derive(Debug)]
#[non_exhaustive]
pub enum Report {
    /// The nodes by value.
    Top(TopReport),
    /// The nodes with their callers and callees.
    Tree(TreeReport),
    /// The call graph to be drawn.
    Picture(Picture, PictureFormat),
    /// The call graph for KCachegrind.
    Callgrind(CallgrindReport),
    /// Annotated source.
    List(ListReport),
    /// Annotated source with inlined calls, as a page of HTML.
    WebList(WebListReport),
    /// Every sample.
    Traces(Box<TracesReport>),
    /// Every label with its values.
    Tags(TagsReport),
    /// The tables of a profile.
    Raw(Box<RawReport>),
    /// The comments of a profile, in the order of the file.
    Comments(Vec<String>),
    /// Annotated instructions.
    Disasm(DisasmReport),
    /// Collapsed stacks.
    Folded(FoldedReport),
    /// A profile.
    Proto(Box<Profile>),
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFormat {
    /// Graphviz's language.
    Dot,
    /// An SVG, laid out here.
    Svg,
}

impl Report {
    /// What the report is called in machine output.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Top(_) => "top",
            Self::Tree(_) => "tree",
            Self::Picture(..) => "graph",
            Self::Callgrind(_) => "callgrind",
            Self::Traces(_) => "traces",
            Self::Tags(_) => "tags",
            Self::Raw(_) => "raw",
            Self::Comments(_) => "comments",
            Self::List(_) => "list",
            Self::WebList(_) => "weblist",
            Self::Disasm(_) => "disasm",
            Self::Folded(_) => "folded",
            Self::Proto(_) => "proto",
        }
    }

    /// Writes the report: text in UTF-8, a profile as gzip'ed profile.proto.
    ///
    /// # Errors
    /// When `out` fails, or a profile is too large for its format.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = match self {
            Self::Top(report) => render::text::top(report),
            Self::Tree(report) => render::text::tree(report),
            Self::Picture(picture, PictureFormat::Dot) => render::dot::write(picture),
            Self::Picture(picture, PictureFormat::Svg) => render::svg::write(picture),
            Self::Callgrind(report) => render::callgrind::write(report),
            Self::List(report) => render::list::write(report),
            Self::WebList(report) => render::web_list::write(report),
            Self::Traces(report) => return render::traces::write(report, out),
            Self::Tags(report) => render::tags::write(report),
            Self::Raw(report) => {
                return render::raw::write(&report.profile, report.time.as_deref(), out);
            }
            Self::Comments(comments) => comments.iter().map(|text| format!("{text}\n")).collect(),
            Self::Disasm(report) => render::disasm::write(report),
            Self::Folded(report) => render::text::folded(report),
            Self::Proto(profile) => {
                return out.write_all(&encode_gzip(profile).map_err(io::Error::other)?);
            }
        };
        out.write_all(text.as_bytes())
    }
}
