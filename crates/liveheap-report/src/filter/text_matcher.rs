//! An expression that is tried once on each text of a profile.

use crate::pattern::Pattern;
use liveheap_profile::{Function, Profile, StringId};

/// A pattern and its answers so far.
pub(super) struct TextMatcher<'a> {
    pattern: &'a Pattern,
    /// For each text of the profile: not tried, or the answer.
    answers: Vec<Option<bool>>,
}

impl<'a> TextMatcher<'a> {
    /// Nothing tried yet.
    pub(super) fn new(pattern: &'a Pattern, profile: &Profile) -> Self {
        Self { pattern, answers: vec![None; profile.strings.len()] }
    }

    /// Whether a text of the profile matches.
    pub(super) fn matches(&mut self, profile: &Profile, id: StringId) -> bool {
        *self.answers[id.get()].get_or_insert_with(|| self.pattern.is_match(profile.text(id)))
    }

    /// For each function of the profile: whether its name or its file matches.
    pub(super) fn functions(&mut self, profile: &Profile) -> Vec<bool> {
        let matches = |function: &Function| {
            self.matches(profile, function.name) || self.matches(profile, function.file)
        };
        profile.functions.iter().map(matches).collect()
    }

    /// For each mapping of the profile: whether its file matches.
    pub(super) fn mappings(&mut self, profile: &Profile) -> Vec<bool> {
        profile.mappings.iter().map(|mapping| self.matches(profile, mapping.file)).collect()
    }
}
