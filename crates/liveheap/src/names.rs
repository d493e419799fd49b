//! Names for code addresses, and which of them are an allocator's plumbing.
//!
//! In: process addresses and the modules they are in. Out: for each the function's name for people
//! and as it stands in the binary. The binaries are opened, read through once and closed; nothing
//! stays in memory but the names that were asked for.

use crate::sampled::Module;
use crate::symtab;
use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// The names of some code addresses.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// In ascending order of addresses.
    entries: Vec<(u64, Name)>,
}

/// The function around a code address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    /// For people: demangled, without the hash.
    pub(crate) name: String,
    /// As it stands in the binary.
    pub(crate) system_name: String,
    /// How many bytes behind the function's start the address is.
    pub(crate) distance: u64,
}

impl Names {
    /// Looks the addresses up in the binaries of the modules. What has no symbol, or a binary that
    /// cannot be read, gets no name.
    pub(crate) fn look_up(mut addresses: Vec<u64>, modules: &[Module]) -> Self {
        addresses.sort_unstable();
        addresses.dedup();
        let mut entries = Vec::new();
        for module in modules {
            let from = addresses.partition_point(|&address| address < module.start);
            let to = addresses.partition_point(|&address| address < module.limit);
            let inside = addresses.get(from..to).unwrap_or_default();
            let Some(file) = (!inside.is_empty()).then(|| open(module)).flatten() else {
                continue;
            };
            let offsets: Vec<u64> =
                inside.iter().map(|address| address - module.start + module.offset).collect();
            let read = |buffer: &mut [u8], offset| file.read_at(buffer, offset);
            // A binary that cannot be read gives no names; the command may still find it.
            let owners = symtab::owners(&read, &module.build_id, &offsets).unwrap_or_default();
            for (&address, owner) in inside.iter().zip(owners) {
                let Some(owner) = owner else { continue };
                let name = demangled(&owner.name);
                let distance = owner.distance;
                entries.push((address, Name { name, system_name: owner.name, distance }));
            }
        }
        entries.sort_by_key(|(address, _)| *address);
        Self { entries }
    }

    /// The name of an address.
    pub(crate) fn of(&self, address: u64) -> Option<&Name> {
        let position = self.entries.binary_search_by_key(&address, |(at, _)| *at).ok()?;
        self.entries.get(position).map(|(_, name)| name)
    }

    /// Whether any address from `start` to below `limit` has a name.
    pub(crate) fn has_any_in(&self, start: u64, limit: u64) -> bool {
        let from = self.entries.partition_point(|(address, _)| *address < start);
        self.entries.get(from).is_some_and(|(address, _)| *address < limit)
    }

    #[cfg(test)]
    pub(crate) fn made_up(names: &[(u64, &str)]) -> Self {
        let entry = |&(address, name): &(u64, &str)| {
            let name = Name { name: name.to_owned(), system_name: name.to_owned(), distance: 0x10 };
            (address, name)
        };
        Self { entries: names.iter().map(entry).collect() }
    }
}

/// Opens a module's file. The main binary is opened as what runs, so a binary that was replaced or
/// deleted still gives its names.
fn open(module: &Module) -> Option<File> {
    if module.path.starts_with('[') || module.path.is_empty() {
        return None;
    }
    let path = if module.is_main { "/proc/self/exe" } else { &module.path };
    let file = File::open(path).ok()?;
    // Devices may be mapped as well; reading one can block.
    file.metadata().ok()?.is_file().then_some(file)
}

/// The name for people of a symbol: what Rust mangled demangled and without the hash, everything
/// else as it is.
pub(crate) fn demangled(symbol: &str) -> String {
    let mut name = String::new();
    match rustc_demangle::try_demangle(symbol) {
        Ok(demangled) => {
            // Writing to a text fails only when the demangler does; then the symbol has to do.
            if write!(name, "{demangled:#}").is_err() {
                symbol.clone_into(&mut name);
            }
        }
        Err(_) => symbol.clone_into(&mut name),
    }
    name
}

/// Functions that stand between an allocation and the code that asked for it; `*` is any text.
///
/// None of them runs code of its caller (`from_elem` clones, which is why the line that says
/// `vec![…]` is the better answer), so nothing of the caller's is lost below them. In release builds
/// most are inlined into the caller: they are then frames that only the command can see, so the
/// table travels with the profile, as the expression of [`drop_frames`].
const PLUMBING: &[&str] = &[
    // The entry points that the compiler generates and what the standard library puts behind them.
    "__rust_alloc*",
    "__rust_realloc",
    "__rg_*",
    "__rdl_*",
    "__rustc*::__rust_alloc*",
    "__rustc*::__rust_realloc",
    "__rustc*::__rg_*",
    "__rustc*::__rdl_*",
    "* as core::alloc::global::GlobalAlloc>::*",
    "* as core::alloc::Allocator>::*",
    "core::alloc::global::GlobalAlloc::*",
    "alloc::alloc::*",
    "<alloc::alloc::Global*",
    // Allocators.
    "malloc",
    "calloc",
    "realloc",
    "posix_memalign",
    "aligned_alloc",
    "memalign",
    "__libc_malloc",
    "__libc_calloc",
    "__libc_realloc",
    "__libc_memalign",
    // This crate.
    "liveheap::alloc::*",
    "liveheap::sampler::*",
    "liveheap::thread::*",
    "liveheap::unwind::*",
    "<liveheap::alloc::*",
    // Containers that make room.
    "alloc::raw_vec::*",
    "<alloc::raw_vec::*",
    "alloc::boxed::box_new*",
    "alloc::boxed::Box<*>::new*",
    "<alloc::boxed::Box<*>>::new*",
    "alloc::vec::from_elem*",
    "* as alloc::vec::spec_from_elem::SpecFromElem>::from_elem",
    "alloc::vec::Vec<*>::with_capacity*",
    "<alloc::vec::Vec<*>>::with_capacity*",
    "alloc::vec::Vec<*>::try_with_capacity*",
    "<alloc::vec::Vec<*>>::try_with_capacity*",
    "alloc::vec::Vec<*>::reserve*",
    "<alloc::vec::Vec<*>>::reserve*",
    "alloc::vec::Vec<*>::push*",
    "<alloc::vec::Vec<*>>::push*",
    "hashbrown::raw::alloc::*",
    "hashbrown::raw::RawTableInner*::new_uninitialized*",
    "hashbrown::raw::RawTableInner*::fallible_with_capacity*",
];

/// The same functions as line tables name them when they were inlined: without their modules. A name
/// that other code is likely to have stands here only with the type arguments that tell it.
const INLINED_PLUMBING: &[&str] = &[
    "alloc",
    "alloc<*>",
    "alloc_impl*",
    "alloc_zeroed",
    "alloc_zeroed<*>",
    "allocate",
    "allocate_in<*>",
    "allocate_zeroed",
    "box_new*",
    "do_reserve_and_handle<*>",
    "exchange_malloc",
    "finish_grow<*>",
    "from_elem<*>",
    "grow_amortized<*>",
    "grow_exact<*>",
    "grow_one<*>",
    "new_uninit_in<*alloc::alloc::Global>",
    "push<*alloc::alloc::Global>",
    "push_mut<*alloc::alloc::Global>",
    "realloc<*>",
    "reserve<*alloc::alloc::Global>",
    "reserve_exact<*alloc::alloc::Global>",
    "try_allocate_in<*>",
    "try_new_uninit_in<*alloc::alloc::Global>",
    "with_capacity<*>",
    "with_capacity_in<*>",
    "with_capacity_zeroed<*>",
    "with_capacity_zeroed_in<*>",
];

/// Whether a function (by its name for people) is plumbing.
pub(crate) fn is_plumbing(name: &str) -> bool {
    PLUMBING.iter().any(|pattern| matches(pattern, name))
}

/// Both tables as a regular expression for the profile's `drop_frames`; readers match it against the
/// whole name.
pub(crate) fn drop_frames() -> String {
    let mut expression = String::new();
    for (position, pattern) in PLUMBING.iter().chain(INLINED_PLUMBING).enumerate() {
        if position > 0 {
            expression.push('|');
        }
        for character in pattern.chars() {
            match character {
                '*' => expression.push_str(".*"),
                '.' | '(' | ')' | '[' | ']' | '{' | '}' | '+' | '?' | '|' | '^' | '$' | '\\' => {
                    expression.push('\\');
                    expression.push(character);
                }
                _ => expression.push(character),
            }
        }
    }
    expression
}

/// Whether the whole of `text` matches `pattern`, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, mut rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    // Between stars the earliest place is as good as any later one.
    while let Some((middle, behind)) = rest.split_once('*') {
        let Some(found) = text.find(middle) else {
            return false;
        };
        text = &text[found + middle.len()..];
        rest = behind;
    }
    text.ends_with(rest)
}

#[cfg(test)]
mod tests;
