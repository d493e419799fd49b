//! Lists of threads with their stacks, one sample for each thread.
//!
//! ```text
//! --- threadz 1 ---
//! --- Thread 7f00 (name: main/12) stack: ---
//!   PC: 0x400100 work
//!       0x400200 main
//! --- Thread 7f01 (name: pool/13) stack: ---
//!   [same as previous thread]
//! --- Memory map: ---
//! ```

use super::scan::{self, Cursor, Lines};
use super::stacks::{Stacks, interrupted, without_repeated_leaf};
use super::unrecognized;
use crate::{Error, Profile};

pub(super) fn read(bytes: &[u8]) -> Result<Profile, Error> {
    let mut lines = Lines::new(bytes);
    if is_list_header(lines.skip_comments()) {
        while lines
            .advance()
            .is_some_and(|line| !(scan::announces_memory_map(line) || line.starts_with('-')))
        {
        }
    } else if !is_thread_header(lines.current()) {
        return Err(unrecognized());
    }
    let mut stacks = Stacks::new(&[("thread", "count")]);
    stacks.builder.set_period("thread", "count", 1);
    // The last stack waits here for threads that have the same.
    let mut last: Option<(Vec<u64>, i64)> = None;
    let mut next = Vec::new();
    while !scan::announces_memory_map(lines.current())
        && !lines.current().trim_start().starts_with("---- no stack trace for")
    {
        if !is_thread_header(lines.current()) {
            return Err(unrecognized());
        }
        next.clear();
        let is_same = read_stack(&mut lines, &mut next)?;
        if is_same || next.is_empty() {
            if let Some((_, count)) = &mut last {
                *count += 1;
            }
            continue;
        }
        if let Some((addresses, count)) = last.replace((std::mem::take(&mut next), 1)) {
            stacks.sample(interrupted(&addresses), &[count], &[]);
        }
    }
    if let Some((addresses, count)) = last {
        stacks.sample(interrupted(&addresses), &[count], &[]);
    }
    lines.skip_to_memory_map();
    Ok(without_repeated_leaf(stacks.finish(lines)))
}

/// Reads up to the line that ends the stack, which is then the current one. True when the stack
/// is said to be the one before.
fn read_stack(lines: &mut Lines<'_>, addresses: &mut Vec<u64>) -> Result<bool, Error> {
    let mut is_same = false;
    while let Some(line) = lines.advance() {
        let line = line.trim();
        if line.contains("same as previous thread") && !line.starts_with("---") {
            is_same = true;
        } else if line.starts_with("---") {
            break;
        } else {
            scan::read_addresses(line, line, addresses)?;
        }
    }
    Ok(is_same)
}

fn is_list_header(line: &str) -> bool {
    line.match_indices("--- threadz ").any(|(position, word)| {
        let mut at = Cursor::new(&line[position + word.len()..]);
        at.digits().is_some() && at.literal(" ---").is_some()
    })
}

/// `--- Thread HEX (name: NAME/NUMBER) stack: ---` anywhere in the line.
fn is_thread_header(line: &str) -> bool {
    let name = line.match_indices("--- Thread ").find_map(|(position, word)| {
        let mut at = Cursor::new(&line[position + word.len()..]);
        at.hex()?;
        at.literal(" (name: ")?;
        Some(at.rest())
    });
    name.is_some_and(|name| {
        name.match_indices(") stack: ---").any(|(end, _)| {
            let before = name[..end].trim_end_matches(|character: char| character.is_ascii_digit());
            before.len() < end && before.ends_with('/')
        })
    })
}
