//! Filters by label: tagfocus and tagignore look at values, tagshow and taghide at keys.
//!
//! A value filter is `[key=]range` or `[key=]expression,expression…`. A range (`32kb`, `4mb:`,
//! `:64kb`, `12kb:64mb`) looks at numbers, converted to the unit of its first bound; expressions
//! look at texts. With a key, one expression must match a value of that key; without one, each
//! must match some `key:value` of the sample.

use super::distinct_labels::DistinctLabels;
use super::nothing_matched;
use super::tag_units::TagUnits;
use crate::error::{Error, ErrorKind, Note};
use crate::pattern::{Pattern, bad_option};
use crate::request::Filters;
use liveheap_profile::units::convert;
use liveheap_profile::{Label, LabelData, Profile, Samples, StringId};

/// The two value filters; `None` for one that is not set.
#[derive(Debug)]
pub(super) struct TagFilters {
    focus: Option<TagFilter>,
    ignore: Option<TagFilter>,
}

/// One value filter.
#[derive(Debug)]
struct TagFilter {
    key: Option<String>,
    condition: Condition,
}

#[derive(Debug)]
enum Condition {
    Range(Range),
    Patterns(Vec<Pattern>),
}

/// Numbers from `least` to `most`, both included, in `unit`.
#[derive(Debug, PartialEq)]
struct Range {
    least: Option<f64>,
    most: Option<f64>,
    unit: String,
}

impl TagFilters {
    /// Reads both, and reports each that was taken for a range.
    ///
    /// # Errors
    /// The first that does not parse.
    pub(super) fn new(filters: &Filters) -> Result<(Self, Vec<Note>), Error> {
        let mut notes = Vec::new();
        let focus = TagFilter::new("tagfocus", &filters.tag_focus, &mut notes)?;
        let ignore = TagFilter::new("tagignore", &filters.tag_ignore, &mut notes)?;
        Ok((Self { focus, ignore }, notes))
    }
}

impl TagFilter {
    fn new(option: &str, text: &str, notes: &mut Vec<Note>) -> Result<Option<Self>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let (key, text) = match text.split_once('=') {
            Some((key, text)) => (Some(key).filter(|key| !key.is_empty()), text),
            None => (None, text),
        };
        let condition = if let Some(range) = parse_range(option, text)? {
            notes.push(Note::new(format!("{option}:Interpreted '{text}' as range, not regexp")));
            Condition::Range(range)
        } else {
            let patterns: Result<Vec<_>, _> = text.split(',').map(Pattern::new).collect();
            Condition::Patterns(patterns.map_err(|reason| bad_option(option, &reason))?)
        };
        Ok(Some(Self { key: key.map(String::from), condition }))
    }

    /// How many different things a sample's labels must fulfil together.
    fn demands(&self) -> usize {
        match &self.condition {
            Condition::Patterns(patterns) if self.key.is_none() => patterns.len(),
            _ => 1,
        }
    }

    /// Which of the demands a label fulfils, in order.
    fn fulfilled(&self, profile: &Profile, units: &TagUnits, label: &Label) -> Vec<bool> {
        let key = profile.text(label.key);
        let other_key = self.key.as_ref().is_some_and(|wanted| wanted != key);
        match (&self.condition, label.value) {
            _ if other_key => vec![false; self.demands()],
            (Condition::Range(range), LabelData::Number { value, .. }) => {
                vec![range.contains(value, units.unit(label.key))]
            }
            (Condition::Patterns(patterns), LabelData::Text(text)) => {
                let value = profile.text(text);
                if self.key.is_some() {
                    return vec![patterns.iter().any(|pattern| pattern.is_match(value))];
                }
                let pair = format!("{key}:{value}");
                patterns.iter().map(|pattern| pattern.is_match(&pair)).collect()
            }
            _ => vec![false; self.demands()],
        }
    }
}

/// Reads a range; `None` when the text is none.
fn parse_range(option: &str, text: &str) -> Result<Option<Range>, Error> {
    let mut bounds = bounds(text);
    let Some(first) = bounds.next() else { return Ok(None) };
    let second = bounds.next();
    let (has_least, has_most) = match (&second, text.split_once(first.text)) {
        (None, Some(("", ""))) => (true, true),
        (None, Some(("", ":"))) => (true, false),
        (None, Some((":", ""))) => (false, true),
        (Some(second), _) if text == format!("{}:{}", first.text, second.text) => (true, true),
        _ => return Ok(None),
    };
    let (number, unit) = first.scaled(option, first.unit)?;
    let (most, most_unit) = match second {
        Some(second) => second.scaled(option, unit)?,
        None => (number, unit),
    };
    if most_unit != unit {
        return Ok(None);
    }
    let least = has_least.then_some(number);
    Ok(Some(Range { least, most: has_most.then_some(most), unit: String::from(unit) }))
}

/// A number and its unit, as they stand in a range.
struct Bound<'a> {
    text: &'a str,
    number: &'a str,
    unit: &'a str,
}

/// All places of `text` that look like a number with or without sign and unit.
fn bounds(mut text: &str) -> impl Iterator<Item = Bound<'_>> {
    let end_of = |text: &str, start: usize, accepts: fn(&u8) -> bool| {
        start + text.as_bytes()[start..].iter().take_while(|byte| accepts(byte)).count()
    };
    std::iter::from_fn(move || {
        let first_digit = text.find(|c: char| c.is_ascii_digit())?;
        let signed = text[..first_digit].ends_with(['+', '-']);
        let start = if signed { first_digit - 1 } else { first_digit };
        let number_end = end_of(text, first_digit, u8::is_ascii_digit);
        let end = end_of(text, number_end, u8::is_ascii_alphabetic);
        let bound = Bound {
            text: &text[start..end],
            number: &text[start..number_end],
            unit: &text[number_end..end],
        };
        text = &text[end..];
        Some(bound)
    })
}

impl Bound<'_> {
    /// The number in the unit `to` and the name of that unit.
    fn scaled<'a>(&self, option: &str, to: &'a str) -> Result<(f64, &'a str), Error> {
        let number: i64 = self.number.parse().map_err(|_| {
            let message = format!("parsing {option}: the number {} is too large", self.number);
            Error::new(ErrorKind::BadExpression, message)
        })?;
        Ok(convert(number, self.unit, to))
    }
}

impl Range {
    fn contains(&self, value: i64, unit: &str) -> bool {
        let (value, unit) = convert(value, unit, &self.unit);
        unit == self.unit
            && self.least.is_none_or(|least| value >= least)
            && self.most.is_none_or(|most| value <= most)
    }
}

/// Which demands of one filter each distinct label fulfils, as rows of bits.
struct Decisions<'a> {
    filter: &'a TagFilter,
    /// Words of 64 bits in a row.
    words: usize,
    rows: Vec<u64>,
    /// The demands that the labels of the current sample fulfil together.
    fulfilled: Vec<u64>,
}

impl<'a> Decisions<'a> {
    fn new(filter: &'a TagFilter) -> Self {
        let words = filter.demands().div_ceil(64);
        Self { filter, words, rows: Vec::new(), fulfilled: vec![0; words] }
    }

    /// Adds the row of the label that was met for the first time.
    fn decide(&mut self, profile: &Profile, units: &TagUnits, label: &Label) {
        let first = self.rows.len();
        self.rows.resize(first + self.words, 0);
        let fulfilled = self.filter.fulfilled(profile, units, label);
        for (demand, _) in fulfilled.iter().enumerate().filter(|(_, fulfilled)| **fulfilled) {
            self.rows[first + demand / 64] |= 1 << (demand % 64);
        }
    }

    /// Whether the labels with these numbers fulfil all demands together.
    fn matches(&mut self, numbers: &[usize]) -> bool {
        self.fulfilled.fill(0);
        for number in numbers {
            let row = &self.rows[number * self.words..(number + 1) * self.words];
            for (sum, word) in self.fulfilled.iter_mut().zip(row) {
                *sum |= word;
            }
        }
        let count: u32 = self.fulfilled.iter().map(|word| word.count_ones()).sum();
        count as usize == self.filter.demands()
    }
}

/// Keeps the samples that match tagfocus and do not match tagignore.
pub(super) fn filter_tags(
    mut profile: Profile,
    filters: &TagFilters,
    units: &TagUnits,
) -> (Profile, Vec<Note>) {
    if filters.focus.is_none() && filters.ignore.is_none() {
        return (profile, Vec::new());
    }
    let mut focus = filters.focus.as_ref().map(Decisions::new);
    let mut ignore = filters.ignore.as_ref().map(Decisions::new);
    let (mut any_focused, mut any_ignored) = (false, false);
    let mut distinct = DistinctLabels::new();
    let mut numbers = Vec::new();
    let samples = std::mem::take(&mut profile.samples);
    let mut kept = Samples::new(samples.width());
    for sample in 0..samples.len() {
        numbers.clear();
        for label in samples.labels(sample) {
            let known = distinct.labels().len();
            let number = distinct.number(*label);
            if number == known {
                for decisions in [&mut focus, &mut ignore].into_iter().flatten() {
                    decisions.decide(&profile, units, label);
                }
            }
            numbers.push(number);
        }
        let focused = focus.as_mut().is_none_or(|focus| focus.matches(&numbers));
        let ignored = ignore.as_mut().is_some_and(|ignore| ignore.matches(&numbers));
        any_focused |= focused;
        any_ignored |= ignored;
        if focused && !ignored {
            kept.push(samples.stack(sample), samples.values(sample), samples.labels(sample));
        }
    }
    profile.samples = kept;
    let mut notes = Vec::new();
    if focus.is_some() && !any_focused {
        notes.push(nothing_matched("TagFocus"));
    }
    if ignore.is_some() && !any_ignored {
        notes.push(nothing_matched("TagIgnore"));
    }
    (profile, notes)
}

/// The two key filters; `None` for one that is not set.
#[derive(Debug)]
pub(super) struct KeyPatterns {
    show: Option<Pattern>,
    hide: Option<Pattern>,
}

impl KeyPatterns {
    /// Compiles them.
    ///
    /// # Errors
    /// The first that does not parse.
    pub(super) fn new(filters: &Filters) -> Result<Self, Error> {
        Ok(Self {
            show: Pattern::of_option("tagshow", &filters.tag_show)?,
            hide: Pattern::of_option("taghide", &filters.tag_hide)?,
        })
    }
}

/// Takes out the labels whose key does not match tagshow or matches taghide.
pub(super) fn filter_tag_keys(mut profile: Profile, keys: &KeyPatterns) -> (Profile, Vec<Note>) {
    if keys.show.is_none() && keys.hide.is_none() {
        return (profile, Vec::new());
    }
    let (mut any_shown, mut any_hidden) = (false, false);
    // For each text of the profile: whether labels with that key stay, once it is known.
    let mut stays: Vec<Option<bool>> = vec![None; profile.strings.len()];
    let mut decide = |profile: &Profile, key: StringId| {
        let text = profile.text(key);
        let shown = keys.show.as_ref().is_none_or(|show| show.is_match(text));
        let hidden = keys.hide.as_ref().is_some_and(|hide| hide.is_match(text));
        any_shown |= shown;
        any_hidden |= hidden;
        shown && !hidden
    };
    let samples = std::mem::take(&mut profile.samples);
    let mut kept = Samples::new(samples.width());
    let mut labels = Vec::new();
    for sample in 0..samples.len() {
        labels.clear();
        for label in samples.labels(sample) {
            let stays = &mut stays[label.key.get()];
            if *stays.get_or_insert_with(|| decide(&profile, label.key)) {
                labels.push(*label);
            }
        }
        kept.push(samples.stack(sample), samples.values(sample), &labels);
    }
    profile.samples = kept;
    let mut notes = Vec::new();
    if keys.show.is_some() && !any_shown {
        notes.push(nothing_matched("TagShow"));
    }
    if keys.hide.is_some() && !any_hidden {
        notes.push(nothing_matched("TagHide"));
    }
    (profile, notes)
}

#[cfg(test)]
mod tests;
