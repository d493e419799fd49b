//! Answers of a program that has no sampling allocator: the profiles are empty, the manners are not.

use super::*;
use expect_test::{Expect, expect};
use liveheap_profile::{Profile, decode};

fn head(path: &str, query: &str, expected: Expect) -> Response {
    let response = respond(path, query);
    let mut text = String::new();
    writeln!(text, "{}", response.status()).unwrap();
    for (name, value) in response.headers() {
        writeln!(text, "{name}: {value}").unwrap();
    }
    expected.assert_eq(&text);
    response
}

fn profile(response: &Response) -> Profile {
    decode(response.body(), &Default::default()).unwrap()
}

fn body(response: &Response) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

#[test]
fn heap_is_an_attachment() {
    let response = head(
        "/debug/pprof/heap",
        "",
        expect![[r#"
            200
            Content-Type: application/octet-stream
            X-Content-Type-Options: nosniff
            Content-Disposition: attachment; filename="heap"
        "#]],
    );
    let profile = profile(&response);
    assert_eq!(profile.text(profile.default_sample_type), "inuse_space");
    assert_eq!(profile.text(profile.period_type.kind), "space");
}

#[test]
fn allocs_shows_what_was_allocated_first() {
    let response = respond("/debug/pprof/allocs", "");
    assert_eq!(response.headers().last().unwrap().1, "attachment; filename=\"allocs\"");
    let profile = profile(&response);
    assert_eq!(profile.text(profile.default_sample_type), "alloc_space");
}

#[test]
fn debug_gives_text_that_ends_with_the_statistics() {
    let response = head(
        "/debug/pprof/heap",
        "debug=1&gc=1",
        expect![[r#"
            200
            Content-Type: text/plain; charset=utf-8
            X-Content-Type-Options: nosniff
        "#]],
    );
    let text = body(&response);
    assert!(text.starts_with("heap profile: "), "{text}");
    let (_, statistics) = text.split_once("\n# runtime.MemStats\n").unwrap();
    assert!(statistics.lines().all(|line| line.starts_with("# ")), "{text}");
    assert!(statistics.lines().last().unwrap().starts_with("# MaxRSS = "), "{text}");
}

#[test]
fn a_number_that_is_none_counts_as_zero() {
    assert_eq!(respond("/debug/pprof/heap", "debug=yes").content_type(), BINARY);
    assert_eq!(respond("/debug/pprof/heap", "seconds=&debug=1").content_type(), TEXT);
}

#[test]
fn gc_says_in_the_comments_what_ran() {
    let profile = profile(&respond("/debug/pprof/heap", "gc=1"));
    let comments: Vec<_> = profile.comments.iter().map(|&id| profile.text(id)).collect();
    assert!(comments.iter().any(|comment| comment.starts_with("gc: ")), "{comments:?}");
}

#[test]
fn gc_asks_for_hooks_and_full_or_trim_for_more() {
    assert_eq!(reclaim(""), Reclaim::Nothing);
    assert_eq!(reclaim("gc=0"), Reclaim::Nothing);
    assert_eq!(reclaim("gc=1"), Reclaim::Hooks);
    assert_eq!(reclaim("gc=full"), Reclaim::Full);
    assert_eq!(reclaim("gc=1&trim=1"), Reclaim::Full);
}

#[test]
fn seconds_gives_a_difference() {
    let waited = std::cell::Cell::new(Duration::ZERO);
    let response = respond_waiting("/debug/pprof/heap", "seconds=30", &|time| {
        waited.set(time);
        std::thread::sleep(Duration::from_millis(2));
        true
    });
    assert_eq!(waited.get(), Duration::from_secs(30));
    assert_eq!(response.headers().last().unwrap().1, "attachment; filename=\"heap-delta\"");
    assert!(profile(&response).duration_nanos > 0);
}

#[test]
fn seconds_must_be_a_number_up_to_an_hour_and_alone() {
    for query in
        ["seconds=0", "seconds=3601", "seconds=-1", "seconds=x", "seconds=1.5", "seconds=1&debug=1"]
    {
        assert_eq!(respond("/debug/pprof/heap", query).status(), 400, "{query}");
    }
    let response = head(
        "/debug/pprof/heap",
        "seconds=0",
        expect![[r#"
            400
            Content-Type: text/plain; charset=utf-8
            X-Content-Type-Options: nosniff
            X-Go-Pprof: 1
        "#]],
    );
    assert_eq!(body(&response), "\"seconds\" must be a whole number from 1 to 3600\n");
}

#[test]
fn a_difference_that_nobody_waits_for_is_not_made() {
    let response = respond_waiting("/debug/pprof/heap", "seconds=1", &|_| false);
    assert_eq!(response.status(), 500);
}

#[test]
fn the_index_links_to_what_there_is() {
    let response = respond("/debug/pprof/", "");
    assert_eq!((response.status(), response.content_type()), (200, HTML));
    let page = body(&response);
    for link in ["\"heap?debug=1\"", "\"allocs?debug=1\"", "\"cmdline\"", "\"symbol\""] {
        assert!(page.contains(link), "{page}");
    }
    let moved = respond("/debug/pprof", "");
    assert_eq!(moved.status(), 301);
    assert!(moved.headers().any(|header| header == ("Location", "/debug/pprof/")));
}

#[test]
fn other_paths_are_not_found_and_the_answer_says_what_is() {
    for path in ["/debug/pprof/goroutine", "/debug/pprof/heap/", "/", "", "/debug/pprofheap"] {
        assert_eq!(respond(path, "").status(), 404, "{path}");
    }
    assert_eq!(
        body(&respond("/debug/pprof/profile", "")),
        "there is no /debug/pprof/profile here; there is /debug/pprof/, /debug/pprof/allocs, \
         /debug/pprof/cmdline, /debug/pprof/delta_heap, /debug/pprof/heap, /debug/pprof/symbol\n"
    );
}

#[test]
fn cmdline_has_zero_bytes_between_arguments() {
    let response = respond("/debug/pprof/cmdline", "");
    let first = response.body().split(|&byte| byte == 0).next().unwrap();
    assert_eq!(first, std::env::args().next().unwrap().as_bytes());
}

#[test]
fn symbol_names_addresses() {
    let address = symbol_names_addresses as *const () as usize + 1;
    let response = respond("/debug/pprof/symbol", &format!("0x10+{address:#x}+nonsense"));
    assert_eq!(
        body(&response),
        format!(
            "num_symbols: 1\n{address:#x} \
             liveheap::http::respond::tests::symbol_names_addresses\n"
        )
    );
}

#[test]
fn fields_of_a_query_are_decoded() {
    assert_eq!(form_value("a=1&b=x%2By+z&b=2", "b").as_deref(), Some("x+y z"));
    assert_eq!(form_value("%67c=1", "gc").as_deref(), Some("1"));
    assert_eq!(form_value("gc", "gc").as_deref(), Some(""));
    assert_eq!(form_value("gcx=1", "gc"), None);
    assert_eq!(decoded("%"), "%");
    assert_eq!(decoded("%4"), "%4");
    assert_eq!(decoded("%zz%41"), "%zzA");
}

#[test]
fn labels_are_asked_for_by_name() {
    let both = SplitBy { age: true, thread: true };
    assert_eq!(split("labels=age,thread"), Ok(both));
    assert_eq!(split("labels=thread%2Cage"), Ok(both));
    assert_eq!(split("labels=age"), Ok(SplitBy { age: true, thread: false }));
    assert_eq!(split("labels="), Ok(SplitBy::default()));
    assert_eq!(respond("/debug/pprof/heap", "labels=age").status(), 200);

    let refused = respond("/debug/pprof/heap", "labels=age,color");
    assert_eq!(refused.status(), 400);
    assert_eq!(body(&refused), "\"labels\" can be age, thread or age,thread, not color\n");
    for query in ["labels=age&seconds=1", "labels=thread&debug=1"] {
        assert_eq!(respond("/debug/pprof/heap", query).status(), 400, "{query}");
    }
}

#[test]
fn delta_heap_says_how_long_the_same_client_did_not_ask() {
    let ask = |query: &str| respond("/debug/pprof/delta_heap", query);
    let first = profile(&ask("client=test"));
    assert_eq!(first.duration_nanos, 0);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(profile(&ask("client=another")).duration_nanos, 0);
    let second = profile(&ask("client=test"));
    assert_eq!(second.duration_nanos, second.time_nanos - first.time_nanos);
    assert!(second.duration_nanos >= 2_000_000);

    let long = ["client=", &"x".repeat(101)].concat();
    for query in ["seconds=1", "debug=1", "labels=age", &long] {
        assert_eq!(ask(query).status(), 400, "{query}");
    }
}

#[test]
fn who_is_turned_away_hears_when_to_try_again() {
    let refused = busy();
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().any(|header| header == ("Retry-After", "1")));
}
