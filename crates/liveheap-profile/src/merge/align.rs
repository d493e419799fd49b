//! Makes profiles comparable before they are merged: the same sample types in the same order, in
//! the same units.

use crate::scale::{incompatible, scale};
use crate::units::{convert, same_family};
use crate::{Error, Profile, Samples, ValueType};
use std::collections::HashMap;

/// Keeps only the sample types that all profiles have, in the order of the first profile.
///
/// A profile that is changed thereby keeps its default sample type if that is still there, and else
/// gets the first one.
///
/// # Errors
/// `Incompatible` when nothing is left.
pub(super) fn common_types(profiles: Vec<Profile>) -> Result<Vec<Profile>, Error> {
    let Some(first) = profiles.first() else { return Ok(profiles) };
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for profile in &profiles {
        for of in &profile.sample_types {
            *seen.entry(profile.text(of.kind)).or_default() += 1;
        }
    }
    // A profile that has a type twice is counted twice, which is what pprof does.
    let kinds: Vec<String> = first
        .sample_types
        .iter()
        .map(|of| first.text(of.kind))
        .filter(|kind| seen[kind] == profiles.len())
        .map(str::to_owned)
        .collect();
    if kinds.is_empty() {
        return Err(incompatible("profiles have empty common sample type list"));
    }
    profiles.into_iter().map(|profile| restrict(profile, &kinds)).collect()
}

fn restrict(mut profile: Profile, kinds: &[String]) -> Result<Profile, Error> {
    let mut positions = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let position = profile.sample_types.iter().position(|of| profile.text(of.kind) == kind);
        let Some(position) = position else {
            return Err(incompatible(format!("{kind:?} sample type is not found in profile")));
        };
        positions.push(position);
    }
    if positions.iter().copied().eq(0..profile.sample_types.len()) {
        return Ok(profile);
    }
    profile.sample_types = positions.iter().map(|at| profile.sample_types[*at]).collect();
    if !profile.sample_types.iter().any(|of| of.kind == profile.default_sample_type) {
        profile.default_sample_type = profile.sample_types[0].kind;
    }
    let mut samples = Samples::new(positions.len());
    let mut values = Vec::with_capacity(positions.len());
    for sample in 0..profile.samples.len() {
        let old = &profile.samples;
        values.clear();
        values.extend(positions.iter().map(|position| old.values(sample)[*position]));
        samples.push(old.stack(sample), &values, old.labels(sample));
    }
    profile.samples = samples;
    Ok(profile)
}

/// Converts each sample type and the period to the finest unit that any profile has it in. One
/// profile alone stays as it is. Expects what [`common_types`] returned.
///
/// # Errors
/// `Incompatible` when two units are not of one family.
pub(super) fn common_units(mut profiles: Vec<Profile>) -> Result<Vec<Profile>, Error> {
    if profiles.len() < 2 {
        return Ok(profiles);
    }
    let period_unit = finest(&profiles, |profile| profile.period_type)
        .map_err(|what| incompatible(format!("period type: {what}")))?;
    let units = (0..profiles[0].sample_types.len())
        .map(|position| finest(&profiles, |profile| profile.sample_types[position]))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|what| incompatible(format!("sample types: {what}")))?;
    for profile in &mut profiles {
        let old = profile.text(profile.period_type.unit);
        profile.period = truncated(convert(profile.period, old, &period_unit).0);
        profile.period_type.unit = profile.strings.add(&period_unit);
        let mut ratios = Vec::with_capacity(units.len());
        for (position, unit) in units.iter().enumerate() {
            let old = profile.sample_types[position].unit;
            ratios.push(convert(1, profile.text(old), unit).0);
            profile.sample_types[position].unit = profile.strings.add(unit);
        }
        *profile = scale(std::mem::take(profile), &ratios);
    }
    Ok(profiles)
}

/// The finest unit of a value type that all profiles have, or what is wrong.
fn finest(profiles: &[Profile], of: impl Fn(&Profile) -> ValueType) -> Result<String, String> {
    let words = |profile: &Profile| {
        let value_type = of(profile);
        (profile.text(value_type.kind).to_owned(), profile.text(value_type.unit).to_owned())
    };
    let singular = |kind: &str| kind.strip_suffix('s').unwrap_or(kind).to_owned();
    let mut best = words(&profiles[0]);
    for profile in &profiles[1..] {
        let other = words(profile);
        if singular(&best.0) != singular(&other.0) || !same_family(&best.1, &other.1) {
            return Err(format!(
                "incompatible types: {{{} {}}} {{{} {}}}",
                best.0, best.1, other.0, other.1
            ));
        }
        if convert(1, &other.1, &best.1).0 < 1.0 {
            best = other;
        }
    }
    Ok(best.1)
}

#[expect(clippy::cast_possible_truncation, reason = "cut as pprof does, and saturating")]
fn truncated(number: f64) -> i64 {
    number as i64
}
