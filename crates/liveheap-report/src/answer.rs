//! One request and one profile to one report.
//!
//! Goes in: the profile, consumed; the [`Request`]; and through [`Surroundings`] all that a report
//! may ask of the world. Comes out: the [`Report`], data that renders itself, and the notes that
//! the user should hear. Nothing is read or written here.

use crate::binary::Binary;
use crate::error::{Error, ErrorKind, Note};
use crate::filter::aggregate::aggregate;
use crate::filter::filter;
use crate::filter::tag_frames::add_tag_frames;
use crate::filter::tag_units::TagUnits;
use crate::graph::{
    Detail, Graph, GraphOptions, NodeOptions, NodeOrder, NodeTable, NumberFormat, Trim, Trimmed,
    trimmed,
};
use crate::legend::{Legend, Shown, profile_time};
use crate::numbers::Numbers;
use crate::paths;
use crate::pattern::Pattern;
use crate::render;
use crate::report::{PictureFormat, Report};
use crate::reports::callgrind::CallgrindReport;
use crate::reports::top::TopReport;
use crate::reports::traces::TracesReport;
use crate::reports::tree::TreeReport;
use crate::reports::web_list::WebListReport;
use crate::reports::{
    call_graph, callgrind, disasm, folded, list, proto, raw, tags, top, top_proto, tree, web_list,
};
use crate::request::{Granularity, ReportKind, Request, Sort};
use crate::sources::Sources;
use crate::value::{SampleValue, sample_index, total};
use liveheap_profile::{Mapping, Profile};
use std::fmt;
use std::io;

/// All that a report may ask of the world.
pub struct Surroundings<'a> {
    /// The folder in which relative source paths are looked for.
    pub current_dir: String,
    /// Reads a whole source file.
    pub read_file: &'a mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
    /// Opens the binary of a mapping of the profile, or says why it cannot and what to do.
    pub open_binary: &'a mut dyn FnMut(&Profile, &Mapping) -> Result<Binary, String>,
    /// The local time zone at a moment (seconds since the Unix epoch): seconds east of Greenwich
    /// and the zone's abbreviation.
    pub local_time: &'a dyn Fn(i64) -> (i32, String),
}

impl fmt::Debug for Surroundings<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Surroundings")
            .field("current_dir", &self.current_dir)
            .finish_non_exhaustive()
    }
}

/// A report, and what else the user should hear.
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The report.
    pub report: Report,
    /// Name of what its numbers are, such as `inuse_space`.
    pub sample_type: String,
    /// Their unit in the profile, such as `bytes`.
    pub unit: String,
    /// What else the user should hear, in order.
    pub notes: Vec<Note>,
}

impl Answer {
    /// Writes the report as JSON, in the schema of `docs/json.md`.
    ///
    /// # Errors
    /// What `out` fails with.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        render::json::write(self, out)
    }

    /// The report as comma-separated values; `None` when it is not a table.
    pub fn csv(&self) -> Option<String> {
        render::csv::table(self)
    }
}

/// Makes the report that `request` asks for.
///
/// # Errors
/// When an expression of the request does not parse, an option does not fit the profile, or
/// nothing matches where something has to.
pub fn answer(
    profile: Profile,
    request: &Request,
    surroundings: &mut Surroundings<'_>,
) -> Result<Answer, Error> {
    let request = &with_demands_of_report(request);
    let (units, mut notes) = TagUnits::identify(&profile);
    let filters = &request.filters;
    let (mut profile, tag_notes) =
        add_tag_frames(profile, &filters.tag_root, &filters.tag_leaf, &request.unit);
    notes.extend(tag_notes);
    if request.relative_percentages {
        let (filtered, filter_notes) = filter(profile, filters, &units)?;
        profile = filtered;
        notes.extend(filter_notes);
    }
    let value =
        SampleValue { index: sample_index(&profile, &request.sample_index)?, mean: request.mean };
    if request.divide_by == 0.0 {
        return Err(Error::new(ErrorKind::BadOption, "zero divisor specified"));
    }
    let argument = match &request.report {
        ReportKind::Peek(pattern)
        | ReportKind::List(pattern)
        | ReportKind::WebList(pattern)
        | ReportKind::Disasm(pattern) => Some(Pattern::of_argument(pattern)?),
        _ => None,
    };
    let total = total(&profile, value);
    if !request.relative_percentages {
        let (filtered, filter_notes) = filter(profile, filters, &units)?;
        profile = filtered;
        notes.extend(filter_notes);
    }
    let profile = aggregate(profile, request.granularity, request.no_inlines, request.show_columns);

    let sample_type = profile.sample_types[value.index];
    let numbers = Numbers {
        total,
        sample_unit: profile.text(sample_type.unit).to_owned(),
        output_unit: request.unit.clone(),
        ratio: 1.0 / request.divide_by,
    };
    let kind = profile.text(sample_type.kind);
    let sample_type = if request.mean { format!("mean_{kind}") } else { kind.to_owned() };
    let time = profile_time(&profile, surroundings.local_time);
    let unit = numbers.sample_unit.clone();
    let name = sample_type.clone();
    let question = Question { request, value, numbers, sample_type, time, units: &units };
    match question.report(profile, argument.as_ref(), surroundings, &mut notes) {
        Ok(report) => Ok(Answer { report, sample_type: name, unit, notes }),
        Err(error) => Err(error.after(notes)),
    }
}

/// Some reports need a certain granularity, all nodes, or a limit of their own.
fn with_demands_of_report(request: &Request) -> Request {
    let mut request = request.clone();
    let mut trim = request.trim;
    match &request.report {
        ReportKind::Disasm(_) => {
            trim = false;
            request.granularity = Granularity::Addresses;
            // Else an address with inlined frames would count once for each of them.
            request.no_inlines = true;
        }
        ReportKind::WebList(_) => {
            trim = false;
            request.granularity = Granularity::Addresses;
            request.no_inlines = false;
        }
        ReportKind::Peek(_) => trim = false,
        ReportKind::List(_) => {
            trim = false;
            request.granularity = Granularity::Lines;
        }
        ReportKind::Proto | ReportKind::Raw | ReportKind::Callgrind => {
            trim = false;
            request.granularity = Granularity::Addresses;
        }
        _ => {}
    }
    let default_count = match request.report {
        ReportKind::Top | ReportKind::TopProto => 0,
        _ => 80,
    };
    request.node_count = Some(request.node_count.unwrap_or(default_count));
    if !trim {
        request.node_count = Some(0);
        request.node_fraction = 0.0;
        request.edge_fraction = 0.0;
    }
    request
}

/// A request with what the profile says to it.
struct Question<'a> {
    request: &'a Request,
    value: SampleValue,
    numbers: Numbers,
    /// Name of what is shown, such as `inuse_space`.
    sample_type: String,
    /// The profile's time in the local zone.
    time: Option<String>,
    units: &'a TagUnits,
}

impl Question<'_> {
    fn report(
        mut self,
        profile: Profile,
        argument: Option<&Pattern>,
        surroundings: &mut Surroundings<'_>,
        notes: &mut Vec<Note>,
    ) -> Result<Report, Error> {
        match &self.request.report {
            ReportKind::Top => {
                let trimmed = self.graph(&profile, Detail::Inlining);
                let header = self.graph_lines(&profile, &trimmed, false);
                let rows = top::rows(&trimmed, &self.numbers);
                Ok(Report::Top(TopReport { header, total: self.numbers.total, rows }))
            }
            ReportKind::Tree | ReportKind::Peek(_) => {
                let detail = argument.map_or(Detail::Edges, Detail::EdgesAt);
                let trimmed = self.graph(&profile, detail);
                let header = self.graph_lines(&profile, &trimmed, false);
                let blocks = tree::blocks(&trimmed, &self.numbers, argument);
                if let Some(pattern) = argument
                    && blocks.is_empty()
                {
                    let text = format!("no matches found for regexp: {}", pattern.source());
                    return Err(Error::new(ErrorKind::NoMatch, text));
                }
                let has_nodes = !trimmed.graph.shown.is_empty();
                let total = self.numbers.total;
                Ok(Report::Tree(TreeReport { header, total, has_nodes, blocks }))
            }
            ReportKind::Dot | ReportKind::Svg => {
                let label_unit = self.bytes_unit(&profile);
                let output_unit = &self.request.unit;
                let format = NumberFormat { label_unit: &label_unit, output_unit };
                let trimmed = self.graph(&profile, Detail::Picture(format));
                let legend = self.graph_lines(&profile, &trimmed, true);
                let picture =
                    call_graph::picture(&trimmed, &self.numbers, main_binary(&profile), legend);
                let format = match self.request.report {
                    ReportKind::Svg => PictureFormat::Svg,
                    _ => PictureFormat::Dot,
                };
                Ok(Report::Picture(picture, format))
            }
            ReportKind::Callgrind => {
                let trimmed = self.graph(&profile, Detail::Edges);
                let event = format!("{}({})", self.sample_type, self.numbers.output_unit);
                let entries = callgrind::entries(&trimmed, &self.numbers);
                Ok(Report::Callgrind(CallgrindReport { event, entries }))
            }
            ReportKind::TopProto => {
                let trimmed = self.graph(&profile, Detail::Inlining);
                Ok(Report::Proto(Box::new(top_proto::profile(&trimmed, &self.numbers))))
            }
            ReportKind::List(_) => {
                let (table, options) = self.nodes(&profile, Detail::Inlining);
                let graph = Graph::whole(table, &options);
                let Request { source_path, trim_path, .. } = self.request;
                let mut sources = Sources::new(surroundings, source_path, trim_path);
                let pattern = argument.expect("the report has an argument");
                Ok(Report::List(list::list(&graph, pattern, self.numbers, &mut sources)?))
            }
            ReportKind::WebList(_) => {
                let header = self.legend(&profile).profile_lines(&self.numbers);
                let search = (self.request.source_path.as_str(), self.request.trim_path.as_str());
                let pattern = argument.expect("the report has an argument");
                let Self { value, numbers, .. } = self;
                let listing =
                    web_list::web_list(&profile, pattern, value, numbers, search, surroundings)?;
                Ok(Report::WebList(WebListReport { header, ..listing }))
            }
            ReportKind::Traces => {
                let header = self.legend(&profile).profile_lines(&self.numbers);
                let Self { value, numbers, units, .. } = self;
                let units = units.clone();
                let report = TracesReport { header, profile, value, numbers, units };
                Ok(Report::Traces(Box::new(report)))
            }
            ReportKind::Tags => {
                Ok(Report::Tags(tags::tags(&profile, self.value, self.numbers, self.units)))
            }
            ReportKind::Raw => {
                Ok(Report::Raw(Box::new(raw::raw(profile, surroundings.local_time))))
            }
            ReportKind::Comments => {
                let comments = profile.comments.iter().map(|text| profile.text(*text).to_owned());
                Ok(Report::Comments(comments.collect()))
            }
            ReportKind::Folded => {
                let report = folded::folded(&profile, self.value, &self.numbers);
                Ok(Report::Folded(report))
            }
            ReportKind::Proto => Ok(Report::Proto(Box::new(proto::proto(profile, &self.numbers)))),
            ReportKind::Disasm(_) => {
                let (table, options) = self.nodes(&profile, Detail::Inlining);
                let graph = Graph::whole(table, &options);
                let pattern = argument.expect("the report has an argument");
                Ok(Report::Disasm(disasm::disasm(
                    &graph,
                    pattern,
                    self.numbers,
                    surroundings,
                    notes,
                )?))
            }
        }
    }

    /// The trimmed graph; the unit of the numbers is settled by it.
    fn graph<'p>(&mut self, profile: &'p Profile, detail: Detail<'_>) -> Trimmed<'p> {
        let (table, options) = self.nodes(profile, detail);
        let trimmed = trimmed(table, &options);
        self.numbers.choose_unit(&trimmed.graph, self.request.report == ReportKind::Callgrind);
        trimmed
    }

    /// The nodes of the profile, and how the graph over them is built.
    fn nodes<'p, 'd>(
        &self,
        profile: &'p Profile,
        detail: Detail<'d>,
    ) -> (NodeTable<'p>, GraphOptions<'d>) {
        let request = self.request;
        let picture = matches!(detail, Detail::Picture(_));
        let callgrind = request.report == ReportKind::Callgrind;
        let needs_objects = callgrind
            || matches!(
                request.report,
                ReportKind::List(_) | ReportKind::WebList(_) | ReportKind::Disasm(_)
            );
        let nodes = NodeOptions {
            objects: needs_objects,
            trim: Some(Trim { trim_path: &request.trim_path, source_path: &request.source_path }),
        };
        let options = GraphOptions {
            value: self.value,
            order: match (picture, request.sort) {
                (true, _) => NodeOrder::Entropy,
                (false, Sort::Cum) => NodeOrder::Cum,
                (false, Sort::Flat) => NodeOrder::Flat,
            },
            call_tree: request.call_tree && (picture || callgrind),
            drop_negative: request.drop_negative,
            node_count: usize::try_from(request.node_count.unwrap_or(0)).unwrap_or(usize::MAX),
            node_fraction: request.node_fraction,
            edge_fraction: request.edge_fraction,
            detail,
        };
        (NodeTable::new(profile, &nodes), options)
    }

    fn legend<'p>(&'p self, profile: &'p Profile) -> Legend<'p> {
        Legend {
            profile,
            sample_type: &self.sample_type,
            filters: &self.request.filters,
            compact: self.request.compact_labels,
            node_fraction: self.request.node_fraction,
            edge_fraction: self.request.edge_fraction,
            time: self.time.clone(),
        }
    }

    fn graph_lines(&self, profile: &Profile, trimmed: &Trimmed<'_>, picture: bool) -> Vec<String> {
        let shown = Shown {
            flat_total: trimmed.graph.flat_total(),
            nodes: trimmed.graph.shown.len(),
            original_nodes: trimmed.original_count,
            dropped_nodes: trimmed.dropped_nodes,
            // Only a picture says how many edges it lacks.
            dropped_edges: if picture { trimmed.dropped_edges } else { 0 },
        };
        self.legend(profile).graph_lines(&self.numbers, &shown, picture)
    }

    /// The unit of the label `bytes`.
    fn bytes_unit(&self, profile: &Profile) -> String {
        let key = profile.strings.iter().find(|(_, text)| *text == "bytes");
        key.map_or_else(String::new, |(key, _)| self.units.unit(key).to_owned())
    }
}

/// The name of the main binary; empty when it is not known.
fn main_binary(profile: &Profile) -> &str {
    match profile.mappings.first() {
        Some(main) if !main.file.is_empty() => paths::base(profile.text(main.file)),
        _ => "",
    }
}

#[cfg(test)]
mod tests;
