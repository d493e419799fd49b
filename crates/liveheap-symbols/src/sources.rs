//! Where a source file of the build machine may lie on this one.
//!
//! Goes in: a path as debug information has it, and the [`SourcePlaces`] of this machine. Comes
//! out: paths to try, the best first. Compilers write three kinds of paths that other machines do
//! not have: the standard library's (`/rustc/COMMIT/library/...`), those of crates below somebody's
//! cargo folder, and those below a build folder. No file is read to tell which candidate exists.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Where this machine keeps sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourcePlaces {
    /// Folders of the user's own projects, such as the current one, in the order to try.
    pub folders: Vec<PathBuf>,
    /// Sources of the standard library.
    pub rust_sources: Vec<RustSources>,
    /// Folders with unpacked crates, such as `~/.cargo/registry/src/INDEX`.
    pub registries: Vec<PathBuf>,
    /// Folders with crates from git, such as `~/.cargo/git/checkouts`.
    pub checkouts: Vec<PathBuf>,
}

/// Sources of the standard library that came with one toolchain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RustSources {
    /// The first digits of the commit they are from; empty when unknown.
    pub commit: String,
    /// The folder that has `library` in it.
    pub folder: PathBuf,
}

/// Where `file` may lie, the best place first; the path itself is always the first.
pub fn source_candidates(file: &str, places: &SourcePlaces) -> Vec<PathBuf> {
    let mut candidates = vec![PathBuf::from(file)];
    let parts: Vec<&str> =
        file.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let below = |folder: &Path, rest: &[&str]| folder.join(rest.join("/"));
    if !file.starts_with('/') {
        candidates.extend(places.folders.iter().map(|folder| below(folder, &parts)));
        return candidates;
    }
    match known_place(&parts) {
        KnownPlace::StandardLibrary { commit, rest } => {
            let is_same = |sources: &&RustSources| commit.starts_with(&sources.commit);
            let mut fitting: Vec<_> = places.rust_sources.iter().filter(is_same).collect();
            // Those that say which commit they are from go first.
            fitting.sort_by_key(|sources| sources.commit.is_empty());
            candidates.extend(fitting.iter().map(|sources| below(&sources.folder, rest)));
        }
        KnownPlace::Crate { index, rest } => {
            let mut registries: Vec<_> = places.registries.iter().collect();
            registries.sort_by_key(|registry| !registry.ends_with(index));
            candidates.extend(registries.iter().map(|registry| below(registry, rest)));
        }
        KnownPlace::Checkout { rest } => {
            candidates.extend(places.checkouts.iter().map(|folder| below(folder, rest)));
        }
        KnownPlace::None => {
            // The same project in another folder. A bare file name would fit too many.
            for start in 0..parts.len().saturating_sub(1) {
                candidates
                    .extend(places.folders.iter().map(|folder| below(folder, &parts[start..])));
            }
        }
    }
    candidates.dedup();
    candidates
}

/// What has to be installed for a file to be found on this machine, if that is known.
pub fn missing_source_hint(file: &str) -> Option<&'static str> {
    let parts: Vec<&str> = file.split('/').filter(|part| !part.is_empty()).collect();
    match known_place(&parts) {
        KnownPlace::StandardLibrary { .. } => {
            Some("the standard library's sources come with: rustup component add rust-src")
        }
        KnownPlace::Crate { .. } | KnownPlace::Checkout { .. } => {
            Some("sources of crates come with: cargo fetch, in the project that uses them")
        }
        KnownPlace::None => None,
    }
}

/// Paths whose form says where their file comes from.
enum KnownPlace<'a> {
    /// Below `library` of a Rust commit.
    StandardLibrary {
        commit: &'a str,
        rest: &'a [&'a str],
    },
    /// Below an index of a registry; `rest` starts with the crate's name and version.
    Crate {
        index: &'a str,
        rest: &'a [&'a str],
    },
    /// Below the checkouts of cargo.
    Checkout {
        rest: &'a [&'a str],
    },
    None,
}

fn known_place<'a>(parts: &'a [&'a str]) -> KnownPlace<'a> {
    match parts {
        ["rustc", commit, "library", ..] => {
            return KnownPlace::StandardLibrary { commit, rest: &parts[2..] };
        }
        // Crates that the standard library uses.
        ["rust", "deps", _, ..] => return KnownPlace::Crate { index: "", rest: &parts[2..] },
        _ => {}
    }
    for (position, window) in parts.windows(3).enumerate() {
        match window {
            ["registry", "src", index] if parts.len() > position + 4 => {
                return KnownPlace::Crate { index, rest: &parts[position + 3..] };
            }
            ["git", "checkouts", _] => {
                return KnownPlace::Checkout { rest: &parts[position + 2..] };
            }
            // A toolchain's own sources, on a machine that has them.
            ["src", "rust", "library"] => {
                return KnownPlace::StandardLibrary { commit: "", rest: &parts[position + 2..] };
            }
            _ => {}
        }
    }
    KnownPlace::None
}

impl SourcePlaces {
    /// Finds toolchains and cargo's folders. The caller says what an environment variable is
    /// (`HOME`, `CARGO_HOME`, `RUSTUP_HOME` are asked for) and which folders are the user's own.
    pub fn on_this_machine(
        variable: impl Fn(&str) -> Option<OsString>,
        folders: Vec<PathBuf>,
    ) -> Self {
        let place = |name: &str, below_home: &str| {
            let set = variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
            set.or_else(|| Some(PathBuf::from(variable("HOME")?).join(below_home)))
        };
        let cargo = place("CARGO_HOME", ".cargo");
        let toolchains = place("RUSTUP_HOME", ".rustup").map(|rustup| rustup.join("toolchains"));
        let mut rust_sources: Vec<_> = toolchains
            .iter()
            .flat_map(|folder| folders_in(folder))
            .filter_map(sources_of)
            .collect();
        rust_sources.extend(sources_of(PathBuf::from("/usr")));
        Self {
            folders,
            rust_sources,
            registries: cargo
                .iter()
                .flat_map(|cargo| folders_in(&cargo.join("registry/src")))
                .collect(),
            checkouts: cargo.iter().map(|cargo| cargo.join("git/checkouts")).collect(),
        }
    }
}

/// The sources that a toolchain has, if they are installed.
fn sources_of(toolchain: PathBuf) -> Option<RustSources> {
    let libraries = toolchain.join("lib/rustlib");
    let folder = libraries.join("src/rust");
    folder.join("library").is_dir().then(|| RustSources {
        commit: commit_of(&libraries.join("multirust-channel-manifest.toml")).unwrap_or_default(),
        folder,
    })
}

/// The commit in a toolchain's manifest: `version = "1.95.0 (59807616e 2026-04-14)"` of `rust`.
fn commit_of(manifest: &Path) -> Option<String> {
    let lines = BufReader::new(File::open(manifest).ok()?).lines();
    let mut lines = lines.map_while(Result::ok).skip_while(|line| line != "[pkg.rust]").skip(1);
    let version = lines.find(|line| line.starts_with("version"))?;
    let (_, commit) = version.split_once('(')?;
    commit.split_whitespace().next().map(str::to_owned)
}

/// The folders of a folder, in the order of their names; none when it cannot be read.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut folders: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_programs::Folder;
    use expect_test::{Expect, expect};

    fn places() -> SourcePlaces {
        let sources = |commit: &str, folder: &str| RustSources {
            commit: commit.to_owned(),
            folder: PathBuf::from(folder),
        };
        SourcePlaces {
            folders: vec!["/me/store".into(), "/me".into()],
            rust_sources: vec![
                sources("", "/usr/src/rust"),
                sources("aaa1", "/old"),
                sources("bbb2", "/new"),
            ],
            registries: vec!["/cargo/registry/src/mine".into(), "/cargo/registry/src/main".into()],
            checkouts: vec!["/cargo/git/checkouts".into()],
        }
    }

    fn check(file: &str, expected: Expect) {
        let candidates: String = source_candidates(file, &places())
            .iter()
            .map(|path| format!("{}\n", path.display()))
            .collect();
        expected.assert_eq(&candidates);
    }

    #[test]
    fn the_standard_library_is_taken_from_the_toolchain_of_its_commit() {
        check(
            "/rustc/bbb2222222/library/alloc/src/vec/mod.rs",
            expect![[r#"
            /rustc/bbb2222222/library/alloc/src/vec/mod.rs
            /new/library/alloc/src/vec/mod.rs
            /usr/src/rust/library/alloc/src/vec/mod.rs
        "#]],
        );
    }

    #[test]
    fn crates_are_looked_for_in_every_registry_their_own_first() {
        check(
            "/builder/.cargo/registry/src/main/bytes-1.0.0/src/lib.rs",
            expect![[r#"
            /builder/.cargo/registry/src/main/bytes-1.0.0/src/lib.rs
            /cargo/registry/src/main/bytes-1.0.0/src/lib.rs
            /cargo/registry/src/mine/bytes-1.0.0/src/lib.rs
        "#]],
        );
        check(
            "/rust/deps/hashbrown-0.16.1/src/raw.rs",
            expect![[r#"
            /rust/deps/hashbrown-0.16.1/src/raw.rs
            /cargo/registry/src/mine/hashbrown-0.16.1/src/raw.rs
            /cargo/registry/src/main/hashbrown-0.16.1/src/raw.rs
        "#]],
        );
        check(
            "/builder/.cargo/git/checkouts/store-12ab/0fe/src/lib.rs",
            expect![[r#"
            /builder/.cargo/git/checkouts/store-12ab/0fe/src/lib.rs
            /cargo/git/checkouts/store-12ab/0fe/src/lib.rs
        "#]],
        );
    }

    #[test]
    fn a_project_may_lie_in_another_folder_here() {
        check(
            "/builder/store/src/main.rs",
            expect![[r#"
            /builder/store/src/main.rs
            /me/store/builder/store/src/main.rs
            /me/builder/store/src/main.rs
            /me/store/store/src/main.rs
            /me/store/src/main.rs
            /me/src/main.rs
        "#]],
        );
        check(
            "src/main.rs",
            expect![[r#"
            src/main.rs
            /me/store/src/main.rs
            /me/src/main.rs
        "#]],
        );
        check(
            "./src/main.rs",
            expect![[r#"
            ./src/main.rs
            /me/store/src/main.rs
            /me/src/main.rs
        "#]],
        );
    }

    #[test]
    fn what_can_be_installed_is_said() {
        assert!(missing_source_hint("/rustc/bbb2/library/core/src/fmt.rs").is_some());
        assert!(missing_source_hint("/h/.cargo/registry/src/main/a-1.0.0/src/lib.rs").is_some());
        assert_eq!(missing_source_hint("/builder/store/src/main.rs"), None);
    }

    #[test]
    fn toolchains_and_registries_are_found_below_home() {
        let home = Folder::new("sources");
        let toolchain = home.0.join(".rustup/toolchains/stable/lib/rustlib");
        let registry = home.0.join(".cargo/registry/src/main");
        std::fs::create_dir_all(toolchain.join("src/rust/library")).expect("the folder is ours");
        std::fs::create_dir_all(&registry).expect("the folder is ours");
        std::fs::write(
            toolchain.join("multirust-channel-manifest.toml"),
            "[pkg.cargo]\nversion = \"1 (0 0)\"\n[pkg.rust]\nversion = \"1.95.0 (59807616e 2026-04-14)\"\n",
        )
        .expect("the folder is ours");
        let places = SourcePlaces::on_this_machine(
            |name| (name == "HOME").then(|| home.0.clone().into_os_string()),
            Vec::new(),
        );
        let expected =
            RustSources { commit: "59807616e".to_owned(), folder: toolchain.join("src/rust") };
        assert_eq!(places.rust_sources.first(), Some(&expected));
        assert_eq!(places.registries, [registry]);
    }
}
