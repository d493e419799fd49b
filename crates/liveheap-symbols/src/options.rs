//! What the caller of [`symbolize`](crate::symbolize()) decides.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// How to symbolize, and where binaries lie.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Whether mappings that have names already are symbolized anew.
    pub again: bool,
    /// Whether mappings that have names of functions but no files get lines and inlined frames,
    /// provided that the very same build of their binary is found. Also whether bare names of Rust
    /// functions get the module that their file is, which pprof does not do.
    pub refine: bool,
    /// Folders with copies of binaries, in the order to search.
    pub search_path: Vec<PathBuf>,
    /// Folders in which `.build-id` has binaries or files with debug information.
    pub debug_folders: Vec<PathBuf>,
    /// Where a debuginfod client keeps what it downloaded.
    pub debuginfod_cache: Option<PathBuf>,
    /// The list of functions in generated code that the program's just-in-time compiler kept,
    /// `/tmp/perf-PID.map`: for memory without a file. A mapping whose file is such a list needs
    /// nothing here.
    pub perf_map: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            again: false,
            refine: true,
            search_path: Vec::new(),
            debug_folders: vec![PathBuf::from("/usr/lib/debug")],
            debuginfod_cache: None,
            perf_map: None,
        }
    }
}

impl Options {
    /// The folders that environment variables name: `PPROF_BINARY_PATH` (a list; without it
    /// `pprof/binaries` below `HOME`), `.debug` below `HOME`, where `perf` keeps the binaries that it
    /// recorded, and a debuginfod client's `DEBUGINFOD_CACHE_PATH`, `XDG_CACHE_HOME`. `LIVEHEAP_PERF_MAP` is the file of [`Options::perf_map`]. The caller says
    /// what a variable is.
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let home = set("HOME");
        let below_home = |folder: &str| home.as_ref().map(|home| Path::new(home).join(folder));
        let search_path = match set("PPROF_BINARY_PATH") {
            Some(list) => std::env::split_paths(&list)
                .filter(|folder| !folder.as_os_str().is_empty())
                .collect(),
            None => below_home("pprof/binaries").into_iter().collect(),
        };
        let debuginfod_cache = set("DEBUGINFOD_CACHE_PATH").map(PathBuf::from).or_else(|| {
            let caches = set("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| below_home(".cache"));
            caches.map(|caches| caches.join("debuginfod_client"))
        });
        let perf_map = set("LIVEHEAP_PERF_MAP").map(PathBuf::from);
        let mut options = Self { search_path, debuginfod_cache, perf_map, ..Self::default() };
        options.debug_folders.extend(below_home(".debug"));
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Options {
        Options::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn binaries_lie_below_home_unless_a_list_says_where() {
        assert_eq!(from(&[("HOME", "/h")]).search_path, [Path::new("/h/pprof/binaries")]);
        let options = from(&[("HOME", "/h"), ("PPROF_BINARY_PATH", "/a:/b")]);
        assert_eq!(options.search_path, [Path::new("/a"), Path::new("/b")]);
        assert!(from(&[]).search_path.is_empty());
    }

    #[test]
    fn what_perf_keeps_comes_behind_what_the_system_has() {
        let folders = from(&[("HOME", "/h")]).debug_folders;
        assert_eq!(folders, [Path::new("/usr/lib/debug"), Path::new("/h/.debug")]);
    }

    #[test]
    fn the_cache_of_debuginfod_is_where_its_client_puts_it() {
        let cache = |variables| from(variables).debuginfod_cache;
        assert_eq!(cache(&[("DEBUGINFOD_CACHE_PATH", "/c")]), Some("/c".into()));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), Some("/x/debuginfod_client".into()));
        assert_eq!(cache(&[("HOME", "/h")]), Some("/h/.cache/debuginfod_client".into()));
    }
}
