//! A call graph as it is drawn: what stands in each box and on each arrow, before anything has a
//! place on the page.
//!
//! The graph's builder fills a [`Picture`]; the dot and the SVG renderings read it, so that both
//! say the same. Texts are plain here, each rendering escapes them its own way. A picture holds no
//! coordinates, no values to compute with and no ids of the profile.

use serde::{Serialize, Serializer};
use std::fmt;

/// A call graph with a legend, ready to be laid out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    /// Name of the program, or empty when it is not known.
    pub title: String,
    /// Lines of the box that says what is shown; empty for no such box.
    pub legend: Vec<String>,
    /// Where the legend links to; empty for no link.
    pub legend_url: String,
    /// The boxes, heaviest first as the report orders them.
    pub nodes: Vec<PictureNode>,
    /// The arrows, in the order in which they are written.
    pub edges: Vec<PictureEdge>,
    /// Names of nodes that have arrows but no box, because positive and negative values cancel out
    /// in them. An edge names them by positions behind those of `nodes`.
    pub unseen: Vec<String>,
}

/// One box of the graph: a function, file, line or instruction.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PictureNode {
    /// The short name in lines, split where it may break; an address stands in a line before it.
    /// A newline inside of a line begins a new one that is aligned to the left.
    pub name: Vec<String>,
    /// Lines after the name: file, file and line, or object file. They are never escaped in dot.
    pub place: Vec<String>,
    /// Lines with the values, such as `1MB (2%)` and `of 3MB (6%)`.
    pub values: Vec<String>,
    /// The whole name, for tooltips.
    pub full_name: String,
    /// What the node and all it called hold, with its unit, for the tooltip.
    pub cum: String,
    /// Size of the text in points, 8 to 24: the larger the more the node itself holds.
    pub font_size: u32,
    /// Colour of the frame.
    pub color: Color,
    /// Colour of the inside.
    pub fill: Color,
    /// Boxes below the node that split its value by labels, a parent before its children.
    pub tags: Vec<TagBox>,
}

/// A small box below a node: the part of its value that has a certain label.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TagBox {
    /// Unique name in the picture, such as `N1_0`, and `NN1_0` for a numeric label.
    pub id: String,
    /// The label's text; newlines begin new lines.
    pub label: String,
    /// The value on the arrow that leads to the box.
    pub value: String,
    /// The box above, as its position in the node's `tags`; `None` for the node itself.
    pub parent: Option<usize>,
    /// Whether the arrow is dotted: part of the value belongs to callees that are not shown.
    pub dotted: bool,
}

/// One arrow of the graph: calls from one node to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PictureEdge {
    /// The caller, as its position in `nodes`.
    pub from: usize,
    /// The callee, as its position in `nodes`; may be the caller, or unseen.
    pub to: usize,
    /// The value that flows along the arrow.
    pub value: String,
    /// Whether the callee was inlined into the caller.
    pub inline: bool,
    /// Whether nodes between the two are not shown.
    pub residual: bool,
    /// How much the layout should keep the arrow short and straight, 1 to 101.
    pub weight: u32,
    /// Width of the line in points, 1 to 6.
    pub pen_width: u32,
    /// Colour of the line; `None` for black.
    pub color: Option<Color>,
}

/// A colour, each part 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Picture {
    /// The id of a node in dot and SVG: `node1` for the first.
    pub fn node_id(&self, node: usize) -> String {
        format!("node{}", node + 1)
    }

    /// The whole name of a node, with a box or unseen; empty for positions that do not exist.
    pub fn name_of(&self, node: usize) -> &str {
        match self.nodes.get(node) {
            Some(node) => &node.full_name,
            None => self.unseen.get(node - self.nodes.len()).map_or("", String::as_str),
        }
    }

    /// The text shown over an arrow, `caller -> callee (value)`, with `...` for the arrow when
    /// nodes between are not shown. Positions that do not exist have an empty name.
    pub fn edge_tooltip(&self, edge: &PictureEdge) -> String {
        let name = |node: usize| self.name_of(node);
        let arrow = if edge.residual { "..." } else { "->" };
        format!("{} {arrow} {} ({})", name(edge.from), name(edge.to), edge.value)
    }

    /// Least number of ranks that an arrow goes down: 2 from a node with tag boxes, so that they
    /// have room, else 1.
    pub fn edge_min_length(&self, edge: &PictureEdge) -> u32 {
        match self.nodes.get(edge.from) {
            Some(node) if !node.tags.is_empty() => 2,
            _ => 1,
        }
    }
}

impl PictureNode {
    /// The text shown over a node: its whole name and what it holds with all it called.
    pub fn tooltip(&self) -> String {
        format!("{} ({})", self.full_name, self.cum)
    }
}

impl TagBox {
    /// The weight of the arrow to the box: it keeps the box right below its node.
    pub const WEIGHT: u32 = 100;
    /// Size of the text in points.
    pub const FONT_SIZE: u32 = 8;
}

impl Color {
    /// A colour of its three parts.
    pub const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }
}

/// As it is written in HTML.
impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `#rrggbb`, in lower case.
impl fmt::Display for Color {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn color_is_written_as_hex() {
        assert_eq!(Color::new(178, 0, 9).to_string(), "#b20009");
    }

    #[test]
    fn tooltip_of_an_arrow_tells_residual_from_direct() {
        let node = |name: &str| PictureNode { full_name: name.into(), ..Default::default() };
        let mut edge = PictureEdge { to: 1, value: "3MB".into(), ..Default::default() };
        let picture = Picture { nodes: vec![node("a::b"), node("c")], ..Default::default() };
        assert_eq!(picture.edge_tooltip(&edge), "a::b -> c (3MB)");
        edge.residual = true;
        assert_eq!(picture.edge_tooltip(&edge), "a::b ... c (3MB)");
    }

    #[test]
    fn arrows_leave_room_for_tag_boxes() {
        let mut picture = Picture::default();
        picture.nodes.push(PictureNode::default());
        let edge = PictureEdge::default();
        assert_eq!(picture.edge_min_length(&edge), 1);
        picture.nodes[0].tags.push(TagBox::default());
        assert_eq!(picture.edge_min_length(&edge), 2);
    }
}
