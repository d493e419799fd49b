//! Binaries on disk: opened, mapped into memory and read no further than asked.
//!
//! Goes in: a path. Comes out: an [`ObjectFile`], and from it an [`Image`] that knows the build id,
//! the segments and which names and lines the file offers. Nothing is looked up here; damaged files
//! end in a sentence.
#![expect(unsafe_code, reason = "a file that is mapped into memory may be changed by others")]

use memmap2::Mmap;
use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::{BinaryFormat, Object, ObjectKind, ObjectSection, ObjectSegment};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A binary that is mapped into memory.
#[derive(Debug)]
pub(crate) struct ObjectFile {
    pub(crate) path: PathBuf,
    bytes: Bytes,
    /// The part that is read, of a file with programs for several processors.
    part: Option<Range<usize>>,
}

/// What a binary is in.
#[derive(Debug)]
enum Bytes {
    Mapped(Mmap),
    /// It was packed inside another file.
    Unpacked(Vec<u8>),
}

impl ObjectFile {
    /// Maps a regular file.
    ///
    /// # Errors
    /// The operating system's words for why it cannot be read.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        let refused = |error: std::io::Error| words(&error);
        // Opening a pipe would wait for its other end.
        if !std::fs::metadata(path).map_err(refused)?.is_file() {
            return Err("not a regular file".to_owned());
        }
        let file = File::open(path).map_err(refused)?;
        // SAFETY: `Mmap::map` asks that nobody changes the file while it is mapped. The mapping is
        // private and read-only; a file that is cut short meanwhile ends this process with SIGBUS,
        // as with every tool that maps binaries, and changed bytes are only ever parsed.
        let bytes = unsafe { Mmap::map(&file) }.map_err(refused)?;
        Ok(Self { path: path.to_owned(), bytes: Bytes::Mapped(bytes), part: None })
    }

    /// A binary that was packed inside the file at `path`.
    pub(crate) fn unpacked(path: &Path, bytes: Vec<u8>) -> Self {
        Self { path: path.to_owned(), bytes: Bytes::Unpacked(bytes), part: None }
    }

    /// Of a file with programs for several processors, reads the one with this build id from now
    /// on; the first one if none has it.
    pub(crate) fn choose(mut self, build_id: &str) -> Self {
        let parts = parts(self.bytes());
        let has_it = |part: &&Range<usize>| {
            let program = self.bytes().get((*part).clone());
            let object = program.and_then(|bytes| object::File::parse(bytes).ok());
            object.is_some_and(|object| build_id_of(&object).eq_ignore_ascii_case(build_id))
        };
        self.part = parts.iter().find(has_it).or(parts.first()).cloned();
        self
    }

    /// Reads the file's tables of contents.
    ///
    /// # Errors
    /// A sentence when it is not a binary of a known format.
    pub(crate) fn image(&self) -> Result<Image<'_>, String> {
        let object =
            object::File::parse(self.bytes()).map_err(|_| "unrecognized object file".to_owned())?;
        let build_id = build_id_of(&object);
        let is_of_mac = object.format() == BinaryFormat::MachO;
        let segments = object
            .segments()
            // Addresses that must never be used are a segment there.
            .filter(|segment| !is_of_mac || segment.file_range().1 > 0)
            .map(|segment| {
                let (offset, size_in_file) = segment.file_range();
                Segment {
                    offset,
                    size_in_file,
                    address: segment.address(),
                    size: segment.size(),
                    is_executable: segment.permissions().executable(),
                }
            })
            .collect();
        let has_symbols = object.symbol_table().is_some();
        let has_section = |name| {
            object.section_by_name(name).is_some_and(|section| {
                section.size() > 0 && section.file_range().is_some_and(|(_, size)| size > 0)
            })
        };
        let has_lines = has_section(".debug_info") || has_section("__debug_info");
        let is_fixed = object.kind() == ObjectKind::Executable && !is_of_mac;
        Ok(Image { file: self, object, build_id, segments, has_symbols, has_lines, is_fixed })
    }

    /// Lets the operating system have the memory that what was read of the file takes here. It is
    /// read again where it is wanted again: no reference into the file becomes wrong.
    fn let_go(&self) {
        #[cfg(unix)]
        if let Bytes::Mapped(bytes) = &self.bytes {
            // SAFETY: pages of a file that nothing was written to are read from the file again, and
            // `open` says why the file counts as unchanging. A refusal changes nothing.
            let _ = unsafe { bytes.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
        }
    }

    /// The whole file.
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes: &[u8] = match &self.bytes {
            Bytes::Mapped(bytes) => bytes,
            Bytes::Unpacked(bytes) => bytes,
        };
        self.part.clone().and_then(|part| bytes.get(part)).unwrap_or(bytes)
    }
}

/// What an opened binary says about itself.
#[derive(Debug)]
pub(crate) struct Image<'a> {
    file: &'a ObjectFile,
    pub(crate) object: object::File<'a>,
    /// Lower-case hexadecimal; empty when it has none.
    pub(crate) build_id: String,
    /// The segments that are loaded, in the order of the file.
    pub(crate) segments: Vec<Segment>,
    /// Whether it has a full symbol table. Libraries always have one of what they export.
    pub(crate) has_symbols: bool,
    /// Whether it has debug information.
    pub(crate) has_lines: bool,
    /// Whether it runs at the addresses it was linked at.
    pub(crate) is_fixed: bool,
}

/// After so many names or lines, memory is given back.
const MANY: usize = 128;

impl Image<'_> {
    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        &self.file.path
    }

    /// Called for each of many names or lines that are read, with their count so far: gives back the
    /// memory that the file takes here now and then. The system reads sixteen pages where one is
    /// wanted, so a few thousand names would keep a whole table of megabytes.
    pub(crate) fn read_one(&self, count: usize) {
        if count % MANY == MANY - 1 {
            self.file.let_go();
        }
    }
}

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it starts in the file, in bytes.
    pub(crate) offset: u64,
    /// How many bytes of the file it takes.
    pub(crate) size_in_file: u64,
    /// Its first address as linked.
    pub(crate) address: u64,
    /// How many bytes of memory it takes.
    pub(crate) size: u64,
    pub(crate) is_executable: bool,
}

/// What the operating system says, in the words Go uses for the common cases.
fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        _ => error.to_string(),
    }
}

/// A build id in hexadecimal, on a Mac the UUID; empty when there is none.
fn build_id_of(object: &object::File<'_>) -> String {
    let of_mac = || object.mach_uuid().ok().flatten().map(|uuid| hexadecimal(&uuid));
    let build_id = object.build_id().ok().flatten().map(hexadecimal);
    build_id.or_else(of_mac).unwrap_or_default()
}

/// Where the programs lie in a file with several.
fn parts(bytes: &[u8]) -> Vec<Range<usize>> {
    let range = |(offset, size): (u64, u64)| {
        let start = usize::try_from(offset).ok()?;
        Some(start..start.checked_add(usize::try_from(size).ok()?)?)
    };
    let ranges: Vec<_> = match object::FileKind::parse(bytes) {
        Ok(object::FileKind::MachOFat32) => MachOFatFile32::parse(bytes)
            .map(|file| file.arches().iter().map(|part| part.file_range()).collect())
            .unwrap_or_default(),
        Ok(object::FileKind::MachOFat64) => MachOFatFile64::parse(bytes)
            .map(|file| file.arches().iter().map(|part| part.file_range()).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    ranges.into_iter().filter_map(range).collect()
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
