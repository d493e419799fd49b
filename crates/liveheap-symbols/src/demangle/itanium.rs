//! C++ names after the Itanium ABI, written as GNU tools write them.
//!
//! Goes in: a mangled name and a [`Mode`]. Comes out: its readable form, or nothing when it is no
//! such name. `cpp_demangle` reads the name; what it prints differs from the GNU style in a number
//! of fixed ways, and it knows no way to leave template arguments out, so its text is rewritten
//! here. The grammar of mangled names is not known here.

use super::Mode;
use cpp_demangle::{DemangleOptions, Symbol};
use std::fmt;

/// Names may expand exponentially; a text longer than this many bytes is given up.
const TEXT_LIMIT: usize = 64 << 10;

/// How many beginnings of an unreadable name are tried.
const ATTEMPT_LIMIT: usize = 64;

/// How deep a name may nest.
const DEPTH_LIMIT: u32 = 256;

/// The readable form of a name that starts with `_Z` or `_GLOBAL_`.
pub(super) fn demangle(mangled: &str, mode: Mode) -> Option<String> {
    // The code of a block is a function of its own, named after the one around it.
    if let Some(block) = mangled.strip_prefix("___Z") {
        let end = block.rfind("_block_invoke")?;
        let outer = demangle(&format!("_Z{}", &block[..end]), mode)?;
        return Some(format!("invocation function for block in {outer}"));
    }
    if !mangled.starts_with("_Z") && !mangled.starts_with("_GLOBAL_") {
        return None;
    }
    // What follows a dot was added by the compiler to tell copies of one function apart.
    let name = mangled
        .find('.')
        .filter(|_| mangled.starts_with("_Z"))
        .map_or(mangled, |dot| &mangled[..dot]);
    // Thunks are named with the parameters of their function, whatever is asked for.
    let with_parameters = mode == Mode::Full
        || ["_ZTh", "_ZTv", "_ZTc", "_ZGT"].iter().any(|kind| name.starts_with(kind));
    let options = DemangleOptions::new().recursion_limit(DEPTH_LIMIT);
    let options = if with_parameters { options } else { options.no_params().no_return_type() };
    let symbol = Symbol::new(name).ok().or_else(|| {
        // What cannot be read may be among the parameters, which nobody asked for.
        if with_parameters { None } else { without_unreadable_end(name) }
    })?;
    let mut text = Bounded(String::new());
    symbol.structured_demangle(&mut text, &options).ok()?;
    let mut text = special_name(&text.0).unwrap_or(text.0);
    text = standard_class(name, text);
    // An empty pack of references keeps their signs.
    for leftover in [", &&)", ", const&)", ", &)"] {
        text = text.replace(leftover, ")");
    }
    text = literals(&text);
    text = empty_packs(&text);
    text = text.replace("std::nullptr_t", "decltype(nullptr)");
    let is_type = name.starts_with("_ZTI") || name.starts_with("_ZTS");
    text = function_types(&text, is_type);
    if !with_parameters {
        text = without_qualifiers(text);
    }
    if mode != Mode::Full {
        text = without_enclosing_parameters(&text);
    }
    if mode == Mode::Simplified {
        text = without_template_arguments(&text).unwrap_or(text);
    }
    Some(text)
}

/// The shortest beginning of a mangled function that is a whole name. Nearly all names end with an
/// `E`; the end of an inner part is no whole name.
fn without_unreadable_end(mangled: &str) -> Option<Symbol<&str>> {
    mangled
        .match_indices('E')
        .take(ATTEMPT_LIMIT)
        .find_map(|(position, _)| Symbol::new(&mangled[..=position]).ok())
}

/// A text that refuses to grow beyond the limit.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.0.len() + piece.len() > TEXT_LIMIT {
            return Err(fmt::Error);
        }
        self.0.push_str(piece);
        Ok(())
    }
}

/// Tables and thunks, which come in braces: `{vtable(A)}` becomes `vtable for A`.
fn special_name(text: &str) -> Option<String> {
    let inner = text.strip_prefix('{')?.strip_suffix(")}")?;
    if let Some(name) = inner.strip_prefix("vtable(") {
        return Some(format!("vtable for {name}"));
    }
    if let Some(name) = inner.strip_prefix("vtt(") {
        return Some(format!("VTT for {name}"));
    }
    let thunk = inner.strip_prefix("virtual override thunk(")?;
    let (offset, name) = thunk.split_once(")}, ")?;
    let kind = if offset.starts_with("{offset(") { "non-virtual" } else { "virtual" };
    Some(format!("{kind} thunk to {name}"))
}

/// Members of the classes that have abbreviations: constructors are named after the template they
/// are made from, everything else after the abbreviation.
fn standard_class(name: &str, text: String) -> String {
    const CLASSES: [(&str, &str, &str); 4] = [
        ("Ss", "string", "basic_string<char, std::char_traits<char>, std::allocator<char> >"),
        ("Si", "istream", "basic_istream<char, std::char_traits<char> >"),
        ("So", "ostream", "basic_ostream<char, std::char_traits<char> >"),
        ("Sd", "iostream", "basic_iostream<char, std::char_traits<char> >"),
    ];
    let Some(nested) = name.strip_prefix("_ZNK").or_else(|| name.strip_prefix("_ZN")) else {
        return text;
    };
    for (code, short, template) in CLASSES {
        let Some(member) = nested.strip_prefix(code) else {
            continue;
        };
        let wanted = if member.starts_with(['C', 'D']) { template } else { short };
        for class in [short, template] {
            let Some((before, after)) = text.split_once(&format!("std::{class}::")) else {
                continue;
            };
            let after = match after.strip_prefix('~') {
                Some(destructor) if destructor.starts_with(short) => {
                    format!("~basic_{destructor}")
                }
                None if member.starts_with('C') && after.starts_with(short) => {
                    format!("basic_{after}")
                }
                _ => after.to_owned(),
            };
            return format!("{before}std::{wanted}::{after}");
        }
    }
    text
}

/// Function types among template arguments have a blank before their parameters: `f<void(int)>`
/// becomes `f<void (int)>`. A type description is such an argument as a whole.
fn function_types(text: &str, is_type: bool) -> String {
    let mut result = String::with_capacity(text.len() + 8);
    // For each open bracket, where its current argument starts in `result`; the whole text is one.
    let mut arguments = Vec::new();
    if is_type {
        arguments.push(text.find(" for ").map_or(0, |end| end + 5));
    }
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = operator_name(rest, result.chars().next_back()) {
            result.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if first == '(' && takes_parameters(&result, &arguments, rest) {
            result.push(' ');
        }
        result.push(first);
        rest = &rest[first.len_utf8()..];
        match first {
            '<' => arguments.push(result.len()),
            '>' if !result.ends_with("->") => drop(arguments.pop()),
            ',' => {
                if let Some(start) = arguments.last_mut() {
                    *start = result.len() + 1;
                }
            }
            _ => {}
        }
    }
    result
}

/// Whether the parenthesis that `rest` starts with opens the parameters of a function type.
fn takes_parameters(before: &str, arguments: &[usize], rest: &str) -> bool {
    let Some(argument) = arguments.last().and_then(|start| before.get(*start..)) else {
        return false;
    };
    let is_behind_type = before
        .ends_with(|sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '>' | '*' | '&'));
    let is_other = ["decltype", "sizeof", "noexcept", "operator", "lambda", "alignof"];
    is_behind_type
        && !argument.is_empty()
        && !argument.starts_with('&')
        && !is_other.iter().any(|word| before.ends_with(word))
        && closing(rest).is_some_and(|close| {
            let after = &rest[close + 1..];
            let after = after.strip_prefix(" const").unwrap_or(after);
            !after.starts_with("::")
        })
}

/// Literals of template arguments: `(unsigned int)3` becomes `3u`.
fn literals(text: &str) -> String {
    const SUFFIXES: [(&str, &str); 5] = [
        ("(unsigned int)", "u"),
        ("(long)", "l"),
        ("(unsigned long)", "ul"),
        ("(long long)", "ll"),
        ("(unsigned long long)", "ull"),
    ];
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        result.push_str(&rest[..open]);
        rest = &rest[open..];
        let found = SUFFIXES.iter().find_map(|(cast, suffix)| {
            let number = rest.strip_prefix(cast)?;
            let digits = number.strip_prefix('-').unwrap_or(number);
            let count = digits.bytes().take_while(u8::is_ascii_digit).count();
            let length = number.len() - digits.len() + count;
            (count > 0).then(|| (&number[..length], suffix, &number[length..]))
        });
        match found {
            Some((number, suffix, after)) => {
                result.push_str(number);
                result.push_str(suffix);
                rest = after;
            }
            None => {
                result.push('(');
                rest = &rest[1..];
            }
        }
    }
    result.push_str(rest);
    result
}

/// Empty argument packs leave a lone comma: `<int, >` becomes `<int>`.
fn empty_packs(text: &str) -> String {
    if !text.contains(", >")
        && !text.contains(", , ")
        && !text.contains(", )")
        && !text.contains("<, ")
    {
        return text.to_owned();
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with(", >") || rest.starts_with(", )") || rest.starts_with(", , ") {
            rest = &rest[2..];
            if rest.starts_with('>') && result.ends_with('>') {
                result.push(' ');
            }
            continue;
        }
        if rest.starts_with(", ") && (result.ends_with('<') || result.ends_with('(')) {
            rest = &rest[2..];
            continue;
        }
        result.push(first);
        rest = &rest[first.len_utf8()..];
    }
    result
}

/// Qualifiers behind a function's parameters go with them.
fn without_qualifiers(mut text: String) -> String {
    for qualifier in [" &&", " &", " volatile", " const"] {
        if text.ends_with(qualifier) && !text.contains("operator &") {
            text.truncate(text.len() - qualifier.len());
        }
    }
    text
}

/// The parameters of a function that only says where a local name is: `f(int)::x` becomes `f()::x`.
fn without_enclosing_parameters(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        result.push_str(&rest[..open]);
        rest = &rest[open..];
        if rest.starts_with("(anonymous namespace)") || result.ends_with("operator") {
            result.push('(');
            rest = &rest[1..];
            continue;
        }
        let after = closing(rest).map(|close| &rest[close + 1..]).filter(|after| {
            let after = after.strip_prefix(" const").unwrap_or(after);
            let after = after.trim_start_matches([' ', '&']);
            after.starts_with("::")
        });
        match after {
            Some(after) => {
                result.push_str("()");
                rest = after;
            }
            None => {
                result.push('(');
                rest = &rest[1..];
            }
        }
    }
    result.push_str(rest);
    result
}

/// Where the parenthesis closes that `text` starts with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => {
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

/// Drops every template argument list; nothing when brackets do not match.
fn without_template_arguments(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = operator_name(rest, result.chars().next_back()) {
            result.push_str(&rest[..length]);
            rest = &rest[length..];
            if rest.starts_with(" <") {
                rest = &rest[1..];
            }
            continue;
        }
        if first == '<' {
            rest = &rest[arguments_length(rest)?..];
            continue;
        }
        result.push(first);
        rest = &rest[first.len_utf8()..];
    }
    Some(result)
}

/// The length of `operator<` and the like, when `text` starts with one whose name has brackets.
fn operator_name(text: &str, before: Option<char>) -> Option<usize> {
    const SIGNS: [&str; 10] = ["<=>", "<<=", ">>=", "->*", "<<", ">>", "<=", ">=", "->", "<"];
    let signs = text.strip_prefix("operator")?;
    if before.is_some_and(|before| before.is_alphanumeric() || before == '_') {
        return None;
    }
    let sign = SIGNS.iter().chain(&[">"]).find(|sign| signs.starts_with(**sign))?;
    Some("operator".len() + sign.len())
}

/// The length of the argument list that `text` starts with, brackets included.
fn arguments_length(text: &str) -> Option<usize> {
    let (mut angles, mut parentheses) = (0_usize, Vec::new());
    let mut position = 0;
    while let Some(rest) = text.get(position..) {
        if let Some(length) = operator_name(rest, text[..position].chars().next_back()) {
            position += length;
            continue;
        }
        match rest.chars().next()? {
            '<' => angles += 1,
            '-' if rest.starts_with("->") => position += 1,
            '>' => {
                angles -= 1;
                // In parentheses a lone `>` is a comparison.
                if angles == 0 {
                    return Some(position + 1);
                }
            }
            '(' => parentheses.push(angles),
            ')' => angles = parentheses.pop()?,
            _ => {}
        }
        position += rest.chars().next().map_or(1, char::len_utf8);
    }
    None
}
