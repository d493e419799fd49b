//! `weblist` as a page of HTML that needs nothing else.
//!
//! The words and numbers are pprof's; markup, style and script are our own. A click on a line with
//! inlined calls or instructions shows them.

use super::list::label_or_dot;
use crate::numbers::Numbers;
use crate::paths::base;
use crate::reports::web_list::{WebListFunction, WebListLine, WebListReport};
use std::fmt::{self, Write as _};

const STYLE: &str = "\
body { font-family: sans-serif }
h2 { margin-bottom: 0 }
.file { margin-top: 0; color: #555 }
.quiet { color: #999 }
.code { display: none }
.code.open { display: block }
.opens { cursor: pointer }
.opens:hover { background: #eee }
.inlined { color: #006 }
";

const SCRIPT: &str = "\
addEventListener('click', event => {
  const line = event.target.closest('.opens');
  if (line) line.nextElementSibling.classList.toggle('open');
});
";

/// How wide the text of an inlined call is, in columns.
const CALL_WIDTH: usize = 80;

/// The page.
pub(crate) fn write(report: &WebListReport) -> String {
    let mut out = String::new();
    write_to(report, &mut out).expect("a String takes every text");
    out
}

fn write_to(report: &WebListReport, out: &mut String) -> fmt::Result {
    let WebListReport { header, files, numbers } = report;
    let named =
        |name: &str| header.iter().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
    let title = format!("{} {}", named("File: "), named("Type: "));
    writeln!(out, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">")?;
    writeln!(out, "<title>{}</title>", Escaped(&title))?;
    writeln!(out, "<style>\n{STYLE}</style>\n<script>\n{SCRIPT}</script>\n</head>\n<body>")?;
    write!(out, "<div>")?;
    for line in header {
        writeln!(out, "{}<br>", Escaped(line))?;
    }
    writeln!(out, "Total: {}</div>", numbers.label(numbers.total))?;
    for file in files {
        for function in &file.functions {
            write_function(&file.name, function, numbers, out)?;
        }
    }
    writeln!(out, "</body>\n</html>")
}

fn write_function(
    file: &str,
    function: &WebListFunction,
    numbers: &Numbers,
    out: &mut String,
) -> fmt::Result {
    let (flat, cum) = (numbers.label(function.flat), numbers.label(function.cum));
    let share = numbers.share(function.cum);
    writeln!(out, "<h2>{}</h2>\n<p class=\"file\">{}</p>", Escaped(&function.name), Escaped(file))?;
    writeln!(out, "<pre>\n  Total:  {flat:>10} {cum:>10} (flat, cum) {share}")?;
    for line in &function.lines {
        write_line(line, numbers, out)?;
    }
    writeln!(out, "</pre>")
}

fn write_line(line: &WebListLine, numbers: &Numbers, out: &mut String) -> fmt::Result {
    let has_code = line
        .addresses
        .iter()
        .any(|address| !address.calls.is_empty() || !address.instruction.is_empty());
    let class = match (line.addresses.is_empty(), has_code) {
        (true, _) => "quiet",
        (false, false) => "held",
        (false, true) => "opens",
    };
    let (flat, cum) = (label_or_dot(numbers, line.flat), label_or_dot(numbers, line.cum));
    let (number, text, gap) = (line.number, Escaped(&line.text), "");
    write!(out, "<span class=\"quiet\"> {number:>6}</span> ")?;
    write!(out, "<span class=\"{class}\">  {flat:>10} {cum:>10} {gap:>8}  {text} </span>")?;
    if has_code {
        write_code(line, numbers, out)?;
    }
    writeln!(out)
}

/// The inlined calls and instructions of a line; calls that two neighbours share are shown once.
fn write_code(line: &WebListLine, numbers: &Numbers, out: &mut String) -> fmt::Result {
    write!(out, "<span class=\"code\">")?;
    let indent = indentation(&line.text);
    let gap = "";
    let mut shown = &[][..];
    for here in &line.addresses {
        if here.starts_block {
            writeln!(out, " {gap:>8} {:>28}", "⋮")?;
        }
        for (depth, call) in here.calls.iter().enumerate() {
            let same = |other: &crate::reports::web_list::InlinedCall| {
                (&other.file, other.line) == (&call.file, call.line)
            };
            if shown.get(depth).is_some_and(same) {
                continue;
            }
            shown = &[];
            let text = format!("{}{}", " ".repeat(indent + 4 + 4 * depth), call.text);
            write!(out, " {gap:>8} {gap:>10} {gap:>10} {gap:>8}  <span class=\"inlined\">")?;
            write!(out, "{}</span> ", Escaped(&padded(&text, CALL_WIDTH)))?;
            let (file, number) = (Escaped(base(&call.file)), call.line);
            writeln!(out, "<span class=\"quiet\">{file}:{number}</span>")?;
        }
        shown = &here.calls;
        if here.instruction.is_empty() {
            continue;
        }
        let (flat, cum) = (label_or_dot(numbers, here.flat), label_or_dot(numbers, here.cum));
        let text = format!("{}{}", " ".repeat(indent + 4 + 4 * here.calls.len()), here.instruction);
        write!(out, " {gap:>8} {flat:>10} {cum:>10} {:>8x}: ", here.address)?;
        write!(out, "{} ", Escaped(&padded(&text, CALL_WIDTH)))?;
        match here.file.as_str() {
            "" => writeln!(out)?,
            file => {
                let (file, number) = (Escaped(base(file)), here.line);
                writeln!(out, "<span class=\"quiet\">{file}:{number}</span>")?;
            }
        }
    }
    write!(out, "</span>")
}

/// At which column the first letter stands; a tab leads to the next multiple of eight.
fn indentation(text: &str) -> usize {
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            ' ' => column += 1,
            '\t' => column = (column / 8 + 1) * 8,
            _ => break,
        }
    }
    column
}

/// The text with its tabs as blanks, filled with blanks up to a width.
fn padded(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(width);
    let mut column: usize = 0;
    for letter in text.chars() {
        if letter == '\t' {
            let next = (column / 8 + 1) * 8;
            out.extend(std::iter::repeat_n(' ', next - column));
            column = next;
        } else {
            out.push(letter);
            column += 1;
        }
    }
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(column)));
    out
}

/// A text that means itself in HTML.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                _ => formatter.write_char(letter)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::{Surroundings, answer};
    use crate::fixture;
    use crate::request::{ReportKind, Request};
    use expect_test::{Expect, expect};
    use std::io;

    /// The part of the page behind its head.
    #[track_caller]
    fn check(samples: &str, pattern: &str, expected: Expect) {
        let mut request = Request::new(ReportKind::WebList(String::from(pattern)));
        request.source_path = String::from("/src");
        let mut read_file = |path: &str| match path {
            "/src/leak.rs" => {
                let lines: Vec<String> = (1..=9).map(|n| format!("\tlet a: Vec<{n}>;\n")).collect();
                Ok(lines.concat().into_bytes())
            }
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let mut surroundings = Surroundings {
            current_dir: String::from("/"),
            read_file: &mut read_file,
            open_binary: &mut |_, _| Err(String::from("no binaries here")),
            local_time: &|_| (0, String::from("UTC")),
        };
        let text = match answer(fixture::profile(samples), &request, &mut surroundings) {
            Err(error) => format!("{error}\n"),
            Ok(answer) => {
                let mut out = Vec::new();
                answer.report.write(&mut out).unwrap();
                let page = String::from_utf8(out).unwrap();
                String::from(page.split_once("<body>\n").unwrap().1)
            }
        };
        let lines: Vec<String> = text.lines().map(|line| format!("|{line}\n")).collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn inlined_calls_stand_under_their_line() {
        check(
            "main@main.rs:1;leak@leak.rs:3+grow@vec.rs:50+reserve@leak.rs:9 1024
             main@main.rs:1;leak@leak.rs:3+grow@vec.rs:50+alloc@raw.rs:7 2048
             main@main.rs:1;leak@leak.rs:4 4096",
            "^leak$",
            expect![[r#"
                |<div>Type: space<br>
                |Total: 7kB</div>
                |<h2>leak</h2>
                |<p class="file">leak.rs</p>
                |<pre>
                |  Total:         7kB        7kB (flat, cum)   100%
                |<span class="quiet">      1</span> <span class="quiet">           .          .           	let a: Vec&lt;1&gt;; </span>
                |<span class="quiet">      2</span> <span class="quiet">           .          .           	let a: Vec&lt;2&gt;; </span>
                |<span class="quiet">      3</span> <span class="opens">         3kB        3kB           	let a: Vec&lt;3&gt;; </span><span class="code">                                          <span class="inlined">                                                                                </span> <span class="quiet">vec.rs:50</span>
                |                                          <span class="inlined">                let a: Vec&lt;9&gt;;                                                  </span> <span class="quiet">leak.rs:9</span>
                |                                          <span class="inlined">                                                                                </span> <span class="quiet">raw.rs:7</span>
                |</span>
                |<span class="quiet">      4</span> <span class="held">         4kB        4kB           	let a: Vec&lt;4&gt;; </span>
                |<span class="quiet">      5</span> <span class="quiet">           .          .           	let a: Vec&lt;5&gt;; </span>
                |<span class="quiet">      6</span> <span class="quiet">           .          .           	let a: Vec&lt;6&gt;; </span>
                |<span class="quiet">      7</span> <span class="quiet">           .          .           	let a: Vec&lt;7&gt;; </span>
                |<span class="quiet">      8</span> <span class="quiet">           .          .           	let a: Vec&lt;8&gt;; </span>
                |<span class="quiet">      9</span> <span class="quiet">           .          .           	let a: Vec&lt;9&gt;; </span>
                |</pre>
                |</body>
                |</html>
            "#]],
        );
    }

    #[test]
    fn far_ranges_and_unknown_lines_stand_apart() {
        check(
            "leak@leak.rs:0 1\nleak@leak.rs:2 2\nleak@leak.rs:40 4\nother@leak.rs:41 8",
            "leak.rs",
            expect![[r#"
                |<div>Type: space<br>
                |Total: 15B</div>
                |<h2>leak</h2>
                |<p class="file">leak.rs</p>
                |<pre>
                |  Total:          3B         3B (flat, cum) 20.00%
                |<span class="quiet">      0</span> <span class="held">          1B         1B           &lt;instructions with unknown line numbers&gt; </span>
                |<span class="quiet">      1</span> <span class="quiet">           .          .           	let a: Vec&lt;1&gt;; </span>
                |<span class="quiet">      2</span> <span class="held">          2B         2B           	let a: Vec&lt;2&gt;; </span>
                |<span class="quiet">      3</span> <span class="quiet">           .          .           	let a: Vec&lt;3&gt;; </span>
                |<span class="quiet">      4</span> <span class="quiet">           .          .           	let a: Vec&lt;4&gt;; </span>
                |<span class="quiet">      5</span> <span class="quiet">           .          .           	let a: Vec&lt;5&gt;; </span>
                |<span class="quiet">      6</span> <span class="quiet">           .          .           	let a: Vec&lt;6&gt;; </span>
                |<span class="quiet">      7</span> <span class="quiet">           .          .           	let a: Vec&lt;7&gt;; </span>
                |</pre>
                |<h2>leak</h2>
                |<p class="file">leak.rs</p>
                |<pre>
                |  Total:          4B         4B (flat, cum) 26.67%
                |<span class="quiet">     40</span> <span class="held">          4B         4B           ??? </span>
                |</pre>
                |<h2>other</h2>
                |<p class="file">leak.rs</p>
                |<pre>
                |  Total:          8B         8B (flat, cum) 53.33%
                |<span class="quiet">     41</span> <span class="held">          8B         8B           ??? </span>
                |</pre>
                |</body>
                |</html>
            "#]],
        );
    }

    #[test]
    fn a_function_can_be_asked_for_by_the_address_of_a_location() {
        // The only location has no address and gets the first one.
        check(
            "leak@leak.rs:2 1",
            "0x1",
            expect![[r#"
            |<div>Type: space<br>
            |Total: 1B</div>
            |<h2>leak</h2>
            |<p class="file">leak.rs</p>
            |<pre>
            |  Total:          1B         1B (flat, cum)   100%
            |<span class="quiet">      1</span> <span class="quiet">           .          .           	let a: Vec&lt;1&gt;; </span>
            |<span class="quiet">      2</span> <span class="held">          1B         1B           	let a: Vec&lt;2&gt;; </span>
            |<span class="quiet">      3</span> <span class="quiet">           .          .           	let a: Vec&lt;3&gt;; </span>
            |<span class="quiet">      4</span> <span class="quiet">           .          .           	let a: Vec&lt;4&gt;; </span>
            |<span class="quiet">      5</span> <span class="quiet">           .          .           	let a: Vec&lt;5&gt;; </span>
            |<span class="quiet">      6</span> <span class="quiet">           .          .           	let a: Vec&lt;6&gt;; </span>
            |<span class="quiet">      7</span> <span class="quiet">           .          .           	let a: Vec&lt;7&gt;; </span>
            |</pre>
            |</body>
            |</html>
        "#]],
        );
        check(
            "leak@leak.rs:2 1",
            "0x2",
            expect![[r#"
            |no matches found for regexp: 0x2
        "#]],
        );
    }
}
