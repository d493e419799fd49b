//! Addresses of a profile to names, lines and inlined frames, from the binaries on this machine.
//!
//! Goes in: a [`Profile`] and [`Options`]. Comes out: the profile with lines where there were
//! addresses, and an [`Outcome`] for each mapping. It never fails, and changes only locations that
//! it knows more about. Names stay as they stand in the binaries;
//! [`demangle_profile`](crate::demangle_profile()) makes them readable.

use crate::address::Rebase;
use crate::dwarf::{DebugSections, Frame};
use crate::go_table::GoTable;
use crate::locate::{
    NotFound, Wanted, common_file_of, find_binary, find_common_file, find_debug_file,
    is_unsymbolizable, is_url,
};
use crate::object_file::{Image, ObjectFile};
use crate::options::Options;
use crate::outcome::{Outcome, State};
use crate::perf_map::{names_of, perf_map_of};
use crate::rust_paths::qualified;
use crate::split_dwarf::{SplitFiles, SplitUnits};
use crate::symbol_table::symbols_of;
use crate::vdso::find_vdso;
use crate::writer::Writer;
use liveheap_profile::{Interner, LocationIndex, MappingIndex, Profile, StringId};
use std::collections::HashMap;
use std::path::Path;

/// Symbolizes what is not symbolized yet.
pub fn symbolize(profile: Profile, options: &Options) -> (Profile, Vec<Outcome>) {
    let locations_of = locations_of(&profile);
    let (mut outcomes, tasks): (Vec<_>, Vec<_>) = plan_all(&profile, options).into_iter().unzip();
    // The usual case, where all names are there, costs next to nothing.
    if tasks.iter().all(Option::is_none) {
        return (profile, outcomes);
    }
    let mut writer = Writer::new(profile);
    for ((outcome, task), locations) in outcomes.iter_mut().zip(tasks).zip(&locations_of) {
        if let Some(task) = task {
            symbolize_mapping(&mut writer, outcome, task, locations, options);
        }
    }
    (writer.finish(), outcomes)
}

/// The locations of each mapping.
fn locations_of(profile: &Profile) -> Vec<Vec<LocationIndex>> {
    let mut locations_of = vec![Vec::new(); profile.mappings.len()];
    for (position, location) in profile.locations.iter().enumerate() {
        let locations = location.mapping.and_then(|index| locations_of.get_mut(index.get()));
        if let Some(locations) = locations {
            locations.push(LocationIndex::new(position));
        }
    }
    locations_of
}

/// Decides what is to be done about each mapping.
pub(crate) fn plan_all(profile: &Profile, options: &Options) -> Vec<(Outcome, Option<Task>)> {
    let locations_of = locations_of(profile);
    let mappings = locations_of.iter().enumerate();
    mappings
        .map(|(position, locations)| plan(profile, MappingIndex::new(position), locations, options))
        .collect()
}

/// What is to be done about a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Names and all else.
    Symbolize,
    /// Lines and inlined frames for names that are there.
    Refine,
    /// Names of generated code.
    Generated,
}

/// Decides what is to be done about a mapping; without a task the outcome is final.
fn plan(
    profile: &Profile,
    index: MappingIndex,
    locations: &[LocationIndex],
    options: &Options,
) -> (Outcome, Option<Task>) {
    let mapping = &profile.mappings[index.get()];
    let file = profile.text(mapping.file);
    let is_done = mapping.has_functions || mapping.has_filenames || mapping.has_line_numbers;
    let knows_files = || {
        let mut lines = locations.iter().flat_map(|location| profile.lines_of(*location));
        lines.any(|line| line.line != 0 || !profile.function(line).file.is_empty())
    };
    let mut task = None;
    let state = if locations.is_empty() {
        State::Unused
    } else if is_done
        && !options.again
        && (!options.refine || mapping.build_id.is_empty() || knows_files())
    {
        State::Complete
    } else if perf_map_of(file, options).is_some() {
        task = Some(Task::Generated);
        State::Missing(String::new())
    } else if file.is_empty() {
        State::Unnamed
    } else if is_unsymbolizable(file) && find_vdso(file, profile.text(mapping.build_id)).is_none() {
        State::NoBinary
    } else if is_url(mapping, file) {
        State::Remote
    } else {
        task = Some(if is_done && !options.again { Task::Refine } else { Task::Symbolize });
        // Until it is found.
        State::Missing(String::new())
    };
    let outcome = Outcome {
        mapping: index,
        file: file.to_owned(),
        build_id: profile.text(mapping.build_id).to_owned(),
        binary: None,
        debug_file: None,
        missing_units: Vec::new(),
        damage: None,
        state,
        addresses: 0,
        named: 0,
        lined: 0,
    };
    (outcome, task)
}

/// Finds the binary of a mapping and reads it.
fn symbolize_mapping(
    writer: &mut Writer,
    outcome: &mut Outcome,
    task: Task,
    locations: &[LocationIndex],
    options: &Options,
) {
    if task == Task::Generated {
        return name_generated_code(writer, outcome, locations, options);
    }
    let wanted = Wanted { file: &outcome.file, build_id: &outcome.build_id };
    let vdso = find_vdso(wanted.file, wanted.build_id);
    let found = vdso.map_or_else(|| find_binary(wanted, options), Ok);
    // What the profile knew is not replaced by a guess.
    let is_same = |binary: &ObjectFile| {
        binary.image().is_ok_and(|image| image.build_id.eq_ignore_ascii_case(&outcome.build_id))
    };
    if task == Task::Refine && !found.as_ref().is_ok_and(is_same) {
        outcome.state = State::NoSameBuild;
        return;
    }
    match found {
        Ok(binary) => {
            read_binary(writer, &binary, locations, options, task, outcome);
            outcome.binary = Some(binary.path);
        }
        Err(NotFound::Missing(reason)) => outcome.state = State::Missing(reason),
        Err(NotFound::OtherBuild { path, build_id }) => {
            outcome.state = State::OtherBuild { path, build_id };
        }
    }
}

/// Looks up all addresses of a mapping in the list that a just-in-time compiler kept.
fn name_generated_code(
    writer: &mut Writer,
    outcome: &mut Outcome,
    locations: &[LocationIndex],
    options: &Options,
) {
    let Some(path) = perf_map_of(&outcome.file, options) else { return };
    let list = match ObjectFile::open(&path) {
        Ok(list) => list,
        Err(reason) => {
            outcome.state = State::Missing(reason);
            return;
        }
    };
    let address_of = |writer: &Writer, location: &LocationIndex| {
        writer.profile().locations[location.get()].address
    };
    let mut addresses: Vec<u64> =
        locations.iter().map(|location| address_of(writer, location)).collect();
    addresses.sort_unstable();
    addresses.dedup();
    let names = names_of(list.bytes(), &addresses);
    outcome.addresses = addresses.len();
    outcome.named = names.iter().flatten().count();
    for location in locations {
        let position = addresses.partition_point(|known| *known < address_of(writer, location));
        if let Some(Some(name)) = names.get(position) {
            let frame = Frame { name: writer.strings().intern(name), ..Frame::default() };
            writer.replace(*location, &[frame], false);
        }
    }
    outcome.binary = Some(path);
    outcome.state = State::NamesOnly(Some("generated code has names only".to_owned()));
}

/// Looks up all addresses of a mapping in its binary.
fn read_binary(
    writer: &mut Writer,
    binary: &ObjectFile,
    locations: &[LocationIndex],
    options: &Options,
    task: Task,
    outcome: &mut Outcome,
) {
    let mapping = writer.profile().mappings[outcome.mapping.get()];
    let image = match binary.image() {
        Ok(image) => image,
        Err(reason) => {
            outcome.state = State::Missing(reason);
            return;
        }
    };
    let Some(rebase) = Rebase::new(&mapping, &image) else {
        outcome.state = State::Misplaced;
        return;
    };
    let file_address = |location: LocationIndex, profile: &Profile| {
        rebase.file_address(profile.locations[location.get()].address)
    };
    let mut addresses: Vec<u64> =
        locations.iter().map(|location| file_address(*location, writer.profile())).collect();
    addresses.sort_unstable();
    addresses.dedup();
    outcome.addresses = addresses.len();

    let debug_file = if image.has_lines && image.has_symbols {
        None
    } else {
        find_debug_file(binary, &image, options)
    };
    let debug_image = debug_file.as_ref().and_then(|file| file.image().ok());
    let stacks =
        look_up(writer, &binary.path, &image, debug_image.as_ref(), &addresses, options, outcome);
    // What is packed inside the binary has no path of its own.
    outcome.debug_file =
        debug_file.as_ref().map(|file| file.path.clone()).filter(|path| *path != binary.path);
    if task == Task::Refine && outcome.lined == 0 {
        return;
    }
    for location in locations {
        let address = file_address(*location, writer.profile());
        let position = addresses.partition_point(|known| *known < address);
        if let Some(frames) = stacks.get(position).filter(|frames| !frames.is_empty()) {
            writer.replace(*location, frames, task == Task::Refine);
        }
    }
}

/// The frames of sorted addresses.
fn look_up(
    writer: &mut Writer,
    path: &Path,
    image: &Image<'_>,
    debug_image: Option<&Image<'_>>,
    addresses: &[u64],
    options: &Options,
    outcome: &mut Outcome,
) -> Vec<Vec<Frame>> {
    let go_frames: Vec<Option<Frame>> = match GoTable::new(image) {
        Some(table) => {
            let frame = |(position, address): (usize, &u64)| {
                image.read_one(position);
                table.frame(*address, writer.strings())
            };
            addresses.iter().enumerate().map(frame).collect()
        }
        None => vec![None; addresses.len()],
    };
    // What Go's table has needs nothing else, and the other tables are dear to read.
    let others = addresses.iter().zip(&go_frames).filter(|(_, frame)| frame.is_none());
    let others: Vec<u64> = others.map(|(address, _)| *address).collect();
    let is_needed = !others.is_empty();
    let mut symbols = symbols_of(image, &others);
    if let Some(debug_image) = debug_image {
        for (symbol, better) in symbols.iter_mut().zip(symbols_of(debug_image, &others)) {
            *symbol = better.or(*symbol);
        }
    }
    let mut symbols = symbols.into_iter();
    let with_lines =
        [Some(image), debug_image].into_iter().flatten().find(|image| image.has_lines && is_needed);
    let common_file = with_lines.and_then(|image| find_common_file(image, options));
    if common_file.is_none() {
        let missing = with_lines.and_then(common_file_of);
        outcome.missing_units.extend(missing.map(|(path, _)| path));
    }
    let common_image = common_file.as_ref().and_then(|file| file.image().ok());
    let sections = with_lines.map(|image| DebugSections::new(image, common_image.as_ref()));
    let split_files;
    let split_sections;
    let mut lines = sections.as_ref().map(|sections| sections.lines(None));
    let split_units = match &lines {
        Some(Ok(lines)) => lines.split_units(&others),
        _ => SplitUnits::new(),
    };
    if !split_units.is_empty() {
        split_files = SplitFiles::open(path, &split_units);
        outcome.missing_units.extend(split_files.missing(&split_units));
        split_sections = split_files.sections();
        lines = sections.as_ref().map(|sections| sections.lines(Some(&split_sections)));
    }
    let (mut lines, problem) = match lines {
        Some(Ok(lines)) => {
            let silent = "its debug information says nothing about these addresses".to_owned();
            (Some(lines), Some(silent))
        }
        Some(Err(problem)) => (None, Some(problem)),
        None => (None, None),
    };
    let mut stacks = Vec::with_capacity(addresses.len());
    for (address, go_frame) in addresses.iter().zip(go_frames) {
        let symbol = if go_frame.is_none() { symbols.next().flatten() } else { None };
        let mut frames = match (go_frame, &mut lines) {
            (Some(frame), _) => vec![frame],
            (None, Some(lines)) => lines.frames(*address, writer.strings()),
            (None, None) => Vec::new(),
        };
        if let Some(symbol) = symbol {
            name_caller(&mut frames, symbol.name, writer.strings());
        }
        // To bare names of Rust is added what their file says.
        if options.refine {
            frames.iter_mut().for_each(|frame| name_module(frame, writer.strings()));
        }
        if let (Some(lines), Some(symbol), Some(frame)) = (&lines, symbol, frames.last_mut())
            && frame.start_line == 0
            && frame.line != 0
        {
            // Line tables alone do not say where a function starts; its first instruction does.
            frame.start_line =
                Some(lines.line(symbol.start)).filter(|line| *line <= frame.line).unwrap_or(0);
        }
        outcome.named += usize::from(frames.iter().any(|frame| !frame.name.is_empty()));
        outcome.lined += usize::from(frames.iter().any(|frame| frame.line != 0));
        for image in [Some(image), debug_image].into_iter().flatten() {
            image.read_one(stacks.len());
        }
        stacks.push(frames);
    }
    agree_on_start_lines(&mut stacks);
    outcome.damage = sections.as_ref().and_then(DebugSections::problem);
    let problem = outcome.damage.clone().or(problem);
    outcome.state = match (outcome.named, outcome.lined) {
        (0, 0) => State::Stripped,
        (_, 0) => State::NamesOnly(problem),
        _ => State::Lines,
    };
    stacks
}

/// Names the function that was called, the last frame: line tables have its bare name only, the
/// symbol table has the whole one.
pub(crate) fn name_caller(frames: &mut Vec<Frame>, symbol: &str, strings: &mut Interner) {
    if frames.is_empty() {
        frames.push(Frame::default());
    }
    let Some(caller) = frames.last_mut() else {
        return;
    };
    let name = strings.text(caller.name);
    if name.is_empty() || (is_mangled(symbol) && !is_mangled(name)) {
        caller.name = strings.intern(symbol);
    }
}

/// Adds the module to the bare name of a Rust function.
pub(crate) fn name_module(frame: &mut Frame, strings: &mut Interner) {
    if let Some(name) = qualified(strings.text(frame.name), strings.text(frame.file)) {
        frame.name = strings.intern(&name);
    }
}

/// Whether a name says which module, class or crate it is from.
pub(crate) fn is_mangled(name: &str) -> bool {
    name.starts_with("_Z") || name.starts_with("_R") || name.starts_with("__Z")
}

/// A function that is inlined here and called there is one function: where it starts is known as
/// soon as one of its places knows.
fn agree_on_start_lines(stacks: &mut [Vec<Frame>]) {
    let mut starts: HashMap<(StringId, StringId), u32> = HashMap::new();
    for frame in stacks.iter().flatten().filter(|frame| frame.start_line != 0) {
        let start = starts.entry((frame.name, frame.file)).or_insert(frame.start_line);
        *start = (*start).min(frame.start_line);
    }
    for frame in stacks.iter_mut().flatten() {
        frame.start_line = starts.get(&(frame.name, frame.file)).copied().unwrap_or(0);
    }
}

#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod macho_tests;
#[cfg(test)]
mod tests;
