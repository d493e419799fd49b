//! The SVG of small pictures.

use expect_test::expect;

use super::*;
use crate::picture::{PictureEdge, PictureNode, TagBox};

fn node(name: &str) -> PictureNode {
    PictureNode {
        name: vec![name.into()],
        values: vec!["3MB (30%)".into()],
        full_name: name.into(),
        cum: "3MB".into(),
        font_size: 10,
        color: Color::new(178, 0, 0),
        fill: Color::new(237, 213, 213),
        ..Default::default()
    }
}

#[test]
fn two_nodes_and_an_arrow() {
    let edge = PictureEdge {
        from: 0,
        to: 1,
        value: "3MB".into(),
        pen_width: 2,
        color: Some(Color::new(178, 0, 9)),
        ..Default::default()
    };
    let picture = Picture {
        title: "server".into(),
        nodes: vec![node("main"), node("Vec<T>")],
        edges: vec![edge],
        ..Default::default()
    };
    let svg = write(&picture);
    let body = svg.lines().filter(|line| line.contains("class=")).collect::<Vec<_>>().join("\n");
    expect![[r##"
        <g class="edge" data-from="node1" data-to="node2"><title>main -&gt; Vec&lt;T&gt; (3MB)</title><path d="M33 34C33 38 33 42 33 46C33 50.8 33 55.6 33 60.4C33 64.4 33 68.4 33 72.4" fill="none" stroke="#b20009" stroke-width="2"/><path class="head" d="M28.5 72.4L33 82.4 37.5 72.4Z" fill="#b20009"/><text text-anchor="start" x="38" y="57.4" font-size="12">3MB</text></g>
        <g class="node" id="node1"><title>main (3MB)</title><rect x="0" y="0" width="66" height="34" fill="#edd5d5" stroke="#b20000"/><text x="33" y="14.5" font-size="10">main</text><text x="33" y="26.5" font-size="10">3MB (30%)</text></g>
        <g class="node" id="node2"><title>Vec&lt;T&gt; (3MB)</title><rect x="0" y="82.4" width="66" height="34" fill="#edd5d5" stroke="#b20000"/><text x="33" y="96.9" font-size="10">Vec&lt;T&gt;</text><text x="33" y="108.9" font-size="10">3MB (30%)</text></g>"##]].assert_eq(&body);
}

#[test]
fn dotted_arrows_loops_and_tags_are_drawn() {
    let mut tagged = node("main");
    let tag = TagBox { id: "NN1_0".into(), label: "16kB".into(), ..Default::default() };
    tagged.tags = vec![TagBox { value: "1MB".into(), dotted: true, ..tag }];
    let edge = PictureEdge { residual: true, value: "2MB".into(), ..Default::default() };
    let picture = Picture { nodes: vec![tagged], edges: vec![edge], ..Default::default() };
    let svg = write(&picture);
    assert_eq!(svg.matches("stroke-dasharray").count(), 2);
    assert!(svg.contains("<title>main ... main (2MB)</title>"));
    assert!(svg.contains("id=\"NN1_0\"><title>1MB</title>"));
}

#[test]
fn legend_links_to_its_url() {
    let picture = Picture {
        legend: vec!["File: a & b".into()],
        legend_url: "https://example.com/?a=1&b=2".into(),
        ..Default::default()
    };
    let svg = write(&picture);
    assert!(svg.contains("<a href=\"https://example.com/?a=1&amp;b=2\" target=\"_blank\">"));
    assert!(svg.contains(">File: a &amp; b</text></a>"));
}

#[test]
fn names_cannot_end_the_markup_they_stand_in() {
    let picture = Picture { nodes: vec![node("\"]]></title>\u{1}<b>")], ..Default::default() };
    let svg = write(&picture);
    assert!(svg.contains("<title>&quot;]]&gt;&lt;/title&gt;\u{fffd}&lt;b&gt; (3MB)</title>"));
    assert!(!svg.contains("<b>"));
}

#[test]
fn numbers_have_a_decimal_only_where_it_says_something() {
    let texts: Vec<String> =
        [0.0, -0.04, 2.0, 2.04, 2.05, -2.16].map(|it| Number(it).to_string()).to_vec();
    assert_eq!(texts, ["0", "0", "2", "2", "2.1", "-2.2"]);
}

#[test]
fn the_script_and_the_style_cannot_end_what_they_stand_in() {
    assert!(!include_str!("script.js").contains("]]>"));
    assert!(!include_str!("style.css").contains(['<', '&']));
}
