//! Aligns cells as Go's `text/tabwriter` does with right alignment and one blank of padding.
//!
//! A text goes in whose cells end with a tab; what stands behind the last tab of a line is no
//! cell. A cell column is as wide as its widest cell in an unbroken run of lines that have one.

/// The text with its cells padded on the left.
pub(super) fn align_right(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text
        .split_inclusive(['\n', '\u{c}'])
        .map(|line| line.trim_end_matches(['\n', '\u{c}']).split(['\t', '\u{b}']).collect())
        .collect();
    let mut out = String::with_capacity(text.len() * 2);
    // For each column: the width of the run of lines that the current line is in.
    let mut widths: Vec<usize> = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.len() - 1;
        widths.truncate(cells);
        for column in widths.len()..cells {
            let run = lines[number..].iter().take_while(|line| line.len() - 1 > column);
            let widest = run.map(|line| line[column].chars().count()).max();
            widths.push(widest.unwrap_or(0) + 1);
        }
        for (cell, width) in line.iter().zip(&widths) {
            out.extend(std::iter::repeat_n(' ', width - cell.chars().count()));
            out.push_str(cell);
        }
        out.push_str(line[cells]);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell() {
        assert_eq!(
            align_right("key:\tx\n \t1:\ty\n \t100:\tz\n"),
            " key:x\n        1:y\n      100:z\n"
        );
    }

    #[test]
    fn a_line_without_the_cell_ends_the_column() {
        assert_eq!(align_right("a\tx\n\nlong\ty\n"), " ax\n\n longy\n");
    }
}
