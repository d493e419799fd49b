//! Debug information from debuginfod servers, kept where debuginfod's own client keeps it.
//!
//! Goes in: a profile, the servers, and a function that asks one. Comes out: files in the cache,
//! where [`symbolize`](crate::symbolize()) finds them by their build id. Asked is only about
//! binaries whose lines are not on this machine. No socket is opened here.

use crate::locate::{Wanted, find_binary, find_debug_file, is_build_id};
use crate::object_file::ObjectFile;
use crate::options::Options;
use crate::symbolize::{Task, plan_all};
use liveheap_profile::Profile;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long it holds that no server has a file; as long as for debuginfod's own client.
const MISS_HOLDS: Duration = Duration::from_secs(600);

/// Asks a server for the file at a URL: its bytes, or nothing when the server does not have it, or
/// a sentence.
pub type FetchFile<'a> = &'a mut dyn FnMut(&str) -> Result<Option<Vec<u8>>, String>;

/// Fetches what is missing to symbolize a profile into [`Options::debuginfod_cache`]. The servers
/// are URLs, asked in this order. What went wrong comes back, one line for each.
pub fn download_debug_files(
    profile: &Profile,
    options: &Options,
    servers: &[String],
    fetch: FetchFile<'_>,
) -> Vec<String> {
    let Some(cache) = options.debuginfod_cache.as_ref().filter(|_| !servers.is_empty()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let mut asked = BTreeSet::new();
    for (outcome, task) in plan_all(profile, options) {
        let build_id = outcome.build_id.to_ascii_lowercase();
        let is_wanted = matches!(task, Some(Task::Symbolize | Task::Refine))
            && is_build_id(&build_id)
            && asked.insert(build_id.clone());
        if !is_wanted {
            continue;
        }
        let wanted = Wanted { file: &outcome.file, build_id: &outcome.build_id };
        let binary = find_binary(wanted, options).ok();
        if binary.as_ref().is_some_and(|binary| has_lines(binary, options)) {
            continue;
        }
        // Debug information serves without the binary, the binary alone has names at least.
        let kinds: &[&str] =
            if binary.is_some() { &["debuginfo"] } else { &["debuginfo", "executable"] };
        for kind in kinds {
            match keep(&cache.join(&build_id), kind, &build_id, servers, fetch) {
                Ok(true) => break,
                Ok(false) => {}
                Err(problem) => problems.push(format!("{}: {problem}", outcome.file)),
            }
        }
    }
    problems
}

/// Whether lines are at hand, in the binary or split off.
fn has_lines(binary: &ObjectFile, options: &Options) -> bool {
    let Ok(image) = binary.image() else { return false };
    image.has_lines
        || find_debug_file(binary, &image, options)
            .is_some_and(|file| file.image().is_ok_and(|image| image.has_lines))
}

/// Fetches one file into its folder in the cache, unless it is there or was asked for in vain not
/// long ago. Whether it is there now.
fn keep(
    folder: &Path,
    kind: &str,
    build_id: &str,
    servers: &[String],
    fetch: FetchFile<'_>,
) -> Result<bool, String> {
    let path = folder.join(kind);
    if let Ok(known) = fs::metadata(&path) {
        // An empty file says that there is none.
        let age = known.modified().ok().and_then(|time| time.elapsed().ok());
        if known.len() > 0 || age.is_some_and(|age| age < MISS_HOLDS) {
            return Ok(known.len() > 0);
        }
    }
    let mut problem = None;
    for server in servers {
        let url = format!("{}/buildid/{build_id}/{kind}", server.trim_end_matches('/'));
        match fetch(&url) {
            Ok(Some(bytes)) => {
                let written = write(folder, kind, &bytes).map_err(|error| error.to_string());
                written
                    .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
                let found = ObjectFile::open(&path)?.image().map(|image| image.build_id);
                if found.as_deref() == Ok(build_id) {
                    return Ok(true);
                }
                let _ = fs::remove_file(&path);
                problem = Some(format!("{url}: what came is another file"));
            }
            Ok(None) => {}
            Err(reason) => problem = Some(format!("{url}: {reason}")),
        }
    }
    match problem {
        Some(problem) => Err(problem),
        None => {
            // That this cannot be kept only means to ask again.
            let _ = write(folder, kind, &[]);
            Ok(false)
        }
    }
}

/// Writes a file so that others see either nothing or the whole of it.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let draft = folder.join(format!("{name}.{}", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, folder.join(name)));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(test)]
mod tests;
