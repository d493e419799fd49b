//! The lines above a report: what was measured, when, and how much of it is shown.

use crate::graph::truncate;
use crate::numbers::Numbers;
use crate::request::Filters;
use crate::time::format_local;
use crate::{measure, paths};
use liveheap_profile::Profile;
use liveheap_profile::units::convert;

/// What the lines above a report are made from.
#[derive(Debug)]
pub(crate) struct Legend<'a> {
    pub(crate) profile: &'a Profile,
    /// Name of the sample type, such as `inuse_space` or `mean_delay`.
    pub(crate) sample_type: &'a str,
    pub(crate) filters: &'a Filters,
    /// Leave out the lines that say file, type and time.
    pub(crate) compact: bool,
    /// The share of the total below which nodes and edges were dropped.
    pub(crate) node_fraction: f64,
    pub(crate) edge_fraction: f64,
    /// The profile's time in the local zone; `None` when it has none.
    pub(crate) time: Option<String>,
}

/// How much of a graph is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// The flat sum of the shown nodes.
    pub(crate) flat_total: i64,
    /// How many nodes are shown.
    pub(crate) nodes: usize,
    /// Out of how many.
    pub(crate) original_nodes: usize,
    /// How many nodes were too light.
    pub(crate) dropped_nodes: usize,
    /// How many edges were too light; 0 where a report does not say.
    pub(crate) dropped_edges: usize,
}

impl Legend<'_> {
    /// File, build id, comments, type, time and duration.
    pub(crate) fn profile_lines(&self, numbers: &Numbers) -> Vec<String> {
        let profile = self.profile;
        let mut lines = Vec::new();
        if let Some(main) = profile.mappings.first() {
            if !main.file.is_empty() {
                lines.push(format!("File: {}", paths::base(profile.text(main.file))));
            }
            if !main.build_id.is_empty() {
                lines.push(format!("Build ID: {}", profile.text(main.build_id)));
            }
        }
        let comments = profile.comments.iter().map(|comment| profile.text(*comment));
        lines.extend(comments.filter(|text| !text.starts_with('#')).map(String::from));
        if !self.sample_type.is_empty() {
            lines.push(format!("Type: {}", self.sample_type));
        }
        if !profile.doc_url.is_empty() {
            lines.push(format!("Doc: {}", profile.text(profile.doc_url)));
        }
        if let Some(time) = &self.time {
            lines.push(format!("Time: {time}"));
        }
        if profile.duration_nanos != 0 {
            let duration = measure::label(profile.duration_nanos, "nanoseconds");
            let (nanos, unit) = convert(numbers.total, &numbers.sample_unit, "nanoseconds");
            let share = if unit == "ns" && nanos != 0.0 {
                format!("({})", measure::percentage(truncate(nanos), profile.duration_nanos))
            } else {
                String::new()
            };
            let total = numbers.label(numbers.total);
            lines.push(format!("Duration: {duration}, Total samples = {total} {share}"));
        }
        lines
    }

    /// All lines above a report over a graph. A picture has its own lines in full, and a hint.
    pub(crate) fn graph_lines(
        &self,
        numbers: &Numbers,
        shown: &Shown,
        picture: bool,
    ) -> Vec<String> {
        let full = picture || !self.compact;
        let mut lines = if full { self.profile_lines(numbers) } else { Vec::new() };
        lines.extend(self.filter_lines());
        let total = numbers.label(numbers.total);
        lines.push(format!(
            "Showing nodes accounting for {}, {} of {total} total",
            numbers.label(shown.flat_total),
            numbers.share(shown.flat_total).trim(),
        ));
        if numbers.total != 0 {
            let dropped = |count: usize, what: &str, by: &str, fraction: f64| {
                let plural = if count > 1 { "s" } else { "" };
                let cutoff = truncate(numbers.total as f64 * fraction).wrapping_abs();
                format!("Dropped {count} {what}{plural} ({by} <= {})", numbers.label(cutoff))
            };
            if shown.dropped_nodes > 0 {
                lines.push(dropped(shown.dropped_nodes, "node", "cum", self.node_fraction));
            }
            if shown.dropped_edges > 0 {
                lines.push(dropped(shown.dropped_edges, "edge", "freq", self.edge_fraction));
            }
            if shown.nodes > 0 && shown.nodes < shown.original_nodes {
                let Shown { nodes, original_nodes, .. } = shown;
                lines.push(format!("Showing top {nodes} nodes out of {original_nodes}"));
            }
        }
        if picture {
            lines.push(String::from("\nSee https://git.io/JfYMW for how to read the graph"));
        }
        lines
    }

    /// The filters in effect, each cut at 80 bytes.
    fn filter_lines(&self) -> Vec<String> {
        let Filters {
            focus,
            ignore,
            hide,
            show,
            show_from,
            tag_focus,
            tag_ignore,
            tag_show,
            tag_hide,
            ..
        } = self.filters;
        let named = [
            ("focus", focus),
            ("ignore", ignore),
            ("hide", hide),
            ("show", show),
            ("show_from", show_from),
            ("tagfocus", tag_focus),
            ("tagignore", tag_ignore),
            ("tagshow", tag_show),
            ("taghide", tag_hide),
        ];
        let mut lines = Vec::new();
        for (name, value) in named.into_iter().filter(|(_, value)| !value.is_empty()) {
            if lines.is_empty() {
                lines.push(String::from("Active filters:"));
            }
            let text = format!("{name}={value}");
            if text.len() > 80 {
                let cut = text.floor_char_boundary(80);
                lines.push(format!("   {}…", &text[..cut]));
            } else {
                lines.push(format!("   {text}"));
            }
        }
        lines
    }
}

/// The time of a profile as its lines say it; `None` for a profile without time.
pub(crate) fn profile_time(
    profile: &Profile,
    local_time: &dyn Fn(i64) -> (i32, String),
) -> Option<String> {
    (profile.time_nanos != 0).then(|| format_local(profile.time_nanos, local_time))
}
