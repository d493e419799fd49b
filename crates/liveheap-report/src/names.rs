//! Names of functions and addresses as they are printed.

use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

/// An address in sixteen hexadecimal digits.
pub(crate) fn address(address: u64) -> String {
    format!("{address:016x}")
}

fn expression(text: &str) -> Regex {
    Regex::new(text).expect("the expression is a constant of this file")
}

/// `/v2` and the like in the path of a Go package.
static GO_VERSION: LazyLock<Regex> =
    LazyLock::new(|| expression(r"^(.*?)/v(?:[2-9]|[1-9][0-9]+)([./].*)$"));
/// What follows the folders of a Go package's path.
static GO: LazyLock<Regex> = LazyLock::new(|| expression(r"^(?:[0-9A-Za-z_\-\.]+/)+([^.]+\..+)"));
/// `Class.method` behind the packages of Java.
static JAVA: LazyLock<Regex> = LazyLock::new(|| {
    expression(
        r"^(?:[a-z](?-u:\w)*\.)*([A-Z][0-9A-Za-z_$]*\.(?:<init>|[a-z][0-9A-Za-z_$]*(?:\$[0-9]+)?))(?:\(|$)",
    )
});
/// `Class::method` behind the namespaces of C++.
static CPP: LazyLock<Regex> = LazyLock::new(|| {
    expression(r"^(?:[_a-zA-Z](?-u:\w)*::)+(_*[A-Z](?-u:\w)*::~?[_a-zA-Z](?-u:\w)*(?:<.*>)?)")
});

/// The part of a function's name that tells it from its neighbours: without the path of a Go
/// package, the packages of Java or the namespaces of C++. What is cut is pprof's choice, so that
/// drawn graphs read the same.
pub(crate) fn shorten(name: &str) -> Cow<'_, str> {
    let name = name.strip_prefix("(anonymous namespace)::").unwrap_or(name);
    // Every rule but the one of C++ needs a slash or a dot; most names of Rust have neither.
    let has_path = name.contains(['/', '.']);
    let without_version = match GO_VERSION.captures(name).filter(|_| has_path) {
        Some(parts) => Cow::Owned(format!("{}{}", &parts[1], &parts[2])),
        None => Cow::Borrowed(name),
    };
    for rule in [&GO, &JAVA, &CPP] {
        if let Some(parts) = rule.captures(&without_version) {
            return Cow::Owned(parts[1].to_owned());
        }
    }
    without_version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_all_share() {
        assert_eq!(shorten("example.com/store/v3/pool.(*Pool).Get"), "pool.(*Pool).Get");
        assert_eq!(shorten("example.com/store/v3.Open"), "store.Open");
        assert_eq!(shorten("com.example.store.Pool.get(int)"), "Pool.get");
        assert_eq!(shorten("store::pool::Pool::Get<int>"), "Pool::Get<int>");
        assert_eq!(shorten("(anonymous namespace)::helper"), "helper");
        assert_eq!(shorten("store::pool::get"), "store::pool::get");
    }
}
