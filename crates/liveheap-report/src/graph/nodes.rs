//! Which node each line of each location belongs to.
//!
//! Goes in: a profile whose tables were cleared to the wanted granularity. Comes out: a table of
//! distinct nodes with dense ids, and for each location the run of its nodes, innermost inlined
//! frame first. Samples are not looked at here.

use super::hash::FastMap;
use crate::{names, paths};
use liveheap_profile::{LocationIndex, Profile, StringId};
use std::borrow::Cow;

/// What makes two places the same node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeKey {
    /// The function.
    pub(crate) name: StringId,
    /// Its source file, a position in [`NodeTable::files`].
    pub(crate) file: u32,
    /// Process address; 0 when instructions are not told apart.
    pub(crate) address: u64,
    /// First line of the function; only filled where [`NodeOptions::objects`] asks for it.
    pub(crate) start_line: i64,
    /// Line number; 0 when lines are not told apart.
    pub(crate) line: i64,
    /// Column number; 0 when columns are not told apart.
    pub(crate) column: i64,
    /// The binary; only filled where it is asked for, or when there is no name.
    pub(crate) object: StringId,
}

/// How places become nodes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NodeOptions<'a> {
    /// Tell functions of different binaries apart.
    pub(crate) objects: bool,
    /// What is cut from file names; `None` leaves them whole.
    pub(crate) trim: Option<Trim<'a>>,
}

/// What is cut from file names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trim<'a> {
    /// Prefixes, separated by colons.
    pub(crate) trim_path: &'a str,
    /// Folders with sources, separated by colons.
    pub(crate) source_path: &'a str,
}

/// The distinct nodes of a profile.
#[derive(Debug)]
pub(crate) struct NodeTable<'p> {
    profile: &'p Profile,
    keys: Vec<NodeKey>,
    /// Cleaned file names; the first is the empty one.
    files: Vec<String>,
    /// The nodes of all locations, one run behind the other.
    nodes: Vec<u32>,
    /// Where each location's run starts in `nodes`; one more entry than locations.
    starts: Vec<u32>,
    /// For each location its only node, or [`SEVERAL`]: one look instead of three for nearly all
    /// frames of nearly all profiles.
    only: Vec<u32>,
}

/// Stands for the node of a location that has several. No node has this number.
pub(crate) const SEVERAL: u32 = u32::MAX;

impl<'p> NodeTable<'p> {
    /// Gives every line of every location its node.
    pub(crate) fn new(profile: &'p Profile, options: &NodeOptions<'_>) -> Self {
        let mut files = Files::new(profile, options);
        let mut table = Self {
            profile,
            keys: Vec::new(),
            files: Vec::new(),
            nodes: Vec::with_capacity(profile.lines.len()),
            starts: Vec::with_capacity(profile.locations.len() + 1),
            only: Vec::with_capacity(profile.locations.len()),
        };
        let mut ids: FastMap<NodeKey, u32> = FastMap::default();
        table.starts.push(0);
        for (position, location) in profile.locations.iter().enumerate() {
            let object = location
                .mapping
                .map_or(StringId::EMPTY, |mapping| profile.mappings[mapping.get()].file);
            let lines = profile.lines_of(LocationIndex::new(position));
            let unsymbolized = NodeKey {
                name: StringId::EMPTY,
                file: 0,
                address: location.address,
                start_line: 0,
                line: 0,
                column: 0,
                object,
            };
            let keys = &mut table.keys;
            let mut add = |key: NodeKey| {
                let id = *ids.entry(key).or_insert_with(|| {
                    keys.push(key);
                    position_u32(keys.len() - 1)
                });
                table.nodes.push(id);
            };
            if lines.is_empty() {
                add(unsymbolized);
            }
            for line in lines {
                let function = profile.function(line);
                let with_object = options.objects || function.name.is_empty();
                add(NodeKey {
                    name: function.name,
                    file: files.id(function.file),
                    line: line.line,
                    column: line.column,
                    start_line: if with_object { function.start_line } else { 0 },
                    object: if with_object { object } else { StringId::EMPTY },
                    ..unsymbolized
                });
            }
            let first = table.nodes[table.starts[position] as usize];
            table.only.push(if lines.len() > 1 { SEVERAL } else { first });
            table.starts.push(position_u32(table.nodes.len()));
        }
        table.files = files.names;
        table
    }

    /// The profile that the nodes are of.
    pub(crate) fn profile(&self) -> &'p Profile {
        self.profile
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// What a node stands for.
    pub(crate) fn key(&self, node: u32) -> &NodeKey {
        &self.keys[node as usize]
    }

    /// The nodes of a location, innermost inlined frame first; never empty.
    #[inline]
    pub(crate) fn of_location(&self, location: LocationIndex) -> &[u32] {
        let position = location.get();
        &self.nodes[self.starts[position] as usize..self.starts[position + 1] as usize]
    }

    /// The node of a location that has one only, else [`SEVERAL`].
    #[inline]
    pub(crate) fn only_of(&self, location: LocationIndex) -> u32 {
        self.only[location.get()]
    }

    /// For each location its only node, or [`SEVERAL`].
    pub(crate) fn only_nodes(&self) -> &[u32] {
        &self.only
    }

    /// For each node whether it stands for an inlined frame anywhere.
    pub(crate) fn inlined_anywhere(&self) -> Vec<bool> {
        let mut inlined = vec![false; self.len()];
        for run in self.starts.windows(2) {
            let last = (run[1] as usize).saturating_sub(1);
            for &node in &self.nodes[run[0] as usize..last.max(run[0] as usize)] {
                inlined[node as usize] = true;
            }
        }
        inlined
    }

    /// The function's name; may be empty.
    pub(crate) fn name(&self, node: u32) -> &'p str {
        self.profile.text(self.key(node).name)
    }

    /// The cleaned source file; may be empty.
    pub(crate) fn file(&self, node: u32) -> &str {
        &self.files[self.key(node).file as usize]
    }

    /// The binary; empty where it does not tell nodes apart.
    pub(crate) fn object(&self, node: u32) -> &'p str {
        self.profile.text(self.key(node).object)
    }

    /// The name that reports print: address, function and place, as far as they tell nodes apart.
    pub(crate) fn printed_name(&self, node: u32) -> Cow<'p, str> {
        let key = self.key(node);
        if key.address == 0 && key.line == 0 && key.file == 0 && !key.name.is_empty() {
            return Cow::Borrowed(self.name(node));
        }
        let mut parts = Vec::with_capacity(3);
        if key.address != 0 {
            parts.push(names::address(key.address));
        }
        if !key.name.is_empty() {
            parts.push(self.name(node).to_owned());
        }
        parts.extend(self.place(node, self.file(node)));
        Cow::Owned(parts.join(" "))
    }

    /// Where a node is, given how its file is to be written; `None` when its name says enough.
    pub(crate) fn place(&self, node: u32, file: &str) -> Option<String> {
        let key = self.key(node);
        if key.line != 0 {
            let column = if key.column == 0 { String::new() } else { format!(":{}", key.column) };
            Some(format!("{file}:{}{column}", key.line))
        } else if !file.is_empty() {
            Some(file.to_owned())
        } else if !key.name.is_empty() {
            None
        } else if !key.object.is_empty() {
            Some(format!("[{}]", paths::base(self.object(node))))
        } else {
            Some(String::from("<unknown>"))
        }
    }
}

/// Cleaned file names and the texts they come from.
struct Files<'a> {
    profile: &'a Profile,
    options: NodeOptions<'a>,
    names: Vec<String>,
    /// For each text of the profile its position in `names` plus one; 0 when not asked for yet.
    of_text: Vec<u32>,
    of_name: FastMap<String, u32>,
}

impl<'a> Files<'a> {
    fn new(profile: &'a Profile, options: &NodeOptions<'a>) -> Self {
        Self {
            profile,
            options: *options,
            names: vec![String::new()],
            of_text: vec![0; profile.strings.len()],
            of_name: FastMap::default(),
        }
    }

    fn id(&mut self, text: StringId) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let known = &mut self.of_text[text.get()];
        if *known == 0 {
            let whole = self.profile.text(text);
            let trimmed = match self.options.trim {
                Some(Trim { trim_path, source_path }) => paths::trim(whole, trim_path, source_path),
                None => whole,
            };
            let name = if trimmed.is_empty() { String::new() } else { paths::clean(trimmed) };
            let next = position_u32(self.names.len());
            let id =
                if name.is_empty() { 0 } else { *self.of_name.entry(name.clone()).or_insert(next) };
            if id == next {
                self.names.push(name);
            }
            *known = id + 1;
        }
        *known - 1
    }
}

/// A position in a table that cannot outgrow 32 bits, because the profile's lines cannot.
pub(crate) fn position_u32(position: usize) -> u32 {
    u32::try_from(position).expect("a profile has fewer than 2^32 lines and locations")
}
