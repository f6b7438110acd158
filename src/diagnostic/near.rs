//! Guesses what a misspelt name was meant to be.

/// Longer names are not guessed: the comparison takes the product of both lengths.
const LONGEST: usize = 64;

/// The candidate that `name` was probably meant to be: the one with the fewest changed, missing,
/// added or swapped letters, if these are at most a third of them. A difference in case counts
/// little. Of equals the first.
///
/// ```
/// use dvdt::diagnostic::nearest;
/// assert_eq!(nearest("recrod", ["run", "record"]), Some("record"));
/// assert_eq!(nearest("mv", ["uV", "mV"]), Some("mV"));
/// assert_eq!(nearest("v", ["u", "w"]), None);
/// ```
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let near = candidates.into_iter().filter_map(|candidate| Some((distance(name, candidate)?, candidate)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Twice the number of edits, or 1 for a difference in case alone; `None` when it is too many.
fn distance(name: &str, candidate: &str) -> Option<usize> {
    if candidate.len() > LONGEST {
        return None;
    }
    if name.eq_ignore_ascii_case(candidate) {
        return Some(usize::from(name != candidate));
    }
    let [a, b] = [name, candidate].map(|text| text.chars().map(|c| c.to_ascii_lowercase()).collect::<Vec<_>>());
    let edits = edits(&a, &b);
    (edits <= a.len().max(b.len()) / 3).then_some(2 * edits)
}

/// The optimal string alignment distance (Damerau 1964), row by row.
fn edits(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = last[j] + usize::from(x != y);
            let mut best = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}
