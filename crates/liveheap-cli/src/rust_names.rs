//! Names of Rust functions, short enough to be read in a row of a report.
//!
//! Goes in: a profile whose names are readable. Comes out: the same profile with the names of Rust
//! functions shortened. Generic arguments go, `<impl …>` blocks become the type that they are for,
//! and types of the standard library lose their modules where they stand within a name, so that
//! `<alloc::boxed::Box<dyn FnOnce()> as core::ops::function::FnOnce<()>>::call_once` is
//! `<Box as FnOnce>::call_once`. The modules of all other crates stay, because people look for
//! them. Functions of other languages are left alone, and so is a name that cannot be read.

use liveheap_profile::{Function, Interner, Profile, StringId};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The crates whose modules everybody knows.
const STANDARD: &[&str] = &["alloc", "core", "std"];

/// Brackets that nest deeper than this are not the work of a person; reading them takes stack.
const DEEPEST: usize = 100;

/// How much of a type's path is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paths {
    /// All of it.
    Whole,
    /// The last part of the standard library's.
    Last,
}

/// Shortens the names of Rust functions.
///
/// Two functions that only their modules tell apart keep them: no two rows become one, except
/// instances of the same generic function.
pub(crate) fn shorten(mut profile: Profile) -> Profile {
    let mut names: HashMap<StringId, [String; 2]> = HashMap::new();
    for function in &profile.functions {
        let Entry::Vacant(entry) = names.entry(function.name) else { continue };
        let text = profile.text(function.name);
        if is_rust(&profile, function)
            && let Some(short) = name(text, Paths::Last)
            && let Some(whole) = name(text, Paths::Whole)
        {
            entry.insert([short, whole]);
        }
    }
    // What each short name stands for; `None` when it could be several functions.
    let mut meanings: HashMap<&str, Option<&str>> = HashMap::new();
    for [short, whole] in profile.functions.iter().filter_map(|function| names.get(&function.name))
    {
        let meaning = meanings.entry(short).or_insert(Some(whole));
        if *meaning != Some(whole) {
            *meaning = None;
        }
    }
    let mut strings = Interner::resume(std::mem::take(&mut profile.strings));
    for function in &mut profile.functions {
        if let Some([short, whole]) = names.get(&function.name) {
            let is_clear = meanings.get(short.as_str()).is_some_and(Option::is_some);
            function.name = strings.intern(if is_clear { short } else { whole });
        }
    }
    profile.strings = strings.finish();
    profile
}

/// Gives functions the names that the linker knows.
pub(crate) fn mangled(mut profile: Profile) -> Profile {
    for function in &mut profile.functions {
        if !function.system_name.is_empty() {
            function.name = function.system_name;
        }
    }
    profile
}

/// Whether a function was written in Rust: its file or its mangled name says so.
fn is_rust(profile: &Profile, function: &Function) -> bool {
    let system_name = profile.text(function.system_name);
    // The old mangling ends in a hash, which C++ never has.
    let has_hash = || {
        let end = system_name.strip_suffix('E').unwrap_or_default();
        let start = end.len().saturating_sub(19);
        end.get(start..).is_some_and(|hash| hash.starts_with("17h"))
    };
    profile.text(function.file).ends_with(".rs")
        || system_name.starts_with("_R")
        || (system_name.starts_with("_ZN") && has_hash())
}

/// The name of a function without generic arguments; `None` when its brackets do not match.
fn name(text: &str, paths: Paths) -> Option<String> {
    let segments = split(text, "::")?;
    let mut parts: Vec<String> = Vec::new();
    for (position, segment) in segments.iter().enumerate() {
        if let Some(inner) = bracketed(segment) {
            let block = inner.strip_prefix("impl ");
            if let Some(block) = block {
                // `module::<impl Trait for Type>`: the module is where the block stands.
                let sides = split(block, " for ")?;
                parts = match sides.as_slice() {
                    [implemented, owner] => vec![as_trait(owner, implemented, paths)?],
                    _ => vec![owner(block, paths)?],
                };
            } else if position == 0 {
                let sides = split(inner, " as ")?;
                parts.push(match sides.as_slice() {
                    [owner, implemented] => as_trait(owner, implemented, paths)?,
                    _ => owner(inner, paths)?,
                });
            }
            // Anything else in brackets is generic arguments.
            continue;
        }
        let is_last = position + 1 == segments.len();
        if !(is_last && position > 0 && is_hash(segment)) {
            parts.push(part(segment)?);
        }
    }
    (!parts.is_empty()).then(|| parts.join("::"))
}

fn as_trait(owner: &str, implemented: &str, paths: Paths) -> Option<String> {
    Some(format!("<{} as {}>", kind(owner, paths)?, kind(implemented, paths)?))
}

/// The type that a function belongs to: with all its modules, or in brackets when it has none.
fn owner(text: &str, paths: Paths) -> Option<String> {
    let is_path = text.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && !["dyn ", "fn(", "unsafe ", "extern "].iter().any(|start| text.starts_with(start));
    if is_path { kind(text, Paths::Whole) } else { Some(format!("<{}>", kind(text, paths)?)) }
}

/// A type or a trait.
fn kind(text: &str, paths: Paths) -> Option<String> {
    let (mut text, mut prefix) = (text.trim(), String::new());
    loop {
        if let Some(rest) = text.strip_prefix('&') {
            prefix.push('&');
            text = without_lifetime(rest);
        } else if let Some(bound) = text.strip_prefix("for<") {
            text = bound.split_once('>')?.1.trim_start();
        } else if let Some(start) =
            ["mut ", "*const ", "*mut ", "dyn "].iter().find(|start| text.starts_with(**start))
        {
            prefix.push_str(start);
            text = &text[start.len()..];
        } else {
            break;
        }
    }
    plain_kind(text, paths).map(|kind| prefix + &kind)
}

/// A type or a trait with nothing in front of it.
fn plain_kind(text: &str, paths: Paths) -> Option<String> {
    if text.starts_with("unsafe ") || text.starts_with("extern ") {
        return Some(text.to_owned());
    }
    // Behind the first bound there are only those that have no methods.
    let text = split(text, "+")?.first()?.trim();
    match (text.chars().next(), text.chars().next_back()) {
        (Some('('), Some(')')) => Some(format!("({})", kinds(inside(text)?, paths)?)),
        (Some('['), Some(']')) => {
            let sides = split(inside(text)?, ";")?;
            let rest: String = sides[1..].iter().map(|side| format!(";{side}")).collect();
            Some(format!("[{}{rest}]", kind(sides[0], paths)?))
        }
        (Some('<'), _) => name(text, paths),
        _ if text.starts_with("fn(") => {
            let sides = split(text, " -> ")?;
            let arguments = kinds(inside(sides[0].strip_prefix("fn")?)?, paths)?;
            let results = match sides.get(1) {
                Some(result) => format!(" -> {}", kind(result, paths)?),
                None => String::new(),
            };
            Some(format!("fn({arguments}){results}"))
        }
        _ => path(text, paths),
    }
}

fn kinds(text: &str, paths: Paths) -> Option<String> {
    let kinds: Option<Vec<String>> =
        split(text, ",")?.into_iter().map(|text| kind(text, paths)).collect();
    Some(kinds?.join(", "))
}

/// The path of a type: whole, or its last part and the closures in it.
fn path(text: &str, paths: Paths) -> Option<String> {
    let whole = name(text, Paths::Whole)?;
    let parts = split(&whole, "::")?;
    if paths == Paths::Whole || !STANDARD.contains(&parts[0]) {
        return Some(whole);
    }
    let last = parts.iter().rposition(|part| !part.starts_with('{')).unwrap_or(0);
    Some(parts[last..].join("::"))
}

/// One part of a path, without generic arguments and disambiguators.
fn part(text: &str) -> Option<String> {
    if text.starts_with('{') {
        let inner = text.trim_start_matches('{').trim_end_matches('}');
        let inner = inner.strip_suffix("#0").unwrap_or(inner);
        return Some(match inner {
            "shim:vtable" => String::from("{vtable.shim}"),
            _ => format!("{{{inner}}}"),
        });
    }
    let end = text.find(['<', '(', '[']).unwrap_or(text.len());
    let (mut plain, mut rest) = text.split_at(end);
    if let Some(digits) = rest.strip_prefix('[') {
        // `std[5a3f…]`: which of several versions of a crate.
        let (digits, behind) = digits.split_once(']')?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        rest = behind;
    }
    plain = plain.trim_end();
    let shim = rest.rfind('{').filter(|_| rest.ends_with('}')).map(|start| &rest[start..]);
    if let Some((before, shim)) = plain.split_once('{') {
        // `call_once{{vtable.shim}}`
        return Some(format!("{before}{}", part(&format!("{{{shim}"))?));
    }
    match shim {
        Some(shim) if !plain.is_empty() => Some(format!("{plain}{}", part(shim)?)),
        _ => (!plain.is_empty()).then(|| plain.to_owned()),
    }
}

fn without_lifetime(text: &str) -> &str {
    let behind = text.strip_prefix('\'').and_then(|rest| rest.split_once(' '));
    behind.map_or(text, |(_, rest)| rest)
}

/// What is in the angle brackets that hold all of a text.
fn bracketed(text: &str) -> Option<&str> {
    text.strip_prefix('<')?.strip_suffix('>')
}

/// A text without its first and last character, which are brackets of one byte.
fn inside(text: &str) -> Option<&str> {
    text.get(1..text.len().checked_sub(1)?)
}

/// `h` and sixteen digits, with which the old mangling ends.
fn is_hash(text: &str) -> bool {
    text.len() == 17
        && text.starts_with('h')
        && text[1..].bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// Splits at a separator wherever it is not in brackets; `None` when brackets do not match or nest
/// too deep.
fn split<'a>(text: &'a str, separator: &str) -> Option<Vec<&'a str>> {
    let (mut depth, mut start, mut skip_to) = (0_usize, 0, 0);
    let mut parts = Vec::new();
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            // An arrow closes nothing.
            b'>' if text[..position].ends_with(['-', '=']) => {}
            b'<' | b'(' | b'[' | b'{' if depth == DEEPEST => return None,
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' | b')' | b']' | b'}' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        let is_boundary = text.is_char_boundary(position) && position >= skip_to;
        if depth == 0 && is_boundary && text[position..].starts_with(separator) {
            parts.push(&text[start..position]);
            start = position + separator.len();
            skip_to = start;
        }
    }
    parts.push(&text[start..]);
    (depth == 0).then_some(parts)
}

#[cfg(test)]
mod tests;
