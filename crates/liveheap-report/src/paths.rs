//! Paths as text: cleaned, cut and shortened, without a look at the file system.

/// A path without `.`, without `..` where it can be resolved and without double slashes, as Go's
/// `filepath.Clean` gives it; `.` when nothing is left.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                None if rooted => {}
                _ => parts.push(".."),
            },
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => String::from("."),
        (false, false) => joined,
    }
}

/// The last part of a path, as Go's `filepath.Base` gives it: `.` for the empty path, `/` for
/// slashes only.
pub(crate) fn base(path: &str) -> &str {
    if path.is_empty() {
        return ".";
    }
    let stripped = path.trim_end_matches('/');
    if stripped.is_empty() {
        return "/";
    }
    stripped.rsplit('/').next().unwrap_or(stripped)
}

/// All but the last part of a path, cleaned; `.` when there is no other part.
pub(crate) fn parent(path: &str) -> String {
    clean(path.rfind('/').map_or("", |slash| &path[..=slash]))
}

/// A path in a folder, cleaned; the empty folder does not count.
pub(crate) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { clean(path) } else { clean(&format!("{folder}/{path}")) }
}

/// A source file's name without the prefixes that say nothing: the folders of `trim_path` (separated
/// by colons); where there are none, all up to a folder that is called like one of `source_path`.
pub(crate) fn trim<'a>(path: &'a str, trim_path: &str, source_path: &str) -> &'a str {
    if trim_path.is_empty() {
        for folder in source_path.split(':').filter(|_| !source_path.is_empty()) {
            let wanted = format!("/{}/", base(folder));
            if let Some(found) = path.find(&wanted) {
                return &path[found + wanted.len()..];
            }
        }
    }
    let configured = trim_path.split(':').filter(|_| !trim_path.is_empty());
    for prefix in configured.chain(["/proc/self/cwd/./", "/proc/self/cwd/"]) {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if let Some(rest) = path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')) {
            return rest;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        assert_eq!(clean("a//b/./c/../d"), "a/b/d");
        assert_eq!(clean("/../a/"), "/a");
        assert_eq!(clean("../../a"), "../../a");
        assert_eq!(clean("a/.."), ".");
        assert_eq!(clean("/"), "/");
    }

    #[test]
    fn the_last_part_is_the_base() {
        assert_eq!(base("/usr/bin/server"), "server");
        assert_eq!(base("dir/"), "dir");
        assert_eq!(base("//"), "/");
        assert_eq!(base(""), ".");
    }

    #[test]
    fn folders_are_cut_off_and_put_before() {
        assert_eq!(parent("/a/b.rs"), "/a");
        assert_eq!(parent("b.rs"), ".");
        assert_eq!(parent("/"), "/");
        assert_eq!(join("/a", "../b"), "/b");
        assert_eq!(join("", "b/"), "b");
    }

    #[test]
    fn prefixes_are_trimmed() {
        assert_eq!(trim("/build/x/src/a.rs", "/build/x", ""), "src/a.rs");
        assert_eq!(trim("/build/x/src/a.rs", "/other:/build/", ""), "x/src/a.rs");
        assert_eq!(trim("/remote/project/src/a.rs", "", "/home/me/project"), "src/a.rs");
        assert_eq!(trim("/proc/self/cwd/./a.cc", "", ""), "a.cc");
        assert_eq!(trim("/a.cc", "", ""), "/a.cc");
    }
}
