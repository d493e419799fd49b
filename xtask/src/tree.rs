//! Walks the files that the project tracks.

use crate::process::{capture, root};
use anyhow::Result;
use std::process::Command;

/// Paths of all tracked files, and of new ones that are not ignored, below the root.
///
/// # Errors
/// When git does not answer.
pub(crate) fn files() -> Result<Vec<String>> {
    let listing = capture(Command::new("git").current_dir(root()).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    Ok(listing.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect())
}
