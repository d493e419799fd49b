//! Writes what was found back into a profile.
//!
//! Goes in: a profile, and frames for some of its locations. Comes out: the profile with the lines
//! of those locations replaced and the functions they need added. Functions that were there keep
//! their positions.

use crate::dwarf::Frame;
use crate::symbolize::is_mangled;
use liveheap_profile::{
    Function, FunctionIndex, Interner, Line, LocationIndex, MappingIndex, Profile, StringId,
};
use std::collections::HashMap;
use std::ops::Range;

/// A profile that is being symbolized.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Without its strings, which are in `strings`.
    profile: Profile,
    strings: Interner,
    /// Functions that were added, by everything but their id.
    added: HashMap<Function, FunctionIndex>,
    last_function_id: u64,
    new_lines: Vec<Line>,
    /// For each location its lines in `new_lines`, if they were replaced.
    replaced: Vec<Option<Range<usize>>>,
}

impl Writer {
    pub(crate) fn new(mut profile: Profile) -> Self {
        let strings = Interner::resume(std::mem::take(&mut profile.strings));
        let last_function_id =
            profile.functions.iter().map(|function| function.id).max().unwrap_or(0);
        let replaced = vec![None; profile.locations.len()];
        Self {
            profile,
            strings,
            added: HashMap::new(),
            last_function_id,
            new_lines: Vec::new(),
            replaced,
        }
    }

    /// The profile as it was; its strings are not there.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    pub(crate) fn text(&self, id: StringId) -> &str {
        self.strings.text(id)
    }

    pub(crate) fn strings(&mut self) -> &mut Interner {
        &mut self.strings
    }

    /// Gives a location these frames, innermost first. With `keep_name` the function that was
    /// called keeps its name unless the new one says more.
    pub(crate) fn replace(&mut self, location: LocationIndex, frames: &[Frame], keep_name: bool) {
        let old = keep_name
            .then(|| self.profile.lines_of(location).last())
            .flatten()
            .map(|line| *self.profile.function(line));
        let start = self.new_lines.len();
        for (position, frame) in frames.iter().enumerate() {
            let is_caller = position + 1 == frames.len();
            let mut function = Function {
                id: 0,
                name: frame.name,
                system_name: frame.name,
                file: frame.file,
                start_line: i64::from(frame.start_line),
            };
            if let Some(old) = old.filter(|_| is_caller)
                && !is_mangled(self.strings.text(frame.name))
            {
                function.name = old.name;
                function.system_name = old.system_name;
            }
            let function = self.function(function);
            self.new_lines.push(Line {
                function,
                line: i64::from(frame.line),
                column: i64::from(frame.column),
            });
        }
        self.replaced[location.get()] = Some(start..self.new_lines.len());
        self.mark(location, frames);
    }

    /// Gives a location a name and nothing else.
    pub(crate) fn name(&mut self, location: LocationIndex, name: StringId) {
        let function = self.function(Function { name, system_name: name, ..Function::default() });
        let start = self.new_lines.len();
        self.new_lines.push(Line { function, line: 0, column: 0 });
        self.replaced[location.get()] = Some(start..start + 1);
    }

    /// Notes that the locations of a mapping have names.
    pub(crate) fn set_named(&mut self, mapping: MappingIndex) {
        self.profile.mappings[mapping.get()].has_functions = true;
    }

    /// Writes down in the mapping what its locations have now.
    fn mark(&mut self, location: LocationIndex, frames: &[Frame]) {
        let location = &mut self.profile.locations[location.get()];
        location.is_folded = false;
        let Some(mapping) =
            location.mapping.and_then(|index| self.profile.mappings.get_mut(index.get()))
        else {
            return;
        };
        mapping.has_functions |= frames.iter().any(|frame| !frame.name.is_empty());
        mapping.has_filenames |= frames.iter().any(|frame| !frame.file.is_empty());
        mapping.has_line_numbers |= frames.iter().any(|frame| frame.line != 0);
        mapping.has_inline_frames = true;
    }

    fn function(&mut self, key: Function) -> FunctionIndex {
        let functions = &mut self.profile.functions;
        *self.added.entry(key).or_insert_with(|| {
            let index = FunctionIndex::new(functions.len());
            self.last_function_id = self.last_function_id.wrapping_add(1).max(1);
            functions.push(Function { id: self.last_function_id, ..key });
            index
        })
    }

    /// The profile with everything that was replaced.
    pub(crate) fn finish(self) -> Profile {
        let mut profile = self.profile;
        if !self.new_lines.is_empty() {
            let mut lines = Vec::with_capacity(profile.lines.len() + self.new_lines.len());
            for (location, replaced) in profile.locations.iter_mut().zip(self.replaced) {
                let first = location.first_line as usize;
                let run = match replaced {
                    Some(range) => &self.new_lines[range],
                    None => &profile.lines[first..first + location.line_count as usize],
                };
                location.first_line = u32::try_from(lines.len()).expect("below 2^32 lines");
                location.line_count = u32::try_from(run.len()).expect("below 2^32 lines");
                lines.extend_from_slice(run);
            }
            profile.lines = lines;
        }
        profile.strings = self.strings.finish();
        profile
    }
}
