//! The drawn call graph: what stands in each box and on each arrow.
//!
//! Sizes, colours and the grouping of tags are pprof's, so that both tools draw the same graph.

use crate::graph::{Edge, FastMap, Tag, Trimmed, Weight, mean, sorted_edges};
use crate::numbers::Numbers;
use crate::picture::{Color, Picture, PictureEdge, PictureNode, TagBox};
use crate::{measure, names, paths};
use liveheap_profile::units::convert;
use std::cmp::Reverse;

/// Most boxes of tags below a node, of text and of numeric ones each.
pub(crate) const TAG_LIMIT: usize = 4;

/// Makes the picture of a trimmed graph.
pub(crate) fn picture(
    trimmed: &Trimmed<'_>,
    numbers: &Numbers,
    title: &str,
    legend: Vec<String>,
) -> Picture {
    let graph = &trimmed.graph;
    let flat_of = |node: &u32| graph.weight(*node).flat_value().wrapping_abs();
    let largest_flat = graph.shown.iter().map(flat_of).max().unwrap_or(0);
    let nodes = graph
        .shown
        .iter()
        .enumerate()
        .map(|(position, &node)| draw_node(trimmed, numbers, node, position + 1, largest_flat));
    let mut positions: FastMap<u32, usize> =
        graph.shown.iter().enumerate().map(|(position, &node)| (node, position)).collect();
    let edges = sorted_edges(graph);
    let mut unseen = Vec::new();
    for edge in &edges {
        let next = positions.len();
        positions.entry(edge.to).or_insert_with(|| {
            unseen.push(graph.printed_name(edge.to).into_owned());
            next
        });
    }
    let draw_edge = |edge: &Edge| {
        let weight = edge.weight_value();
        // Integer division on purpose; a difference can have edges above its total.
        let share = |most: i64| {
            let share = weight.wrapping_mul(most).checked_div(numbers.total).unwrap_or(0);
            u32::try_from(share.wrapping_abs().min(most)).unwrap_or(0)
        };
        PictureEdge {
            from: positions[&edge.from],
            to: positions[&edge.to],
            value: numbers.label(weight),
            inline: edge.inline,
            residual: edge.residual,
            weight: 1 + share(100),
            pen_width: 1 + share(5),
            color: (numbers.total != 0).then(|| color(share_of(weight, numbers), Shade::Line)),
        }
    };
    Picture {
        title: title.to_owned(),
        legend,
        legend_url: String::new(),
        nodes: nodes.collect(),
        edges: edges.iter().map(draw_edge).collect(),
        unseen,
    }
}

fn draw_node(
    trimmed: &Trimmed<'_>,
    numbers: &Numbers,
    node: u32,
    number: usize,
    largest_flat: i64,
) -> PictureNode {
    let graph = &trimmed.graph;
    let table_node = graph.stands_for(node);
    let key = graph.table.key(table_node);
    let weight = graph.weight(node);
    let (flat, cum) = (weight.flat_value(), weight.cum_value());
    let labelled =
        |value: i64| format!("{} ({})", numbers.label(value), numbers.share(value).trim());
    let values = match (flat, cum) {
        (0, 0) => vec![String::from("0")],
        (0, _) => vec![format!("0 of {}", labelled(cum))],
        _ if flat == cum => vec![labelled(flat)],
        _ => vec![labelled(flat), format!("of {}", labelled(cum))],
    };
    let mut name = Vec::new();
    if key.address != 0 {
        name.push(names::address(key.address));
    }
    let function = graph.table.name(table_node);
    if !function.is_empty() {
        // The dots of Go's `[...]` are no place to break at.
        let shortened = names::shorten(function).replace("::", "\u{0}").replace("[...]", "[…]");
        name.extend(shortened.split(['\u{0}', '.']).map(String::from));
    }
    let file = graph.table.file(table_node);
    let file = if file.is_empty() { file } else { paths::base(file) };
    let score = share_of(cum, numbers);
    PictureNode {
        name,
        place: graph.table.place(table_node, file).into_iter().collect(),
        values,
        full_name: graph.printed_name(node).into_owned(),
        cum: numbers.label(cum),
        font_size: font_size(flat, largest_flat),
        color: color(score, Shade::Line),
        fill: color(score, Shade::Background),
        tags: tag_boxes(trimmed, numbers, node, number),
    }
}

/// A share of the total that keeps its sign; not a number when the total is 0.
fn share_of(value: i64, numbers: &Numbers) -> f64 {
    value as f64 / numbers.total.wrapping_abs() as f64
}

/// Size of a node's text in points: from 8 to 24 with the square root of its flat value.
fn font_size(flat: i64, largest_flat: i64) -> u32 {
    let magnitude = flat.wrapping_abs() as f64;
    let largest = largest_flat as f64;
    if largest == 0.0 || flat == 0 || magnitude > largest {
        return 8;
    }
    let growth = (16.0 * (magnitude / largest).sqrt()).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 16")]
    let growth = growth as u32;
    8 + growth
}

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shade {
    /// Frames and arrows: dark.
    Line,
    /// The inside of boxes: light.
    Background,
}

/// The colour of a share of the total, -1 to 1: from green over grey to red. Small shares are
/// pulled away from grey, so that their sign can be seen. A share of a total of 0 is not a number;
/// its colour has no green.
fn color(score: f64, shade: Shade) -> Color {
    let (full_saturation, value): (f64, f64) = match shade {
        Shade::Line => (1.0, 0.7),
        Shade::Background => (0.1, 0.93),
    };
    let score = score.clamp(-1.0, 1.0);
    let saturation =
        if score.abs() < 0.2 { full_saturation * (score.abs() / 0.2) } else { full_saturation };
    let shifted = score.signum() * score.abs().powf(0.3);
    let shifted = if score == 0.0 { 0.0 } else { shifted };
    let (red, green) = if shifted < 0.0 {
        (value * (1.0 + saturation * shifted), value)
    } else {
        (value, value * (1.0 - saturation * shifted))
    };
    let blue = value * (1.0 - saturation);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
    let part = |part: f64| (part * 255.0) as u8;
    Color::new(part(red), part(green), part(blue))
}

/// The boxes below a node that split its value by labels.
fn tag_boxes(trimmed: &Trimmed<'_>, numbers: &Numbers, node: u32, number: usize) -> Vec<TagBox> {
    let graph = &trimmed.graph;
    let Some(tags) = graph.tags(node) else { return Vec::new() };
    // A leaf shows all of its value, since what it called may have been dropped.
    let flat = !graph.edges_out_of(node).is_empty();
    let mut texts: Vec<&Tag> = tags.texts.iter().collect();
    sort_tags(&mut texts, flat);
    texts.truncate(TAG_LIMIT);
    let numbers_beside = |text: &str| {
        tags.numbers.iter().filter(|(beside, _)| beside == text).map(|(_, tag)| tag).collect()
    };
    let mut boxes = Vec::new();
    for (position, tag) in texts.into_iter().enumerate() {
        let value = if flat { tag.weight.flat_value() } else { tag.weight.cum_value() };
        if value == 0 {
            continue;
        }
        let id = format!("N{number}_{position}");
        let parent = boxes.len();
        boxes.push(TagBox {
            id: id.clone(),
            label: tag.name.clone(),
            value: numbers.label(value),
            parent: None,
            dotted: false,
        });
        boxes.extend(number_boxes(numbers_beside(&tag.name), flat, numbers, &id, Some(parent)));
    }
    boxes.extend(number_boxes(numbers_beside(""), flat, numbers, &format!("N{number}"), None));
    boxes
}

/// The boxes of numeric labels, gathered into few groups.
fn number_boxes(
    tags: Vec<&Tag>,
    flat: bool,
    numbers: &Numbers,
    above: &str,
    parent: Option<usize>,
) -> Vec<TagBox> {
    let mut boxes = Vec::new();
    for (position, tag) in group_numbers(tags, flat).iter().enumerate() {
        let (of_flat, of_cum) = (tag.weight.flat_value(), tag.weight.cum_value());
        let whole = flat || of_flat == of_cum;
        let value = if whole { of_flat } else { of_cum };
        if value != 0 {
            boxes.push(TagBox {
                id: format!("N{above}_{position}"),
                label: tag.name.clone(),
                value: numbers.label(value),
                parent,
                dotted: !whole,
            });
        }
    }
    boxes
}

/// Heaviest first, then by name.
fn sort_tags(tags: &mut [&Tag], flat: bool) {
    tags.sort_by(|one, other| {
        let key = |tag: &Tag| {
            let Weight { flat: of_flat, cum, .. } = tag.weight;
            let first = if flat { 0 } else { cum.wrapping_abs() };
            (Reverse(first), Reverse(of_flat.wrapping_abs()))
        };
        key(one).cmp(&key(other)).then_with(|| one.name.cmp(&other.name))
    });
}

/// Gathers numbers into at most [`TAG_LIMIT`] groups: the heaviest begin one each, the others join
/// the nearest.
fn group_numbers(mut tags: Vec<&Tag>, flat: bool) -> Vec<Tag> {
    sort_tags(&mut tags, flat);
    if tags.len() <= TAG_LIMIT {
        return tags.into_iter().cloned().collect();
    }
    let (first, others) = tags.split_at(TAG_LIMIT);
    let mut groups: Vec<Vec<&Tag>> = first.iter().map(|tag| vec![*tag]).collect();
    for tag in others {
        let distance = |group: &Vec<&Tag>| {
            let (value, _) = convert(group[0].value, &group[0].unit, &tag.unit);
            (tag.value as f64 - value).abs()
        };
        let mut nearest = 0;
        for position in 1..groups.len() {
            if distance(&groups[position]) < distance(&groups[nearest]) {
                nearest = position;
            }
        }
        groups[nearest].push(tag);
    }
    let gathered: Vec<Tag> = groups.iter().map(|group| gather(group)).collect();
    let mut sorted: Vec<&Tag> = gathered.iter().collect();
    sort_tags(&mut sorted, flat);
    sorted.into_iter().cloned().collect()
}

/// One tag for a group of numbers, named by its smallest and its largest. The numbers are shown in
/// units of their own: they are often much smaller than the values of the report.
fn gather(group: &[&Tag]) -> Tag {
    let shown = |tag: &Tag| measure::label(tag.value, &tag.unit);
    if let [only] = group {
        let flat = only.weight.flat_value();
        let cum = only.weight.cum_value();
        let weight = Weight { flat, cum, ..Weight::default() };
        return Tag { name: shown(only), weight, ..Tag::default() };
    }
    let (mut smallest, mut largest) = (group[0], group[0]);
    let mut sum = Weight::default();
    for tag in group {
        if tag.value < smallest.value {
            smallest = tag;
        }
        if tag.value > largest.value {
            largest = tag;
        }
        sum.add_flat(tag.weight.flat, tag.weight.flat_divisor);
        sum.add_cum(tag.weight.cum, tag.weight.cum_divisor);
    }
    let weight = Weight {
        flat: mean(sum.flat, sum.flat_divisor),
        cum: mean(sum.cum, sum.cum_divisor),
        ..Weight::default()
    };
    Tag { name: format!("{}..{}", shown(smallest), shown(largest)), weight, ..Tag::default() }
}
