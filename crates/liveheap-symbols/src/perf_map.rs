//! Names of code that was generated while the program ran, from the list its compiler kept.
//!
//! Goes in: a perf map, a text with a line `START SIZE NAME` for each function, both numbers
//! hexadecimal, and process addresses. Comes out: the name each lies in. The list has no lines of
//! source. It is by the process it is named after; nothing is guessed.

use crate::options::Options;
use std::path::PathBuf;

/// How many addresses entries may reach over in all. Real entries do not lie over each other much.
const MOST_WORK: usize = 1 << 28;

/// The list for a mapping, if its file is one or it is memory without a file and the caller has
/// named one.
pub(crate) fn perf_map_of(file: &str, options: &Options) -> Option<PathBuf> {
    if is_perf_map(file) {
        return Some(PathBuf::from(file));
    }
    let is_anonymous = file.is_empty()
        || ["[anon", "//anon", "/memfd:"].iter().any(|start| file.starts_with(start));
    options.perf_map.clone().filter(|_| is_anonymous)
}

/// Whether a file is called as these lists are: `perf-PID.map`.
pub(crate) fn is_perf_map(file: &str) -> bool {
    let base = file.rsplit('/').next().unwrap_or(file);
    let pid = base.strip_prefix("perf-").and_then(|rest| rest.strip_suffix(".map"));
    pid.is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The names of sorted process addresses. Lines that are none of the list are passed over.
pub(crate) fn names_of(list: &[u8], addresses: &[u64]) -> Vec<Option<String>> {
    debug_assert!(addresses.is_sorted());
    let mut names = vec![None; addresses.len()];
    let mut work_left = MOST_WORK;
    for line in list.split(|byte| *byte == b'\n') {
        let Some((start, size, name)) = entry(line) else { continue };
        let first = addresses.partition_point(|address| *address < start);
        let reached = addresses[first..].iter().take_while(|address| **address - start < size);
        // Memory is used again: the last entry holds.
        for (slot, _) in names[first..].iter_mut().zip(reached) {
            *slot = Some(name);
            work_left = work_left.saturating_sub(1);
        }
        if work_left == 0 {
            break;
        }
    }
    let text = |name: Option<&[u8]>| Some(String::from_utf8_lossy(name?).into_owned());
    names.into_iter().map(text).collect()
}

/// The start, the size in bytes and the name that a line says.
fn entry(line: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut parts = line.trim_ascii().splitn(3, |byte| *byte == b' ');
    let mut number = || {
        let text = std::str::from_utf8(parts.next()?).ok()?;
        u64::from_str_radix(text.strip_prefix("0x").unwrap_or(text), 16).ok()
    };
    let (start, size) = (number()?, number()?);
    let name = parts.next()?.trim_ascii();
    (!name.is_empty()).then_some((start, size, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_name_of_the_last_entry_around_it() {
        let list = b"1000 20 first\n0x1010 10 LazyCompile:~add /srv/store.js:7\n2000 8\nhello\n\n\
                     3000 ffffffffffffffff rest\n";
        let names = names_of(list, &[0xfff, 0x1000, 0x101f, 0x1020, 0x2000, 0x3000, u64::MAX]);
        let script = "LazyCompile:~add /srv/store.js:7";
        let expected = [None, Some("first"), Some(script), None, None, Some("rest"), Some("rest")];
        assert_eq!(names.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_list_is_known_by_its_name_and_otherwise_must_be_named() {
        let mut options = Options::default();
        let of = |file: &str, options: &Options| perf_map_of(file, options);
        assert_eq!(of("/tmp/perf-12.map", &options), Some("/tmp/perf-12.map".into()));
        for file in ["/tmp/perf-.map", "/tmp/perf-x.map", "[anon]", "//anon", "", "/bin/store"] {
            assert_eq!(of(file, &options), None, "{file}");
        }
        options.perf_map = Some("/srv/perf-7.map".into());
        for file in ["[anon]", "[anon:v8]", "//anon", "/memfd:jit (deleted)", ""] {
            assert_eq!(of(file, &options), options.perf_map, "{file}");
        }
        for file in ["/bin/store", "[vdso]", "[heap]"] {
            assert_eq!(of(file, &options), None, "{file}");
        }
    }
}
