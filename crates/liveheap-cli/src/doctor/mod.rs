//! `liveheap doctor`: why names or lines are missing, how good the numbers are, and what to do.
//!
//! Goes in: the plan of a command line. Comes out: a [`Diagnosis`] as text or JSON. A profile is
//! fetched and named exactly as for a report ([`crate::fetch`], [`crate::names`]); what is here only
//! looks at the result. That there are findings is no failure.

mod advice;
mod diagnosis;
mod figures;
mod findings;
mod render;

use crate::fetch;
use crate::names::{self, Named};
use crate::options::high::{Plan, is_binary};
use crate::options::settings::Form;
use crate::output;
use anyhow::{Context, Result, anyhow, bail};
use diagnosis::{BinaryReport, Diagnosis, Offer, Place, ProfileFacts, SCHEMA};
use findings::Case;
use liveheap_profile::Profile;
use liveheap_report::sample_index;
use liveheap_symbols::{Options, State, Verdict, binary_facts, places_tried};
use std::path::Path;

/// Examines the sources of a plan and says what was found.
///
/// # Errors
/// When they cannot be read, or the answer cannot be written.
pub(crate) fn run(plan: Plan) -> Result<()> {
    if plan.settings.form == Form::Csv {
        bail!("doctor is not a table: --csv is for top, tree, peek and tags");
    }
    let diagnosis = match (plan.sources.as_slice(), &plan.executable) {
        ([source], None) if is_binary(source) => of_binary(source, &names::options())?,
        _ => of_plan(&plan)?,
    };
    let bytes = match plan.settings.form {
        Form::Json => {
            let mut json = serde_json::to_vec(&diagnosis).context("writing JSON")?;
            json.push(b'\n');
            json
        }
        _ => render::text(&diagnosis).into_bytes(),
    };
    output::deliver_bytes(bytes, &plan.settings)
}

/// What a profile of a binary would get.
fn of_binary(source: &str, options: &Options) -> Result<Diagnosis> {
    let facts =
        binary_facts(Path::new(source), options).map_err(|reason| anyhow!("{source}: {reason}"))?;
    let offer = Offer::new(&facts);
    Ok(Diagnosis {
        schema: SCHEMA,
        source: source.to_owned(),
        findings: findings::of_offer(source, &offer),
        profile: None,
        binaries: vec![BinaryReport {
            file: source.to_owned(),
            build_id: facts.build_id.clone(),
            shares: None,
            tried: Vec::new(),
            offer: Some(offer),
        }],
        unused_binaries: 0,
    })
}

fn of_plan(plan: &Plan) -> Result<Diagnosis> {
    let gathered = fetch::gather(plan)?;
    let named = names::look_up(gathered.profile, &gathered.origins, plan);
    let index = sample_index(&named.profile, &plan.settings.base.sample_index)?;
    Ok(of_profile(&plan.sources.join(" "), &named, index, &names::options()))
}

/// Examines a profile for which names were looked for; `index` says which of its values counts.
fn of_profile(source: &str, named: &Named, index: usize, options: &Options) -> Diagnosis {
    let profile = &named.profile;
    let facts = facts(profile, index);
    let mut shares = figures::of_binaries(profile, index);
    let outside = shares.pop().unwrap_or_default();
    let mut binaries = Vec::new();
    let mut mappings = Vec::new();
    for (position, shares) in shares.into_iter().enumerate() {
        if shares.addresses == 0 {
            continue;
        }
        let mapping = &profile.mappings[position];
        let (file, build_id) = (profile.text(mapping.file), profile.text(mapping.build_id));
        let state = named.outcomes.get(position).map(|outcome| &outcome.state);
        let may_be_here = !matches!(state, Some(State::NoBinary | State::Unnamed | State::Remote));
        let tried = match may_be_here && !file.is_empty() {
            true => places_tried(file, build_id, options),
            false => Vec::new(),
        };
        let taken = tried.last().filter(|tried| tried.verdict == Verdict::Taken);
        let offer = taken.and_then(|tried| binary_facts(&tried.path, options).ok());
        binaries.push(BinaryReport {
            file: file.to_owned(),
            build_id: build_id.to_owned(),
            shares: Some(shares),
            tried: Place::list(&tried),
            offer: offer.as_ref().map(Offer::new),
        });
        mappings.push(position);
    }
    let case =
        Case { source, named, facts: &facts, binaries: &binaries, mappings: &mappings, outside };
    Diagnosis {
        schema: SCHEMA,
        source: source.to_owned(),
        findings: findings::of_profile(&case),
        unused_binaries: profile.mappings.len() - binaries.len(),
        profile: Some(facts),
        binaries,
    }
}

fn facts(profile: &Profile, index: usize) -> ProfileFacts {
    let text = |id| profile.text(id).to_owned();
    let sample_type = &profile.sample_types[index];
    let without_address = profile.locations.iter().filter(|location| location.address == 0);
    ProfileFacts {
        sample_type: text(sample_type.kind),
        unit: text(sample_type.unit),
        total: figures::total(profile, index),
        rows: profile.samples.len(),
        precision: figures::precision(profile, index),
        stacks: figures::of_stacks(profile, index),
        locations: profile.locations.len(),
        without_address: without_address.count(),
        comments: profile.comments.iter().map(|comment| text(*comment)).collect(),
    }
}
