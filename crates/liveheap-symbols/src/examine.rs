//! What a binary has to offer to a profile, and where one was looked for.
//!
//! Goes in: a mapping's file and build id, or the path of a binary. Comes out: every place the search
//! went to with why it did not do, and [`BinaryFacts`]. No address is looked up here, and nothing is
//! found here that [`symbolize`](crate::symbolize()) would not find: it is the same search.

use crate::go_table::GoTable;
use crate::locate::{Wanted, find_binary_watched, find_debug_file_watched};
use crate::object_file::{Image, ObjectFile};
use crate::options::Options;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::fmt;
use std::path::{Path, PathBuf};

/// A place where a file was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tried {
    /// The place.
    pub path: PathBuf,
    /// What was found there.
    pub verdict: Verdict,
}

/// What was found at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The file that is wanted.
    Taken,
    /// Nothing that can be read; the system's words.
    Unreadable(String),
    /// A file of another build, with this build id; empty when it has none.
    OtherBuild(String),
    /// A file whose checksum is not the one that the binary's note names.
    OtherChecksum,
    /// A file of the right build, with neither names nor lines.
    Stripped,
}

/// In a few words.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => f.write_str("taken"),
            Self::Unreadable(reason) => f.write_str(reason),
            Self::OtherBuild(build_id) if build_id.is_empty() => {
                f.write_str("another build (it has no build id)")
            }
            Self::OtherBuild(build_id) => write!(f, "another build (build id {build_id})"),
            Self::OtherChecksum => f.write_str("another build (its checksum differs)"),
            Self::Stripped => f.write_str("the right build, but it has neither names nor lines"),
        }
    }
}

/// How much the debug information of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DebugDetail {
    /// There is none.
    Absent,
    /// Lines and names of functions, inlined ones too.
    LineTables,
    /// Also variables and types.
    Full,
    /// Lines; the rest is in files of their own (`.dwo`, `.dwp`).
    Split,
}

/// What a binary has to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BinaryFacts {
    /// Where it is.
    pub path: PathBuf,
    /// Lower-case hexadecimal; empty when it has none.
    pub build_id: String,
    /// How many functions its full symbol table names (`.symtab`).
    pub symbols: usize,
    /// How many functions it names for others (`.dynsym`).
    pub exports: usize,
    /// Its debug information.
    pub debug: DebugDetail,
    /// Whether a file beside it has what its debug information keeps elsewhere (`.dwp`).
    pub has_package: bool,
    /// Whether it has Go's own table of names and lines, which stripping leaves.
    pub has_go_table: bool,
    /// Whether it says how to unwind its stacks (`.eh_frame` and what stands for it elsewhere).
    pub has_unwind_tables: bool,
    /// The file that its note says its debug information is in (`.gnu_debuglink`).
    pub debug_link: Option<String>,
    /// What the separate file with debug information offers, when one was needed and found.
    pub debug_file: Option<Box<BinaryFacts>>,
    /// Where that file was looked for.
    pub debug_tried: Vec<Tried>,
}

impl BinaryFacts {
    /// Whether functions get their names, also those that are not exported.
    pub fn has_names(&self) -> bool {
        self.symbols > 0
            || self.debug != DebugDetail::Absent
            || self.has_go_table
            || self.debug_file.as_ref().is_some_and(|file| file.has_names())
    }

    /// Whether there are line numbers.
    pub fn has_lines(&self) -> bool {
        self.debug != DebugDetail::Absent
            || self.has_go_table
            || self.debug_file.as_ref().is_some_and(|file| file.has_lines())
    }
}

/// Every place where the binary of a mapping is looked for, in order, up to the one that is taken.
pub fn places_tried(file: &str, build_id: &str, options: &Options) -> Vec<Tried> {
    let mut tried = Vec::new();
    // What was found is in the last entry.
    let _ = find_binary_watched(Wanted { file, build_id }, options, &mut tried);
    tried
}

/// Reads what a binary has to offer, together with its separate file with debug information.
///
/// # Errors
/// A sentence when it cannot be read or is not a binary of a known format.
pub fn binary_facts(path: &Path, options: &Options) -> Result<BinaryFacts, String> {
    let binary = ObjectFile::open(path)?;
    let image = binary.image()?;
    let mut facts = facts_of(path, &image);
    if !(image.has_lines && image.has_symbols) {
        let file = find_debug_file_watched(&binary, &image, options, &mut facts.debug_tried);
        facts.debug_file = file.and_then(|file| {
            let image = file.image().ok()?;
            Some(Box::new(facts_of(&file.path, &image)))
        });
    }
    Ok(facts)
}

fn facts_of(path: &Path, image: &Image<'_>) -> BinaryFacts {
    let object = &image.object;
    let mut package = path.as_os_str().to_owned();
    package.push(".dwp");
    let debug_link = object.gnu_debuglink().ok().flatten();
    BinaryFacts {
        path: path.to_owned(),
        build_id: image.build_id.clone(),
        symbols: functions(object.symbols()),
        exports: functions(object.dynamic_symbols()),
        debug: debug_detail(image),
        has_package: Path::new(&package).is_file(),
        has_go_table: GoTable::new(image).is_some(),
        has_unwind_tables: [".eh_frame", ".ARM.exidx", "__eh_frame", "__unwind_info", ".pdata"]
            .iter()
            .any(|name| object.section_by_name(name).is_some()),
        debug_link: debug_link.map(|(name, _)| String::from_utf8_lossy(name).into_owned()),
        debug_file: None,
        debug_tried: Vec::new(),
    }
}

fn functions<'a>(symbols: impl Iterator<Item = impl ObjectSymbol<'a>>) -> usize {
    symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition()).count()
}

/// Judged by which kinds of entries there may be: reading all of them would take a second and more
/// for a large binary.
fn debug_detail(image: &Image<'_>) -> DebugDetail {
    if !image.has_lines {
        return DebugDetail::Absent;
    }
    let section = [".debug_abbrev", "__debug_abbrev"]
        .into_iter()
        .find_map(|name| image.object.section_by_name(name));
    let data = section.and_then(|section| section.uncompressed_data().ok()).unwrap_or_default();
    let kinds = Kinds::read(&data);
    match kinds {
        Kinds { of_variables: true, .. } => DebugDetail::Full,
        Kinds { of_split_units: true, .. } => DebugDetail::Split,
        _ => DebugDetail::LineTables,
    }
}

/// Which kinds of entries some debug information declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kinds {
    of_variables: bool,
    of_split_units: bool,
}

impl Kinds {
    /// Reads the declarations as far as they are intact.
    fn read(mut bytes: &[u8]) -> Self {
        let mut kinds = Self::default();
        while kinds.declaration(&mut bytes).is_some() {}
        kinds
    }

    /// Reads one declaration; `None` at the end or where it is damaged.
    fn declaration(&mut self, bytes: &mut &[u8]) -> Option<()> {
        // A zero stands behind the declarations of each unit.
        if number(bytes)? == 0 {
            return Some(());
        }
        let tag = gimli::DwTag(u16::try_from(number(bytes)?).ok()?);
        self.of_variables |= matches!(
            tag,
            gimli::DW_TAG_formal_parameter | gimli::DW_TAG_variable | gimli::DW_TAG_base_type
        );
        *bytes = bytes.get(1..)?;
        loop {
            let (name, form) = (number(bytes)?, number(bytes)?);
            if (name, form) == (0, 0) {
                return Some(());
            }
            if form == u64::from(gimli::DW_FORM_implicit_const.0) {
                number(bytes)?;
            }
            let is_split = [gimli::DW_AT_dwo_name, gimli::DW_AT_GNU_dwo_name]
                .iter()
                .any(|split| u64::from(split.0) == name);
            self.of_split_units |= is_split;
        }
    }
}

/// Takes a number of seven bits a byte off the front; larger ones than 2⁶⁴ are cut.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_programs::{Folder, STORE_C, build_id};

    fn options() -> Options {
        Options { debug_folders: Vec::new(), ..Options::default() }
    }

    fn detail(name: &str, flags: &[&str]) -> DebugDetail {
        let folder = Folder::new(name);
        binary_facts(&folder.c(flags, STORE_C), &options()).unwrap().debug
    }

    #[test]
    fn how_much_debug_information_says_is_seen() {
        assert_eq!(detail("detail-0", &[]), DebugDetail::Absent);
        assert_eq!(detail("detail-1", &["-g1"]), DebugDetail::LineTables);
        assert_eq!(detail("detail-2", &["-g"]), DebugDetail::Full);
        assert_eq!(detail("detail-3", &["-g", "-gz"]), DebugDetail::Full);
        assert_eq!(detail("detail-4", &["-g", "-gsplit-dwarf"]), DebugDetail::Split);
    }

    #[test]
    fn a_stripped_binary_offers_nothing_until_its_debug_file_is_beside_it() {
        let folder = Folder::new("facts");
        let binary = folder.c(&["-g"], STORE_C);
        let whole = binary_facts(&binary, &options()).unwrap();
        assert!(whole.symbols > 3 && whole.has_names() && whole.has_lines());
        assert_eq!((whole.build_id.clone(), whole.debug_tried), (build_id(&binary), Vec::new()));

        folder.run("objcopy", &["--only-keep-debug", "store", "store.debug"]);
        folder.run("strip", &["store"]);
        folder.run("objcopy", &["--add-gnu-debuglink=store.debug", "store"]);
        let stripped = binary_facts(&binary, &options()).unwrap();
        assert_eq!((stripped.symbols, stripped.debug), (0, DebugDetail::Absent));
        assert_eq!(stripped.debug_link.as_deref(), Some("store.debug"));
        assert!(stripped.has_names() && stripped.has_lines() && stripped.has_unwind_tables);

        std::fs::remove_file(folder.0.join("store.debug")).unwrap();
        let alone = binary_facts(&binary, &options()).unwrap();
        assert!(!alone.has_names() && !alone.has_lines());
        let missing = Verdict::Unreadable("no such file or directory".to_owned());
        let tried: Vec<_> = ["store.debug", ".debug/store.debug"]
            .map(|name| Tried { path: folder.0.join(name), verdict: missing.clone() })
            .into();
        assert_eq!(alone.debug_tried, tried);
    }

    #[test]
    fn every_place_is_named_up_to_the_one_that_is_taken() {
        let folder = Folder::new("places");
        let binary = folder.c(&[], STORE_C);
        let options = Options { search_path: vec![folder.0.clone()], ..options() };
        let shown = |build_id: &str| {
            let tried = places_tried("/srv/store", build_id, &options);
            let lines = tried.iter().map(|tried| {
                let path = tried.path.strip_prefix(&folder.0).unwrap_or(&tried.path);
                format!("{}: {}", path.display(), tried.verdict)
            });
            lines.collect::<Vec<_>>()
        };
        assert_eq!(shown(""), ["/srv/store: no such file or directory", "store: taken"]);
        let other = shown("abcdef");
        let found = format!("store: another build (build id {})", build_id(&binary));
        assert!(other.contains(&found), "{other:#?}");
        assert!(!other.iter().any(|line| line.ends_with("taken")), "{other:#?}");
    }

    #[test]
    fn damaged_declarations_end_the_reading() {
        assert_eq!(Kinds::read(&[1, 0x80]), Kinds::default());
        let variable = [1, 0x34, 0, 0, 0, 0];
        assert_eq!(Kinds::read(&variable), Kinds { of_variables: true, of_split_units: false });
    }
}
