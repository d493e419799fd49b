//! Keeps copies of profiles that were fetched, because the server will not give the same one again.

use crate::messages::{Message, say};
use liveheap_profile::{Profile, encode_gzip};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a copy into the folder for copies and says where it is, or why it could not be kept.
pub(crate) fn keep_copy(profile: &Profile) {
    let Some(folder) = folder() else {
        say(&Message::NotSaved { error: String::from("no folder for it; set PPROF_TMPDIR") });
        return;
    };
    match write(profile, &folder) {
        Ok(path) => say(&Message::Saved { path: path.display().to_string() }),
        Err(error) => say(&Message::NotSaved { error }),
    }
}

fn write(profile: &Profile, folder: &Path) -> Result<PathBuf, String> {
    let bytes = encode_gzip(profile).map_err(|error| error.to_string())?;
    let (mut file, path) = create_numbered(folder, &prefix(profile), ".pb.gz")
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    file.write_all(&bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// `pprof.`, the main binary's name, and all sample types.
fn prefix(profile: &Profile) -> String {
    let mut prefix = String::from("pprof.");
    let main = profile.mappings.first().map_or("", |mapping| profile.text(mapping.file));
    if !main.is_empty() {
        prefix.push_str(base_name(main));
        prefix.push('.');
    }
    for sample_type in &profile.sample_types {
        // A name from the network must not choose the folder.
        prefix.push_str(&profile.text(sample_type.kind).replace(['/', '\\', '\0'], "_"));
        prefix.push('.');
    }
    prefix
}

fn base_name(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    trimmed.rsplit('/').next().unwrap_or(trimmed)
}

/// The first folder that is there or can be made: `$PPROF_TMPDIR`, `$HOME/pprof`, the one for
/// temporary files.
fn folder() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let candidates = [
        set("PPROF_TMPDIR").map(PathBuf::from),
        set("HOME").map(|home| Path::new(&home).join("pprof")),
        Some(std::env::temp_dir()),
    ];
    candidates.into_iter().flatten().find(|folder| match std::fs::create_dir_all(folder) {
        Ok(()) => true,
        Err(error) => {
            let path = folder.display().to_string();
            say(&Message::FolderRefused { path, error: error.to_string() });
            false
        }
    })
}

/// Creates a file that was not there before: prefix, a number from 001 on, ending.
pub(crate) fn create_numbered(
    folder: &Path,
    prefix: &str,
    ending: &str,
) -> io::Result<(File, PathBuf)> {
    for number in 1..10_000 {
        let path = folder.join(format!("{prefix}{number:03}{ending}"));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let message = format!("all names {prefix}001{ending} to {prefix}9999{ending} are taken");
    Err(io::Error::new(ErrorKind::AlreadyExists, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveheap_profile::{Mapping, ProfileBuilder};

    #[test]
    fn a_copy_is_named_after_the_binary_and_all_sample_types() {
        let mut builder = ProfileBuilder::new(&[("alloc", "count"), ("../space", "bytes")]);
        let file = builder.string("/srv/bin/server");
        builder.mapping(Mapping { file, ..Mapping::default() });
        assert_eq!(prefix(&builder.finish()), "pprof.server.alloc..._space.");
    }

    #[test]
    fn numbers_in_use_are_skipped() {
        let folder = std::env::temp_dir().join(format!("liveheap-save-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (_, first) = create_numbered(&folder, "p.", ".x").unwrap();
        let (_, second) = create_numbered(&folder, "p.", ".x").unwrap();
        assert_eq!(first.file_name().unwrap(), "p.001.x");
        assert_eq!(second.file_name().unwrap(), "p.002.x");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
