//! Finds the binary of a mapping on this machine, and the file with its debug information.
//!
//! Goes in: what the profile says about a mapping, and the folders to look in. Comes out: opened
//! files, or what was found instead. A file counts only if its build id is the one the profile
//! names; nothing is fetched over a network.

use crate::examine::{Tried, Verdict};
use crate::mini_debuginfo::unpack;
use crate::object_file::{Image, ObjectFile, hexadecimal};
use crate::options::Options;
use liveheap_profile::{Interner, Mapping, Profile};
use object::{Object, ObjectSection};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// A mapping's file and build id as the profile names them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) file: &'a str,
    /// Empty when the profile does not know it.
    pub(crate) build_id: &'a str,
}

/// Why no binary was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotFound {
    /// No such file; the system's words about the path in the profile.
    Missing(String),
    /// There is a file, but built from something else.
    OtherBuild {
        /// Where it is.
        path: PathBuf,
        /// Its build id.
        build_id: String,
    },
}

/// Puts into each mapping the path of its binary as the search path has it, where it has one. A
/// mapping that is not found there is left alone. The second value says, one line for each, which
/// files were passed over because they were built from something else.
pub fn locate_binaries(mut profile: Profile, options: &Options) -> (Profile, Vec<String>) {
    let mut strings = Interner::resume(std::mem::take(&mut profile.strings));
    let mut passed_over = Vec::new();
    for mapping in &mut profile.mappings {
        let wanted =
            Wanted { file: strings.text(mapping.file), build_id: strings.text(mapping.build_id) };
        let mut found = None;
        for path in search_path_candidates(wanted, &options.search_path) {
            let Ok(file) = ObjectFile::open(&path) else { continue };
            let Ok(image) = file.image() else { continue };
            if wanted.build_id.is_empty() || wanted.build_id.eq_ignore_ascii_case(&image.build_id) {
                found = Some(path);
                break;
            }
            passed_over.push(format!(
                "Ignoring local file {}: build-id mismatch ({} != {})",
                path.display(),
                wanted.build_id,
                image.build_id
            ));
        }
        if let Some(path) = found {
            mapping.file = strings.intern(&path.to_string_lossy());
        }
    }
    profile.strings = strings.finish();
    (profile, passed_over)
}

/// Opens the binary of a mapping.
pub(crate) fn find_binary(wanted: Wanted<'_>, options: &Options) -> Result<ObjectFile, NotFound> {
    find_binary_watched(wanted, options, &mut Vec::new())
}

/// The same; every place that was looked at goes into `tried`.
pub(crate) fn find_binary_watched(
    wanted: Wanted<'_>,
    options: &Options,
    tried: &mut Vec<Tried>,
) -> Result<ObjectFile, NotFound> {
    let mut other_build = None;
    let mut first_problem = None;
    let as_is = PathBuf::from(wanted.file);
    let folders = search_path_candidates(wanted, &options.search_path);
    let debug_files = debug_file_candidates(wanted.build_id, options);
    for path in std::iter::once(as_is).chain(replaced(wanted)).chain(folders).chain(debug_files) {
        let opened = ObjectFile::open(&path).and_then(|file| {
            let file = file.choose(wanted.build_id);
            let build_id = file.image()?.build_id;
            Ok((file, build_id))
        });
        match opened {
            Ok((file, build_id)) if fits(wanted.build_id, &build_id) => {
                tried.push(Tried { path, verdict: Verdict::Taken });
                return Ok(file);
            }
            Ok((file, build_id)) => {
                tried.push(Tried { path, verdict: Verdict::OtherBuild(build_id.clone()) });
                other_build.get_or_insert(NotFound::OtherBuild { path: file.path, build_id });
            }
            Err(problem) => {
                tried.push(Tried { path, verdict: Verdict::Unreadable(problem.clone()) });
                first_problem.get_or_insert(problem);
            }
        }
    }
    Err(other_build.unwrap_or_else(|| NotFound::Missing(first_problem.unwrap_or_default())))
}

/// Opens the file that a binary's debug information was split off into; without one, the symbol
/// table that may be packed inside the binary.
pub(crate) fn find_debug_file(
    binary: &ObjectFile,
    image: &Image<'_>,
    options: &Options,
) -> Option<ObjectFile> {
    find_debug_file_watched(binary, image, options, &mut Vec::new())
}

/// The same; every place that was looked at goes into `tried`.
pub(crate) fn find_debug_file_watched(
    binary: &ObjectFile,
    image: &Image<'_>,
    options: &Options,
    tried: &mut Vec<Tried>,
) -> Option<ObjectFile> {
    let mut look = |path: PathBuf, refuse: &dyn Fn(&ObjectFile, &Image<'_>) -> Option<Verdict>| {
        let opened = ObjectFile::open(&path);
        let verdict = match opened.as_ref().map(|file| (file, file.image())) {
            Ok((file, Ok(found))) => refuse(file, &found).unwrap_or(Verdict::Taken),
            Ok((_, Err(problem))) => Verdict::Unreadable(problem),
            Err(problem) => Verdict::Unreadable(problem.clone()),
        };
        let fits = verdict == Verdict::Taken;
        tried.push(Tried { path, verdict });
        opened.ok().filter(|_| fits)
    };
    let other_build = |found: &Image<'_>| Some(Verdict::OtherBuild(found.build_id.clone()));
    let by_build_id =
        debug_file_candidates(&image.build_id, options).into_iter().find_map(|path| {
            look(path, &|_, found| match found.build_id == image.build_id {
                true if found.has_lines || found.has_symbols => None,
                true => Some(Verdict::Stripped),
                false => other_build(found),
            })
        });
    let by_link = || {
        let (name, checksum) = image.object.gnu_debuglink().ok()??;
        let name = Path::new(std::str::from_utf8(name).ok()?).file_name()?;
        linked_candidates(&binary.path, Path::new(name), options).into_iter().find_map(|path| {
            look(path, &|file, found| {
                let is_known = !found.build_id.is_empty() && !image.build_id.is_empty();
                if is_known && found.build_id != image.build_id {
                    return other_build(found);
                }
                (!is_known && crc32(file.bytes()) != checksum).then_some(Verdict::OtherChecksum)
            })
        })
    };
    // Apple's tools put it into a folder beside the program.
    let by_folder = || {
        let folder = with_suffix(&binary.path, ".dSYM").join("Contents/Resources/DWARF");
        let path = folder.join(binary.path.file_name()?);
        let file = ObjectFile::open(&path).ok()?.choose(&image.build_id);
        file.image().is_ok_and(|found| found.build_id == image.build_id).then_some(file)
    };
    by_build_id.or_else(by_link).or_else(by_folder).or_else(|| {
        let section =
            image.object.section_by_name(".gnu_debugdata").filter(|_| !image.has_symbols)?;
        let file = ObjectFile::unpacked(&binary.path, unpack(section.data().ok()?)?);
        file.image().is_ok().then_some(file)
    })
}

/// What a binary calls the file that holds what its debug information has in common with others'.
pub(crate) fn common_file_of(image: &Image<'_>) -> Option<(PathBuf, String)> {
    let (name, build_id) = image.object.gnu_debugaltlink().ok()??;
    Some((PathBuf::from(std::str::from_utf8(name).ok()?), hexadecimal(build_id)))
}

/// Opens that file, as `dwz` makes it for distributions.
pub(crate) fn find_common_file(image: &Image<'_>, options: &Options) -> Option<ObjectFile> {
    let (name, build_id) = common_file_of(image)?;
    let folder = image.path().parent().unwrap_or(Path::new(""));
    let base = name.file_name()?;
    // Relative to the file that names it, links in its path resolved.
    let beside = std::fs::canonicalize(image.path()).ok();
    let beside = beside.as_deref().and_then(Path::parent).unwrap_or(folder).join(&name);
    let of_systems = options.debug_folders.iter().map(|root| root.join(".dwz").join(base));
    let candidates =
        std::iter::once(beside).chain(of_systems).chain(debug_file_candidates(&build_id, options));
    candidates.into_iter().find_map(|path| {
        let file = ObjectFile::open(&path).ok()?;
        file.image().is_ok_and(|found| found.build_id == build_id).then_some(file)
    })
}

/// Whether a file may stand for the mapping: a build id that is not known on one side cannot differ.
fn fits(wanted: &str, found: &str) -> bool {
    wanted.is_empty() || found.is_empty() || wanted.eq_ignore_ascii_case(found)
}

/// A file that was replaced while the process ran is marked; its successor may be the same build,
/// but without a build id nobody can tell.
fn replaced(wanted: Wanted<'_>) -> Option<PathBuf> {
    let path = wanted.file.strip_suffix(" (deleted)")?;
    (!wanted.build_id.is_empty()).then(|| PathBuf::from(path))
}

/// Where the folders of a search path may have a binary, in the order to try.
fn search_path_candidates(wanted: Wanted<'_>, search_path: &[PathBuf]) -> Vec<PathBuf> {
    let whole: PathBuf = Path::new(wanted.file)
        .components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .collect();
    let base = whole.file_name().map(PathBuf::from).unwrap_or_default();
    let folder = whole.parent().map(Path::to_owned).unwrap_or_default();
    let build_id = wanted.build_id;
    let mut candidates = Vec::new();
    for root in search_path {
        // A build id is a name here, never a path.
        if !build_id.is_empty() && !build_id.contains('/') {
            candidates.push(root.join(build_id).join(&base));
            candidates.extend(files_in(&root.join(build_id)));
            candidates.push(root.join(&whole).join(build_id));
            if let Some((first, rest)) = build_id.split_at_checked(2) {
                candidates.push(root.join(first).join(format!("{rest}.debug")));
            }
        }
        if !wanted.file.is_empty() {
            let debug_base = with_suffix(&base, ".debug");
            candidates.push(root.join(&base));
            candidates.push(root.join(&whole));
            candidates.push(root.join(with_suffix(&whole, ".debug")));
            candidates.push(root.join(&folder).join(".debug").join(&debug_base));
            candidates.push(root.join("usr/lib/debug").join(&folder).join(&debug_base));
        }
    }
    candidates
}

/// Where files with debug information lie by build id.
fn debug_file_candidates(build_id: &str, options: &Options) -> Vec<PathBuf> {
    let build_id = build_id.to_ascii_lowercase();
    if !is_build_id(&build_id) {
        return Vec::new();
    }
    let (first, rest) = build_id.split_at(2);
    let mut candidates = Vec::new();
    for root in options.search_path.iter().chain(&options.debug_folders) {
        let folder = root.join(".build-id").join(first);
        candidates.push(folder.join(format!("{rest}.debug")));
        candidates.push(folder.join(rest));
        // In perf's cache a build id is a folder.
        candidates.push(folder.join(rest).join("debug"));
        candidates.push(folder.join(rest).join("elf"));
        candidates.push(root.join(first).join(format!("{rest}.debug")));
    }
    if let Some(cache) = &options.debuginfod_cache {
        candidates.push(cache.join(&build_id).join("debuginfo"));
        candidates.push(cache.join(&build_id).join("executable"));
    }
    candidates
}

/// Whether it has the form of a build id, and so is safe in a path and in a URL.
pub(crate) fn is_build_id(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Where a binary's own note says its debug information is.
fn linked_candidates(binary: &Path, name: &Path, options: &Options) -> Vec<PathBuf> {
    let folder = binary.parent().unwrap_or(Path::new(""));
    let mut candidates = vec![folder.join(name), folder.join(".debug").join(name)];
    for root in options.debug_folders.iter().chain(&options.search_path) {
        let below = folder.strip_prefix("/").unwrap_or(folder);
        candidates.push(root.join(below).join(name));
    }
    // A binary may name itself.
    candidates.retain(|path| path != binary);
    candidates
}

/// The files of a folder, in the order of their names; none when it cannot be read.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The checksum that a note about a debug file carries.
fn crc32(bytes: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (entry, first) in table.iter_mut().zip(0_u32..) {
        *entry = (0..8).fold(first, |value, _| {
            if value & 1 == 1 { (value >> 1) ^ 0xedb8_8320 } else { value >> 1 }
        });
    }
    !bytes.iter().fold(!0_u32, |sum, byte| {
        let [low, ..] = sum.to_le_bytes();
        table[usize::from(low ^ byte)] ^ (sum >> 8)
    })
}

/// Whether no file can stand behind a mapping: the kernel's own code, generated code, devices.
pub(crate) fn is_unsymbolizable(file: &str) -> bool {
    let base = file.rsplit('/').next().unwrap_or(file);
    base.starts_with('[')
        || base.starts_with("linux-vdso")
        || file.starts_with("/dev/dri/")
        || file.starts_with("//anon")
        || file.starts_with("/memfd:")
        || file.is_empty()
}

/// Whether a mapping's file is the URL that its profile was fetched from.
pub(crate) fn is_url(mapping: &Mapping, file: &str) -> bool {
    mapping.build_id.is_empty()
        && file
            .split_once(':')
            .is_some_and(|(scheme, _)| scheme.to_ascii_lowercase().contains("http"))
}

#[cfg(test)]
mod tests;
