//! The twelve permission bits of a file, as a person writes them: `0644`.

use crate::Failure;

/// All bits that a file's mode can have.
const ALL: u32 = 0o7777;

/// Reads octal digits such as `0644`, `644` or `0o1777`.
///
/// # Errors
/// When the text is anything else, or has more than the twelve bits.
pub fn parse(text: &str) -> Result<u32, Failure> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let octal = !digits.is_empty() && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    match u32::from_str_radix(digits, 8) {
        Ok(mode) if octal && mode <= ALL => Ok(mode),
        _ => Err(Failure::invalid(format!("`{text}` is no file mode"))
            .hint("write octal digits in quotes, such as \"0644\"")),
    }
}

/// Prints a mode in four or more octal digits: `0644`.
#[must_use]
pub fn text(mode: u32) -> String {
    format!("{mode:04o}")
}

#[cfg(test)]
mod tests;
