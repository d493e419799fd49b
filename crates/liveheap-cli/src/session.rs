//! One profile and the options at hand: what a command line asks once, and a shell again and again.

use crate::binaries;
use crate::messages::{Message, say, say_plain};
use crate::options::Door;
use crate::options::commands::Command;
use crate::options::settings::{Names, Settings};
use crate::rust_names;
use crate::sources::Sources;
use crate::time_zone::TimeZone;
use anyhow::{Context, Result, bail};
use liveheap_profile::{LabelData, Profile, Samples};
use liveheap_report::{Answer, ErrorKind, Report, ReportKind, Surroundings, answer};
use std::cell::OnceCell;

/// One profile, and what the world looks like to its reports.
#[derive(Debug)]
pub(crate) struct Session {
    door: Door,
    profile: Profile,
    sources: Sources,
    time_zone: OnceCell<TimeZone>,
}

/// What the shell says when it starts.
#[derive(Debug, Default)]
pub(crate) struct Overview {
    /// What the profile is: file, type, time.
    pub(crate) lines: Vec<String>,
    /// Whether there is nothing to see although other sample types may have something.
    pub(crate) is_empty: bool,
    /// What else the user should hear, first.
    pub(crate) notes: Vec<String>,
}

impl Session {
    /// A session over a profile.
    pub(crate) fn new(door: Door, profile: Profile) -> Self {
        Self { door, profile, sources: Sources::new(door), time_zone: OnceCell::new() }
    }

    /// A session whose profile answers many times.
    pub(crate) fn lasting(door: Door, profile: Profile) -> Self {
        Self::new(door, without_empty_labels(profile))
    }

    /// Which door the user came through.
    pub(crate) fn door(&self) -> Door {
        self.door
    }

    /// The profile.
    pub(crate) fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Answers and keeps the profile.
    pub(crate) fn ask(
        &self,
        command: &Command,
        pattern: String,
        settings: &Settings,
    ) -> Result<Answer> {
        self.answer(self.profile.clone(), report_of(command, pattern)?, settings)
    }

    /// Answers once, without a copy of the profile.
    pub(crate) fn ask_once(
        mut self,
        command: &Command,
        pattern: String,
        settings: &Settings,
    ) -> Result<Answer> {
        let report = report_of(command, pattern)?;
        let profile = std::mem::take(&mut self.profile);
        self.answer(profile, report, settings)
    }

    fn answer(&self, profile: Profile, report: ReportKind, settings: &Settings) -> Result<Answer> {
        let is_disasm = matches!(report, ReportKind::Disasm(_));
        if self.door == Door::Pprof && settings.intel_syntax && is_disasm {
            // As `go tool pprof` says. Our own door can.
            bail!("printing assembly in Intel syntax is not supported");
        }
        let current_dir = std::env::current_dir()
            .map(|folder| folder.to_string_lossy().into_owned())
            .unwrap_or_default();
        let local_time = |moment| self.time_zone.get_or_init(TimeZone::local).at(moment);
        let mut surroundings = Surroundings {
            current_dir,
            read_file: &mut |path| self.sources.read(path),
            open_binary: &mut |profile, mapping| {
                binaries::open(profile, mapping, settings.syntax())
            },
            local_time: &local_time,
        };
        // What another tool reads on is not ours to rename.
        let profile =
            if is_for_tools(&report) { profile } else { renamed(profile, settings.names) };
        let answer = answer(profile, &settings.request(report.clone()), &mut surroundings);
        if self.door == Door::Own {
            self.sources.take_hints().into_iter().for_each(say_plain);
        }
        if let Err(error) = &answer {
            error.notes().iter().for_each(say_plain);
        }
        if settings.names == Some(Names::Short) && names_standard_module(settings, &report) {
            let found_nothing = match &answer {
                Ok(answer) => {
                    answer.notes.iter().any(|note| note.to_string().ends_with("matched no samples"))
                }
                Err(error) => error.kind() == ErrorKind::NoMatch,
            };
            if found_nothing {
                say(&Message::NamesAreShort);
            }
        }
        Ok(answer?)
    }

    /// The names of the functions as reports show them, sorted.
    pub(crate) fn function_names(&self, settings: &Settings) -> Vec<String> {
        let profile = renamed(self.profile.clone(), settings.names);
        let functions = profile.functions.iter();
        let mut names: Vec<String> =
            functions.map(|function| profile.text(function.name).to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What the profile is, for the shell's first words.
    pub(crate) fn overview(&self, settings: &Settings) -> Overview {
        let mut settings = settings.clone();
        settings.base.compact_labels = false;
        settings.base.filters = liveheap_report::Filters::default();
        if settings.base.unit == "minimum" {
            // No rows are shown whose numbers should have a unit in common.
            settings.base.unit = String::from("auto");
        }
        // A shell over a profile that no report can be made of still starts; each report will say
        // why it cannot be made.
        let Ok(answer) = self.answer(self.profile.clone(), ReportKind::Top, &settings) else {
            return Overview::default();
        };
        let notes = answer.notes.iter().map(ToString::to_string).collect();
        let Report::Top(top) = answer.report else { return Overview::default() };
        let shares = |line: &String| line.starts_with("Showing nodes accounting for");
        let end = top.header.iter().rposition(shares).unwrap_or(top.header.len());
        Overview {
            lines: top.header[..end].to_vec(),
            is_empty: top.total == 0 && self.profile.sample_types.len() > 1,
            notes,
        }
    }

    /// The names of the sample types, as `[alloc_space inuse_space]`.
    pub(crate) fn sample_types(&self) -> Vec<&str> {
        let types = self.profile.sample_types.iter();
        types.map(|sample_type| self.profile.text(sample_type.kind)).collect()
    }
}

fn report_of(command: &Command, pattern: String) -> Result<ReportKind> {
    command.report(pattern).with_context(|| {
        // What a session has went through the search for names already.
        format!("{0} is not for the shell: write `liveheap {0} SOURCE`", command.name)
    })
}

fn renamed(profile: Profile, names: Option<Names>) -> Profile {
    match names.unwrap_or(Names::Full) {
        Names::Short => rust_names::shorten(profile),
        Names::Full => profile,
        Names::Raw => rust_names::mangled(profile),
    }
}

/// Whether an expression has a module of the standard library in it, which short names may lack.
fn names_standard_module(settings: &Settings, report: &ReportKind) -> bool {
    let filters = &settings.base.filters;
    let argument = match report {
        ReportKind::Peek(name) | ReportKind::List(name) | ReportKind::WebList(name) => name,
        _ => "",
    };
    [&filters.focus, &filters.show, &filters.show_from, &filters.ignore, &filters.hide]
        .into_iter()
        .map(String::as_str)
        .chain([argument])
        .any(|text| ["alloc::", "core::", "std::"].iter().any(|start| text.contains(start)))
}

/// Whether a report is a profile again, as it is.
fn is_for_tools(report: &ReportKind) -> bool {
    matches!(report, ReportKind::Proto | ReportKind::TopProto | ReportKind::Raw)
}

/// Drops labels that are zero and have no unit: a profile that is written and read again loses
/// them, and pprof's shell does that to its profile.
fn without_empty_labels(mut profile: Profile) -> Profile {
    let is_empty =
        |value: LabelData| matches!(value, LabelData::Number { value: 0, unit } if unit.is_empty());
    let samples = &profile.samples;
    if !(0..samples.len())
        .any(|sample| samples.labels(sample).iter().any(|label| is_empty(label.value)))
    {
        return profile;
    }
    let mut kept = Samples::new(samples.width());
    let mut labels = Vec::new();
    for sample in 0..samples.len() {
        labels.clear();
        labels.extend(samples.labels(sample).iter().filter(|label| !is_empty(label.value)));
        kept.push(samples.stack(sample), samples.values(sample), &labels);
    }
    profile.samples = kept;
    profile
}

#[cfg(test)]
mod tests {
    use super::*;
    use liveheap_profile::{LabelValue, ProfileBuilder};

    #[test]
    fn a_label_of_zero_without_a_unit_is_no_label_in_a_shell() {
        let mut builder = ProfileBuilder::new(&[("space", "bytes")]);
        let (zero, bytes) = (LabelValue::Number(0, ""), LabelValue::Number(0, "bytes"));
        builder.sample(&[], &[1], &[("a", zero), ("b", bytes), ("c", LabelValue::Text("x"))]);
        let session = Session::lasting(Door::Own, builder.finish());
        let profile = session.profile();
        let keys: Vec<&str> =
            profile.samples.labels(0).iter().map(|label| profile.text(label.key)).collect();
        assert_eq!(keys, ["b", "c"]);
    }
}
