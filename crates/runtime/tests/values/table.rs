//! The tables of `docs/VALUES.md`, which are test vectors as much as documentation.

const PAGE: &str = include_str!("../../../../docs/VALUES.md");

/// The rows of the first table below this heading, without the backticks around a cell. A cell that
/// holds a dash is `None`.
pub fn rows(heading: &str) -> Vec<Vec<Option<String>>> {
    let (_, section) = PAGE
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("VALUES.md has no section {heading}"));
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let table: Vec<_> = lines.take_while(|line| line.starts_with('|')).collect();
    let rows: Vec<_> = table.iter().skip(2).map(|line| cells(line)).collect();
    assert!(rows.len() > 5, "the table below {heading} has shrunk");
    rows
}

fn cells(line: &str) -> Vec<Option<String>> {
    line.trim_matches('|')
        .split('|')
        .map(|cell| {
            let cell = cell.trim();
            (cell != "–").then(|| cell.trim_matches('`').to_owned())
        })
        .collect()
}

/// Bytes from hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}
