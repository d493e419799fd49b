//! Rust names, both manglings, without hashes.
//!
//! Goes in: a mangled name. Comes out: its readable form, or nothing when it is no such name.
//! `rustc-demangle` reads the name; on request the arguments of generics are dropped from its text.

use super::Mode;
use std::fmt::Write as _;

/// A text longer than this many bytes is given up; generics may nest into absurd sizes.
const TEXT_LIMIT: usize = 64 << 10;

/// The readable form of a name of either mangling.
pub(super) fn demangle(mangled: &str, mode: Mode) -> Option<String> {
    if mangled.starts_with("_R") {
        // A dot starts what the compiler adds to tell copies of one function apart.
        let name = mangled.split('.').next().unwrap_or(mangled);
        let text = readable(name)?;
        return Some(if mode == Mode::Simplified { without_arguments(&text) } else { text });
    }
    if !mangled.starts_with("_ZN") {
        return None;
    }
    let name = mangled.rfind("E.").map_or(mangled, |end| &mangled[..=end]);
    has_hash(name).then(|| readable(name))?
}

fn readable(name: &str) -> Option<String> {
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    let mut text = String::new();
    write!(text, "{demangled:#}").ok()?;
    (text.len() <= TEXT_LIMIT
        && !text.contains("{size limit reached}")
        && !text.contains("{invalid syntax}"))
    .then_some(text)
}

/// Whether the last part of an old-style name is a hash: that is all that tells it from C++. A
/// random number has more than four different digits.
fn has_hash(name: &str) -> bool {
    let Some(hash) = name
        .strip_suffix('E')
        .filter(|name| name.len() > 22)
        .and_then(|name| name.get(name.len() - 19..))
        .and_then(|end| end.strip_prefix("17h"))
    else {
        return false;
    };
    let mut seen = 0_u16;
    for digit in hash.bytes() {
        match digit {
            b'0'..=b'9' => seen |= 1 << (digit - b'0'),
            b'a'..=b'f' => seen |= 1 << (digit - b'a' + 10),
            _ => return false,
        }
    }
    seen.count_ones() > 4
}

/// Empties the argument lists of generics: `Vec<u8>::push::<T>` becomes `Vec<>::push::<>`. The
/// bounds of associated types stay, and so do the brackets around `<T as Trait>`.
fn without_arguments(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    copy_without_arguments(text, &mut result);
    result
}

fn copy_without_arguments(text: &str, result: &mut String) {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if first == '<' && opens_arguments(result) {
            let Some(end) = list_end(rest) else {
                result.push_str(rest);
                return;
            };
            result.push('<');
            let mut dropped = false;
            for argument in split_list(&rest[1..end]) {
                if binds_associated_type(argument) {
                    if dropped {
                        result.push_str(", ");
                    }
                    copy_without_arguments(argument, result);
                }
                dropped = true;
            }
            result.push('>');
            rest = &rest[end + 1..];
            continue;
        }
        if rest.starts_with("->") {
            result.push_str("->");
            rest = &rest[2..];
            continue;
        }
        result.push(first);
        rest = &rest[first.len_utf8()..];
    }
}

/// Whether a `<` behind this text opens the arguments of a generic.
fn opens_arguments(before: &str) -> bool {
    let Some(last) = before.chars().next_back() else {
        return false;
    };
    if !(last.is_alphanumeric() || matches!(last, '_' | ':' | '}' | '>')) {
        return false;
    }
    let word = before.rsplit(|sign: char| !sign.is_alphanumeric() && sign != '_').next();
    word != Some("for")
}

/// Where the list closes that `text` starts with.
fn list_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (position, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if bytes[position - 1] != b'-' => {
                depth -= 1;
                if depth == 0 {
                    return Some(position);
                }
            }
            _ => {}
        }
    }
    None
}

/// The arguments of a list, cut at the commas between them.
fn split_list(list: &str) -> Vec<&str> {
    let mut arguments = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    let bytes = list.as_bytes();
    for (position, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if position > 0 && bytes[position - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                arguments.push(list[start..position].trim_start());
                start = position + 1;
            }
            _ => {}
        }
    }
    arguments.push(list[start..].trim_start());
    arguments
}

/// Whether an argument has the form `Name = Type`.
fn binds_associated_type(argument: &str) -> bool {
    argument.split_once(" = ").is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|sign| sign.is_alphanumeric() || sign == '_')
    })
}
