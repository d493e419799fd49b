//! A call graph as an SVG picture that needs no other program: it can be looked at with anything,
//! and a browser also moves, zooms and searches it.
//!
//! A [`Picture`] goes in, is laid out, and comes out as one file that refers to nothing outside.
//! Every node and arrow has a group with a `<title>`, which viewers show as a tooltip; nodes have
//! the ids `node1`, `node2`, ... as in the dot rendering.
//! The script in it is `svg/script.js`.

use std::fmt::{self, Write as _};

use crate::layout::{
    Course, EdgeLine, LINE_HEIGHT, Layout, Point, Rect, TextBlock, TextBox, layout,
};
use crate::picture::{Color, Picture};

/// White space around the drawing, in points.
const BORDER: f64 = 12.0;
/// Where letters stand in their line, as multiples of the font size below its middle.
const BASELINE: f64 = 0.35;

/// The picture as an SVG file.
pub(crate) fn write(picture: &Picture) -> String {
    let mut out = String::new();
    write_to(picture, &layout(picture), &mut out).expect("a String takes every text");
    out
}

fn write_to(picture: &Picture, layout: &Layout, out: &mut String) -> fmt::Result {
    let size = layout.size.grown(BORDER, BORDER);
    let (width, height) = (Number(size.width), Number(size.height));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}pt\" height=\"{height}pt\" \
         viewBox=\"0 0 {width} {height}\" text-anchor=\"middle\" \
         font-family=\"Helvetica,Arial,Liberation Sans,sans-serif\">"
    )?;
    if !picture.title.is_empty() {
        writeln!(out, "<title>{}</title>", Escaped(&picture.title))?;
    }
    writeln!(out, "<style>{}</style>", include_str!("svg/style.css"))?;
    writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>")?;
    writeln!(out, "<g id=\"viewport\"><g transform=\"translate({0} {0})\">", Number(BORDER))?;
    if let Some(legend) = &layout.legend {
        write_legend(picture, legend, out)?;
    }
    // Arrows first, so that no line is ever drawn over a text.
    for (edge, line) in picture.edges.iter().zip(&layout.edges) {
        let stroke = Stroke {
            color: edge.color.unwrap_or_default(),
            width: f64::from(edge.pen_width.max(1)),
            dotted: edge.residual,
        };
        let (from, to) = (picture.node_id(edge.from), picture.node_id(edge.to));
        write!(out, "<g class=\"edge\" data-from=\"{from}\" data-to=\"{to}\">")?;
        write_edge(&picture.edge_tooltip(edge), line, &stroke, out)?;
    }
    for (node, lines) in picture.nodes.iter().zip(&layout.tag_edges) {
        for (tag, line) in node.tags.iter().zip(lines) {
            let stroke = Stroke { color: Color::default(), width: 1.0, dotted: tag.dotted };
            write!(out, "<g class=\"edge\">")?;
            write_edge(&tag.value, line, &stroke, out)?;
        }
    }
    for (index, (node, text_box)) in picture.nodes.iter().zip(&layout.nodes).enumerate() {
        let id = picture.node_id(index);
        let tooltip = node.tooltip();
        write!(out, "<g class=\"node\" id=\"{id}\"><title>{}</title>", Escaped(&tooltip))?;
        write_rect(&text_box.rect, 0.0, node.fill, node.color, out)?;
        write_text_in(text_box, out)?;
        writeln!(out, "</g>")?;
        for (tag, text_box) in node.tags.iter().zip(&layout.tags[index]) {
            let (id, tooltip) = (Escaped(&tag.id), Escaped(&tag.value));
            write!(out, "<g class=\"tag\" id=\"{id}\"><title>{tooltip}</title>")?;
            write_rect(&text_box.rect, 4.0, TAG_FILL, Color::default(), out)?;
            write_text_in(text_box, out)?;
            writeln!(out, "</g>")?;
        }
    }
    writeln!(out, "</g></g>")?;
    writeln!(out, "<script><![CDATA[\n{}]]></script>", include_str!("svg/script.js"))?;
    writeln!(out, "</svg>")
}

/// The inside of tag boxes and of the legend.
const TAG_FILL: Color = Color::new(0xf8, 0xf8, 0xf8);

fn write_legend(picture: &Picture, legend: &TextBox, out: &mut String) -> fmt::Result {
    write!(out, "<g id=\"legend\"><title>{}</title>", Escaped(&picture.title))?;
    if !picture.legend_url.is_empty() {
        write!(out, "<a href=\"{}\" target=\"_blank\">", Escaped(&picture.legend_url))?;
    }
    write_rect(&legend.rect, 0.0, TAG_FILL, Color::default(), out)?;
    write_text_in(legend, out)?;
    if !picture.legend_url.is_empty() {
        out.push_str("</a>");
    }
    writeln!(out, "</g>")
}

/// How a line is drawn.
struct Stroke {
    color: Color,
    width: f64,
    dotted: bool,
}

/// The rest of an arrow's group, which is open, and its end.
fn write_edge(tooltip: &str, line: &EdgeLine, stroke: &Stroke, out: &mut String) -> fmt::Result {
    let Course { curve, tip, label } = &line.course;
    write!(out, "<title>{}</title>", Escaped(tooltip))?;
    if let [first, rest @ ..] = curve.as_slice() {
        let Stroke { color, width, dotted } = stroke;
        write!(out, "<path d=\"M{}", Place(first))?;
        for points in rest.chunks_exact(3) {
            let [one, two, end] = [Place(&points[0]), Place(&points[1]), Place(&points[2])];
            write!(out, "C{one} {two} {end}")?;
        }
        write!(out, "\" fill=\"none\" stroke=\"{color}\"")?;
        if *width > 1.0 {
            write!(out, " stroke-width=\"{}\"", Number(*width))?;
        }
        if *dotted {
            write!(out, " stroke-dasharray=\"{} {}\"", Number(*width), Number(width + 3.0))?;
        }
        out.push_str("/>");
        if let Some(base) = curve.last() {
            write_head(base, tip, stroke, out)?;
        }
    }
    write_text(&line.text, label.corner, label.size.width, out)?;
    writeln!(out, "</g>")
}

/// The triangle between the end of a curve and the box it points to.
fn write_head(base: &Point, tip: &Point, stroke: &Stroke, out: &mut String) -> fmt::Result {
    let (x, y) = (tip.x - base.x, tip.y - base.y);
    let length = x.hypot(y).max(1.0);
    let half = (3.0 + stroke.width * 0.75) / length;
    let one = Point::new(base.x - y * half, base.y + x * half);
    let other = Point::new(base.x + y * half, base.y - x * half);
    let color = stroke.color;
    let [one, tip, other] = [Place(&one), Place(tip), Place(&other)];
    write!(out, "<path class=\"head\" d=\"M{one}L{tip} {other}Z\" fill=\"{color}\"/>")
}

fn write_rect(
    rect: &Rect,
    rounding: f64,
    fill: Color,
    frame: Color,
    out: &mut String,
) -> fmt::Result {
    let Point { x, y } = rect.corner;
    let (x, y) = (Number(x), Number(y));
    let (width, height) = (Number(rect.size.width), Number(rect.size.height));
    write!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")?;
    if rounding > 0.0 {
        write!(out, " rx=\"{}\"", Number(rounding))?;
    }
    write!(out, " fill=\"{fill}\" stroke=\"{frame}\"/>")
}

/// The text of a box, in its middle.
fn write_text_in(text_box: &TextBox, out: &mut String) -> fmt::Result {
    let TextBox { rect, text } = text_box;
    let corner = Point::new(
        rect.center().x - text.size.width / 2.0,
        rect.center().y - text.size.height / 2.0,
    );
    write_text(text, corner, text.size.width, out)
}

fn write_text(text: &TextBlock, corner: Point, width: f64, out: &mut String) -> fmt::Result {
    for (index, line) in text.lines.iter().enumerate() {
        if line.text.is_empty() {
            continue;
        }
        let middle = (index as f64 + 0.5) * LINE_HEIGHT + BASELINE;
        let y = Number(corner.y + middle * text.font_size);
        let (anchor, x) =
            if line.left { (" text-anchor=\"start\"", 0.0) } else { ("", width / 2.0) };
        let (x, size) = (Number(corner.x + x), Number(text.font_size));
        let words = Escaped(&line.text);
        write!(out, "<text{anchor} x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{words}</text>")?;
    }
    Ok(())
}

/// A coordinate with one decimal, or none if that is 0.
struct Number(f64);

impl fmt::Display for Number {
    #[expect(clippy::cast_possible_truncation, reason = "a float saturates, far from any drawing")]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whole numbers are much faster to write, and a large picture has many coordinates.
        let tenths = (self.0 * 10.0).round() as i64;
        let sign = if tenths < 0 { "-" } else { "" };
        match (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10) {
            (whole, 0) => write!(formatter, "{sign}{whole}"),
            (whole, tenth) => write!(formatter, "{sign}{whole}.{tenth}"),
        }
    }
}

/// A point's coordinates.
struct Place<'a>(&'a Point);

impl fmt::Display for Place<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", Number(self.0.x), Number(self.0.y))
    }
}

/// A text as XML wants it. Characters that XML cannot hold become replacement characters.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\t' | '\n' => formatter.write_char(character)?,
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => formatter.write_char('\u{fffd}')?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
