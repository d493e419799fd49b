//! Builds each program in every way that debug information can be kept.

use crate::process::{capture, root};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    C,
    Cpp,
    Rust,
    Go,
}

pub(super) const LANGUAGES: &[Language] =
    &[Language::C, Language::Cpp, Language::Rust, Language::Go];

/// A program, built in one way.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    /// In words.
    pub(super) how: &'static str,
    pub(super) binary: PathBuf,
    /// The folder that the binary and all that belongs to it are in.
    pub(super) folder: PathBuf,
    /// The same code with its symbols.
    pub(super) reference: PathBuf,
}

impl Language {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Rust => "Rust",
            Self::Go => "Go",
        }
    }

    fn source(self) -> PathBuf {
        let file = match self {
            Self::C => "keep.c",
            Self::Cpp => "keep.cpp",
            Self::Rust => "keep.rs",
            Self::Go => "keep.go",
        };
        root().join("xtask/src/compare_symbols/programs").join(file)
    }

    /// Ways that the compiler knows, with its flags.
    fn flags(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::C | Self::Cpp => &[
                (FULL, &["-g"]),
                ("line tables (`-g1`)", &["-g1"]),
                ("DWARF 4", &["-gdwarf-4"]),
                ("compressed", &["-g", "-gz"]),
                ("split, `.dwo`", &["-g", "-gsplit-dwarf"]),
                // The packers of binutils 2.40 and LLVM 14 both fail on what gcc writes as DWARF 5.
                (PACKED, &["-gdwarf-4", "-gsplit-dwarf"]),
                ("no debug information", &["-g0"]),
            ],
            Self::Rust => &[
                (FULL, &["-Cdebuginfo=2"]),
                ("line tables", &["-Cdebuginfo=line-tables-only"]),
                ("split, `.dwo`", &["-Cdebuginfo=2", "-Csplit-debuginfo=unpacked"]),
                ("split, `.dwp`", &["-Cdebuginfo=2", "-Csplit-debuginfo=packed"]),
                ("no debug information", &["-Cdebuginfo=0"]),
            ],
            Self::Go => &[
                (FULL, &[]),
                ("not compressed", &["-ldflags=-compressdwarf=false"]),
                ("no debug information (`-w`)", &["-ldflags=-w"]),
            ],
        }
    }

    /// Builds `keep` in a folder.
    fn compile(self, folder: &Path, flags: &[&str], goroot: Option<&Path>) -> Result<PathBuf> {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let mut command = match self {
            Self::C => Command::new("cc"),
            Self::Cpp => Command::new("c++"),
            Self::Rust => Command::new("rustc"),
            Self::Go => Command::new(goroot.unwrap_or(Path::new("")).join("bin/go")),
        };
        match self {
            Self::C | Self::Cpp => command.args(["-O2", "-Wl,--build-id"]),
            Self::Rust => command.args(["--edition=2024", "-O", "-Clink-arg=-Wl,--build-id"]),
            Self::Go => command.args(["build"]).env("GOTOOLCHAIN", "local"),
        };
        if let Some(goroot) = goroot {
            command.env("GOROOT", goroot);
        }
        command.args(flags).args(["-o", "keep"]).arg(self.source()).current_dir(folder);
        capture(&mut command)?;
        Ok(folder.join("keep"))
    }
}

const FULL: &str = "debug information";
const PACKED: &str = "split, `.dwp`";

/// All builds of a program; nothing for Go without a GOROOT.
pub(super) fn build(
    language: Language,
    folder: &Path,
    goroot: Option<&Path>,
) -> Result<Option<Vec<Variant>>> {
    if language == Language::Go && goroot.is_none() {
        return Ok(None);
    }
    let place = |number: usize| folder.join(format!("{}-{number}", language.name()));
    let mut variants = Vec::new();
    for (number, (how, flags)) in language.flags().iter().enumerate() {
        let folder = place(number);
        let binary = language.compile(&folder, flags, goroot)?;
        if *how == PACKED && language != Language::Rust {
            capture(Command::new("dwp").args(["-e", "keep"]).current_dir(&folder))?;
            std::fs::remove_file(folder.join("keep.dwo"))
                .context("the compiler left no .dwo file")?;
        }
        variants.push(Variant { how, reference: binary.clone(), binary, folder });
    }
    let full = variants[0].binary.clone();
    for (number, stripped) in
        [Stripped::Linked, Stripped::ByBuildId, Stripped::Fully].iter().enumerate()
    {
        let folder = place(variants.len().max(10) + number);
        variants.push(strip(*stripped, &full, folder)?);
    }
    Ok(Some(variants))
}

/// What becomes of that which is stripped off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stripped {
    /// A file beside the binary, named in it.
    Linked,
    /// A file found by its build id alone.
    ByBuildId,
    /// Nothing is left.
    Fully,
}

fn strip(stripped: Stripped, full: &Path, folder: PathBuf) -> Result<Variant> {
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let run = |tool: &str, arguments: &[&str]| {
        capture(Command::new(tool).args(arguments).current_dir(&folder))
    };
    let binary = folder.join("keep");
    std::fs::copy(full, &binary).with_context(|| format!("copying {}", full.display()))?;
    if stripped != Stripped::Fully {
        run("objcopy", &["--only-keep-debug", "keep", "keep.debug"])?;
    }
    run("strip", &["--strip-all", "keep"])?;
    let how = match stripped {
        Stripped::Fully => "stripped",
        Stripped::Linked => {
            run("objcopy", &["--add-gnu-debuglink=keep.debug", "keep"])?;
            "stripped, debug link"
        }
        Stripped::ByBuildId => {
            let id = crate::elf::ElfFile::read(&binary)?.build_id().to_owned();
            let (first, rest) = id.split_at_checked(2).context("the program has no build id")?;
            let place = folder.join(".build-id").join(first);
            std::fs::create_dir_all(&place)
                .with_context(|| format!("making {}", place.display()))?;
            std::fs::rename(folder.join("keep.debug"), place.join(format!("{rest}.debug")))
                .context("moving the debug file")?;
            "stripped, by build id"
        }
    };
    Ok(Variant { how, reference: full.to_owned(), binary, folder })
}
