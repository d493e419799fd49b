//! What is looked at: stages that drop samples, frames and labels.
//!
//! A profile goes in, consumed; the profile with what the filters left comes out, with the notes
//! that the user should hear. Each stage decides once for every entry of a table (location,
//! function, text, distinct label) and then walks the samples once. The tables keep entries that
//! no sample uses any more, as pprof's do.

pub(crate) mod aggregate;
pub(crate) mod distinct_labels;
mod names;
mod prune;
pub(crate) mod tag_frames;
pub(crate) mod tag_units;
mod tags;
mod text_matcher;

pub use prune::drop_uninteresting;

use crate::error::{Error, Note};
use crate::pattern::Pattern;
use crate::request::Filters;
use liveheap_profile::Profile;
use names::NamePatterns;
use tag_units::TagUnits;
use tags::{KeyPatterns, TagFilters};

/// Applies all filters in pprof's order: names, show_from, tag values, tag keys, prune_from.
///
/// # Errors
/// The first expression that does not parse, in the order focus, ignore, hide, show, show_from,
/// tagfocus, tagignore, prune_from, tagshow, taghide.
pub(crate) fn filter(
    profile: Profile,
    filters: &Filters,
    units: &TagUnits,
) -> Result<(Profile, Vec<Note>), Error> {
    let names = NamePatterns::new(filters)?;
    let (tags, mut notes) = TagFilters::new(filters)?;
    let prune_from = Pattern::of_option("prune_from", &filters.prune_from)?;
    let keys = KeyPatterns::new(filters)?;

    let (profile, names_notes) = names::filter_names(profile, &names);
    let (profile, tags_notes) = tags::filter_tags(profile, &tags, units);
    let (profile, keys_notes) = tags::filter_tag_keys(profile, &keys);
    notes.extend(names_notes.into_iter().chain(tags_notes).chain(keys_notes));
    let profile = match prune_from {
        Some(pattern) => prune::prune_from(profile, &pattern),
        None => profile,
    };
    Ok((profile, notes))
}

/// The note that an option had no effect.
fn nothing_matched(option: &str) -> Note {
    Note::new(format!("{option} expression matched no samples"))
}
