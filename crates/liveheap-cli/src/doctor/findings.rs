//! What is wrong with a profile or a binary, the worst first, and what to do about each.
//!
//! Goes in: the shares of a profile and what became of the search for its binaries. Comes out: a list
//! of [`Finding`]s. Small shares are no findings: they stand with their binary in the report.

use super::advice;
use super::diagnosis::{BinaryReport, BinaryShares, Finding, Offer, ProfileFacts};
use super::figures::{self, DEEPEST};
use super::render::rounded;
use crate::names::Named;
use liveheap_profile::Profile;
use liveheap_report::label;
use liveheap_symbols::{Outcome, State};

/// From this share of the total on something is worth a finding.
const WORTH_TELLING: f64 = 0.01;

/// Frames that no one allocates in, such as those of the C library at the root of each stack, are
/// many in a healthy profile too; from this share of all frames on they are worth a finding.
const MANY_FRAMES: f64 = 0.25;

/// A standard error above this share of the total is worth a finding.
const COARSE: f64 = 0.1;

/// A profile and what was found out about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case<'a> {
    /// As it was typed.
    pub(crate) source: &'a str,
    /// The profile, and what became of the search for its names.
    pub(crate) named: &'a Named,
    /// The profile in numbers.
    pub(crate) facts: &'a ProfileFacts,
    /// The binaries in which it has addresses.
    pub(crate) binaries: &'a [BinaryReport],
    /// Their positions among the profile's mappings.
    pub(crate) mappings: &'a [usize],
    /// How much is in code outside of every binary.
    pub(crate) outside: BinaryShares,
}

/// What is wrong with a profile.
pub(crate) fn of_profile(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(nothing(case));
    findings.extend(no_addresses(case));
    of_binaries(case, &mut findings);
    findings.extend(outside(case));
    of_stacks(case, &mut findings);
    findings.extend(few_samples(case));
    for comment in &case.facts.comments {
        if let Some((weight, remedy)) = advice::on_comment(comment, case.facts.precision.period) {
            let what = format!("The profiler says: {}", comment.trim_start_matches("liveheap: "));
            findings.push(finding("recording", weight, None, what, String::new(), remedy));
        }
    }
    if let Err(reason) = &case.named.remote {
        let what = "The server that should name the functions did not".to_owned();
        let remedy = "ask a server that has /symbol beside /heap, or put the binary into a folder \
                      that PPROF_BINARY_PATH names"
            .to_owned();
        findings.push(finding("remote-names", 0.5, None, what, reason.clone(), remedy));
    }
    findings.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    findings
}

/// What is wrong with a binary, before there is a profile of it.
pub(crate) fn of_offer(file: &str, offer: &Offer) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |kind, weight, what: &str, remedy: String| {
        findings.push(finding(kind, weight, None, what.to_owned(), String::new(), remedy));
    };
    let remedy = || advice::unstripped(offer, file, false);
    if !offer.has_names() {
        let what = match offer.exports {
            0 => "A profile of it gets no names".to_owned(),
            exports => {
                format!("A profile of it gets names of its {exports} exported functions only")
            }
        };
        add("no-names", 1.0, &what, remedy());
    } else if !offer.has_lines() {
        add(
            "no-lines",
            0.5,
            "A profile of it gets names, but no lines and no inlined frames",
            remedy(),
        );
    }
    if offer.debug == "split" && !offer.has_package {
        let what = "Its inlined frames are described in other files (split debug information)";
        add("split-debug", 0.2, what, advice::KEEP_SPLIT.to_owned());
    }
    if offer.build_id.is_empty() && !offer.has_go_table {
        let what = "It has no build id: no one can tell whether a profile is of this build";
        add("no-build-id", 0.1, what, advice::ADD_BUILD_ID.to_owned());
    }
    if !offer.has_unwind_tables && !offer.has_go_table {
        let what = "It has no unwind tables: stacks may end early in its code";
        add("no-unwind-tables", 0.3, what, advice::WHOLE_STACKS.to_owned());
    }
    findings.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    findings
}

fn finding(
    kind: &'static str,
    weight: f64,
    share: Option<f64>,
    what: String,
    because: String,
    remedy: String,
) -> Finding {
    Finding { kind, weight, share, what, because, remedy }
}

/// There is nothing to see.
fn nothing(case: &Case<'_>) -> Option<Finding> {
    let ProfileFacts { total, sample_type, rows, .. } = case.facts;
    if *total != 0 {
        return None;
    }
    let profile = &case.named.profile;
    let other = (0..profile.sample_types.len()).find(|index| figures::total(profile, *index) != 0);
    let (what, remedy) = match other.map(|index| profile.text(profile.sample_types[index].kind)) {
        Some(other) => (
            format!("{sample_type} is zero in all {rows} rows"),
            format!("look at another value: --sample-index={other}"),
        ),
        None => (
            "The profile is empty".to_owned(),
            "take it while the program works, and for longer".to_owned(),
        ),
    };
    Some(finding("empty", 0.95, None, what, String::new(), remedy))
}

/// There is nothing that could be looked up.
fn no_addresses(case: &Case<'_>) -> Option<Finding> {
    let ProfileFacts { locations, without_address, .. } = case.facts;
    if without_address < locations || *locations == 0 {
        return None;
    }
    let sum = |part: fn(&BinaryShares) -> f64| shares(case).map(|(.., shares)| part(&shares)).sum();
    let (unnamed, unlined): (f64, f64) =
        (sum(|shares| shares.frames_unnamed), sum(|shares| shares.frames_unlined));
    let (what, weight, share) = if unnamed >= WORTH_TELLING {
        ("names", unnamed, unnamed)
    } else if unlined >= WORTH_TELLING {
        ("lines", unlined / 10.0, unlined)
    } else {
        return None;
    };
    Some(finding(
        "no-addresses",
        weight,
        Some(share),
        format!("No {what}, and no addresses that they could be looked up by"),
        String::new(),
        "take the profile again with a tool that keeps addresses and build ids".to_owned(),
    ))
}

fn shares<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = (&'a BinaryReport, Option<&'a Outcome>, BinaryShares)> {
    let outcomes = &case.named.outcomes;
    case.binaries.iter().zip(case.mappings).map(|(binary, mapping)| {
        (binary, outcomes.get(*mapping), binary.shares.unwrap_or_default())
    })
}

/// How much a lack concerns, if it is worth telling.
fn worth_telling(of_leaves: f64, of_frames: f64) -> Option<f64> {
    (of_leaves >= WORTH_TELLING || of_frames >= MANY_FRAMES).then(|| of_leaves.max(of_frames))
}

fn of_binaries(case: &Case<'_>, findings: &mut Vec<Finding>) {
    if case.facts.without_address == case.facts.locations {
        return;
    }
    let mut absent = Vec::new();
    for (binary, outcome, shares) in shares(case) {
        let unnamed = worth_telling(shares.leaf_unnamed, shares.frames_unnamed);
        let unlined = worth_telling(shares.leaf_unlined, shares.frames_unlined);
        let is_here = binary.offer.is_some();
        let lack = match (unnamed, unlined) {
            (Some(share), _) => Lack { what: "names", weight: share, share },
            (None, Some(share)) => Lack { what: "lines", weight: share / 2.0, share },
            (None, None) => {
                findings.extend(unsure(binary, outcome, shares));
                findings.extend(few_inlined(binary, outcome, shares));
                continue;
            }
        };
        let is_elsewhere = !is_here && !binary.tried.is_empty() && other_build(binary).is_none();
        if is_elsewhere {
            absent.push((binary, lack));
            continue;
        }
        findings.push(of_binary(case, binary, outcome, lack));
        findings.extend(unsure(binary, outcome, shares));
    }
    findings.extend(from_elsewhere(case, &absent));
}

/// What a binary lacks, and how much that concerns.
#[derive(Clone, Copy, Debug)]
struct Lack {
    /// `names` or `lines`.
    what: &'static str,
    weight: f64,
    share: f64,
}

impl Lack {
    fn kind(self) -> &'static str {
        if self.what == "names" { "no-names" } else { "no-lines" }
    }
}

/// The first file that was found and is another build: its path, and what it is.
fn other_build(binary: &BinaryReport) -> Option<(&str, &str)> {
    let place = binary.tried.iter().find(|place| place.verdict.starts_with("another build"))?;
    Some((&place.path, &place.verdict))
}

fn file_of(binary: &BinaryReport) -> &str {
    if binary.file.is_empty() { "a binary that the profile does not name" } else { &binary.file }
}

/// A lack in a binary that is here, or that cannot be anywhere.
fn of_binary(
    case: &Case<'_>,
    binary: &BinaryReport,
    outcome: Option<&Outcome>,
    lack: Lack,
) -> Finding {
    let file = file_of(binary);
    let what = format!("No {} for code of {file}", lack.what);
    let make = |kind, because, remedy| {
        finding(kind, lack.weight, Some(lack.share), what.clone(), because, remedy)
    };
    if let (Some((path, verdict)), None) = (other_build(binary), &binary.offer) {
        let because =
            format!("The program that ran had build id {}; {path} is {verdict}.", binary.build_id);
        return make("other-build", because, advice::fetch_binary(binary, case.source));
    }
    let state = outcome.map(|outcome| &outcome.state);
    let missing_units = outcome.map_or(&[][..], |outcome| &outcome.missing_units);
    match (state, &binary.offer) {
        (None, _) => make(
            lack.kind(),
            "Nothing was looked up, as --symbolize says.".to_owned(),
            "leave --symbolize away".to_owned(),
        ),
        (Some(State::NoBinary), _) => make(
            "no-file",
            "No file stands behind it: it is the kernel's, or was generated while the program ran."
                .to_owned(),
            "have the profiler record names for it; afterwards no one knows them".to_owned(),
        ),
        (Some(State::Unnamed | State::Remote), _) => make(
            "unknown-binary",
            "The profile does not say where its binary is.".to_owned(),
            format!("name the binary before the profile: liveheap doctor BINARY {}", case.source),
        ),
        (Some(State::Misplaced), _) => make(
            "misplaced",
            "Its addresses do not lie in the file that is here.".to_owned(),
            advice::fetch_binary(binary, case.source),
        ),
        (Some(State::Complete), Some(_)) => {
            let why = match binary.build_id.as_str() {
                "" => {
                    ": without a build id no one can tell whether the binary here is the one that ran"
                }
                _ => "",
            };
            let because =
                format!("The profile brought its own names, and what it lacks is not added{why}.");
            make(lack.kind(), because, "look all up anew: --symbolize=force".to_owned())
        }
        (_, Some(offer)) if !missing_units.is_empty() => make(
            "split-debug",
            format!(
                "{} files with its debug information are gone, such as {}.",
                missing_units.len(),
                missing_units[0].display()
            ),
            if offer.debug == "split" {
                advice::KEEP_SPLIT.to_owned()
            } else {
                advice::unstripped(offer, file, true)
            },
        ),
        (_, Some(offer)) => {
            let path = &offer.path;
            let because = match (offer.has_names(), offer.has_lines()) {
                (_, true) => format!("The debug information in {path} leaves this code out."),
                (true, false) => {
                    format!("{path} was stripped of its debug information, or built without.")
                }
                (false, false) => format!(
                    "{path} is stripped: it has neither .symtab nor debug information{}.",
                    match offer.exports {
                        0 => String::new(),
                        exports => format!(", only names of {exports} exported functions"),
                    }
                ),
            };
            make(lack.kind(), because, advice::unstripped(offer, file, true))
        }
        (_, None) => make(lack.kind(), String::new(), advice::fetch_binary(binary, case.source)),
    }
}

/// Lines are there, but what was inlined is described in files that are gone.
fn few_inlined(
    binary: &BinaryReport,
    outcome: Option<&Outcome>,
    shares: BinaryShares,
) -> Option<Finding> {
    let [first, rest @ ..] = outcome?.missing_units.as_slice() else { return None };
    if shares.of_total < WORTH_TELLING {
        return None;
    }
    let what = format!("Few inlined frames in code of {}", file_of(binary));
    let because = match rest.len() {
        0 => format!("They are described in {}, which is gone.", first.display()),
        more => {
            format!("They are described in {} and {more} more, which are gone.", first.display())
        }
    };
    let is_split = first.extension().is_some_and(|ending| ending == "dwo");
    let remedy = if is_split { advice::KEEP_SPLIT } else { advice::KEEP_COMMON }.to_owned();
    Some(finding("split-debug", 0.2, Some(shares.of_total), what, because, remedy))
}

/// Code that no binary has.
fn outside(case: &Case<'_>) -> Option<Finding> {
    let share = worth_telling(case.outside.leaf_unnamed, case.outside.frames_unnamed)?;
    if case.facts.without_address == case.facts.locations {
        return None;
    }
    Some(finding(
        "outside",
        share,
        Some(share),
        "No names for code outside of every binary that the profile names".to_owned(),
        "It was generated while the program ran, or its library was unloaded before the profile was \
         taken."
            .to_owned(),
        "take the profile while the library is loaded; of generated code only the program itself \
         knows the names"
            .to_owned(),
    ))
}

/// Names were looked up in a binary that may be another one.
fn unsure(
    binary: &BinaryReport,
    outcome: Option<&Outcome>,
    shares: BinaryShares,
) -> Option<Finding> {
    let offer = binary.offer.as_ref()?;
    let was_read = outcome.is_some_and(|outcome| outcome.binary.is_some());
    if !was_read || !binary.build_id.is_empty() || shares.of_total < WORTH_TELLING {
        return None;
    }
    let what = format!(
        "No one can tell whether {} is the build that ran: the profile has no build id for it",
        offer.path
    );
    let remedy = if offer.build_id.is_empty() {
        advice::ADD_BUILD_ID.to_owned()
    } else {
        format!("compare with the one that ran: the build id here is {}", offer.build_id)
    };
    Some(finding("no-build-id", 0.05, Some(shares.of_total), what, String::new(), remedy))
}

/// Binaries that are not here.
fn from_elsewhere(case: &Case<'_>, absent: &[(&BinaryReport, Lack)]) -> Option<Finding> {
    let (worst, lack) =
        absent.iter().max_by(|(_, one), (_, other)| one.weight.total_cmp(&other.weight))?;
    let with_file = case.binaries.iter().filter(|binary| !binary.tried.is_empty());
    let (files, here) = with_file.fold((0, 0), |(files, here), binary| {
        (files + 1, here + usize::from(binary.offer.is_some() || other_build(binary).is_some()))
    });
    let what = match (files, here) {
        (1, 0) => {
            format!("No {} for code of {}, which is not on this machine", lack.what, worst.file)
        }
        (files, 0) => format!(
            "No {}: the profile is from another machine or container, none of its {files} binaries \
             is here",
            lack.what
        ),
        _ => {
            let names: Vec<&str> = absent.iter().map(|(binary, _)| binary.file.as_str()).collect();
            format!("No {} for code that is not on this machine: {}", lack.what, names.join(", "))
        }
    };
    let because = format!("Looked in {} places, see below.", worst.tried.len());
    Some(finding(
        "not-here",
        lack.weight,
        Some(lack.share),
        what,
        because,
        advice::fetch_binary(worst, case.source),
    ))
}

fn of_stacks(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let stacks = case.facts.stacks;
    let mut add = |kind, factor: f64, share: f64, what: String, remedy: &str| {
        if share >= WORTH_TELLING {
            let remedy = remedy.to_owned();
            findings.push(finding(kind, factor * share, Some(share), what, String::new(), remedy));
        }
    };
    let absent = "Samples have no stack".to_owned();
    let remedy =
        "take a new profile; the profiler's remarks, if there are any, say what was in the way";
    add("no-stack", 0.9, stacks.absent, absent, remedy);
    let one_frame = "Stacks are one frame long: their callers are unknown".to_owned();
    add("one-frame", 0.8, stacks.one_frame, one_frame, advice::WHOLE_STACKS);
    let rootless = "Stacks end before they reach main or the start of a thread".to_owned();
    add("rootless", 0.7, stacks.rootless, rootless, advice::WHOLE_STACKS);
    let cut = format!("Stacks are cut at {DEEPEST} frames: what called these is unknown");
    let remedy = "read them from the leaf (top, peek, --focus); in a tree their roots mislead";
    add("cut", 0.6, stacks.cut, cut, remedy);
}

fn few_samples(case: &Case<'_>) -> Option<Finding> {
    let precision = &case.facts.precision;
    let (samples, error) = (precision.samples?, precision.relative_error?);
    if error <= COARSE {
        return None;
    }
    let unit = &precision.period_unit;
    let is_space = unit == "bytes";
    let because = format!(
        "The total is good to about ±{} only, and what is below {} is often missed.",
        rounded(error),
        label(precision.visible_from, unit)
    );
    let what = format!(
        "Only about {samples:.0} {} behind these numbers",
        if samples < 1.5 { "sample is" } else { "samples are" }
    );
    let remedy = if is_space {
        advice::finer_rate(precision.period, samples, is_go(&case.named.profile))
    } else {
        "take the profile for longer".to_owned()
    };
    Some(finding("few-samples", error * 0.9, None, what, because, remedy))
}

fn is_go(profile: &Profile) -> bool {
    profile.functions.iter().any(|function| profile.text(function.name).starts_with("runtime."))
}
