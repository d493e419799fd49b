//! Each report's JSON and CSV on one small profile.

use crate::answer::{Surroundings, answer};
use crate::fixture;
use crate::request::{ReportKind, Request};
use expect_test::{Expect, expect};
use std::io;

const POOL: &str = "
    main;serve+fill 300 bytes#100 zone=\"eu\"
    main;log,all 100
";

fn made(report: ReportKind) -> crate::answer::Answer {
    let mut surroundings = Surroundings {
        current_dir: String::new(),
        read_file: &mut |_| Err(io::ErrorKind::NotFound.into()),
        open_binary: &mut |_, _| Err(String::from("no binaries here")),
        local_time: &|_| (0, String::from("UTC")),
    };
    answer(fixture::profile(POOL), &Request::new(report), &mut surroundings).unwrap()
}

fn check(report: ReportKind, expected: Expect) {
    let mut out = Vec::new();
    made(report).write_json(&mut out).unwrap();
    // Read back, so that the golden is wrapped and every byte was valid.
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    expected.assert_eq(&serde_json::to_string_pretty(&value).unwrap());
}

#[test]
fn top_has_numbers_and_texts() {
    check(
        ReportKind::Top,
        expect![[r#"
        {
          "data": {
            "header": [
              "Type: space",
              "Showing nodes accounting for 400B, 100% of 400B total"
            ],
            "rows": [
              {
                "cum": 300,
                "cum_label": "300B",
                "flat": 300,
                "flat_label": "300B",
                "inlining": "full",
                "name": "fill"
              },
              {
                "cum": 100,
                "cum_label": "100B",
                "flat": 100,
                "flat_label": "100B",
                "inlining": "none",
                "name": "log,all"
              },
              {
                "cum": 400,
                "cum_label": "400B",
                "flat": 0,
                "flat_label": "0",
                "inlining": "none",
                "name": "main"
              },
              {
                "cum": 300,
                "cum_label": "300B",
                "flat": 0,
                "flat_label": "0",
                "inlining": "none",
                "name": "serve"
              }
            ],
            "total": 400
          },
          "notes": [],
          "report": "top",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn tree_has_both_sides() {
    check(
        ReportKind::Tree,
        expect![[r#"
        {
          "data": {
            "blocks": [
              {
                "callees": [],
                "callers": [
                  {
                    "inline": true,
                    "label": "300B",
                    "name": "serve",
                    "weight": 300
                  }
                ],
                "cum": 300,
                "cum_label": "300B",
                "flat": 300,
                "flat_label": "300B",
                "name": "fill"
              },
              {
                "callees": [],
                "callers": [
                  {
                    "inline": false,
                    "label": "100B",
                    "name": "main",
                    "weight": 100
                  }
                ],
                "cum": 100,
                "cum_label": "100B",
                "flat": 100,
                "flat_label": "100B",
                "name": "log,all"
              },
              {
                "callees": [
                  {
                    "inline": false,
                    "label": "300B",
                    "name": "serve",
                    "weight": 300
                  },
                  {
                    "inline": false,
                    "label": "100B",
                    "name": "log,all",
                    "weight": 100
                  }
                ],
                "callers": [],
                "cum": 400,
                "cum_label": "400B",
                "flat": 0,
                "flat_label": "0",
                "name": "main"
              },
              {
                "callees": [
                  {
                    "inline": true,
                    "label": "300B",
                    "name": "fill",
                    "weight": 300
                  }
                ],
                "callers": [
                  {
                    "inline": false,
                    "label": "300B",
                    "name": "main",
                    "weight": 300
                  }
                ],
                "cum": 300,
                "cum_label": "300B",
                "flat": 0,
                "flat_label": "0",
                "name": "serve"
              }
            ],
            "has_nodes": true,
            "header": [
              "Type: space",
              "Showing nodes accounting for 400B, 100% of 400B total"
            ],
            "total": 400
          },
          "notes": [],
          "report": "tree",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn a_graph_has_boxes_and_arrows() {
    check(
        ReportKind::Dot,
        expect![[r##"
        {
          "data": {
            "edges": [
              {
                "color": "#b20e00",
                "from": 0,
                "inline": false,
                "pen_width": 4,
                "residual": false,
                "to": 3,
                "value": "300B",
                "weight": 76
              },
              {
                "color": "#b20e00",
                "from": 3,
                "inline": true,
                "pen_width": 4,
                "residual": false,
                "to": 1,
                "value": "300B",
                "weight": 76
              },
              {
                "color": "#b23c00",
                "from": 0,
                "inline": false,
                "pen_width": 2,
                "residual": false,
                "to": 2,
                "value": "100B",
                "weight": 26
              }
            ],
            "legend": [
              "Type: space",
              "Showing nodes accounting for 400B, 100% of 400B total",
              "\nSee https://git.io/JfYMW for how to read the graph"
            ],
            "legend_url": "",
            "nodes": [
              {
                "color": "#b20000",
                "cum": "400B",
                "fill": "#edd5d5",
                "font_size": 8,
                "full_name": "main",
                "name": [
                  "main"
                ],
                "place": [],
                "tags": [],
                "values": [
                  "0 of 400B (100%)"
                ]
              },
              {
                "color": "#b20e00",
                "cum": "300B",
                "fill": "#edd7d5",
                "font_size": 24,
                "full_name": "fill",
                "name": [
                  "fill"
                ],
                "place": [],
                "tags": [
                  {
                    "dotted": false,
                    "id": "N2_0",
                    "label": "zone:\"eu\"",
                    "parent": null,
                    "value": "300B"
                  },
                  {
                    "dotted": false,
                    "id": "NN2_0_0",
                    "label": "100B",
                    "parent": 0,
                    "value": "300B"
                  }
                ],
                "values": [
                  "300B (75.00%)"
                ]
              },
              {
                "color": "#b23c00",
                "cum": "100B",
                "fill": "#edddd5",
                "font_size": 18,
                "full_name": "log,all",
                "name": [
                  "log,all"
                ],
                "place": [],
                "tags": [],
                "values": [
                  "100B (25.00%)"
                ]
              },
              {
                "color": "#b20e00",
                "cum": "300B",
                "fill": "#edd7d5",
                "font_size": 8,
                "full_name": "serve",
                "name": [
                  "serve"
                ],
                "place": [],
                "tags": [],
                "values": [
                  "0 of 300B (75.00%)"
                ]
              }
            ],
            "title": "",
            "unseen": []
          },
          "notes": [],
          "report": "graph",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"##]],
    );
}

#[test]
fn traces_have_names_and_labels() {
    check(
        ReportKind::Traces,
        expect![[r#"
        {
          "data": {
            "header": [
              "Type: space"
            ],
            "samples": [
              {
                "frames": [
                  {
                    "inline": true,
                    "name": "fill"
                  },
                  {
                    "inline": false,
                    "name": "serve"
                  },
                  {
                    "inline": false,
                    "name": "main"
                  }
                ],
                "labels": [
                  {
                    "key": "bytes",
                    "number": 100,
                    "unit": "bytes"
                  },
                  {
                    "key": "zone",
                    "text": "\"eu\""
                  }
                ],
                "value": 300
              },
              {
                "frames": [
                  {
                    "inline": false,
                    "name": "log,all"
                  },
                  {
                    "inline": false,
                    "name": "main"
                  }
                ],
                "labels": [],
                "value": 100
              }
            ]
          },
          "notes": [],
          "report": "traces",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn tags_and_comments_are_lists() {
    check(
        ReportKind::Tags,
        expect![[r#"
        {
          "data": {
            "keys": [
              {
                "name": "bytes",
                "total": 300,
                "values": [
                  [
                    "100B",
                    300
                  ]
                ]
              },
              {
                "name": "zone",
                "total": 300,
                "values": [
                  [
                    "\"eu\"",
                    300
                  ]
                ]
              }
            ]
          },
          "notes": [],
          "report": "tags",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
    check(
        ReportKind::Comments,
        expect![[r#"
        {
          "data": [],
          "notes": [],
          "report": "comments",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn a_profile_has_its_tables() {
    check(
        ReportKind::Raw,
        expect![[r#"
        {
          "data": {
            "comments": [],
            "default_sample_type": "",
            "doc_url": "",
            "drop_frames": "",
            "duration_nanos": 0,
            "functions": [
              {
                "file": "",
                "id": 1,
                "name": "main",
                "start_line": 0,
                "system_name": "main"
              },
              {
                "file": "",
                "id": 2,
                "name": "serve",
                "start_line": 0,
                "system_name": "serve"
              },
              {
                "file": "",
                "id": 3,
                "name": "fill",
                "start_line": 0,
                "system_name": "fill"
              },
              {
                "file": "",
                "id": 4,
                "name": "log,all",
                "start_line": 0,
                "system_name": "log,all"
              }
            ],
            "keep_frames": "",
            "locations": [
              {
                "address": 0,
                "id": 1,
                "is_folded": false,
                "lines": [
                  {
                    "column": 0,
                    "function": 1,
                    "line": 0
                  }
                ],
                "mapping": 0
              },
              {
                "address": 0,
                "id": 2,
                "is_folded": false,
                "lines": [
                  {
                    "column": 0,
                    "function": 3,
                    "line": 0
                  },
                  {
                    "column": 0,
                    "function": 2,
                    "line": 0
                  }
                ],
                "mapping": 0
              },
              {
                "address": 0,
                "id": 3,
                "is_folded": false,
                "lines": [
                  {
                    "column": 0,
                    "function": 4,
                    "line": 0
                  }
                ],
                "mapping": 0
              }
            ],
            "mappings": [],
            "period": 0,
            "period_type": {
              "type": "",
              "unit": ""
            },
            "sample_types": [
              {
                "type": "space",
                "unit": "bytes"
              }
            ],
            "samples": [
              {
                "labels": [
                  {
                    "key": "bytes",
                    "number": 100,
                    "unit": ""
                  },
                  {
                    "key": "zone",
                    "text": "\"eu\""
                  }
                ],
                "locations": [
                  2,
                  1
                ],
                "values": [
                  300
                ]
              },
              {
                "labels": [],
                "locations": [
                  3,
                  1
                ],
                "values": [
                  100
                ]
              }
            ],
            "time_nanos": 0
          },
          "notes": [],
          "report": "raw",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn callgrind_and_folded_have_entries() {
    check(
        ReportKind::Callgrind,
        expect![[r#"
        {
          "data": {
            "entries": [
              {
                "calls": [],
                "cost": 300,
                "object": "",
                "place": {
                  "address": 0,
                  "file": "",
                  "line": 0,
                  "name": "fill"
                }
              },
              {
                "calls": [],
                "cost": 100,
                "object": "",
                "place": {
                  "address": 0,
                  "file": "",
                  "line": 0,
                  "name": "log,all"
                }
              },
              {
                "calls": [
                  [
                    {
                      "address": 0,
                      "file": "",
                      "line": 0,
                      "name": "serve"
                    },
                    300
                  ],
                  [
                    {
                      "address": 0,
                      "file": "",
                      "line": 0,
                      "name": "log,all"
                    },
                    100
                  ]
                ],
                "cost": 0,
                "object": "",
                "place": {
                  "address": 0,
                  "file": "",
                  "line": 0,
                  "name": "main"
                }
              },
              {
                "calls": [
                  [
                    {
                      "address": 0,
                      "file": "",
                      "line": 0,
                      "name": "fill"
                    },
                    300
                  ]
                ],
                "cost": 0,
                "object": "",
                "place": {
                  "address": 0,
                  "file": "",
                  "line": 0,
                  "name": "serve"
                }
              }
            ],
            "event": "space(B)"
          },
          "notes": [],
          "report": "callgrind",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
    check(
        ReportKind::Folded,
        expect![[r#"
        {
          "data": {
            "stacks": [
              {
                "frames": [
                  "main",
                  "serve",
                  "fill"
                ],
                "value": 300
              },
              {
                "frames": [
                  "main",
                  "log,all"
                ],
                "value": 100
              }
            ]
          },
          "notes": [],
          "report": "folded",
          "sample_type": "space",
          "schema": "liveheap-report/1",
          "unit": "bytes"
        }"#]],
    );
}

#[test]
fn tables_are_quoted() {
    let table = |report| made(report).csv().unwrap().replace("\r\n", "\n");
    expect![[r#"
        name,inlining,flat,cum,total,unit
        fill,full,300,300,400,bytes
        "log,all",none,100,100,400,bytes
        main,none,0,400,400,bytes
        serve,none,0,300,400,bytes
    "#]]
    .assert_eq(&table(ReportKind::Top));
    expect![[r#"
        name,relation,other,inline,value,unit
        fill,caller,serve,true,300,bytes
        fill,flat,,,300,bytes
        fill,cum,,,300,bytes
        "log,all",caller,main,false,100,bytes
        "log,all",flat,,,100,bytes
        "log,all",cum,,,100,bytes
        main,flat,,,0,bytes
        main,cum,,,400,bytes
        main,callee,serve,false,300,bytes
        main,callee,"log,all",false,100,bytes
        serve,caller,main,false,300,bytes
        serve,flat,,,0,bytes
        serve,cum,,,300,bytes
        serve,callee,fill,true,300,bytes
    "#]]
    .assert_eq(&table(ReportKind::Tree));
    expect![[r#"
        key,value,weight,key_total,unit
        bytes,100B,300,300,bytes
        zone,"""eu""",300,300,bytes
    "#]]
    .assert_eq(&table(ReportKind::Tags));
    assert_eq!(made(ReportKind::Dot).csv(), None);
}
