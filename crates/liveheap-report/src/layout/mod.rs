//! Where everything in the picture of a call graph stands.
//!
//! A [`Picture`] goes in, a [`Layout`] comes out: boxes with their lines of text, curves of
//! arrows, labels, all in points from the top left corner. Callers stand above callees, in layers,
//! as Sugiyama, Tagawa and Toda drew graphs first: `layers` picks the layers, `order` the order in
//! each, `place` the coordinates, `route` the curves. Each part of the graph is drawn on its own,
//! then `pack` puts them together. The same picture always has the same layout. Colours and line
//! widths are not looked at.

mod geometry;
mod layers;
mod order;
mod pack;
mod place;
mod relax;
mod route;
mod simplex;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use geometry::{Point, Rect, Size};
pub(crate) use route::Course;
pub(crate) use text::{LINE_HEIGHT, TextBlock, TextLine};

use crate::picture::{Picture, TagBox};
use layers::{Arrow, Diagram};

/// A picture with a place for everything, in points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Layout {
    /// Size of the whole; all else lies between 0 and that.
    pub(crate) size: Size,
    /// The box that says what is shown.
    pub(crate) legend: Option<TextBox>,
    /// The boxes of the picture's nodes, in their order.
    pub(crate) nodes: Vec<TextBox>,
    /// The boxes of each node's tags, in their order.
    pub(crate) tags: Vec<Vec<TextBox>>,
    /// The picture's arrows, in their order. One that leads nowhere has an empty curve.
    pub(crate) edges: Vec<EdgeLine>,
    /// The arrows to each node's tag boxes, in their order.
    pub(crate) tag_edges: Vec<Vec<EdgeLine>>,
}

/// A box with text in its middle.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TextBox {
    pub(crate) rect: Rect,
    pub(crate) text: TextBlock,
}

/// An arrow with a text beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct EdgeLine {
    pub(crate) course: Course,
    pub(crate) text: TextBlock,
}

/// Size of the text beside arrows.
const EDGE_FONT_SIZE: f64 = 12.0;
/// Size of the text in the legend.
const LEGEND_FONT_SIZE: f64 = 16.0;
/// Room in a box to the left and right of its text.
const MARGIN_ACROSS: f64 = 8.0;
/// Room in a box above and below its text.
const MARGIN_ALONG: f64 = 5.0;

/// Lays a picture out.
pub(crate) fn layout(picture: &Picture) -> Layout {
    let texts = Texts::new(picture);
    let mut diagram = Diagram {
        boxes: texts
            .boxes
            .iter()
            .map(|text| text.size.grown(MARGIN_ACROSS, MARGIN_ALONG))
            .collect(),
        arrows: Vec::new(),
    };
    let sizes = texts.arrows.iter().map(|text| text.size);
    diagram
        .arrows
        .extend(arrows(picture).zip(sizes).map(|(arrow, label)| Arrow { label, ..arrow }));
    let known = |arrow: &Arrow| arrow.from < texts.boxes.len() && arrow.to < texts.boxes.len();
    let kept: Vec<bool> = diagram.arrows.iter().map(known).collect();
    diagram.arrows.retain(known);

    let mut drawing = draw(&diagram);
    let legend = legend(picture);
    if let Some(legend) = &legend {
        let offset = pack::beside_legend(legend.rect.size, drawing.size, &drawing.shapes());
        drawing.shift(offset);
        let Size { width, height } = legend.rect.size;
        drawing.size.width = drawing.size.width.max(width);
        drawing.size.height = drawing.size.height.max(height);
    }
    let mut courses = drawing.courses.into_iter();
    let courses = kept.into_iter().map(|kept| kept.then(|| courses.next()).flatten());
    let mut edges = courses
        .zip(texts.arrows)
        .map(|(course, text)| EdgeLine { course: course.unwrap_or_default(), text });
    let mut boxes =
        drawing.boxes.into_iter().zip(texts.boxes).map(|(rect, text)| TextBox { rect, text });
    // The order of the diagram: nodes before tags, arrows between nodes before those to tags.
    Layout {
        size: drawing.size,
        legend,
        nodes: boxes.by_ref().take(picture.nodes.len()).collect(),
        tags: picture
            .nodes
            .iter()
            .map(|node| boxes.by_ref().take(node.tags.len()).collect())
            .collect(),
        edges: edges.by_ref().take(picture.edges.len()).collect(),
        tag_edges: picture
            .nodes
            .iter()
            .map(|node| edges.by_ref().take(node.tags.len()).collect())
            .collect(),
    }
}

/// The texts of all boxes and arrows: nodes, then tags; arrows between nodes, then those to tags.
struct Texts {
    boxes: Vec<TextBlock>,
    arrows: Vec<TextBlock>,
}

impl Texts {
    fn new(picture: &Picture) -> Self {
        let mut boxes = Vec::new();
        for node in &picture.nodes {
            let lines = node.name.iter().chain(&node.place).chain(&node.values);
            boxes.push(TextBlock::wrapped(lines.map(String::as_str), f64::from(node.font_size)));
        }
        let mut arrows = Vec::new();
        for edge in &picture.edges {
            let inline = if edge.inline { Some("(inline)") } else { None };
            arrows.push(beside(std::iter::once(edge.value.as_str()).chain(inline)));
        }
        for tag in picture.nodes.iter().flat_map(|node| &node.tags) {
            boxes.push(TextBlock::wrapped(tag.label.split('\n'), f64::from(TagBox::FONT_SIZE)));
            arrows.push(beside([tag.value.as_str()]));
        }
        Self { boxes, arrows }
    }
}

/// Lines beside an arrow.
fn beside<'a>(lines: impl IntoIterator<Item = &'a str>) -> TextBlock {
    let line = |text: &str| TextLine { text: text.to_owned(), left: true };
    TextBlock::new(lines.into_iter().map(line).collect(), EDGE_FONT_SIZE)
}

fn legend(picture: &Picture) -> Option<TextBox> {
    if picture.legend.is_empty() {
        return None;
    }
    let line = |text: &String| TextLine { text: text.clone(), left: true };
    let text = TextBlock::new(picture.legend.iter().map(line).collect(), LEGEND_FONT_SIZE);
    let size = text.size.grown(MARGIN_ACROSS, MARGIN_ALONG);
    Some(TextBox { rect: Rect { corner: Point::default(), size }, text })
}

/// All arrows in the order of [`Texts`], without the sizes of their labels.
fn arrows(picture: &Picture) -> impl Iterator<Item = Arrow> {
    let between_nodes = picture.edges.iter().map(|edge| Arrow {
        from: edge.from,
        to: edge.to,
        weight: i64::from(edge.weight.max(1)),
        min_length: usize::try_from(picture.edge_min_length(edge)).unwrap_or(1),
        label: Size::default(),
    });
    let mut tags_before = picture.nodes.len();
    let to_tags = picture.nodes.iter().enumerate().flat_map(move |(index, node)| {
        let first = tags_before;
        tags_before += node.tags.len();
        node.tags.iter().enumerate().map(move |(tag_index, tag)| Arrow {
            from: tag.parent.filter(|parent| *parent < tag_index).map_or(index, |it| first + it),
            to: first + tag_index,
            weight: i64::from(TagBox::WEIGHT),
            min_length: 1,
            label: Size::default(),
        })
    });
    between_nodes.chain(to_tags)
}

/// A diagram with a place for everything.
#[derive(Debug, Default)]
struct Drawing {
    boxes: Vec<Rect>,
    courses: Vec<Course>,
    size: Size,
}

impl Drawing {
    /// Rectangles around all that is drawn.
    fn shapes(&self) -> Vec<Rect> {
        let mut shapes = self.boxes.clone();
        for course in &self.courses {
            shapes.push(course.label);
            // A Bézier curve lies within the corners of its four points.
            for start in (0..course.curve.len().saturating_sub(1)).step_by(3) {
                let points = &course.curve[start..start + 4];
                let least = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::MAX, f64::min);
                let most = |of: fn(&Point) -> f64| points.iter().map(of).fold(f64::MIN, f64::max);
                let corner = Point::new(least(|point| point.x), least(|point| point.y));
                let width = most(|point| point.x) - corner.x;
                let height = most(|point| point.y) - corner.y;
                shapes.push(Rect { corner, size: Size { width, height } });
            }
        }
        shapes
    }

    /// Moves everything and lets the size grow by that.
    fn shift(&mut self, by: Point) {
        self.boxes.iter_mut().for_each(|rect| *rect = rect.moved(by));
        for course in &mut self.courses {
            course.curve.iter_mut().for_each(|point| *point = point.moved(by));
            course.tip = course.tip.moved(by);
            course.label = course.label.moved(by);
        }
        self.size.width += by.x;
        self.size.height += by.y;
    }

    /// Moves everything to the top left, and measures it.
    fn fit(&mut self) {
        let shapes = self.shapes();
        let left = shapes.iter().map(Rect::left).fold(f64::MAX, f64::min);
        let top = shapes.iter().map(Rect::top).fold(f64::MAX, f64::min);
        let right = shapes.iter().map(Rect::right).fold(f64::MIN, f64::max);
        let bottom = shapes.iter().map(Rect::bottom).fold(f64::MIN, f64::max);
        self.size = Size { width: right, height: bottom };
        self.shift(Point::new(-left, -top));
    }
}

/// Draws each connected part, then puts the parts together.
fn draw(diagram: &Diagram) -> Drawing {
    let part_of = parts(diagram);
    let count = part_of.iter().max().map_or(0, |last| last + 1);
    let mut smaller: Vec<Diagram> = (0..count).map(|_| Diagram::default()).collect();
    let mut numbers = vec![0; diagram.boxes.len()];
    for (index, size) in diagram.boxes.iter().enumerate() {
        let part = &mut smaller[part_of[index]];
        numbers[index] = part.boxes.len();
        part.boxes.push(*size);
    }
    for arrow in &diagram.arrows {
        let (from, to) = (numbers[arrow.from], numbers[arrow.to]);
        smaller[part_of[arrow.from]].arrows.push(Arrow { from, to, ..*arrow });
    }
    let mut drawings: Vec<Drawing> = smaller.iter().map(draw_part).collect();
    let sizes: Vec<Size> = drawings.iter().map(|drawing| drawing.size).collect();
    let (offsets, size) = pack::shelves(&sizes);
    for (drawing, offset) in drawings.iter_mut().zip(offsets) {
        drawing.shift(offset);
    }
    let mut whole = Drawing { size, ..Drawing::default() };
    for (index, part) in part_of.iter().enumerate() {
        whole.boxes.push(drawings[*part].boxes[numbers[index]]);
    }
    let mut courses: Vec<_> =
        drawings.into_iter().map(|drawing| drawing.courses.into_iter()).collect();
    for arrow in &diagram.arrows {
        whole.courses.extend(courses[part_of[arrow.from]].next());
    }
    whole
}

/// The part that each box belongs to, numbered by the parts' first boxes.
fn parts(diagram: &Diagram) -> Vec<usize> {
    let mut neighbors = vec![Vec::new(); diagram.boxes.len()];
    for arrow in &diagram.arrows {
        neighbors[arrow.from].push(arrow.to);
        neighbors[arrow.to].push(arrow.from);
    }
    let mut parts = vec![usize::MAX; diagram.boxes.len()];
    let mut count = 0;
    let mut stack = Vec::new();
    for start in 0..parts.len() {
        if parts[start] != usize::MAX {
            continue;
        }
        parts[start] = count;
        stack.push(start);
        while let Some(vertex) = stack.pop() {
            for neighbor in &neighbors[vertex] {
                if parts[*neighbor] == usize::MAX {
                    parts[*neighbor] = count;
                    stack.push(*neighbor);
                }
            }
        }
        count += 1;
    }
    parts
}

/// Draws a connected diagram with its top left corner at 0.
fn draw_part(diagram: &Diagram) -> Drawing {
    let mut layered = layers::layered(diagram);
    order::order(&mut layered);
    let weights: Vec<i64> = diagram.arrows.iter().map(|arrow| arrow.weight).collect();
    let places = place::place(&layered, &weights);
    let boxes: Vec<Rect> = diagram
        .boxes
        .iter()
        .enumerate()
        .map(|(index, size)| {
            let layer = layered.vertices[index].layer;
            let y = f64::midpoint(places.tops[layer], places.bottoms[layer]);
            Rect::around(Point::new(places.xs[index], y), *size)
        })
        .collect();
    let courses = route::route(diagram, &layered, &places, &boxes);
    let mut drawing = Drawing { boxes, courses, size: Size::default() };
    drawing.fit();
    drawing
}
