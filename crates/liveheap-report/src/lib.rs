//! Reports over profiles.
mod picture;
mod request;
pub use picture::{Color, Picture, PictureEdge, PictureNode, TagBox};
pub use request::{Filters, Granularity, ReportKind, Request, Sort};
