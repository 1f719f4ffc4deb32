//! Hosts by a pattern: `web1`, `ssh:web*`, `ssh:db?`.

/// Does a name fit a pattern? `*` stands for any text, `?` for one character. The name itself always fits, since it may
/// have a `?` before its options.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    if pattern == name {
        return true;
    }
    let (pattern, name): (Vec<_>, Vec<_>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last star is, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Is it more than a name?
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, name, fits) in [
            ("ssh:web1", "ssh:web1", true),
            ("ssh:web*", "ssh:web1", true),
            ("*1", "ssh:web1", true),
            ("*w*b*", "ssh:web1", true),
            ("ssh:web?", "ssh:web1", true),
            ("ssh:web?", "ssh:web", false),
            ("sudo?password=ask", "sudo?password=ask", true),
            ("*", "", true),
            ("", "", true),
            ("web*", "ssh:web1", false),
            ("*web", "ssh:web1", false),
            ("a*a*a*a*a*b", &"a".repeat(5000), false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
