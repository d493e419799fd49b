//! What every layout must keep, checked on small graphs and on random ones.

use super::*;
use crate::picture::{PictureEdge, PictureNode};

/// Boxes `0..nodes` with arrows between them.
fn picture(nodes: usize, edges: &[(usize, usize)]) -> Picture {
    let node = |index: usize| PictureNode {
        name: vec![format!("module{index}"), "function".into()],
        values: vec!["1MB (10%)".into()],
        font_size: 8 + u32::try_from(index * 5 % 17).unwrap(),
        ..Default::default()
    };
    let edge = |&(from, to): &(usize, usize)| PictureEdge {
        from,
        to,
        value: "1MB".into(),
        weight: 1,
        pen_width: 1,
        inline: (from + to) % 5 == 0,
        ..Default::default()
    };
    Picture {
        nodes: (0..nodes).map(node).collect(),
        edges: edges.iter().map(edge).collect(),
        ..Default::default()
    }
}

fn tag(id: &str, parent: Option<usize>) -> TagBox {
    let (label, value) = ("user:ann\nroute:/".into(), "512kB".into());
    TagBox { id: id.into(), label, value, parent, dotted: false }
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.left() < other.right()
        && other.left() < one.right()
        && one.top() < other.bottom()
        && other.top() < one.bottom()
}

/// Points along a curve, close enough together that nothing of a box's size hides between them.
fn points_along(curve: &[Point]) -> Vec<Point> {
    let mut points = Vec::new();
    for start in (0..curve.len() - 1).step_by(3) {
        let [a, b, c, d] = curve[start..start + 4] else { panic!("three points for each piece") };
        for step in 0..=24 {
            let t = f64::from(step) / 24.0;
            let u = 1.0 - t;
            let mix = |a: f64, b: f64, c: f64, d: f64| {
                u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d
            };
            points.push(Point::new(mix(a.x, b.x, c.x, d.x), mix(a.y, b.y, c.y, d.y)));
        }
    }
    points
}

/// Lays out and checks all that must hold for every picture.
fn checked(picture: &Picture) -> Layout {
    let laid_out = layout(picture);
    assert_eq!(laid_out, layout(picture), "the same picture has the same layout");
    assert_eq!(laid_out.nodes.len(), picture.nodes.len());
    assert_eq!(laid_out.edges.len(), picture.edges.len());

    let all_boxes = laid_out.legend.iter().chain(&laid_out.nodes);
    let boxes: Vec<Rect> =
        all_boxes.chain(laid_out.tags.iter().flatten()).map(|it| it.rect).collect();
    let lines: Vec<&EdgeLine> =
        laid_out.edges.iter().chain(laid_out.tag_edges.iter().flatten()).collect();
    let labels = lines.iter().map(|line| line.course.label);
    let solid: Vec<Rect> = boxes.iter().copied().chain(labels).collect();
    for (index, one) in solid.iter().enumerate() {
        // Sums of the same numbers in another order differ in their last digits.
        let Size { width, height } = laid_out.size.grown(1e-6, 1e-6);
        assert!(one.left() >= -1e-6 && one.top() >= -1e-6, "{one:?} is on the page");
        assert!(one.right() <= width && one.bottom() <= height, "{one:?} is on the page");
        for other in &solid[index + 1..] {
            assert!(!overlap(one, other), "{one:?} and {other:?} are apart");
        }
    }
    for line in lines {
        for point in points_along(&line.course.curve) {
            for rect in &solid {
                let inside = point.x > rect.left() + 0.5
                    && point.x < rect.right() - 0.5
                    && point.y > rect.top() + 0.5
                    && point.y < rect.bottom() - 0.5;
                assert!(!inside, "the arrow at {point:?} keeps out of {rect:?}");
            }
        }
        let tip = line.course.tip;
        let head = (tip.x - line.course.curve[line.course.curve.len() - 1].x)
            .hypot(tip.y - line.course.curve[line.course.curve.len() - 1].y);
        assert!((head - route::HEAD_LENGTH).abs() < 0.1, "the arrowhead has room: {head}");
    }
    for (edge, line) in picture.edges.iter().zip(&laid_out.edges) {
        if edge.from == edge.to {
            continue;
        }
        let (from, to) = (laid_out.nodes[edge.from].rect, laid_out.nodes[edge.to].rect);
        let down = from.top() < to.top();
        for pair in points_along(&line.course.curve).windows(2) {
            let ahead = if down { pair[1].y - pair[0].y } else { pair[0].y - pair[1].y };
            assert!(ahead > -1e-6, "arrows never turn back: {pair:?}");
        }
        let ends = if down { (from.bottom(), to.top()) } else { (from.top(), to.bottom()) };
        assert!((line.course.curve[0].y - ends.0).abs() < 1e-6);
        assert!((line.course.tip.y - ends.1).abs() < 1e-6);
    }
    laid_out
}

/// Whether the boxes at the two ends of each arrow stand one below the other.
fn goes_down(layout: &Layout, edge: &PictureEdge) -> bool {
    layout.nodes[edge.from].rect.bottom() < layout.nodes[edge.to].rect.top()
}

/// Numbers below `below`, always the same ones for the same seed.
fn numbers(seed: usize) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |below| {
        state = (state * 1_103_515_245 + 12345) % 2_147_483_648;
        state / 65536 % below
    }
}

fn random_picture(seed: usize, nodes: usize, edges: usize) -> Picture {
    let mut random = numbers(seed);
    let mut pairs: Vec<(usize, usize)> =
        (0..edges).map(|_| (random(nodes), random(nodes))).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut picture = picture(nodes, &pairs);
    for node in (0..nodes).step_by(4) {
        picture.nodes[node].tags = vec![tag("N1_0", None), tag("N1_1", None), tag("N", Some(0))];
    }
    for edge in &mut picture.edges {
        edge.weight = u32::try_from(1 + random(100)).unwrap();
    }
    picture
}

#[test]
fn nothing_takes_no_room() {
    assert_eq!(layout(&Picture::default()), Layout::default());
}

#[test]
fn one_node_fills_the_page() {
    let layout = checked(&picture(1, &[]));
    assert_eq!(layout.size, layout.nodes[0].rect.size);
}

#[test]
fn callees_stand_below_their_callers() {
    let picture = picture(5, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)]);
    let layout = checked(&picture);
    assert!(picture.edges.iter().all(|edge| goes_down(&layout, edge)));
}

#[test]
fn a_chain_is_one_straight_line() {
    let layout = checked(&picture(4, &[(0, 1), (1, 2), (2, 3)]));
    let center = layout.nodes[0].rect.center().x;
    for node in &layout.nodes {
        assert!((node.rect.center().x - center).abs() <= 1.0);
    }
    for edge in &layout.edges {
        assert!(points_along(&edge.course.curve).iter().all(|at| (at.x - center).abs() <= 1.0));
    }
}

#[test]
fn only_the_arrow_that_closes_a_cycle_goes_up() {
    let picture = picture(4, &[(0, 1), (1, 2), (2, 3), (3, 1)]);
    let layout = checked(&picture);
    let down: Vec<bool> = picture.edges.iter().map(|edge| goes_down(&layout, edge)).collect();
    assert_eq!(down, [true, true, true, false]);
}

#[test]
fn a_loop_stays_at_its_box() {
    let layout = checked(&picture(3, &[(0, 1), (1, 1), (1, 2)]));
    let (rect, course) = (layout.nodes[1].rect, &layout.edges[1].course);
    assert_eq!((course.curve[0].x, course.tip.x), (rect.right(), rect.right()));
    assert!(course.label.left() > rect.right());
}

#[test]
fn arrows_both_ways_do_not_lie_on_each_other() {
    let layout = checked(&picture(2, &[(0, 1), (1, 0)]));
    let middles: Vec<f64> = layout.edges.iter().map(|edge| edge.course.label.left()).collect();
    assert!((middles[0] - middles[1]).abs() > 10.0);
}

#[test]
fn parts_without_arrows_between_them_stand_beside_each_other() {
    checked(&picture(7, &[(0, 1), (0, 2), (3, 4)]));
    checked(&picture(30, &[]));
}

#[test]
fn a_name_of_200_letters_is_broken() {
    let mut picture = picture(2, &[(0, 1)]);
    picture.nodes[0].name = vec!["x".repeat(200)];
    picture.nodes[0].font_size = 24;
    let layout = checked(&picture);
    assert!(layout.nodes[0].rect.size.width < 500.0);
    assert!(layout.nodes[0].text.lines.len() > 2);
}

#[test]
fn tag_boxes_stand_between_their_node_and_its_callees() {
    let mut picture = picture(2, &[(0, 1)]);
    picture.nodes[0].tags = vec![tag("N1_0", None), tag("NN1_0_0", Some(0)), tag("N1_1", None)];
    let layout = checked(&picture);
    let tops: Vec<f64> = layout.tags[0].iter().map(|tag| tag.rect.top()).collect();
    assert!(layout.nodes[0].rect.bottom() < tops[0]);
    assert!(tops[0] < tops[1], "a tag's own tag stands below it");
    assert!(layout.tags[0][2].rect.bottom() < layout.nodes[1].rect.top());
}

#[test]
fn the_legend_stands_at_the_top_left_and_clear_of_the_graph() {
    let mut picture = picture(9, &[(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (0, 6), (0, 7), (0, 8)]);
    picture.legend = vec!["File: server".into(), "Type: inuse_space".into()];
    let layout = checked(&picture);
    assert_eq!(layout.legend.unwrap().rect.corner, Point::default());
}

#[test]
fn arrows_to_nodes_that_do_not_exist_are_not_drawn() {
    let mut picture = picture(2, &[(0, 7), (0, 1)]);
    picture.nodes[1].tags = vec![tag("N2_0", Some(9))];
    let layout = layout(&picture);
    assert!(layout.edges[0].course.curve.is_empty());
    assert!(!layout.edges[1].course.curve.is_empty());
    assert!(!layout.tag_edges[1][0].course.curve.is_empty());
}

#[test]
fn random_graphs_keep_all_rules() {
    for seed in 0..12 {
        checked(&random_picture(seed, 5 + seed * 2, 6 + seed * 7));
    }
}

#[test]
fn a_box_with_a_hundred_callees_keeps_all_rules() {
    let edges: Vec<(usize, usize)> =
        (1..=100).map(|callee| (0, callee)).chain((1..100).map(|it| (it, 101))).collect();
    checked(&picture(102, &edges));
}
