//! Sources to one profile.
//!
//! Goes in: the files and URLs of a plan. Comes out: their profiles decoded, merged, and with the
//! base subtracted; and for each mapping from which server it came, so that the server can be asked
//! for names. Names are not looked for here.

mod file;
pub(crate) mod http;
mod sniff;
pub(crate) mod url;

use crate::messages::{Message, say};
use crate::names;
use crate::options::Door;
use crate::options::high::{FetchOptions, Plan};
use anyhow::{Context, Result, anyhow, bail};
use liveheap_profile::{
    ErrorKind, Interner, Profile, add_fake_mapping_if_none, decode, merge, negate, normalize,
    tag_as_base,
};
use liveheap_symbols::{RemoteSource, remote_sources};
use std::io;
use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many sources are fetched side by side. How many profiles are held in memory at once depends on
/// this and on the size of their sum, not on how many there are.
const CHUNK: usize = 32;

/// Where a URL without a path leads through our own door; pprof goes for the CPU profile.
const OWN_DEFAULT_PATH: &str = "/debug/pprof/heap";

/// One profile out of all sources.
#[derive(Debug)]
pub(crate) struct Gathered {
    /// The profile.
    pub(crate) profile: Profile,
    /// Which servers its mappings came from; empty when every source was a file.
    pub(crate) origins: Vec<RemoteSource>,
}

/// One source's profile.
struct Fetched {
    profile: Profile,
    origins: Vec<RemoteSource>,
}

/// Fetches all sources and the base, and makes one profile of them.
pub(crate) fn gather(plan: &Plan) -> Result<Gathered> {
    let (mut profile, mut origins) = fetch_group(plan, &plan.sources, "source")?;
    if let Some(base) = &plan.base {
        let (mut subtracted, base_origins) =
            fetch_group(plan, std::slice::from_ref(&base.source), "base")?;
        if base.is_diff {
            subtracted = tag_as_base(subtracted);
        }
        if plan.normalize {
            profile = normalize(profile, &subtracted)?;
        }
        profile = merge(vec![profile, negate(subtracted)])?;
        origins.extend(base_origins);
    }
    Ok(Gathered { profile, origins })
}

fn fetch_group(
    plan: &Plan,
    sources: &[String],
    which: &'static str,
) -> Result<(Profile, Vec<RemoteSource>)> {
    // The sum of what was merged, if anything was, and behind it what was not merged yet.
    let mut profiles: Vec<Profile> = Vec::new();
    let mut origins = Vec::new();
    let mut got = 0;
    let together =
        |profiles| merge(profiles).with_context(|| format!("problem fetching {which} profiles"));
    for chunk in sources.chunks(CHUNK) {
        for (source, fetched) in chunk.iter().zip(fetch_chunk(plan, chunk)) {
            match fetched {
                Ok(fetched) => {
                    got += 1;
                    profiles.push(fetched.profile);
                    origins.extend(fetched.origins);
                }
                Err(error) if sources.len() == 1 => {
                    return Err(anyhow!("{source}: {}", one_line(&error)));
                }
                Err(error) => {
                    say(&Message::SourceFailed { source: source.clone(), error: one_line(&error) });
                }
            }
        }
        // A merge takes the sum in once more: it must be worth it.
        let size = |profile: &Profile| profile.samples.len() + profile.samples.frames().len();
        if let [sum, others @ ..] = profiles.as_slice()
            && size(sum) <= others.iter().map(size).sum()
        {
            profiles = vec![together(profiles)?];
        }
    }
    if profiles.is_empty() {
        bail!("failed to fetch any {which} profiles");
    }
    let profile = together(profiles)?;
    if got < sources.len() {
        say(&Message::Fetched { which, got, wanted: sources.len() });
    }
    Ok((profile, origins))
}

/// An error with its causes, in a line.
fn one_line(error: &anyhow::Error) -> String {
    format!("{error:#}").replace('\n', " ")
}

/// Fetches sources side by side; the results are in the sources' order.
fn fetch_chunk(plan: &Plan, sources: &[String]) -> Vec<Result<Fetched>> {
    if let [source] = sources {
        return vec![fetch(plan, source)];
    }
    let next = AtomicUsize::new(0);
    let results: Vec<_> = sources.iter().map(|_| Mutex::new(None)).collect();
    // Servers are waited for, files are worked on: more threads than processors help the former.
    let workers = std::thread::available_parallelism().map_or(1, NonZero::get) * 4;
    std::thread::scope(|scope| {
        for _ in 0..workers.min(sources.len()) {
            scope.spawn(|| {
                while let Some((source, result)) = {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    sources.get(position).zip(results.get(position))
                } {
                    let fetched = fetch(plan, source);
                    *result.lock().expect("no one panics while holding it") = Some(fetched);
                }
            });
        }
    });
    results
        .into_iter()
        .map(|result| {
            let result = result.into_inner().expect("no one panics while holding it");
            result.expect("every source was taken by a worker")
        })
        .collect()
}

/// Fetches and decodes one source.
fn fetch(plan: &Plan, source: &str) -> Result<Fetched> {
    let (decoded, url) = match file::decode_packed(source, &plan.limits) {
        Some(decoded) => (decoded, None),
        None => {
            let (bytes, url) = read(source, plan.door, &plan.fetch)?;
            (decode(&bytes, &plan.limits), url)
        }
    };
    let profile = decoded.map_err(|error| match (error.kind(), plan.door) {
        // Why it is not in the first format that was tried misleads more than it helps.
        (ErrorKind::Unrecognized, _) => anyhow!("parsing profile: unrecognized profile format"),
        (ErrorKind::UnpackedLimit, Door::Own) => anyhow!("{error}, with --max-unpacked=BYTES"),
        (ErrorKind::UnpackedLimit, Door::Pprof) => anyhow!("{error}, with -max_unpacked=BYTES"),
        _ => anyhow!("parsing profile: {error}"),
    })?;
    let profile = identify_main_binary(names::locate(add_fake_mapping_if_none(profile)), plan);
    let (profile, origins) = match url {
        Some(url) => remote_sources(profile, &url),
        None => (profile, Vec::new()),
    };
    Ok(Fetched { profile, origins })
}

/// The bytes of a source, and its URL if it is none of the files at hand.
fn read(source: &str, door: Door, options: &FetchOptions) -> Result<(Vec<u8>, Option<String>)> {
    if source == "-" && door == Door::Own {
        return Ok((file::read("/dev/stdin")?, None));
    }
    let missing = match std::fs::metadata(source) {
        Ok(_) => return Ok((file::read(source)?, None)),
        Err(error) => error,
    };
    let default_path = (door == Door::Own).then_some(OWN_DEFAULT_PATH);
    let Some(target) = url::target(source, options.seconds, default_path) else {
        let why = file::explain(&missing);
        return Err(match door {
            Door::Own => why,
            Door::Pprof if missing.kind() == io::ErrorKind::NotFound => {
                anyhow!("stat {source}: {why} or directory")
            }
            Door::Pprof => anyhow!("stat {source}: {why}"),
        });
    };
    say(&Message::Fetching { url: target.url.clone() });
    if options.seconds > 0 {
        say(&Message::Wait { seconds: options.seconds });
    }
    let bytes = http::get(&target.url, target.seconds, options)?;
    Ok((bytes, Some(target.url)))
}

/// Gives the first mapping the binary and the build id that the user named.
fn identify_main_binary(mut profile: Profile, plan: &Plan) -> Profile {
    if plan.executable.is_none() && plan.build_id.is_empty() {
        return profile;
    }
    let mut strings = Interner::resume(std::mem::take(&mut profile.strings));
    if let Some(main) = profile.mappings.first_mut() {
        if let Some(executable) = &plan.executable {
            main.file = strings.intern(executable);
        }
        // A build id that is there is more likely right than one from a command line.
        if main.build_id.is_empty() {
            main.build_id = strings.intern(&plan.build_id);
        }
    }
    profile.strings = strings.finish();
    profile
}
