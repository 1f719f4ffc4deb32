//! Where a password comes from. It is never part of the command line, of a plan, or of a message to anybody else than the
//! context that needs it.

use super::ContextSpec;
use connect::Secret;
use rustix::fs::OFlags;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What ^C types where it is no signal.
const INTERRUPT: char = '\u{3}';

/// The longest password file, in bytes.
const MAX_FILE: u64 = 4096;

/// Where a password comes from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Credential {
    /// `env:NAME`: an environment variable of this program.
    Env(String),
    /// `file:PATH`: the first line of a file that nobody else may read.
    File(PathBuf),
    /// `ask`: whoever sits at the terminal is asked, once for each hop that is written the same way.
    Ask,
}

/// Why there is no password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CredentialError {
    /// The variable is not set.
    #[error("the environment has no variable `{0}`")]
    NoVariable(String),
    /// The file cannot be used.
    #[error("{}: {why}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Nobody can be asked.
    #[error("there is no terminal to ask at: {0}")]
    NoTerminal(String),
}

impl FromStr for Credential {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            None if text == "ask" => Ok(Self::Ask),
            _ => Err("a password comes from env:NAME, file:PATH or ask".to_owned()),
        }
    }
}

/// The passwords that were asked for, each once, and the variables that hold others.
#[derive(Debug, Default)]
pub struct Vault {
    asked: Mutex<BTreeMap<String, Secret>>,
    variables: Mutex<BTreeSet<String>>,
}

impl Vault {
    /// The password of a hop, for `purpose`, such as `the password of sudo:root`. Blocks if somebody has to be asked.
    ///
    /// # Errors
    /// If it is not where it should be.
    pub fn get(&self, purpose: &str, credential: &Credential) -> Result<Secret, CredentialError> {
        match credential {
            Credential::Env(name) => std::env::var(name)
                .map(|value| Secret(without_end(value)))
                .map_err(|_| CredentialError::NoVariable(name.clone())),
            Credential::File(path) => read_file(path).map_err(|why| CredentialError::File {
                path: path.clone(),
                why,
            }),
            Credential::Ask => self.ask(purpose),
        }
    }

    /// Takes note of the variables that hold the passwords of a way, so that no hop inherits those of another.
    pub fn note(&self, way: &ContextSpec) {
        let mut variables = lock(&self.variables);
        for step in way.steps() {
            let questions = step.hop().questions().unwrap_or_default();
            for answer in questions.answers {
                if let Credential::Env(name) = answer.credential {
                    variables.insert(name.clone());
                }
            }
        }
    }

    /// The same of a single one.
    pub fn note_source(&self, source: &Credential) {
        if let Credential::Env(name) = source {
            lock(&self.variables).insert(name.clone());
        }
    }

    /// The variables that nothing may inherit.
    #[must_use]
    pub fn variables(&self) -> Vec<String> {
        lock(&self.variables).iter().cloned().collect()
    }

    fn ask(&self, purpose: &str) -> Result<Secret, CredentialError> {
        // Held while somebody types: the next question waits.
        let mut asked = lock(&self.asked);
        if let Some(secret) = asked.get(purpose) {
            return Ok(secret.clone());
        }
        let typed = at_terminal(purpose);
        let typed = typed.map_err(|error| CredentialError::NoTerminal(error.to_string()))?;
        asked.insert(purpose.to_owned(), typed.clone());
        Ok(typed)
    }
}

/// What a panic left there is whole: nothing is done in two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_file(path: &std::path::Path) -> Result<Secret, String> {
    // A FIFO that nobody writes to would be waited for.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    let file = opened.map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to somebody else".to_owned());
    }
    if metadata.mode() & 0o077 != 0 {
        return Err("others may read or write it: chmod 600".to_owned());
    }
    if metadata.len() > MAX_FILE {
        return Err(format!("it has more than {MAX_FILE} bytes"));
    }
    let mut line = String::new();
    let read = BufReader::new(file).read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    Ok(Secret(without_end(line)))
}

/// Asks at the terminal of this program, whatever its standard streams are. What is typed is not shown.
fn at_terminal(purpose: &str) -> io::Result<Secret> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let shown = tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    hidden.local_modes.insert(LocalModes::ECHONL);
    // ^C would end the program here, and leave a terminal that shows nothing.
    hidden.local_modes.remove(LocalModes::ISIG);
    write!(terminal, "\r{purpose}: ")?;
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    let mut line = String::new();
    let read = BufReader::new(&terminal).read_line(&mut line);
    tcsetattr(&terminal, OptionalActions::Flush, &shown)?;
    if read? == 0 || line.contains(INTERRUPT) {
        return Err(io::Error::new(
            io::ErrorKind::Interrupted,
            "nothing was typed",
        ));
    }
    Ok(Secret(without_end(line)))
}

fn without_end(line: String) -> String {
    line.trim_end_matches(['\r', '\n']).to_owned()
}
