//! What a source that is no file may mean as a URL.
//!
//! Follows Go's reading of URLs as far as sources need it: `host:port/path` without a scheme is
//! http, the query is written back sorted, and `seconds=` in it is understood. Nothing is fetched
//! here.

use std::collections::BTreeMap;
use std::fmt::Write;

/// A URL taken apart; the texts are as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    scheme: String,
    /// User, host and port; empty when there is none.
    authority: String,
    path: String,
    query: String,
}

/// What to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// The whole URL.
    pub(crate) url: String,
    /// How long the server was asked to take the profile for, in seconds; 0 for not at all.
    pub(crate) seconds: u64,
}

/// Where Go programs serve their CPU profile: what a URL without a path means to pprof.
const DEFAULT_PATH: &str = "/debug/pprof/profile";

/// The URL that a source stands for, or `None` when it is none.
///
/// `seconds` above 0 is put into the query; otherwise the query's own counts. A URL without a path
/// gets `default_path`.
pub(crate) fn target(source: &str, seconds: u64, default_path: Option<&str>) -> Option<Target> {
    let parts = match parse(source) {
        // `host:port/path` reads as a scheme with something odd behind it.
        Some(parts)
            if !(parts.authority.is_empty()
                && !parts.scheme.is_empty()
                && parts.scheme != "file") =>
        {
            Some(parts)
        }
        _ => parse(&format!("http://{source}")),
    };
    let mut parts = parts.filter(|parts| !parts.authority.is_empty())?;
    if parts.path.is_empty() || parts.path == "/" {
        default_path.unwrap_or(DEFAULT_PATH).clone_into(&mut parts.path);
    }
    if parts.authority.starts_with(':') {
        // A port alone is on this machine.
        parts.authority.insert_str(0, "localhost");
    }
    let mut query = parse_query(&parts.query);
    let seconds = if seconds > 0 {
        query.insert(String::from("seconds"), vec![seconds.to_string()]);
        seconds
    } else {
        query.get("seconds").and_then(|values| values.first()?.parse().ok()).unwrap_or(0)
    };
    let mut url = format!("{}://{}{}", parts.scheme, parts.authority, encode_path(&parts.path));
    for (position, (key, value)) in
        query.iter().flat_map(|(key, values)| values.iter().map(move |v| (key, v))).enumerate()
    {
        let separator = if position == 0 { '?' } else { '&' };
        let _ = write!(url, "{separator}{}={}", encode(key, false), encode(value, false));
    }
    Some(Target { url, seconds })
}

/// Scheme and rest; an empty scheme when there is none, `None` when it is malformed.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    for (position, letter) in text.char_indices() {
        match letter {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if position > 0 => {}
            ':' if position == 0 => return None,
            ':' => return Some((&text[..position], &text[position + 1..])),
            _ => break,
        }
    }
    Some(("", text))
}

fn parse(text: &str) -> Option<Parts> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return None;
    }
    let text = text.split_once('#').map_or(text, |(before, _)| before);
    let (scheme, rest) = split_scheme(text)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut parts = Parts {
        scheme: scheme.to_ascii_lowercase(),
        authority: String::new(),
        path: rest.to_owned(),
        query: query.to_owned(),
    };
    if !rest.starts_with('/') {
        let first = rest.split('/').next().unwrap_or(rest);
        if scheme.is_empty() && first.contains(':') {
            return None;
        }
        return Some(parts);
    }
    if let Some(behind) = rest.strip_prefix("//")
        && (!scheme.is_empty() || !behind.starts_with('/'))
    {
        let end = behind.find('/').unwrap_or(behind.len());
        let authority = &behind[..end];
        if !is_authority(authority) {
            return None;
        }
        authority.clone_into(&mut parts.authority);
        behind[end..].clone_into(&mut parts.path);
    }
    Some(parts)
}

/// Whether a text can be user, host and port.
fn is_authority(text: &str) -> bool {
    let host_and_port = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let port = match host_and_port.strip_prefix('[') {
        Some(address) => match address.split_once(']') {
            Some((_, "")) => "",
            Some((_, port)) => match port.strip_prefix(':') {
                Some(port) => port,
                None => return false,
            },
            None => return false,
        },
        None => match host_and_port.split_once(':') {
            Some((_, port)) => port,
            None => "",
        },
    };
    let clean = host_and_port
        .chars()
        .all(|letter| letter.is_alphanumeric() || "-._~!$&'()*+,;=:[]%".contains(letter));
    clean && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Keys and their values, keys sorted.
fn parse_query(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if let (Some(key), Some(value)) = (decode(key), decode(value)) {
            values.entry(key).or_default().push(value);
        }
    }
    values
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// A key or value of a query, or (with `is_path`) a path, with what may not stand in it escaped.
fn encode(text: &str, is_path: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            b' ' if !is_path => encoded.push('+'),
            _ if is_path && b"%/$&+,:;=@!'()*[]".contains(&byte) => encoded.push(char::from(byte)),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

fn encode_path(path: &str) -> String {
    encode(path, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(source: &str) -> Option<String> {
        target(source, 0, None).map(|target| target.url)
    }

    #[test]
    fn a_host_with_a_port_needs_no_scheme() {
        assert_eq!(
            url("localhost:80/debug/pprof/heap").as_deref(),
            Some("http://localhost:80/debug/pprof/heap")
        );
        assert_eq!(url("127.0.0.1:80/x").as_deref(), Some("http://127.0.0.1:80/x"));
        assert_eq!(url("[::1]:80/x").as_deref(), Some("http://[::1]:80/x"));
        assert_eq!(url(":80/x").as_deref(), Some("http://localhost:80/x"));
        assert_eq!(url("http://[::1]:80/x").as_deref(), Some("http://[::1]:80/x"));
    }

    #[test]
    fn without_a_path_the_cpu_profile_is_meant() {
        assert_eq!(url("h:1").as_deref(), Some("http://h:1/debug/pprof/profile"));
        assert_eq!(
            target("http://h/", 0, Some("/debug/pprof/heap")).map(|target| target.url).as_deref(),
            Some("http://h/debug/pprof/heap")
        );
    }

    #[test]
    fn a_file_name_is_no_url() {
        for source in ["nope.pb.gz", "a/b.pb", "/a/b", "file:///a/b", "C:\\a\\b", "a b:c"] {
            assert_eq!(url(source), None, "{source}");
        }
    }

    #[test]
    fn the_query_is_sorted_and_seconds_are_understood() {
        assert_eq!(
            target("http://h/p?x=1&a=%41+b&seconds=3#top", 0, None),
            Some(Target { url: String::from("http://h/p?a=A+b&seconds=3&x=1"), seconds: 3 })
        );
        assert_eq!(
            target("http://h/p?seconds=3", 7, None),
            Some(Target { url: String::from("http://h/p?seconds=7"), seconds: 7 })
        );
    }
}
