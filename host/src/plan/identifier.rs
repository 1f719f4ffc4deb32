//! Names that a template can say: those of variables and of what tasks register.

/// Names at the beginning of a path to which templates give a meaning already: words of the language,
/// its constants and functions, and the variables.
const RESERVED: [&str; 19] = [
    "and",
    "debug",
    "dict",
    "else",
    "false",
    "False",
    "if",
    "in",
    "is",
    "loop",
    "namespace",
    "none",
    "None",
    "not",
    "or",
    "range",
    "self",
    "true",
    "True",
];

/// Letters, digits and `_`, not beginning with a digit.
#[must_use]
pub fn is_identifier(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Can a task register its result under this name?
///
/// # Errors
/// What to do instead.
pub fn registrable(name: &str) -> Result<(), String> {
    if !is_identifier(name) {
        return Err(advice(name));
    }
    if name == "vars" {
        return Err("`vars` are the variables of the plan".to_owned());
    }
    if RESERVED.contains(&name) {
        return Err(format!("`{name}` means something in templates already"));
    }
    Ok(())
}

/// How to write a name that templates can say.
#[must_use]
pub fn advice(name: &str) -> String {
    let near: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let rule = "use letters, digits and `_`, and begin with a letter";
    if is_identifier(&near) {
        format!("{rule}: `{near}`")
    } else {
        rule.to_owned()
    }
}
