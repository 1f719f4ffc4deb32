//! The known name that a mistyped one resembles.

/// Longer names are compared up to here: no one mistypes more, and the cost grows with the square.
const LONGEST: usize = 64;

/// The candidate that `name` was probably meant to be, if one is close enough to say so.
///
/// Close is: one slip in up to five characters, and one more for every three beyond; a slip is a character that is
/// missing, superfluous, wrong, or swapped with its neighbour. Case does not count, and `_` is `-`. Of
/// equally close candidates the first wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = fold(name);
    candidates
        .into_iter()
        .map(|candidate| (slips(&name, &fold(candidate)), candidate))
        .filter(|(slips, candidate)| {
            let length = name.len().max(candidate.chars().count());
            *slips <= (length / 3).max(1) && *slips < length
        })
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> Vec<char> {
    let folded = name.chars().map(|c| {
        if c == '_' {
            '-'
        } else {
            c.to_ascii_lowercase()
        }
    });
    folded.take(LONGEST).collect()
}

/// How many slips lead from one name to the other, where no part is changed twice (the optimal
/// string alignment distance).
fn slips(a: &[char], b: &[char]) -> usize {
    // Three rows of the usual table: a swap looks two rows back.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, &from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, &to) in b.iter().enumerate() {
            let mut best = (above[j] + usize::from(from != to))
                .min(above[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && from == b[j - 1] && to == a[i - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}
