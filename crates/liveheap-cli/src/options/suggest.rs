//! The word that was probably meant.

/// The candidate nearest to a word that is not one, if any is near enough to be meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let most = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many characters must be put in, taken out, changed or swapped with a neighbour.
fn distance(from: &str, to: &str) -> usize {
    let from: Vec<char> = from.chars().collect();
    let to: Vec<char> = to.chars().collect();
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for (up, &letter) in from.iter().enumerate() {
        let mut row = vec![up + 1];
        for (left, &other) in to.iter().enumerate() {
            let changed = rows[up][left] + usize::from(letter != other);
            let mut best = changed.min(rows[up][left + 1] + 1).min(row[left] + 1);
            if up > 0 && left > 0 && letter == to[left - 1] && from[up - 1] == other {
                best = best.min(rows[up - 1][left - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_forgiven_and_a_guess_is_not_made() {
        let words = ["top", "tree", "list", "peek", "traces"];
        assert_eq!(nearest("tpo", words), Some("top"));
        assert_eq!(nearest("lits", words), Some("list"));
        assert_eq!(nearest("trace", words), Some("traces"));
        assert_eq!(nearest("frobnicate", words), None);
        assert_eq!(nearest("sort", words), None);
    }
}
