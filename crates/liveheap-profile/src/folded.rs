//! Collapsed stacks: one line a stack, root first, as flame graph tools write and read them.
//!
//! ```text
//! main;serve;alloc 10
//! main;leak 32
//! ```

use crate::{Error, ErrorKind, Frame, FunctionIndex, LocationIndex, Profile, ProfileBuilder};
use std::collections::HashMap;
use std::fmt::Write;

/// Reads collapsed stacks. The values become samples of the type `samples` in `count`; the frames
/// become functions without file and line. Empty lines are skipped.
///
/// # Errors
/// `Unrecognized`, naming the first line that is not `FRAME;FRAME;… NUMBER`, or when there is none.
pub fn parse_folded(text: &str) -> Result<Profile, Error> {
    let unrecognized = |number: usize, why: &str| {
        let message = format!("line {number} is no collapsed stack: {why}");
        Error::new(ErrorKind::Unrecognized, message)
    };
    if u32::try_from(text.len()).is_err() {
        return Err(Error::new(ErrorKind::Limit, "profiles in text may have 4 GiB at most"));
    }
    let mut builder = ProfileBuilder::new(&[("samples", "count")]);
    // A name is looked up once for each line it is in; the builder would ask three tables.
    let mut known: HashMap<&str, LocationIndex> = HashMap::new();
    let mut stack = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let (frames, value) = line
            .trim_end()
            .rsplit_once([' ', '\t'])
            .ok_or_else(|| unrecognized(number, "there is no number behind it"))?;
        let is_number =
            value.strip_prefix('-').unwrap_or(value).bytes().all(|b| b.is_ascii_digit());
        let value: i64 = value
            .parse()
            .ok()
            .filter(|_| is_number)
            .ok_or_else(|| unrecognized(number, "it does not end in a whole number"))?;
        stack.clear();
        for name in frames.trim_end().rsplit(';') {
            if name.trim().is_empty() || name.contains(char::is_control) {
                return Err(unrecognized(number, "a frame has no name"));
            }
            let location = *known.entry(name).or_insert_with(|| {
                let function = builder.function(name, name, "", 0);
                builder.location(0, None, &[Frame { function, line: 0, column: 0 }])
            });
            stack.push(location);
        }
        builder.sample(&stack, &[value], &[]);
    }
    let profile = builder.finish();
    if profile.samples.is_empty() {
        return Err(unrecognized(1, "the text is empty"));
    }
    Ok(profile)
}

/// Writes the values of one sample type as collapsed stacks, one line a sample, in their order.
/// Readers add up lines of equal stacks.
///
/// Inlined frames are frames of their own. A frame without a name is its address in hexadecimal;
/// semicolons and line breaks in names become colons and blanks. Samples that are zero or have no
/// stack are left out.
///
/// # Panics
/// When the profile has no such sample type.
pub fn to_folded(profile: &Profile, sample_type: usize) -> String {
    let mut out = String::new();
    // The text of each function is made once.
    let mut names: HashMap<FunctionIndex, String> = HashMap::new();
    for sample in 0..profile.samples.len() {
        let value = profile.samples.values(sample)[sample_type];
        let stack = profile.samples.stack(sample);
        if value == 0 || stack.is_empty() {
            continue;
        }
        for (depth, location) in stack.iter().rev().enumerate() {
            let separator = if depth == 0 { "" } else { ";" };
            let lines = profile.lines_of(*location);
            if lines.is_empty() {
                let address = profile.locations[location.get()].address;
                // Writing into a text cannot fail.
                let _ = write!(out, "{separator}{address:#x}");
            }
            for (inner, line) in lines.iter().rev().enumerate() {
                let name = names.entry(line.function).or_insert_with(|| {
                    let name = profile.text(profile.function(line).name);
                    let name = if name.trim().is_empty() { "??" } else { name };
                    name.replace(';', ":").replace(char::is_control, " ")
                });
                out.push_str(if inner == 0 { separator } else { ";" });
                out.push_str(name);
            }
        }
        let _ = writeln!(out, " {value}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: &str) -> String {
        to_folded(&parse_folded(text).unwrap(), 0)
    }

    fn refused(text: &str) -> String {
        parse_folded(text).unwrap_err().to_string()
    }

    #[test]
    fn what_is_read_is_written_back() {
        let text = "main;serve;alloc 10\nmain;leak -32\nmain with blanks;f(int, char) 1\n";
        assert_eq!(round_trip(text), text);
    }

    #[test]
    fn equal_names_are_one_function() {
        let profile = parse_folded("main;a 1\nmain;b 2\nmain;a;main 3").unwrap();
        assert_eq!((profile.functions.len(), profile.locations.len()), (3, 3));
        assert_eq!(profile.samples.stack(2).len(), 3);
        assert_eq!(profile.samples.stack(0)[1], profile.samples.stack(2)[0]);
    }

    #[test]
    fn other_line_ends_and_white_space_do_no_harm() {
        assert_eq!(round_trip("\nmain;a\t7\r\n\n main 2 \n"), "main;a 7\n main 2\n");
    }

    #[test]
    fn one_line_that_does_not_fit_refuses_the_whole() {
        assert_eq!(
            refused("main 1\nthis is not a profile"),
            "line 2 is no collapsed stack: it does not end in a whole number"
        );
        assert_eq!(refused("main"), "line 1 is no collapsed stack: there is no number behind it");
        assert_eq!(refused("main;;a 1"), "line 1 is no collapsed stack: a frame has no name");
        assert_eq!(refused(" 1"), "line 1 is no collapsed stack: a frame has no name");
        assert_eq!(refused("\n\n"), "line 1 is no collapsed stack: the text is empty");
        assert!(refused("main 99999999999999999999").contains("whole number"));
        assert!(refused("main +5").contains("whole number"));
    }

    #[test]
    fn inlined_frames_and_bare_addresses_are_frames() {
        let mut builder = ProfileBuilder::new(&[("objects", "count"), ("space", "bytes")]);
        let inner = builder.function("in;ner", "", "", 0);
        let outer = builder.function("outer", "", "", 0);
        let frame = |function| Frame { function, line: 0, column: 0 };
        let leaf = builder.location(0x10, None, &[frame(inner), frame(outer)]);
        let root = builder.location(0x20, None, &[]);
        builder.sample(&[leaf, root], &[1, 64], &[]);
        builder.sample(&[root], &[1, 0], &[]);
        builder.sample(&[], &[1, 5], &[]);
        let profile = builder.finish();
        assert_eq!(to_folded(&profile, 1), "0x20;outer;in:ner 64\n");
    }
}
