//! Mangled names of functions to readable ones.
//!
//! Goes in: a [`Profile`] and a [`Mode`]. Comes out: the same profile with readable function names;
//! the names as they stand in the binaries stay in `system_name`. C++ names after the Itanium ABI
//! and both Rust manglings are known. Names that are readable already are shortened only if they
//! look like C++, by the same rules as the other tools of this format use.

mod itanium;
mod rust;

use liveheap_profile::{Interner, Profile, StringId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// How much of a name is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Names stay as they are.
    Untouched,
    /// Without parameters and without the arguments of templates and generics.
    #[default]
    Simplified,
    /// Without parameters.
    Templates,
    /// Everything.
    Full,
}

/// Demangles the functions of a profile.
///
/// A function whose name differs from its system name has been demangled before and is left alone,
/// unless `again` is set: then its name is made anew from its system name.
pub fn demangle_profile(mut profile: Profile, mode: Mode, again: bool) -> Profile {
    let mut known: HashMap<StringId, StringId> = HashMap::new();
    // Most profiles have readable names: nothing is built for those.
    let mut changed: Vec<(StringId, String)> = Vec::new();
    for function in &mut profile.functions {
        if again && !function.name.is_empty() && !function.system_name.is_empty() {
            function.name = function.system_name;
        }
        if mode == Mode::Untouched
            || !(function.name.is_empty() || function.name == function.system_name)
        {
            continue;
        }
        function.name = function.system_name;
        if let Entry::Vacant(entry) = known.entry(function.system_name)
            && let Some(readable) = readable(profile.strings.text(function.system_name), mode)
        {
            entry.insert(function.system_name);
            changed.push((function.system_name, readable));
        }
    }
    if changed.is_empty() {
        return profile;
    }
    let mut strings = Interner::resume(std::mem::take(&mut profile.strings));
    for (system_name, readable) in changed {
        known.insert(system_name, strings.intern(&readable));
    }
    for function in &mut profile.functions {
        // The others were demangled before, or stay as they are.
        if function.name == function.system_name
            && let Some(name) = known.get(&function.system_name)
        {
            function.name = *name;
        }
    }
    profile.strings = strings.finish();
    profile
}

/// The readable form of one name; the name itself when it is not mangled.
pub fn demangle(name: &str, mode: Mode) -> String {
    readable(name, mode).unwrap_or_else(|| name.to_owned())
}

/// The readable form, if that is another one.
fn readable(name: &str, mode: Mode) -> Option<String> {
    if mode == Mode::Untouched {
        return None;
    }
    if let Some(readable) = mangled(name, mode) {
        return Some(readable);
    }
    // On macOS every name has one more underscore in front.
    if let Some(readable) = name.strip_prefix('_').and_then(|name| mangled(name, mode)) {
        return Some(readable);
    }
    if mode == Mode::Full || !looks_like_cplusplus(name) {
        return None;
    }
    let mut shorter = without_pairs(name, b'(', b')');
    if mode == Mode::Simplified {
        shorter = without_pairs(&shorter, b'<', b'>');
    }
    Some(shorter)
}

fn mangled(name: &str, mode: Mode) -> Option<String> {
    // Nearly all names of other languages end here.
    if !name.starts_with('_') {
        return None;
    }
    rust::demangle(name, mode).or_else(|| itanium::demangle(name, mode))
}

/// Whether a readable name is one of C++: it has brackets or `::`, and is neither a constructor of
/// Java (`A.<init>`) nor a method of a generic Go type (`(*A[...]).f`).
fn looks_like_cplusplus(name: &str) -> bool {
    !name.contains(".<")
        && !name.contains("]).")
        && (name.contains(['<', '>', '[', ']']) || name.contains("::"))
}

/// Drops everything between matching brackets, and the brackets. Stops at the first closing one
/// without a partner; what was dropped until then stays dropped.
fn without_pairs(name: &str, open: u8, close: u8) -> String {
    let mut kept = String::with_capacity(name.len());
    let (mut depth, mut first, mut copied) = (0_usize, 0, 0);
    for (position, byte) in name.bytes().enumerate() {
        if byte == open {
            if depth == 0 {
                first = position;
            }
            depth += 1;
        } else if byte == close {
            if depth == 0 {
                break;
            }
            depth -= 1;
            if depth == 0 {
                kept.push_str(&name[copied..first]);
                copied = position + 1;
            }
        }
    }
    kept.push_str(&name[copied..]);
    kept
}

#[cfg(test)]
mod tests;
