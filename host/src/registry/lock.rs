//! `zymogen.lock`: which digests the tags stand for that a plan or a project names, so that all of its runs use the same.

use super::{Digest, Reference, RegistryError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name of the file, beside the plan or the project's manifest.
const NAME: &str = "zymogen.lock";

const VERSION: u32 = 1;

/// The longest file: nobody has more than some thousand modules.
const MAX_LENGTH: u64 = 1 << 20;

const HEAD: &str = "\
# Which digests the tags stand for that the plans or the project beside this file name.
# Keep it with them; `zymogen lock` renews it.
";

/// What is locked.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    modules: BTreeMap<Reference, Digest>,
    is_changed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    #[serde(default)]
    module: Vec<Module>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    reference: String,
    digest: String,
}

impl Lock {
    /// Reads the lock of a directory, which need not be there.
    ///
    /// # Errors
    /// If it cannot be read, or says something else.
    pub fn read(directory: &Path) -> Result<Self, RegistryError> {
        let path = directory.join(NAME);
        let modules = match read(&path) {
            Ok(None) => Ok(BTreeMap::new()),
            Ok(Some(text)) => parse(&text),
            Err(error) => Err(error.to_string()),
        };
        match modules {
            Ok(modules) => Ok(Self {
                path,
                modules,
                is_changed: false,
            }),
            Err(why) => Err(RegistryError::Lock { path, why }),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest that a reference with a tag stands for.
    #[must_use]
    pub fn digest(&self, reference: &Reference) -> Option<&Digest> {
        self.modules.get(reference)
    }

    /// From now on it stands for this one.
    pub fn set(&mut self, reference: Reference, digest: Digest) {
        let old = self.modules.insert(reference, digest.clone());
        self.is_changed |= old != Some(digest);
    }

    /// Writes it, if it says something new. A reader sees the old one or the new one.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&mut self) -> Result<(), RegistryError> {
        if !self.is_changed {
            return Ok(());
        }
        let new = format!(".{NAME}-{}", std::process::id());
        let new = self.path.with_file_name(new);
        let written = fs::write(&new, self.text()).and_then(|()| fs::rename(&new, &self.path));
        if let Err(error) = written {
            let _ = fs::remove_file(&new);
            let what = self.path.display().to_string();
            return Err(RegistryError::Io { what, error });
        }
        self.is_changed = false;
        Ok(())
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\n");
        for (reference, digest) in &self.modules {
            // Writing to a String does not fail. Neither has a character that TOML escapes.
            let _ = write!(
                text,
                "\n[[module]]\nreference = \"{reference}\"\ndigest = \"{digest}\"\n"
            );
        }
        text
    }
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    io::Read::read_to_string(&mut io::Read::take(file, MAX_LENGTH), &mut text)?;
    Ok(Some(text))
}

fn parse(text: &str) -> Result<BTreeMap<Reference, Digest>, String> {
    let Text { version, module } =
        toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if version != VERSION {
        return Err(format!(
            "it is of version {version}, and this program knows {VERSION}"
        ));
    }
    let mut modules = BTreeMap::new();
    for Module { reference, digest } in module {
        let digest = digest.parse();
        let digest: Digest = digest.map_err(|why| format!("{reference}: {why}"))?;
        let parsed: Reference = reference
            .parse()
            .map_err(|error: RegistryError| error.to_string())?;
        if parsed.digest().is_some() {
            return Err(format!("{reference} has a digest itself"));
        }
        if modules.insert(parsed, digest).is_some() {
            return Err(format!("{reference} is locked twice"));
        }
    }
    Ok(modules)
}
