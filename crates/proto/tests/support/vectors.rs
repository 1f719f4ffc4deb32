//! The byte-exact examples of `docs/PROTOCOL.md`.
//!
//! An example is a fenced block whose info string is `golden NAME`: hexadecimal digits, with comments
//! from a semicolon to the end of the line.

/// The examples by name, in the order of the document.
pub fn read() -> Vec<(String, Vec<u8>)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PROTOCOL.md");
    let document = std::fs::read_to_string(path).expect("the protocol is described");
    let mut vectors = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in document.lines() {
        match &mut open {
            None => {
                if let Some(name) = line.strip_prefix("```golden ") {
                    open = Some((name.trim().to_owned(), String::new()));
                }
            }
            Some((name, digits)) if line == "```" => {
                let bytes = bytes(digits).unwrap_or_else(|| panic!("{name} is not hexadecimal"));
                vectors.push((name.clone(), bytes));
                open = None;
            }
            Some((_, digits)) => {
                let (code, _comment) = line.split_once(';').unwrap_or((line, ""));
                digits.extend(code.split_whitespace());
            }
        }
    }
    assert!(open.is_none(), "the last example has no end");
    vectors
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair)
                .ok()
                .filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}
