//! How much room a text takes, and where its lines break.
//!
//! Texts and font sizes go in, [`TextBlock`]s come out: lines with the size of the whole. Widths
//! are those of Helvetica and Arial, from a table of our own measurements, so that the same graph
//! has the same picture on every machine. Kerning and complex scripts are not looked at.

use super::geometry::Size;

/// Lines of text under each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TextBlock {
    /// The lines, topmost first.
    pub(crate) lines: Vec<TextLine>,
    /// Size of the letters in points.
    pub(crate) font_size: f64,
    /// Room that the lines take, in points, without any margin.
    pub(crate) size: Size,
}

/// One line of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TextLine {
    /// What it says.
    pub(crate) text: String,
    /// Whether it starts at the left margin; else it is centred.
    pub(crate) left: bool,
}

/// Height of a line as a multiple of the font size.
pub(crate) const LINE_HEIGHT: f64 = 1.2;
/// A text of the builder's that is broken has at most this many lines.
const MOST_LINES: usize = 6;

/// Width of the characters from space to `~`, in thousandths of the font size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278,
    278, // space to /
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, // 0 to ?
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, // @ to O
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, // P to _
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, // ` to o
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, // p to ~
];

impl TextBlock {
    /// Lines that are not broken.
    pub(crate) fn new(lines: Vec<TextLine>, font_size: f64) -> Self {
        let width = lines.iter().map(|line| text_width(&line.text, font_size)).fold(0.0, f64::max);
        let height = lines.iter().map(|_| font_size * LINE_HEIGHT).sum();
        Self { lines, font_size, size: Size { width, height } }
    }

    /// Centred lines, each broken where it is wider than a box should be. A newline inside of a
    /// line ends a line that is aligned to the left.
    pub(crate) fn wrapped<'a>(texts: impl IntoIterator<Item = &'a str>, font_size: f64) -> Self {
        // About 45 letters in the smallest size, 36 in the largest.
        let most = f64::max(200.0, font_size * 18.0);
        let mut lines = Vec::new();
        for text in texts {
            let mut parts = text.split('\n').peekable();
            while let Some(part) = parts.next() {
                let left = parts.peek().is_some();
                let broken = broken_lines(part, font_size, most);
                lines.extend(broken.into_iter().map(|text| TextLine { text, left }));
            }
        }
        Self::new(lines, font_size)
    }
}

/// Width of a line in points.
pub(crate) fn text_width(text: &str, font_size: f64) -> f64 {
    text.chars().map(|character| f64::from(character_width(character))).sum::<f64>() * font_size
        / 1000.0
}

/// Thousandths of the font size. Letters outside of the table are taken for wide ones; ideographs
/// and symbols for full squares.
fn character_width(character: char) -> u16 {
    let code = u32::from(character);
    match usize::try_from(code).ok().and_then(|code| code.checked_sub(32)) {
        Some(index) if index < WIDTHS.len() => WIDTHS[index],
        None => 0,
        _ if code < 0x300 => 611,
        _ if code < 0x1100 => 700,
        _ => 1000,
    }
}

/// The text in lines no wider than `most` points, broken behind punctuation where there is some.
fn broken_lines(text: &str, font_size: f64, most: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while text_width(rest, font_size) > most {
        if lines.len() + 1 == MOST_LINES {
            let end = fitting_bytes(rest, font_size, most - font_size);
            lines.push(format!("{}…", &rest[..end]));
            return lines;
        }
        let end = fitting_bytes(rest, font_size, most);
        let fitting = &rest[..end];
        // A break far at the front would leave a short line for nothing.
        let at = fitting
            .rfind(|character: char| !character.is_alphanumeric())
            .map(|at| at + fitting[at..].chars().next().map_or(1, char::len_utf8))
            .filter(|at| *at * 3 > end)
            .unwrap_or(end);
        lines.push(rest[..at].trim_end().to_owned());
        rest = rest[at..].trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// Bytes of the longest beginning that is no wider than `most` points; at least one character.
fn fitting_bytes(text: &str, font_size: f64, most: f64) -> usize {
    let mut width = 0.0;
    for (at, character) in text.char_indices() {
        width += f64::from(character_width(character)) * font_size / 1000.0;
        if width > most && at > 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(text: &str, font_size: f64) -> Vec<String> {
        TextBlock::wrapped([text], font_size).lines.into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn digits_are_all_as_wide() {
        assert_eq!(text_width("0123456789", 10.0), 55.6);
        assert_eq!(text_width("1111111111", 10.0), 55.6);
    }

    #[test]
    fn a_block_is_as_wide_as_its_widest_line() {
        let block = TextBlock::wrapped(["11", "1111"], 10.0);
        assert_eq!((block.size.width, block.size.height), (22.24, 24.0));
    }

    #[test]
    fn long_names_break_behind_punctuation() {
        let name = format!("{}<{}>", "Map".repeat(8), "Vec".repeat(10));
        let first = format!("{}<", "Map".repeat(8));
        assert_eq!(wrapped(&name, 8.0), [first, format!("{}>", "Vec".repeat(10))]);
    }

    #[test]
    fn names_without_punctuation_break_where_they_must_and_end_somewhere() {
        let lines = wrapped(&"m".repeat(2000), 8.0);
        assert_eq!(lines.len(), MOST_LINES);
        assert!(lines.iter().all(|line| text_width(line, 8.0) <= 200.0));
        assert!(lines[MOST_LINES - 1].ends_with('…'));
    }

    #[test]
    fn what_stands_before_a_newline_is_aligned_to_the_left() {
        let block = TextBlock::wrapped(["a\nb"], 8.0);
        let left: Vec<bool> = block.lines.iter().map(|line| line.left).collect();
        assert_eq!(left, [true, false]);
    }
}
