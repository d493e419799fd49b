//! A call graph in Graphviz's language, byte for byte as pprof writes it.
//!
//! A [`Picture`] goes in, the text of a dot file comes out. Names are escaped, everything else
//! (title, places, labels of tags, values) is written as it stands, because pprof does so.

use std::fmt::{self, Write as _};

use crate::picture::{Picture, PictureEdge, PictureNode, TagBox};

/// The picture as a dot file.
pub(crate) fn write(picture: &Picture) -> String {
    let mut out = String::new();
    write_to(picture, &mut out).expect("a String takes every text");
    out
}

fn write_to(picture: &Picture, out: &mut String) -> fmt::Result {
    let title = if picture.title.is_empty() { "unnamed" } else { &picture.title };
    writeln!(out, "digraph \"{title}\" {{")?;
    writeln!(out, "node [style=filled fillcolor=\"#f8f8f8\"]")?;
    write_legend(picture, out)?;
    for (index, node) in picture.nodes.iter().enumerate() {
        let name = format!("N{}", index + 1);
        write_node(&name, &picture.node_id(index), node, out)?;
        for tag in &node.tags {
            let parent = tag.parent.and_then(|parent| node.tags.get(parent));
            write_tag(parent.map_or(name.as_str(), |parent| &parent.id), tag, out)?;
        }
    }
    for edge in &picture.edges {
        write_edge(picture, edge, out)?;
    }
    writeln!(out, "}}")
}

fn write_legend(picture: &Picture, out: &mut String) -> fmt::Result {
    let Some(first) = picture.legend.first() else { return Ok(()) };
    write!(out, "subgraph cluster_L {{ \"{}\" [shape=box fontsize=16 label=\"", Escaped(first))?;
    for line in &picture.legend {
        write!(out, "{}\\l", Escaped(line))?;
    }
    out.push('"');
    if !picture.legend_url.is_empty() {
        write!(out, " URL=\"{}\" target=\"_blank\"", picture.legend_url)?;
    }
    if !picture.title.is_empty() {
        write!(out, " tooltip=\"{}\"", picture.title)?;
    }
    writeln!(out, "] }}")
}

fn write_node(name: &str, id: &str, node: &PictureNode, out: &mut String) -> fmt::Result {
    write!(out, "{name} [label=\"")?;
    for line in &node.name {
        write!(out, "{}\\n", Escaped(line))?;
    }
    for line in &node.place {
        write!(out, "{line}\\n")?;
    }
    for (index, line) in node.values.iter().enumerate() {
        let between = if index == 0 { "" } else { "\\n" };
        write!(out, "{between}{line}")?;
    }
    let PictureNode { font_size, cum, color, fill, .. } = node;
    let full_name = Escaped(&node.full_name);
    writeln!(
        out,
        "\" id=\"{id}\" fontsize={font_size} shape=box tooltip=\"{full_name} ({cum})\" \
         color=\"{color}\" fillcolor=\"{fill}\"]"
    )
}

/// A tag's box and the arrow to it from the box named `above`.
fn write_tag(above: &str, tag: &TagBox, out: &mut String) -> fmt::Result {
    let TagBox { id, value, .. } = tag;
    let (size, weight) = (TagBox::FONT_SIZE, TagBox::WEIGHT);
    let label = tag.label.replace('\n', "\\n");
    writeln!(
        out,
        "{id} [label = \"{label}\" id=\"{id}\" fontsize={size} shape=box3d tooltip=\"{value}\"]"
    )?;
    let style = if tag.dotted { " style=\"dotted\"" } else { "" };
    writeln!(
        out,
        "{above} -> {id} [label=\" {value}\" weight={weight} tooltip=\"{value}\" \
         labeltooltip=\"{value}\"{style}]"
    )
}

fn write_edge(picture: &Picture, edge: &PictureEdge, out: &mut String) -> fmt::Result {
    let inline = if edge.inline { "\\n (inline)" } else { "" };
    // A node without a box has the number 0.
    let number = |node: usize| if node < picture.nodes.len() { node + 1 } else { 0 };
    let (from, to) = (number(edge.from), number(edge.to));
    write!(out, "N{from} -> N{to} [label=\" {}{inline}\"", edge.value)?;
    // Graphviz takes 1 for both anyway.
    if edge.weight > 1 {
        write!(out, " weight={}", edge.weight)?;
    }
    if edge.pen_width > 1 {
        write!(out, " penwidth={}", edge.pen_width)?;
    }
    if let Some(color) = edge.color {
        write!(out, " color=\"{color}\"")?;
    }
    let (from, to) = (Escaped(picture.name_of(edge.from)), Escaped(picture.name_of(edge.to)));
    let arrow = if edge.residual { "..." } else { "->" };
    let tooltip = format!("{from} {arrow} {to} ({})", edge.value);
    write!(out, " tooltip=\"{tooltip}\" labeltooltip=\"{tooltip}\"")?;
    if edge.residual {
        out.push_str(" style=\"dotted\"");
    }
    match picture.edge_min_length(edge) {
        0 | 1 => {}
        ranks => write!(out, " minlen={ranks}")?,
    }
    writeln!(out, "]")
}

/// A text inside of quotes; a newline ends a line that is aligned to the left.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => formatter.write_str("\\\\")?,
                '"' => formatter.write_str("\\\"")?,
                '\n' => formatter.write_str("\\l")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::picture::Color;

    fn check(picture: &Picture, expected: Expect) {
        expected.assert_eq(&write(picture));
    }

    fn node(name: &str) -> PictureNode {
        PictureNode {
            name: name.split("::").map(String::from).collect(),
            values: vec!["0 of 3MB (30%)".into()],
            full_name: name.into(),
            cum: "3MB".into(),
            font_size: 8,
            color: Color::new(178, 0, 0),
            fill: Color::new(237, 213, 213),
            ..Default::default()
        }
    }

    fn edge(from: usize, to: usize, value: &str) -> PictureEdge {
        PictureEdge { from, to, value: value.into(), weight: 1, pen_width: 1, ..Default::default() }
    }

    #[test]
    fn a_graph_without_anything_is_unnamed_and_empty() {
        check(
            &Picture::default(),
            expect![[r##"
                digraph "unnamed" {
                node [style=filled fillcolor="#f8f8f8"]
                }
            "##]],
        );
    }

    #[test]
    fn legend_names_its_box_by_its_first_line() {
        let picture = Picture {
            title: "server".into(),
            legend: vec!["File: a\"b".into(), String::new(), "See the manual".into()],
            legend_url: "https://example.com".into(),
            ..Default::default()
        };
        check(
            &picture,
            expect![[r##"
                digraph "server" {
                node [style=filled fillcolor="#f8f8f8"]
                subgraph cluster_L { "File: a\"b" [shape=box fontsize=16 label="File: a\"b\l\lSee the manual\l" URL="https://example.com" target="_blank" tooltip="server"] }
                }
            "##]],
        );
    }

    #[test]
    fn weight_width_and_color_are_left_out_where_they_say_nothing() {
        let heavy = PictureEdge {
            weight: 31,
            pen_width: 2,
            color: Some(Color::new(178, 0, 9)),
            inline: true,
            ..edge(1, 0, "3MB")
        };
        let dotted = PictureEdge { residual: true, ..edge(0, 0, "1MB") };
        let picture = Picture {
            nodes: vec![node("std::read"), node("main")],
            edges: vec![heavy, dotted],
            ..Default::default()
        };
        check(
            &picture,
            expect![[r##"
                digraph "unnamed" {
                node [style=filled fillcolor="#f8f8f8"]
                N1 [label="std\nread\n0 of 3MB (30%)" id="node1" fontsize=8 shape=box tooltip="std::read (3MB)" color="#b20000" fillcolor="#edd5d5"]
                N2 [label="main\n0 of 3MB (30%)" id="node2" fontsize=8 shape=box tooltip="main (3MB)" color="#b20000" fillcolor="#edd5d5"]
                N2 -> N1 [label=" 3MB\n (inline)" weight=31 penwidth=2 color="#b20009" tooltip="main -> std::read (3MB)" labeltooltip="main -> std::read (3MB)"]
                N1 -> N1 [label=" 1MB" tooltip="std::read ... std::read (1MB)" labeltooltip="std::read ... std::read (1MB)" style="dotted"]
                }
            "##]],
        );
    }

    #[test]
    fn tag_boxes_follow_their_node_and_push_its_callees_down() {
        let tag = |id: &str, label: &str, parent| TagBox {
            id: id.into(),
            label: label.into(),
            value: "1MB".into(),
            parent,
            dotted: parent.is_some(),
        };
        let mut with_tags = node("main");
        with_tags.tags =
            vec![tag("N1_0", "user:ann\nroute:/", None), tag("NN1_0_0", "16kB", Some(0))];
        let picture = Picture {
            nodes: vec![with_tags, node("read")],
            edges: vec![edge(0, 1, "3MB")],
            ..Default::default()
        };
        check(
            &picture,
            expect![[r##"
                digraph "unnamed" {
                node [style=filled fillcolor="#f8f8f8"]
                N1 [label="main\n0 of 3MB (30%)" id="node1" fontsize=8 shape=box tooltip="main (3MB)" color="#b20000" fillcolor="#edd5d5"]
                N1_0 [label = "user:ann\nroute:/" id="N1_0" fontsize=8 shape=box3d tooltip="1MB"]
                N1 -> N1_0 [label=" 1MB" weight=100 tooltip="1MB" labeltooltip="1MB"]
                NN1_0_0 [label = "16kB" id="NN1_0_0" fontsize=8 shape=box3d tooltip="1MB"]
                N1_0 -> NN1_0_0 [label=" 1MB" weight=100 tooltip="1MB" labeltooltip="1MB" style="dotted"]
                N2 [label="read\n0 of 3MB (30%)" id="node2" fontsize=8 shape=box tooltip="read (3MB)" color="#b20000" fillcolor="#edd5d5"]
                N1 -> N2 [label=" 3MB" tooltip="main -> read (3MB)" labeltooltip="main -> read (3MB)" minlen=2]
                }
            "##]],
        );
    }

    #[test]
    fn names_are_escaped_and_places_are_not() {
        let mut named = node("a\"b\\c\nd");
        named.place = vec!["dir\\file.c:7".into()];
        named.values = vec!["1MB (10%)".into(), "of 3MB (30%)".into()];
        let picture = Picture { nodes: vec![named], ..Default::default() };
        check(
            &picture,
            expect![[r##"
                digraph "unnamed" {
                node [style=filled fillcolor="#f8f8f8"]
                N1 [label="a\"b\\c\ld\ndir\file.c:7\n1MB (10%)\nof 3MB (30%)" id="node1" fontsize=8 shape=box tooltip="a\"b\\c\ld (3MB)" color="#b20000" fillcolor="#edd5d5"]
                }
            "##]],
        );
    }
}
