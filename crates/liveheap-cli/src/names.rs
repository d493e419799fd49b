//! Finds names for addresses, as `-symbolize=` says.

use crate::fetch::http;
use crate::messages::say_plain;
use crate::options::Door;
use crate::options::high::Plan;
use anyhow::{Result, anyhow};
use liveheap_profile::{Profile, StringId};
use liveheap_report::drop_uninteresting;
use liveheap_symbols::{
    Mode, Options, Outcome, RemoteSource, complaints, demangle_profile, download_debug_files,
    forget_urls, locate_binaries, symbolize, symbolize_remote,
};

/// Where names come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ways {
    /// From binaries on this machine.
    local: bool,
    /// Only the names from there, not lines.
    fast: bool,
    /// From the server that the profile came from.
    remote: bool,
    /// Also for what has names already.
    force: bool,
    /// How much of a mangled name is shown.
    demangle: Mode,
}

/// A profile with the names that were found for it.
#[derive(Debug)]
pub(crate) struct Named {
    /// The profile.
    pub(crate) profile: Profile,
    /// What became of each mapping; empty when binaries were not to be looked for.
    pub(crate) outcomes: Vec<Outcome>,
    /// Whether a server that should name what has no names did.
    pub(crate) remote: Result<(), String>,
}

/// Names what can be named, then drops the frames that the profile itself calls uninteresting.
///
/// # Errors
/// When a server that should name what has no names does not.
pub(crate) fn name(mut profile: Profile, origins: &[RemoteSource], plan: &Plan) -> Result<Profile> {
    if plan.all_frames {
        profile.drop_frames = StringId::default();
        profile.keep_frames = StringId::default();
    }
    let Named { profile, outcomes, remote } = look_up(profile, origins, plan);
    let complaints = complaints(&outcomes);
    complaints.iter().for_each(say_plain);
    if let ([_, ..], Door::Own, [source]) = (complaints.as_slice(), plan.door, &plan.sources[..]) {
        say_plain(format_args!("What to do about that: liveheap doctor {source}"));
    }
    remote.map_err(|reason| {
        anyhow!("asking the server for names: {reason} (-symbolize=none does without)")
    })?;
    Ok(forget_urls(drop_uninteresting(profile)))
}

/// Names what can be named and says what became of it.
pub(crate) fn look_up(profile: Profile, origins: &[RemoteSource], plan: &Plan) -> Named {
    let mut named = Named { profile, outcomes: Vec::new(), remote: Ok(()) };
    let Some(ways) = ways(&plan.symbolize) else { return named };
    if ways.local {
        let mut options = options();
        options.again = ways.force;
        // pprof leaves a profile alone that has names, and so do we behind its door.
        options.refine = !ways.fast && plan.door == Door::Own;
        if options.refine {
            download(&named.profile, &options, plan);
        }
        (named.profile, named.outcomes) = symbolize(named.profile, &options);
    }
    if ways.remote && !origins.is_empty() {
        let mut post = |url: &str, body: &str| {
            http::post(url, body, &plan.fetch).map_err(|error| format!("{error:#}"))
        };
        (named.profile, named.remote) =
            symbolize_remote(named.profile, ways.force, origins, &mut post);
    }
    named.profile = demangle_profile(named.profile, ways.demangle, ways.force);
    named
}

/// Asks the servers in `DEBUGINFOD_URLS`, if there are any, for debug information that is not here.
fn download(profile: &Profile, options: &Options, plan: &Plan) {
    let Ok(servers) = std::env::var("DEBUGINFOD_URLS") else { return };
    // The list may have words of other kinds, such as `ima:enforcing`.
    let is_url = |word: &&str| word.starts_with("http://") || word.starts_with("https://");
    let servers: Vec<_> = servers.split_whitespace().filter(is_url).map(str::to_owned).collect();
    let mut fetch =
        |url: &str| http::get_if_found(url, &plan.fetch).map_err(|error| format!("{error:#}"));
    let problems = download_debug_files(profile, options, &servers, &mut fetch);
    problems.into_iter().for_each(say_plain);
}

/// Puts the paths of binaries into a profile that were found in the folders set up for them.
pub(crate) fn locate(profile: Profile) -> Profile {
    let options = options();
    // Hardly anyone has such folders: do not touch the profile for nothing.
    if !options.search_path.iter().any(|folder| folder.is_dir()) {
        return profile;
    }
    let (profile, passed_over) = locate_binaries(profile, &options);
    passed_over.into_iter().for_each(say_plain);
    profile
}

pub(crate) fn options() -> Options {
    Options::from_variables(|name| std::env::var_os(name))
}

/// What `-symbolize=` says; `None` for nothing at all, not even readable names.
fn ways(text: &str) -> Option<Ways> {
    let lower = text.to_lowercase();
    let mut ways =
        Ways { local: true, fast: false, remote: true, force: false, demangle: Mode::Simplified };
    for word in lower.split(':') {
        match word {
            "" | "demangle=default" | "default" => {}
            "none" | "no" => return None,
            "local" => (ways.local, ways.remote) = (true, false),
            "fastlocal" => (ways.local, ways.fast, ways.remote) = (true, true, false),
            "remote" => (ways.local, ways.remote) = (false, true),
            "force" => ways.force = true,
            "demangle=full" | "full" => (ways.demangle, ways.force) = (Mode::Full, true),
            "demangle=none" => (ways.demangle, ways.force) = (Mode::Untouched, true),
            "demangle=templates" | "templates" => {
                (ways.demangle, ways.force) = (Mode::Templates, true);
            }
            _ => {
                say_plain(format_args!("ignoring unrecognized symbolization option: {text}"));
                say_plain(
                    "expecting -symbolize=[local|fastlocal|remote|none][:force]\
                     [:demangle=[none|full|templates|default]",
                );
            }
        }
    }
    Some(ways)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_words_win_and_demangling_forces() {
        let both = ways("").unwrap();
        assert!(both.local && both.remote && !both.force);
        let remote = ways("local:remote").unwrap();
        assert!(!remote.local && remote.remote);
        let full = ways("Demangle=Full").unwrap();
        assert_eq!((full.demangle, full.force), (Mode::Full, true));
        assert_eq!(ways("local:none"), None);
    }
}
