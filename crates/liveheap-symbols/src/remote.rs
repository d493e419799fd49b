//! Names from the server that a profile was fetched from.
//!
//! Goes in: a [`Profile`], the URLs it came from, and a function that sends a request. Comes out:
//! the profile with names. Servers tell names only, at the URL beside the profile's: `symbol` where
//! Go programs and gperftools have it, `symbolz` elsewhere. Nothing is sent here.

use crate::writer::Writer;
use liveheap_profile::{Interner, LocationIndex, MappingIndex, Profile};
use std::collections::HashMap;

/// Sends a body (the second text) to a URL (the first) and returns the body of the answer, or the
/// reason why there is none.
pub type Post<'a> = dyn FnMut(&str, &str) -> Result<Vec<u8>, String> + 'a;

/// Where a mapping of a profile was fetched from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSource {
    /// The mapping's build id, or else its file.
    pub mapping: String,
    /// The URL of the profile.
    pub url: String,
    /// Where the mapping started in the process behind that URL; merging may move it.
    pub start: u64,
}

/// Notes for each mapping of a fetched profile that it came from `url`. A mapping without file and
/// build id gets the URL as its file until [`forget_urls`], so that it can be told from others.
pub fn remote_sources(mut profile: Profile, url: &str) -> (Profile, Vec<RemoteSource>) {
    let mut strings = Interner::resume(std::mem::take(&mut profile.strings));
    let mut sources = Vec::with_capacity(profile.mappings.len());
    for mapping in &mut profile.mappings {
        if mapping.build_id.is_empty() && mapping.file.is_empty() {
            mapping.file = strings.intern(url);
        }
        let key = if mapping.build_id.is_empty() { mapping.file } else { mapping.build_id };
        sources.push(RemoteSource {
            mapping: strings.text(key).to_owned(),
            url: url.to_owned(),
            start: mapping.start,
        });
    }
    profile.strings = strings.finish();
    (profile, sources)
}

/// Takes URLs out of the files of mappings again, once nothing is to be asked any more.
pub fn forget_urls(mut profile: Profile) -> Profile {
    for position in 0..profile.mappings.len() {
        let mapping = &profile.mappings[position];
        if mapping.build_id.is_empty() && has_scheme(profile.text(mapping.file)) {
            profile.mappings[position].file = Default::default();
        }
    }
    profile
}

/// Asks the servers for the names of locations that have no lines. `post` sends a body to a URL and
/// returns the answer ([`Post`]). With `again`, mappings that have names are asked for as well.
///
/// The second value is the reason why it stopped early; what was answered before that is kept.
pub fn symbolize_remote(
    profile: Profile,
    again: bool,
    sources: &[RemoteSource],
    post: &mut Post<'_>,
) -> (Profile, Result<(), String>) {
    let mut writer = Writer::new(profile);
    let result = ask_all(&mut writer, again, sources, post);
    (writer.finish(), result)
}

fn ask_all(
    writer: &mut Writer,
    again: bool,
    sources: &[RemoteSource],
    post: &mut Post<'_>,
) -> Result<(), String> {
    for position in 0..writer.profile().mappings.len() {
        let mapping = writer.profile().mappings[position];
        if mapping.has_functions && !again {
            continue;
        }
        let is_from = |source: &&RemoteSource| {
            let build_id = writer.text(mapping.build_id);
            source.mapping == writer.text(mapping.file)
                || (!build_id.is_empty() && source.mapping == build_id)
        };
        let found = sources
            .iter()
            .filter(is_from)
            .find_map(|source| Some((symbol_url(&source.url)?, source.start)));
        if let Some((url, start)) = found {
            let shift = start.wrapping_sub(mapping.start);
            let index = MappingIndex::new(position);
            ask(writer, index, shift, |body| post(&url, body))?;
            writer.set_named(index);
        }
    }
    Ok(())
}

/// Asks for the locations of one mapping. `shift` is added to addresses in the request.
fn ask(
    writer: &mut Writer,
    mapping: MappingIndex,
    shift: u64,
    post: impl FnOnce(&str) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    let profile = writer.profile();
    let here: Vec<_> = (0..profile.locations.len())
        .map(LocationIndex::new)
        .filter(|location| profile.locations[location.get()].mapping == Some(mapping))
        .collect();
    let mut body = String::new();
    for location in &here {
        let location = &profile.locations[location.get()];
        if location.address == 0 || location.line_count != 0 {
            continue;
        }
        let address = shifted(location.address, shift)
            .ok_or("an address would leave the address space; is the profile damaged?")?;
        if !body.is_empty() {
            body.push('+');
        }
        body.push_str(&format!("{address:#x}"));
    }
    if body.is_empty() {
        return Ok(());
    }
    let answer = post(&body)?;
    let mut names = HashMap::new();
    for line in String::from_utf8_lossy(&answer).split_inclusive('\n') {
        // A last line without an end was cut off on its way.
        let Some((address, name)) = line.strip_suffix('\n').and_then(parse_answer) else {
            continue;
        };
        let address = address
            .and_then(|address| shifted(address, shift.wrapping_neg()))
            .ok_or_else(|| format!("the server's answer has an impossible address: {line:?}"))?;
        names.insert(address, writer.strings().intern(name));
    }
    for location in here {
        let address = writer.profile().locations[location.get()].address;
        if let Some(name) = names.get(&address) {
            writer.name(location, *name);
        }
    }
    Ok(())
}

/// Adds a signed distance; nothing when that leaves the address space.
fn shifted(address: u64, by: u64) -> Option<u64> {
    address.checked_add_signed(by.cast_signed())
}

/// A line of an answer: `0xADDRESS NAME`. The address is `None` when it has too many digits.
fn parse_answer(line: &str) -> Option<(Option<u64>, &str)> {
    for (position, _) in line.match_indices("0x") {
        let rest = &line[position + 2..];
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (number, name) = rest.split_at(digits);
        // At the end of the line the line's end is the blank.
        if digits > 0 && (name.is_empty() || name.starts_with([' ', '\t', '\r', '\x0c'])) {
            let name = name.trim_start_matches([' ', '\t', '\r', '\x0c']);
            return Some((u64::from_str_radix(number, 16).ok(), name));
        }
    }
    None
}

/// Where the server of a profile tells names; nothing when `url` has no host.
pub fn symbol_url(url: &str) -> Option<String> {
    const GPERFTOOLS: [&str; 5] = [
        "/pprof/heap",
        "/pprof/growth",
        "/pprof/profile",
        "/pprof/pmuprofile",
        "/pprof/contention",
    ];
    let (scheme, rest) = url.split_once("://")?;
    let host_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(host_end);
    if host.is_empty() {
        return None;
    }
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_usual =
        path.contains("/debug/pprof/") || GPERFTOOLS.iter().any(|ending| path.ends_with(ending));
    let page = if is_usual { "symbol" } else { "symbolz" };
    // The page takes the place of the path's last part, as a file beside it would.
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').chain(["..", page]) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("{scheme}://{host}/{}", parts.join("/")))
}

/// Whether a text is an absolute URL: a scheme and a colon.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use liveheap_profile::{Mapping, ProfileBuilder};

    /// Two mappings, two locations in the first and one in the second.
    fn fetched() -> Profile {
        let mut builder = ProfileBuilder::new(&[("inuse_space", "bytes")]);
        let store = builder.string("/bin/store");
        let first = builder.mapping(Mapping { start: 0x1000, limit: 0x2000, ..Mapping::default() });
        let second = builder.mapping(Mapping {
            start: 0x8000,
            limit: 0x9000,
            file: store,
            ..Mapping::default()
        });
        let stack = [
            builder.location(0x1010, Some(first), &[]),
            builder.location(0x1020, Some(first), &[]),
            builder.location(0x8010, Some(second), &[]),
        ];
        builder.sample(&stack, &[1], &[]);
        builder.finish()
    }

    fn names(profile: &Profile) -> Vec<&str> {
        (0..profile.locations.len())
            .map(|position| match profile.lines_of(LocationIndex::new(position)) {
                [line] => profile.text(profile.function(line).name),
                _ => "",
            })
            .collect()
    }

    #[test]
    fn names_are_asked_for_beside_the_profile_and_written_down() {
        let (profile, sources) = remote_sources(fetched(), "http://host/debug/pprof/heap?x=1");
        let mut asked = String::new();
        let (profile, result) = symbolize_remote(profile, false, &sources, &mut |url, body| {
            asked += &format!("{url} {body}\n");
            Ok(b"num_symbols: 1\n0x1010\tmain.grow\n0x1020 main.main\n0x8010 cut".to_vec())
        });
        assert_eq!(result, Ok(()));
        expect![[r#"
            http://host/debug/pprof/symbol 0x1010+0x1020
            http://host/debug/pprof/symbol 0x8010
        "#]]
        .assert_eq(&asked);
        assert_eq!(names(&profile), ["main.grow", "main.main", ""]);
        assert!(profile.mappings.iter().all(|mapping| mapping.has_functions));
        let profile = forget_urls(profile);
        assert_eq!(profile.text(profile.mappings[0].file), "");
        assert_eq!(profile.text(profile.mappings[1].file), "/bin/store");
    }

    #[test]
    fn a_mapping_that_was_moved_is_asked_for_at_its_old_place() {
        let (mut profile, sources) = remote_sources(fetched(), "http://host/pprof/heap");
        profile.mappings[0].start = 0x0800;
        profile.locations[0].address = 0x0810;
        let mut asked = String::new();
        let (profile, result) = symbolize_remote(profile, false, &sources, &mut |_, body| {
            asked += &format!("{body}\n");
            Ok(b"0x1010 grow\n".to_vec())
        });
        assert_eq!(result, Ok(()));
        expect![[r#"
            0x1010+0x1820
            0x8010
        "#]]
        .assert_eq(&asked);
        assert_eq!(names(&profile), ["grow", "", ""]);
    }

    #[test]
    fn a_server_that_fails_or_talks_nonsense_is_reported() {
        let ask = |answer: Result<Vec<u8>, String>| {
            let (profile, sources) = remote_sources(fetched(), "http://host/pprof/heap");
            symbolize_remote(profile, false, &sources, &mut |_, _| answer.clone()).1
        };
        assert_eq!(ask(Err("refused".to_owned())), Err("refused".to_owned()));
        assert!(ask(Ok(b"0x11112222333344445 grow\n".to_vec())).is_err());
        assert_eq!(ask(Ok(b"\xff\xfe no such page\n0x\n0xzz a\n".to_vec())), Ok(()));
    }

    #[test]
    fn mappings_with_names_are_not_asked_for() {
        let (mut profile, sources) = remote_sources(fetched(), "http://host/pprof/heap");
        for mapping in &mut profile.mappings {
            mapping.has_functions = true;
        }
        let mut count = 0;
        for again in [false, true] {
            let mut post = |_: &str, _: &str| {
                count += 1;
                Ok(Vec::new())
            };
            let (_, result) = symbolize_remote(profile.clone(), again, &sources, &mut post);
            assert_eq!(result, Ok(()));
        }
        assert_eq!(count, 2);
    }

    #[test]
    fn the_page_is_beside_the_profile() {
        let url = |url: &str| symbol_url(url).unwrap_or_default();
        assert_eq!(url("http://h:1/debug/pprof/heap?seconds=1"), "http://h:1/debug/pprof/symbol");
        assert_eq!(url("http://h/a/pprof/growth"), "http://h/a/pprof/symbol");
        assert_eq!(url("https://h/stats/heap"), "https://h/stats/symbolz");
        assert_eq!(url("http://h"), "http://h/symbolz");
        assert_eq!(url("http://h/debug/pprof/"), "http://h/debug/symbol");
        assert_eq!(url("/tmp/heap.pb.gz"), "");
    }
}
