//! Where in the module tree a Rust function is, read off its source file's path.
//!
//! Line tables (`debug = "line-tables-only"`) name inlined functions without their modules:
//! `with_capacity_in`. The path of the source file says the rest: below `library/alloc/src` lies
//! the crate `alloc`, and files are modules. The guess leaves out types and the modules inside of a
//! file, so it is only made for names that have no path at all.

/// The module path of a Rust source file, such as `alloc::raw_vec`; `None` when the path does not
/// show where a crate begins.
fn module_path(file: &str) -> Option<String> {
    let file = file.strip_suffix(".rs")?;
    let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !part.is_empty()).collect();
    let (krate, modules) = split_crate(&parts)?;
    let krate = krate.replace('-', "_");
    let mut path = vec![krate.as_str()];
    path.extend(modules);
    let last = path.last().copied();
    if path.len() > 1 && matches!(last, Some("mod" | "lib" | "main")) {
        path.pop();
    }
    Some(path.join("::"))
}

/// The name of the crate and the modules (with `lib`, `main` or `mod` where the path has them).
fn split_crate<'p>(parts: &'p [&'p str]) -> Option<(String, &'p [&'p str])> {
    // The innermost `src` counts: a checkout can lie below a folder of that name.
    if let Some(position) = parts.iter().rposition(|part| *part == "src")
        && position > 0
        && position + 1 < parts.len()
    {
        let (krate, modules) = (parts[position - 1], &parts[position + 1..]);
        // `src/bin/NAME.rs` and `src/bin/NAME/...` are crates of their own.
        if let ["bin", name, modules @ ..] = modules {
            return Some((String::from(*name), modules));
        }
        return Some((String::from(without_version(krate)), modules));
    }
    let targets = ["examples", "tests", "benches"];
    let position = parts.iter().rposition(|part| targets.contains(part))?;
    let (name, modules) = parts[position + 1..].split_first()?;
    Some((String::from(*name), modules))
}

/// `serde_json-1.0.140` to `serde_json`: folders of downloaded crates carry the version.
fn without_version(folder: &str) -> &str {
    match folder.rsplit_once('-') {
        Some((name, version)) if version.starts_with(|first: char| first.is_ascii_digit()) => name,
        _ => folder,
    }
}

/// A function's name with the path of the module that its file is; `None` when the name has a path,
/// or the file does not show one.
pub(crate) fn qualified(name: &str, file: &str) -> Option<String> {
    // The type arguments of a bare name may well have paths.
    let bare = name.split(['<', '(']).next().unwrap_or(name);
    let is_mangled = crate::symbolize::is_mangled(name);
    if name.is_empty() || bare.is_empty() || bare.contains("::") || is_mangled {
        return None;
    }
    module_path(file).map(|path| format!("{path}::{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, file: &str, expected: Option<&str>) {
        assert_eq!(qualified(name, file).as_deref(), expected);
    }

    #[test]
    fn the_standard_library_is_three_crates() {
        check(
            "with_capacity_in<u8, alloc::alloc::Global>",
            "/rustc/aaa111/library/alloc/src/raw_vec/mod.rs",
            Some("alloc::raw_vec::with_capacity_in<u8, alloc::alloc::Global>"),
        );
        check(
            "call_once",
            "/rustc/a/library/core/src/ops/function.rs",
            Some("core::ops::function::call_once"),
        );
        check("do_call", "/rustc/a/library/std/src/panicking.rs", Some("std::panicking::do_call"));
    }

    #[test]
    fn downloaded_crates_lose_their_version() {
        check(
            "parse",
            "/home/ann/.cargo/registry/src/index/serde-json-1.0.140/src/de.rs",
            Some("serde_json::de::parse"),
        );
    }

    #[test]
    fn crates_of_a_workspace_are_called_like_their_folder() {
        check(
            "{closure#0}",
            "/src/checkouts/my-server/src/main.rs",
            Some("my_server::{closure#0}"),
        );
        check("get", "/home/ann/crates/pool/src/lib.rs", Some("pool::get"));
        check("run", "/home/ann/server/src/bin/tool.rs", Some("tool::run"));
        check("filled", "/home/ann/server/examples/leaky/pool.rs", Some("leaky::pool::filled"));
        check("main", "/home/ann/server/examples/leaky/main.rs", Some("leaky::main"));
        check("main", "/home/ann/server/examples/leaky.rs", Some("leaky::main"));
    }

    #[test]
    fn names_that_say_enough_stay() {
        check("pool::get", "/home/ann/pool/src/lib.rs", None);
        check("_RNvC4pool3get", "/home/ann/pool/src/lib.rs", None);
        check("get", "/usr/include/vector.h", None);
        check("get", "main.rs", None);
        check("", "/home/ann/pool/src/lib.rs", None);
    }
}
