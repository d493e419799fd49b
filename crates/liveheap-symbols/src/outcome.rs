//! What became of a mapping, in words that say what to do about it.

use crate::perf_map::is_perf_map;
use crate::vdso::is_vdso;
use liveheap_profile::MappingIndex;
use std::fmt;
use std::path::{Path, PathBuf};

/// What was found out about one mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Which mapping.
    pub mapping: MappingIndex,
    /// Its file as the profile names it; may be empty.
    pub file: String,
    /// Its build id as the profile names it; may be empty.
    pub build_id: String,
    /// The binary that was read.
    pub binary: Option<PathBuf>,
    /// The separate file with debug information that was read.
    pub debug_file: Option<PathBuf>,
    /// Files that the compiler left debug information in, and that are gone.
    pub missing_units: Vec<PathBuf>,
    /// What is wrong with the file, when that cost names or lines.
    pub damage: Option<String>,
    /// How far it got.
    pub state: State,
    /// How many different addresses the profile has here.
    pub addresses: usize,
    /// How many of them have a function name now that was looked up here.
    pub named: usize,
    /// How many of them have a line number now that was looked up here.
    pub lined: usize,
}

/// How far the symbolization of a mapping got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// No stack leads here.
    Unused,
    /// The profile knew names already, and was left as it is.
    Complete,
    /// The profile knew names but no lines, and the very binary to add them from was not found.
    NoSameBuild,
    /// There is no file behind it: the kernel, generated code, a device.
    NoBinary,
    /// The profile does not say what its file is.
    Unnamed,
    /// It is known by the URL of its profile only.
    Remote,
    /// No file; with the reason why the one in the profile cannot be read.
    Missing(String),
    /// A file was found, but it was built from something else.
    OtherBuild {
        /// Where it is.
        path: PathBuf,
        /// Its build id.
        build_id: String,
    },
    /// The file was found, but the mapping cannot be one of it.
    Misplaced,
    /// The binary has neither names nor lines for the addresses here.
    Stripped,
    /// There are names but no lines; the reason if the debug information is damaged.
    NamesOnly(Option<String>),
    /// There are names and lines.
    Lines,
}

impl Outcome {
    /// The complaint that `go tool pprof` has about this mapping, if it has one.
    pub fn complaint(&self) -> Option<String> {
        let because = match &self.state {
            State::Unnamed if self.mapping.get() == 0 => {
                return Some("Main binary filename not available.".to_owned());
            }
            State::Missing(reason) => format!("open {}: {reason}", self.file),
            State::OtherBuild { .. } => "build ID mismatch".to_owned(),
            _ => return None,
        };
        let base = self.file.rsplit('/').next().unwrap_or(&self.file);
        let build_id = match self.build_id.as_str() {
            "" => String::new(),
            build_id => format!(" (build ID {build_id})"),
        };
        Some(format!("Local symbolization failed for {base}{build_id}: {because}"))
    }

    /// Whether `go tool pprof` would count this among its missing binaries.
    fn is_missing(&self) -> bool {
        matches!(self.state, State::Missing(_))
            || (self.state == State::Unnamed && self.mapping.get() != 0)
    }
}

/// Everything that `go tool pprof` would complain about, line by line.
pub fn complaints(outcomes: &[Outcome]) -> Vec<String> {
    let mut lines: Vec<_> = outcomes.iter().filter_map(Outcome::complaint).collect();
    if outcomes.iter().any(Outcome::is_missing) {
        lines.push(
            "Some binary filenames not available. Symbolization may be incomplete.".to_owned(),
        );
        lines.push(
            "Try setting PPROF_BINARY_PATH to the search path for local binaries.".to_owned(),
        );
    }
    lines
}

/// One paragraph: what was found, and what to do about the rest.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = if self.file.is_empty() { "a mapping without a name" } else { &self.file };
        write!(f, "{file}: ")?;
        match &self.state {
            State::Unused => f.write_str("no stack leads here"),
            State::Complete => f.write_str("the profile has its names already"),
            State::NoSameBuild => {
                write!(f, "names are from the profile, no lines; for lines {}", self.remedy())
            }
            State::NoBinary if is_vdso(&self.file) => f.write_str(
                "it is in the kernel, and not the one of this machine as it runs now; its names can \
                 be found where the profile was taken",
            ),
            State::NoBinary => f.write_str("no file stands behind it"),
            State::Unnamed => f.write_str(
                "the profile does not say what its binary is; name the binary before the profile",
            ),
            State::Remote => f.write_str("known by the address of its profile only"),
            State::Missing(reason) => {
                write!(f, "not read ({reason}); {}", self.remedy())
            }
            State::OtherBuild { path, build_id } => {
                write!(f, "{}; {}", other_build(path, build_id), self.remedy())
            }
            State::Misplaced => f.write_str(
                "its addresses do not lie in the binary; is it the binary that was running?",
            ),
            State::Stripped => write!(f, "stripped, no names; {}", self.remedy()),
            State::NamesOnly(problem) => {
                write!(f, "names of {} of {} addresses, no lines", self.named, self.addresses)?;
                match problem {
                    Some(problem) => write!(f, ": {problem}"),
                    None => f.write_str(
                        "; for lines build with debug = \"line-tables-only\" and without strip",
                    ),
                }
            }
            State::Lines => {
                let Self { named, lined, addresses, .. } = self;
                write!(f, "names of {named} and lines of {lined} of {addresses} addresses")?;
                match self.missing_units.as_slice() {
                    [] => match &self.damage {
                        Some(damage) => write!(f, "; {damage}"),
                        None => Ok(()),
                    },
                    [file] => {
                        write!(f, "; no inlined frames, because {} is missing", file.display())
                    }
                    [file, others @ ..] => {
                        let (file, count) = (file.display(), others.len());
                        write!(
                            f,
                            "; few inlined frames, because {file} and {count} more are missing"
                        )
                    }
                }
            }
        }
    }
}

impl Outcome {
    fn remedy(&self) -> String {
        if is_perf_map(&self.file) {
            return "have the program write it (node --perf-basic-prof, java \
                    -XX:+DumpPerfMapAtExit) and copy it here"
                .to_owned();
        }
        remedy(&self.build_id)
    }
}

/// How to come by the right file.
pub(crate) fn remedy(build_id: &str) -> String {
    let which = match build_id {
        "" => "the binary that was running".to_owned(),
        build_id => format!("the unstripped binary with build id {build_id}"),
    };
    format!("put {which} into a folder that PPROF_BINARY_PATH names")
}

/// That a file which was found is not the one that is wanted.
pub(crate) fn other_build(path: &Path, build_id: &str) -> String {
    let found = if build_id.is_empty() { "none" } else { build_id };
    format!("{} is another build (its build id is {found})", path.display())
}
