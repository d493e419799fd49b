//! Reports over profiles.
mod request;
pub use request::{Filters, Granularity, ReportKind, Request, Sort};
