//! Where the parts of a graph that no arrow joins stand, and where the legend does.
//!
//! Sizes and shapes go in, offsets come out. Parts keep their inner layout.

use super::geometry::{Point, Rect, Size};

/// Room between parts, and between the legend and the graph.
const DISTANCE: f64 = 24.0;
/// How much wider than high many parts together should be.
const ASPECT: f64 = 1.6;

/// The offset of each part, in rows with the largest parts first, and the size of the whole.
pub(super) fn shelves(parts: &[Size]) -> (Vec<Point>, Size) {
    let area = |part: &Size| (part.width + DISTANCE) * (part.height + DISTANCE);
    let widest = parts.iter().map(|part| part.width).fold(0.0, f64::max);
    let total: f64 = parts.iter().map(area).sum();
    let row_width = widest.max((total * ASPECT).sqrt());
    let mut largest_first: Vec<usize> = (0..parts.len()).collect();
    largest_first.sort_by(|one, other| area(&parts[*other]).total_cmp(&area(&parts[*one])));
    let mut offsets = vec![Point::default(); parts.len()];
    let mut whole = Size::default();
    let (mut x, mut y) = (0.0, 0.0);
    for part in largest_first {
        let Size { width, height } = parts[part];
        if x > 0.0 && x + width > row_width {
            (x, y) = (0.0, whole.height + DISTANCE);
        }
        offsets[part] = Point::new(x, y);
        whole.width = whole.width.max(x + width);
        whole.height = whole.height.max(y + height);
        x += width + DISTANCE;
    }
    (offsets, whole)
}

/// The offset that brings a graph clear of a legend at the top left: to the right of it, as far
/// as the graph's shapes at that height demand, or below it where that takes less room.
pub(super) fn beside_legend(legend: Size, graph: Size, shapes: &[Rect]) -> Point {
    let aside = shapes
        .iter()
        .filter(|shape| shape.top() < legend.height + DISTANCE)
        .map(|shape| legend.width + DISTANCE - shape.left())
        .fold(0.0, f64::max);
    let below = legend.height + DISTANCE;
    let beside_area = (graph.width + aside).max(legend.width) * graph.height.max(legend.height);
    let below_area = graph.width.max(legend.width) * (graph.height + below);
    if beside_area <= below_area { Point::new(aside, 0.0) } else { Point::new(0.0, below) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: f64, height: f64) -> Size {
        Size { width, height }
    }

    #[test]
    fn small_parts_fill_rows_below_the_large_one() {
        let (offsets, whole) = shelves(&[size(30.0, 10.0), size(100.0, 200.0), size(30.0, 10.0)]);
        assert_eq!(offsets[1], Point::new(0.0, 0.0));
        assert_eq!(offsets[0].x, 124.0);
        assert!(offsets[2].y > 0.0 || offsets[2].x > offsets[0].x);
        assert!(whole.height <= 244.0);
    }

    #[test]
    fn a_graph_that_is_narrow_at_the_top_slides_over_the_legend() {
        let shapes = [
            Rect { corner: Point::new(200.0, 0.0), size: size(100.0, 50.0) },
            Rect { corner: Point::new(0.0, 500.0), size: size(500.0, 50.0) },
        ];
        let offset = beside_legend(size(150.0, 80.0), size(500.0, 550.0), &shapes);
        assert_eq!(offset, Point::new(0.0, 0.0));
        let wider = beside_legend(size(230.0, 80.0), size(500.0, 550.0), &shapes);
        assert_eq!(wider, Point::new(54.0, 0.0));
    }

    #[test]
    fn a_wide_low_graph_stands_below_the_legend() {
        let shapes = [Rect { corner: Point::default(), size: size(300.0, 500.0) }];
        let offset = beside_legend(size(300.0, 60.0), size(300.0, 500.0), &shapes);
        assert_eq!(offset, Point::new(0.0, 84.0));
    }
}
