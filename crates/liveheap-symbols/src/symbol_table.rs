//! Names of functions from a binary's symbol tables.
//!
//! Goes in: an [`Image`] and the addresses that matter, sorted. Comes out: for each the symbol it
//! lies in. The tables are read once from front to back and never sorted or copied, so a large
//! binary costs no more than reading its symbols.

use crate::object_file::Image;
use object::{BinaryFormat, Object, ObjectSymbol, SymbolKind};

/// How much may be looked at in all: bytes of names, and addresses that symbols reach over. Real
/// tables stay far below; a million symbols with one name of megabytes, each said to reach over
/// everything, do not.
const MOST_WORK: usize = 1 << 30;

/// A name that has no end was looked at over its whole table.
const WORK_OF_A_BAD_NAME: usize = 1 << 16;

/// The symbol an address lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol<'a> {
    /// Its name as it stands in the table.
    pub(crate) name: &'a str,
    /// Its first address.
    pub(crate) start: u64,
    /// Its size in bytes; 0 when the table does not say.
    size: u64,
    is_global: bool,
}

/// The symbols of sorted addresses.
pub(crate) fn symbols_of<'a>(image: &Image<'a>, addresses: &[u64]) -> Vec<Option<Symbol<'a>>> {
    debug_assert!(addresses.is_sorted());
    if addresses.is_empty() {
        return Vec::new();
    }
    let mut containing: Vec<Option<Symbol<'a>>> = vec![None; addresses.len()];
    // The last symbol that starts at or before each address, whether or not it reaches it.
    let mut preceding: Vec<Option<Symbol<'a>>> = vec![None; addresses.len()];
    let is_of_mac = image.object.format() == BinaryFormat::MachO;
    let mut work_left = MOST_WORK;
    let mut names = 0;
    for entry in image.object.symbols().chain(image.object.dynamic_symbols()) {
        if !is_function(&entry) {
            continue;
        }
        let start = entry.address();
        let first = addresses.partition_point(|address| *address < start);
        if first == addresses.len() {
            continue;
        }
        let size = entry.size();
        let reaches = addresses[first] - start < size;
        let precedes = preceding[first].is_none_or(|other| other.start <= start);
        if !reaches && !precedes {
            continue;
        }
        // Names are read only now: most symbols matter to no address.
        let name = entry.name().ok();
        image.read_one(names);
        names += 1;
        work_left = work_left.saturating_sub(name.map_or(WORK_OF_A_BAD_NAME, str::len));
        if work_left == 0 {
            break;
        }
        let Some(name) = name.filter(|name| !name.is_empty() && !is_mark(name)) else {
            continue;
        };
        // Compilers for the Mac put an underscore before each name.
        let name = if is_of_mac { name.strip_prefix('_').unwrap_or(name) } else { name };
        let symbol = Symbol { name, start, size, is_global: entry.is_global() };
        if precedes {
            offer(&mut preceding[first], symbol);
        }
        for (address, slot) in addresses[first..].iter().zip(&mut containing[first..]) {
            if address - start >= size {
                break;
            }
            offer(slot, symbol);
            work_left = work_left.saturating_sub(1);
        }
    }
    let mut last: Option<Symbol<'a>> = None;
    for (found, before) in containing.iter_mut().zip(&preceding) {
        if before.is_some_and(|before| last.is_none_or(|last| last.start <= before.start)) {
            last = *before;
        }
        // Hand-written assembly often has no sizes: such a symbol reaches to the next one.
        if found.is_none() && last.is_some_and(|last| last.size == 0) {
            *found = last;
        }
    }
    containing
}

/// Whether a name only marks where code or data begins, as assemblers for ARM and RISC-V do: `$x`,
/// `$d.4`. Names of Swift begin with a dollar sign as well.
fn is_mark(name: &str) -> bool {
    let kind = name.strip_prefix('$').and_then(|rest| rest.strip_prefix(['a', 'd', 't', 'x']));
    kind.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn is_function<'a>(entry: &impl ObjectSymbol<'a>) -> bool {
    entry.is_definition()
        && match entry.kind() {
            SymbolKind::Text => true,
            // Labels of assembly; data has a kind of its own.
            SymbolKind::Label | SymbolKind::Unknown => entry.size() == 0,
            _ => false,
        }
}

/// Of several symbols the innermost one wins, then the exported, then the first name of the
/// alphabet: the answer never depends on the order of the table.
fn offer<'a>(slot: &mut Option<Symbol<'a>>, symbol: Symbol<'a>) {
    let rank = |symbol: &Symbol<'a>| {
        (symbol.start, symbol.size > 0, symbol.is_global, std::cmp::Reverse(symbol.name))
    };
    if slot.is_none_or(|other| rank(&other) < rank(&symbol)) {
        *slot = Some(symbol);
    }
}

#[cfg(test)]
mod tests {
    use super::is_mark;

    #[test]
    fn marks_of_assemblers_are_no_names() {
        assert!(["$a", "$d", "$t", "$x", "$d.12", "$x.f"].into_iter().all(is_mark));
        assert!(!["$s4main3fooyyF", "$data", "$", "", "x"].into_iter().any(is_mark));
    }
}
