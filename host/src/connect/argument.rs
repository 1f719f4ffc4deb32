//! What follows a method's name and a colon: `[USER@]TARGET[?OPTION=VALUE[&OPTION=VALUE]...]`.

use super::Credential;
use crate::output::text::did_you_mean;
use crate::value::nearest;
use percent_encoding::percent_decode_str;

/// A target and the options of the hop. What has a meaning here (`,`, `&`, `%`) is written as in a URL: `%2C`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Argument {
    target: Option<String>,
    options: Vec<(String, String)>,
}

impl Argument {
    /// Reads what follows the colon. Only the options called `known` are taken, each at most once.
    pub(super) fn parse(text: Option<&str>, known: &[&str]) -> Result<Self, String> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let (target, options) = match text.split_once('?') {
            Some((target, options)) => (target, Some(options)),
            None => (text, None),
        };
        let mut this = Self {
            target: Some(decode(target)?).filter(|target| !target.is_empty()),
            options: Vec::new(),
        };
        if this.target.is_none() && options.is_none() {
            return Err("nothing follows the colon".to_owned());
        }
        for option in options.iter().flat_map(|options| options.split('&')) {
            let Some((name, value)) = option.split_once('=') else {
                return Err(format!("`{option}` is no option: write NAME=VALUE"));
            };
            let value = decode(value)?;
            this.add(name, value, known)?;
        }
        Ok(this)
    }

    fn add(&mut self, name: &str, value: String, known: &[&str]) -> Result<(), String> {
        if !known.contains(&name) {
            let meant = did_you_mean(nearest(name, known.iter().copied()));
            let there = match known {
                [] => "it has none".to_owned(),
                known => format!("there is: {}", known.join(", ")),
            };
            let meant = meant.map_or_else(String::new, |meant| format!("; {meant}"));
            return Err(format!("it has no option `{name}`; {there}{meant}"));
        }
        if self.option(name).is_some() {
            return Err(format!("the option `{name}` is there twice"));
        }
        if value.is_empty() {
            return Err(format!("the option `{name}` has no value"));
        }
        self.options.push((name.to_owned(), value));
        Ok(())
    }

    /// What stands before the options.
    pub(super) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// The same, where there must be something, such as `a host`. It must not look like an option of the program that gets it.
    pub(super) fn need(&self, what: &str) -> Result<String, String> {
        let target = self.target();
        let target = target.ok_or_else(|| format!("it needs {what}"))?;
        word(target)
    }

    /// The user and the rest of `USER@REST`.
    pub(super) fn user_and(&self, what: &str) -> Result<(Option<String>, String), String> {
        let target = self.need(what)?;
        match target.rsplit_once('@') {
            None => Ok((None, target)),
            Some((user, rest)) => Ok((Some(word(user)?), word(rest)?)),
        }
    }

    /// The user that a hop leads to: root if none is named.
    pub(super) fn user_or_root(&self) -> Result<String, String> {
        match self.target() {
            None => Ok("root".to_owned()),
            Some(_) => self.need("a user"),
        }
    }

    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        let mut options = self.options.iter();
        let found = options.find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of an option, read as something.
    pub(super) fn read<T: std::str::FromStr>(
        &self,
        name: &str,
        what: &str,
    ) -> Result<Option<T>, String> {
        let Some(value) = self.option(name) else {
            return Ok(None);
        };
        let read = value.parse();
        read.map(Some)
            .map_err(|_| format!("`{name}={value}`: {what} is expected"))
    }
}

impl Argument {
    /// Where the password that an option speaks of comes from.
    pub(super) fn credential(&self, name: &str) -> Result<Option<Credential>, String> {
        let value = self.option(name).map(str::parse).transpose();
        value.map_err(|why| format!("`{name}`: {why}"))
    }

    /// An option that is `yes` or `no`. Absent, it is `no`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.option(name) {
            None | Some("no") => Ok(false),
            Some("yes") => Ok(true),
            Some(value) => Err(format!("`{name}={value}`: yes or no is expected")),
        }
    }
}

/// One word of a command line, which no program takes for an option of its own.
fn word(text: &str) -> Result<String, String> {
    if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
        return Err(format!("`{}` is no name", text.escape_debug()));
    }
    Ok(text.to_owned())
}

fn decode(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| format!("`{text}` is not UTF-8 once it is decoded"))?;
    if decoded.contains('\0') {
        return Err("a NUL is no part of any name".to_owned());
    }
    Ok(decoded.into_owned())
}
