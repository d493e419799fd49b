//! Reports over profiles.
#![expect(dead_code, reason = "the reports that use these parts come with the next commits")]

mod answer;
mod error;
mod filter;
#[cfg(test)]
mod fixture;
mod measure;
mod pattern;
mod picture;
mod render;
mod request;
pub use answer::Surroundings;
pub use error::{Error, ErrorKind, Note};
pub use filter::drop_uninteresting;
pub use picture::{Color, Picture, PictureEdge, PictureNode, TagBox};
pub use request::{Filters, Granularity, ReportKind, Request, Sort};
