//! Debug information that the compiler left outside of the binary: one `.dwo` file for each unit, or
//! all of them in one `.dwp` file beside the binary.
//!
//! Goes in: the units that are wanted, by id and path. Comes out: their sections. A file that is not
//! there or not the right one is as good as none: the binary's own line tables remain.

use crate::guarded_reader::{Guard, Guarded};
use crate::object_file::{Image, ObjectFile};
use crate::packed_section::section_bytes;
use gimli::{DwarfPackageSections, DwarfSections, RunTimeEndian, SectionId};
use object::Object;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Slice<'a> = Guarded<'a>;

/// Sections that were unpacked, or lie in the file as they are.
type Sections<'a> = DwarfSections<Cow<'a, [u8]>>;

/// A unit whose description is elsewhere: its id, and its file as the compiler named it.
pub(crate) type SplitUnits = BTreeMap<u64, PathBuf>;

/// The files that were found.
#[derive(Debug, Default)]
pub(crate) struct SplitFiles {
    package: Option<ObjectFile>,
    units: Vec<(u64, ObjectFile)>,
}

impl SplitFiles {
    /// Opens the package beside the binary, and files of units where the compiler put them or
    /// beside the binary.
    pub(crate) fn open(binary: &Path, wanted: &SplitUnits) -> Self {
        let folder = binary.parent().unwrap_or(Path::new(""));
        let mut package = binary.as_os_str().to_owned();
        package.push(".dwp");
        let units = wanted.iter().filter_map(|(id, path)| {
            let beside = || ObjectFile::open(&folder.join(path.file_name()?)).ok();
            Some((*id, ObjectFile::open(path).ok().or_else(beside)?))
        });
        Self { package: ObjectFile::open(Path::new(&package)).ok(), units: units.collect() }
    }

    /// Which of the wanted files are nowhere, if there is no package that has them all.
    pub(crate) fn missing(&self, wanted: &SplitUnits) -> Vec<PathBuf> {
        if self.package.is_some() {
            return Vec::new();
        }
        let is_there = |id: &u64| self.units.iter().any(|(found, _)| found == id);
        wanted.iter().filter(|(id, _)| !is_there(id)).map(|(_, path)| path.clone()).collect()
    }

    /// Unpacks their sections.
    pub(crate) fn sections(&self) -> SplitSections<'_> {
        let files = self.package.iter().chain(self.units.iter().map(|(_, file)| file));
        let guard = Guard::new(files.map(|file| file.bytes().len()).sum());
        let package = self.package.as_ref().and_then(|file| {
            let image = file.image().ok()?;
            let load = |id: SectionId| Ok::<_, gimli::Error>(dwo_section(&image, id));
            Some((DwarfPackageSections::load(load).ok()?, endian(&image)))
        });
        let units = self.units.iter().filter_map(|(id, file)| {
            let image = file.image().ok()?;
            let load = |id: SectionId| Ok::<_, std::convert::Infallible>(dwo_section(&image, id));
            let Ok(sections) = DwarfSections::load(load);
            Some((*id, (sections, endian(&image))))
        });
        SplitSections { package, units: units.collect(), guard }
    }
}

/// Sections in memory, with their byte order.
#[derive(Debug)]
pub(crate) struct SplitSections<'a> {
    package: Option<(DwarfPackageSections<Cow<'a, [u8]>>, RunTimeEndian)>,
    units: BTreeMap<u64, (Sections<'a>, RunTimeEndian)>,
    guard: Guard,
}

impl SplitSections<'_> {
    /// The description of one unit, which `parent` refers to.
    pub(crate) fn unit<'b>(
        &'b self,
        id: gimli::DwoId,
        parent: &gimli::Dwarf<Slice<'b>>,
    ) -> Option<Arc<gimli::Dwarf<Slice<'b>>>> {
        let packed = self.package.as_ref().and_then(|(sections, endian)| {
            let slice = |section| Guarded::new(section, *endian, &self.guard);
            let package = sections.borrow(|section| slice(section), slice(&[])).ok()?;
            package.find_cu(id, parent).ok()?
        });
        packed.or_else(|| self.single(id, parent)).map(Arc::new)
    }

    fn single<'b>(
        &'b self,
        id: gimli::DwoId,
        parent: &gimli::Dwarf<Slice<'b>>,
    ) -> Option<gimli::Dwarf<Slice<'b>>> {
        let (sections, endian) = self.units.get(&id.0)?;
        let mut dwarf = sections.borrow(|section| Guarded::new(section, *endian, &self.guard));
        let header = dwarf.units().next().ok()??;
        // A later build may have left a file of the same name.
        if dwarf.unit(header).ok()?.dwo_id != Some(id) {
            return None;
        }
        dwarf.make_dwo(parent);
        Some(dwarf)
    }
}

fn dwo_section<'a>(image: &Image<'a>, id: SectionId) -> Cow<'a, [u8]> {
    id.dwo_name()
        .and_then(|name| image.object.section_by_name(name))
        .map(|section| section_bytes(&section))
        .unwrap_or_default()
}

fn endian(image: &Image<'_>) -> RunTimeEndian {
    if image.object.is_little_endian() { RunTimeEndian::Little } else { RunTimeEndian::Big }
}
